#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/wire/cursor.h"
#include "imap/wire/fetch.h"
#include "imap/wire/partial.h"
#include "imap/wire/sequence_set.h"

namespace postrider::imap {

/// One node of a search program. RFC 9051 §6.4.4, RFC 7162 §3.1.5.
struct SearchKey {
    enum class Kind : std::uint8_t {
        all,       ///< children, all of them
        either,    ///< OR: two children
        negated,   ///< NOT: one child
        sequence,  ///< message numbers, or "$"
        uid,
        flag,  ///< system flag bit in `number` set
        no_flag,
        recent,   ///< \Recent (RFC 3501)
        keyword,  ///< `text`
        no_keyword,
        before,
        on,
        since,  ///< internal date against `day`
        sent_before,
        sent_on,
        sent_since,  ///< the Date header, as written
        larger,
        smaller,
        older,
        younger,  ///< `number` seconds (RFC 5032)
        header,   ///< `field` contains `text`
        body,
        text,
        modseq,  ///< at least `number`
        saved_before,
        saved_on,
        saved_since,  ///< when it came into the mailbox, against `day` (RFC 8514)
        email_id,
        thread_id,  ///< `text` (RFC 8474)
        filter,     ///< the stored search `text` (RFC 5466)
        fuzzy,      ///< one child, or something like it (RFC 6203)
    };
    Kind kind = Kind::all;
    std::uint64_t number = 0;
    std::chrono::sys_days day{};
    std::string field;  ///< in lower case
    std::string text;
    SequenceSet set;
    std::vector<SearchKey> children;

    bool any(bool (*test)(const SearchKey&)) const;  ///< of this node and all below
};

/// What follows "SEARCH ".
struct SearchArgs {
    enum Return : std::uint16_t {
        min = 1,
        max = 2,
        all = 4,
        count = 8,
        save = 16,
        update = 32,      ///< RFC 5267 §4.3
        context = 64,     ///< RFC 5267 §4.2: a hint that changes nothing here
        partially = 128,  ///< `partial`
        relevancy = 256   ///< RFC 6203 §4; only with a fuzzy key
    };
    bool extended = false;  ///< RETURN was given: answer with ESEARCH (RFC 4731)
    std::uint16_t returns = 0;
    std::optional<FetchArgs> update_fetch;  ///< RFC 5465 §7: what is said of new messages that match
    PartialRange partial;                   ///< RFC 5267 §4.4, RFC 9394 §3.1
    std::string charset;                    ///< in capitals; "" when none was named
    bool charset_is_fixed = false;          ///< a place of the grammar that must have one: SORT and THREAD
    SearchKey program;                      ///< of kind all
};

inline constexpr unsigned max_search_depth = 50;
inline constexpr std::size_t max_search_keys = 4096;

Parsed<SearchArgs> parse_search(std::string_view args);

// Pieces that SORT, THREAD and others share.

/// search-return-opts, from its parenthesis on to the space behind it.
void return_options(Cursor& in, SearchArgs& search);
/// search-key *(SP search-key)
SearchKey search_keys(Cursor& in);
/// RFC 6203 §4: RELEVANCY is asked for with a fuzzy key only.
void need_fuzzy(Cursor& in, const SearchKey& program);

}  // namespace postrider::imap
