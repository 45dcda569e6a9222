#pragma once

#include <bitset>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::sieve {

/// What `require` can name. One that is part of another (`extlists` of nothing) stands for itself.
enum class Extension : std::uint8_t {
    fileinto,            // RFC 5228 §4.1
    reject,              // RFC 5429
    ereject,             // RFC 5429
    envelope,            // RFC 5228 §5.4
    encoded_character,   // RFC 5228 §2.4.2.4
    copy,                // RFC 3894
    relational,          // RFC 5231
    subaddress,          // RFC 5233
    body,                // RFC 5173
    variables,           // RFC 5229
    vacation,            // RFC 5230
    vacation_seconds,    // RFC 6131
    spamtest,            // RFC 5235
    spamtestplus,        // RFC 5235
    virustest,           // RFC 5235
    date,                // RFC 5260
    index,               // RFC 5260
    imap4flags,          // RFC 5232
    editheader,          // RFC 5293
    environment,         // RFC 5183
    enotify,             // RFC 5435
    ihave,               // RFC 5463
    mailbox,             // RFC 5490
    mboxmetadata,        // RFC 5490
    servermetadata,      // RFC 5490
    foreverypart,        // RFC 5703
    mime,                // RFC 5703
    extracttext,         // RFC 5703
    replace,             // RFC 5703
    enclose,             // RFC 5703
    include,             // RFC 6609
    duplicate,           // RFC 7352
    extlists,            // RFC 6134
    convert,             // RFC 6558
    redirect_dsn,        // RFC 6009
    redirect_deliverby,  // RFC 6009
    envelope_dsn,        // RFC 6009
    envelope_deliverby,  // RFC 6009
    special_use,         // RFC 8579
    fcc,                 // RFC 8580
    mailboxid,           // RFC 9042
    imapsieve,           // RFC 6785
    regex,               // draft-ietf-sieve-regex
    comparator_octet,    // RFC 4790 §9.3, always there
    comparator_ascii,    // RFC 4790 §9.2, always there
    comparator_numeric,  // RFC 4790 §9.1
    comparator_unicode,  // RFC 5051
    none,                ///< needed by nothing; also how many there are
};

using ExtensionSet = std::bitset<64>;

constexpr std::size_t bit(Extension e) {
    return static_cast<std::size_t>(e);
}

std::string_view name_of(Extension extension);
std::optional<Extension> find_extension(std::string_view name);  ///< names are compared as they are

/// All of them; `imapsieve` only where a script runs on IMAP events (RFC 6785 §3.3).
ExtensionSet all_extensions();
/// Of scripts that are only kept: some of them run on what IMAP clients do (RFC 6785), not on new mail.
ExtensionSet storable_extensions();

/// As SIEVE of ManageSieve shows them (RFC 5804 §1.7): names with blanks between, comparators included.
std::string list_extensions(const ExtensionSet& set);

}  // namespace postrider::sieve
