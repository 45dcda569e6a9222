#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace postrider::settings {

enum class Severity : std::uint8_t { error, warning };

/// One thing that is wrong with a configuration file, in words for its administrator.
struct Diagnostic {
    Severity severity = Severity::error;
    std::string file;
    unsigned line = 0;    ///< from 1; 0 where there is none
    std::string key;      ///< "imap.listeners[2].address"
    std::string problem;  ///< what was wrong
    std::string allowed;  ///< what may stand there; may be empty

    /// "postrider.cfg:12: error: imap.maxErrors: 200 is out of range (allowed: 0 to 100)"
    std::string text() const;
    bool operator==(const Diagnostic&) const = default;
};

using Diagnostics = std::vector<Diagnostic>;

}  // namespace postrider::settings
