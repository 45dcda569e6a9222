#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sieve/action.h"
#include "sieve/message.h"

namespace postrider::filter {

/// One copy in a folder of the recipient.
struct Copy {
    std::string folder;  ///< path in UTF-8; "" = where it would have gone without filters
    std::uint8_t flags = 0;
    std::vector<std::string> keywords;
    bool create = false;        ///< make the folder when it is not there
    std::uint32_t version = 0;  ///< index into Verdict::versions
};

/// Goes on to another address, with the reverse path that it came with.
struct Redirection {
    sieve::Redirect what;  ///< one address in it
    std::uint32_t version = 0;
};

/// A message that a filter wrote.
struct Letter {
    std::string from;                     ///< reverse path, "" = null
    std::vector<std::string> to;          ///< envelope recipients
    std::string text;                     ///< header and body, with Date and Message-ID
    std::optional<sieve::FileInto> keep;  ///< a copy for the owner's folder (RFC 8580)
};

/// Something to be remembered about an account once the message has been dealt with.
struct Memo {
    std::string key;
    Time until;
};

/// What all filters together have decided for one recipient.
struct Verdict {
    enum class Kind : std::uint8_t {
        deliver,  ///< what `copies` and `redirections` say; neither: it is discarded
        reject,   ///< it is refused (RFC 5429); `text` says why
        hold,     ///< quarantined; `text` says by what
        repeat,   ///< a filter could not tell; `text` says which: the whole chain is to be run again later
    };
    Kind kind = Kind::deliver;
    std::string text;

    std::vector<Copy> copies{Copy{}};
    std::vector<Redirection> redirections;
    std::vector<Letter> letters;
    std::vector<Memo> memos;
    std::vector<sieve::Version> versions{1};  ///< [0]: the header lines that filters added, no more
    std::vector<std::string> trace;           ///< lines for the log, in order
};

}  // namespace postrider::filter
