#pragma once

#include <re2/re2.h>

#include <array>
#include <string>

#include "filter/scan/afsl.h"

namespace postrider::filter::afsl {

/// $1 to $9 at their own index; 0 is not used.
using Captures = std::array<std::string, 10>;

class Regex {
public:
    Regex(std::string_view pattern, bool any_case)
        : re_{re2::StringPiece{pattern.data(), pattern.size()}, options(any_case)} {}
    bool ok() const { return re_.ok(); }
    std::string error() const { return re_.error(); }

    bool found(std::string_view text) const {
        return re_.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
    }
    /// Sets the captures if it is found.
    bool capture(std::string_view text, Captures& into) const {
        std::array<re2::StringPiece, 10> parts;
        const int wanted = std::min(9, re_.NumberOfCapturingGroups()) + 1;
        if (!re_.Match({text.data(), text.size()}, 0, text.size(), re2::RE2::UNANCHORED, parts.data(),
                       wanted))
            return false;
        for (std::size_t i = 1; i < into.size(); ++i)
            into[i].assign(parts[i].data() == nullptr ? "" : parts[i].data(), parts[i].size());
        return true;
    }

private:
    static re2::RE2::Options options(bool any_case) {
        re2::RE2::Options o;
        o.set_encoding(re2::RE2::Options::EncodingLatin1);  // answers are octets
        o.set_case_sensitive(!any_case);
        o.set_max_mem(1 << 20);
        o.set_log_errors(false);
        o.set_one_line(false);
        o.set_dot_nl(false);
        return o;
    }
    re2::RE2 re_;
};

}  // namespace postrider::filter::afsl
