#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "mime/address.h"

/// Messages of the server's own, made from an administrator's text. Pure.
namespace postrider::rules {

using Placeholders = std::vector<std::pair<std::string_view, std::string>>;  ///< "ACCOUNT" for %ACCOUNT%

/// Each %NAME% that is known is replaced, "%%" becomes "%"; the rest stays. What is put in is not looked at
/// again.
std::string fill_in(std::string_view text, const Placeholders& values);

struct OwnMessage {
    mime::AddrSpec from, to;
    std::string from_name;  ///< UTF-8
    std::string host;       ///< our name, for Message-ID
    std::string unique;     ///< for Message-ID: will not come again
    Time now{};
};

/// A whole message with CRLF line ends. `text` (UTF-8, any line ends) is filled in; when it begins with
/// header lines and an empty line, Subject, From (US-ASCII) and whether Content-Type says text/html are taken
/// from these, and the rest is the body. Subjects are encoded where they need it; no value can make a further
/// header field. The message says that a program wrote it (RFC 3834 §5).
std::string own_message(const OwnMessage& about, std::string_view default_subject, std::string_view text,
                        const Placeholders& values);

}  // namespace postrider::rules
