#pragma once

#include <span>
#include <string_view>

#include "sieve/args.h"

/// Which commands and tests there are, what they need, and who builds them.
namespace postrider::sieve {

template <class Made>
struct Word {
    std::string_view name;
    Extension need = Extension::none;   ///< one of these must be required
    Extension or_need = Extension::none;
    Made (*build)(Args&);
};

using TestWord = Word<TestPtr>;
using CommandWord = Word<CommandPtr>;

const TestWord* find_test(std::string_view name);
const CommandWord* find_command(std::string_view name);

// test_header.cpp
TestPtr build_header(Args&);
TestPtr build_address(Args&);
TestPtr build_exists(Args&);
TestPtr build_size(Args&);
// test_envelope.cpp
TestPtr build_envelope(Args&);
// test_logic.cpp
TestPtr build_allof(Args&);
TestPtr build_anyof(Args&);
TestPtr build_not(Args&);
TestPtr build_true(Args&);
TestPtr build_false(Args&);
TestPtr build_ihave(Args&);
// test_body.cpp
TestPtr build_body(Args&);
// test_date.cpp
TestPtr build_date(Args&);
TestPtr build_currentdate(Args&);
// test_world.cpp
TestPtr build_string(Args&);
TestPtr build_environment(Args&);
TestPtr build_spamtest(Args&);
TestPtr build_virustest(Args&);
TestPtr build_duplicate(Args&);
TestPtr build_valid_ext_list(Args&);
TestPtr build_valid_notify_method(Args&);
TestPtr build_notify_method_capability(Args&);
// test_mailbox.cpp
TestPtr build_mailboxexists(Args&);
TestPtr build_mailboxidexists(Args&);
TestPtr build_specialuse_exists(Args&);
TestPtr build_metadata(Args&);
TestPtr build_metadataexists(Args&);
TestPtr build_servermetadata(Args&);
TestPtr build_servermetadataexists(Args&);
// flags.cpp
TestPtr build_hasflag(Args&);
CommandPtr build_setflag(Args&);
CommandPtr build_addflag(Args&);
CommandPtr build_removeflag(Args&);
// actions.cpp
CommandPtr build_keep(Args&);
CommandPtr build_discard(Args&);
CommandPtr build_stop(Args&);
CommandPtr build_fileinto(Args&);
CommandPtr build_reject(Args&);
CommandPtr build_ereject(Args&);
// redirect.cpp
CommandPtr build_redirect(Args&);
// variables.cpp
CommandPtr build_set(Args&);
// edit_header.cpp
CommandPtr build_addheader(Args&);
CommandPtr build_deleteheader(Args&);
// vacation.cpp
CommandPtr build_vacation(Args&);
// notify.cpp
CommandPtr build_notify(Args&);
// include.cpp
CommandPtr build_include(Args&);
CommandPtr build_return(Args&);
CommandPtr build_global(Args&);
// parts.cpp
CommandPtr build_foreverypart(Args&);
CommandPtr build_break(Args&);
CommandPtr build_extracttext(Args&);
// replace.cpp
CommandPtr build_replace(Args&);
CommandPtr build_enclose(Args&);
// convert.cpp
CommandPtr build_convert(Args&);
TestPtr build_convert_test(Args&);
// error.cpp
CommandPtr build_error(Args&);

}  // namespace postrider::sieve
