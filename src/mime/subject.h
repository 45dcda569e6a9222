#pragma once

#include <string>
#include <string_view>

namespace postrider::mime {

struct BaseSubject {
    std::string text;  ///< UTF-8, at most 1,000 octets
    bool reply_or_forward =
        false;  ///< a "Re:", "Fwd:", "(fwd)" or "[fwd: ]" was taken away (RFC 5256 §3, REFERENCES)
};

/// What a thread shares: the raw Subject value without the marks of replies and forwards, blanks made single
/// (RFC 5256 §2.1).
BaseSubject base_subject(std::string_view raw);

}  // namespace postrider::mime
