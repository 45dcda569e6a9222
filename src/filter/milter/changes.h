#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "filter/milter/wire/response.h"

namespace postrider::filter::milter {

/// What a filter wants changed, in the order in which it said so.
class Changes {
public:
    struct Limits {
        std::size_t count = 10'000;     ///< of changes
        std::size_t octets = 64 << 20;  ///< of texts and body
    };

    /// Takes one; false: it is not one of a message (a field's name that is none, an address that is none),
    /// or too much. Then nothing of it is kept.
    bool take(const Response& response, const Limits& limits);
    bool empty() const { return count_ == 0; }

    struct Recipient {
        std::string address;     ///< without brackets
        std::string parameters;  ///< "NOTIFY=NEVER"
        bool add = true;
    };
    std::vector<Recipient> recipients;
    std::optional<std::string> sender;  ///< without brackets, "" = the null path
    std::string sender_parameters;
    std::optional<std::string> quarantine;  ///< why

    /// The message with its header and body changed; nothing when they are not.
    /// @param leading_space  values bring their own blank behind the colon
    std::optional<std::string> apply(std::string_view message, bool leading_space) const;

private:
    struct HeaderEdit {
        Answer kind;
        std::uint32_t index;
        std::string name, value;
    };
    std::vector<HeaderEdit> edits_;
    std::optional<std::string> body_;
    std::size_t count_ = 0, octets_ = 0;
};

}  // namespace postrider::filter::milter
