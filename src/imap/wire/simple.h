#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imap/wire/cursor.h"
#include "imap/wire/sequence_set.h"

/// The commands whose arguments fit a line or two of grammar.
namespace postrider::imap {

/// userid SP password                                                     RFC 9051 §6.2.3
struct LoginArgs {
    std::string user, password;
};
Parsed<LoginArgs> parse_login(std::string_view args);

/// auth-type [SP initial-resp]                                            RFC 9051 §6.2.2, RFC 4959
struct AuthenticateArgs {
    std::string mechanism;               ///< in capitals
    std::optional<std::string> initial;  ///< base64 as sent; "=" is an empty response
};
Parsed<AuthenticateArgs> parse_authenticate(std::string_view args);

/// A mailbox name and nothing else: DELETE, SUBSCRIBE, UNSUBSCRIBE, GETQUOTAROOT.
Parsed<std::string> parse_mailbox(std::string_view args);

/// mailbox [SP "(" "USE" SP "(" *use-attr ")" ")"]                        RFC 9051 §6.3.4, RFC 6154 §3
struct CreateArgs {
    std::string mailbox;
    std::vector<std::string> uses;  ///< "\Sent" as given
};
Parsed<CreateArgs> parse_create(std::string_view args);

/// mailbox SP mailbox                                                     RFC 9051 §6.3.6
struct RenameArgs {
    std::string from, to;
};
Parsed<RenameArgs> parse_rename(std::string_view args);

/// "QRESYNC" SP "(" uidvalidity SP mod-sequence-value [SP known-uids] [SP seq-match-data] ")"  RFC 7162
/// §3.2.5
struct QresyncArgs {
    std::uint32_t uid_validity = 0;
    std::uint64_t modseq = 0;
    std::optional<SequenceSet> known_uids;
    SequenceSet matching_numbers,
        matching_uids;  ///< message numbers and the UIDs that the client thinks they have
};

/// mailbox [SP "(" select-param *(SP select-param) ")"]; select-param = "CONDSTORE" / qresync
///                                                                        RFC 9051 §6.3.2, RFC 7162 §3.1.8
struct SelectArgs {
    std::string mailbox;
    bool condstore = false;
    std::optional<QresyncArgs> qresync;
};
Parsed<SelectArgs> parse_select(std::string_view args);

/// sequence-set SP mailbox: COPY and MOVE                                 RFC 9051 §6.4.7, §6.4.8
struct CopyArgs {
    SequenceSet set;
    std::string mailbox;
};
Parsed<CopyArgs> parse_copy(std::string_view args);

/// sequence-set: UID EXPUNGE                                              RFC 4315 §2.1
Parsed<SequenceSet> parse_set(std::string_view args);

/// capability *(SP capability), in capitals                               RFC 9051 §6.3.1
Parsed<std::vector<std::string>> parse_enable(std::string_view args);

/// astring *(SP astring): COMPARATOR and LANGUAGE                         RFC 5255 §3.5, §4.10
Parsed<std::vector<std::string>> parse_words(std::string_view args);

/// "(" [string SP nstring *(SP string SP nstring)] ")" / NIL              RFC 2971 §3.1
using IdArgs = std::vector<std::pair<std::string, std::optional<std::string>>>;
Parsed<IdArgs> parse_id(std::string_view args);

/// nz-number [SP nz-number ":" nz-number]: UIDBATCHES                     RFC 10022
struct BatchArgs {
    std::uint32_t size = 0;                      ///< messages in a batch
    std::uint32_t first = 1, last = UINT32_MAX;  ///< which batches, the newest messages' being the first
};
Parsed<BatchArgs> parse_uid_batches(std::string_view args);

/// astring: GETQUOTA                                                      RFC 9208 §4.1.1
Parsed<std::string> parse_quota_root(std::string_view args);

/// astring SP "(" *(atom SP number) ")": SETQUOTA                         RFC 9208 §4.1.3
struct SetQuotaArgs {
    std::string root;
    std::vector<std::pair<std::string, std::uint64_t>> limits;
};
Parsed<SetQuotaArgs> parse_set_quota(std::string_view args);

}  // namespace postrider::imap
