#include "sieve/words.h"

#include <algorithm>
#include <array>

namespace postrider::sieve {
namespace {

using E = Extension;

constexpr auto tests = std::to_array<TestWord>({
    {"address", E::none, E::none, build_address},
    {"allof", E::none, E::none, build_allof},
    {"anyof", E::none, E::none, build_anyof},
    {"body", E::body, E::none, build_body},
    {"convert", E::convert, E::none, build_convert_test},
    {"currentdate", E::date, E::none, build_currentdate},
    {"date", E::date, E::none, build_date},
    {"duplicate", E::duplicate, E::none, build_duplicate},
    {"envelope", E::envelope, E::none, build_envelope},
    {"environment", E::environment, E::none, build_environment},
    {"exists", E::none, E::none, build_exists},
    {"false", E::none, E::none, build_false},
    {"hasflag", E::imap4flags, E::none, build_hasflag},
    {"header", E::none, E::none, build_header},
    {"ihave", E::ihave, E::none, build_ihave},
    {"mailboxexists", E::mailbox, E::none, build_mailboxexists},
    {"mailboxidexists", E::mailboxid, E::none, build_mailboxidexists},
    {"metadata", E::mboxmetadata, E::none, build_metadata},
    {"metadataexists", E::mboxmetadata, E::none, build_metadataexists},
    {"not", E::none, E::none, build_not},
    {"notify_method_capability", E::enotify, E::none, build_notify_method_capability},
    {"servermetadata", E::servermetadata, E::none, build_servermetadata},
    {"servermetadataexists", E::servermetadata, E::none, build_servermetadataexists},
    {"size", E::none, E::none, build_size},
    {"spamtest", E::spamtest, E::spamtestplus, build_spamtest},
    {"specialuse_exists", E::special_use, E::none, build_specialuse_exists},
    {"string", E::variables, E::none, build_string},
    {"true", E::none, E::none, build_true},
    {"valid_ext_list", E::extlists, E::none, build_valid_ext_list},
    {"valid_notify_method", E::enotify, E::none, build_valid_notify_method},
    {"virustest", E::virustest, E::none, build_virustest},
});

constexpr auto commands = std::to_array<CommandWord>({
    {"addflag", E::imap4flags, E::none, build_addflag},
    {"addheader", E::editheader, E::none, build_addheader},
    {"break", E::foreverypart, E::none, build_break},
    {"convert", E::convert, E::none, build_convert},
    {"deleteheader", E::editheader, E::none, build_deleteheader},
    {"discard", E::none, E::none, build_discard},
    {"enclose", E::enclose, E::none, build_enclose},
    {"ereject", E::ereject, E::none, build_ereject},
    {"error", E::ihave, E::none, build_error},
    {"extracttext", E::extracttext, E::none, build_extracttext},
    {"fileinto", E::fileinto, E::none, build_fileinto},
    {"foreverypart", E::foreverypart, E::none, build_foreverypart},
    {"global", E::include, E::none, build_global},
    {"include", E::include, E::none, build_include},
    {"keep", E::none, E::none, build_keep},
    {"notify", E::enotify, E::none, build_notify},
    {"redirect", E::none, E::none, build_redirect},
    {"reject", E::reject, E::none, build_reject},
    {"removeflag", E::imap4flags, E::none, build_removeflag},
    {"replace", E::replace, E::none, build_replace},
    {"return", E::include, E::none, build_return},
    {"set", E::variables, E::none, build_set},
    {"setflag", E::imap4flags, E::none, build_setflag},
    {"stop", E::none, E::none, build_stop},
    {"vacation", E::vacation, E::vacation_seconds, build_vacation},
});

template <class Words>
auto find(const Words& words, std::string_view name) -> decltype(words.data()) {
    auto at = std::lower_bound(words.begin(), words.end(), name,
                               [](const auto& word, std::string_view n) { return word.name < n; });
    return at != words.end() && at->name == name ? &*at : nullptr;
}

}  // namespace

const TestWord* find_test(std::string_view name) {
    return find(tests, name);
}

const CommandWord* find_command(std::string_view name) {
    return find(commands, name);
}

}  // namespace postrider::sieve
