#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"

namespace postrider::filter {

/// A message as a scanner is shown it. Views live as long as the call.
struct Subject {
    QueueId id;
    std::string_view message;  ///< header and body as the recipient would get them, CRLF line ends
    std::string sender;        ///< reverse path, "" = null
    std::vector<std::string> recipients;
    std::string client;  ///< address of the host it came from; "" = our own
    std::string helo;
    std::string authenticated;  ///< account that sent it; ""
    /// A client waits for the answer until then, no longer; nothing: as long as the scanner's time-outs
    /// allow.
    std::optional<std::chrono::steady_clock::time_point> until{};
};

/// What a scanner has found out. A scanner that could not tell says `failed`: the message waits, or passes,
/// as is configured.
struct Finding {
    enum class Kind : std::uint8_t {
        pass,    ///< nothing to object
        match,   ///< what it looks for is there: the filter's actionOnMatch says what follows
        failed,  ///< down, too slow, or talking nonsense: `text` says what, for the administrator
    };
    Kind kind = Kind::failed;
    std::string text;                     ///< the scanner's own words, one line: "Spam: True ; 8.1 / 5.0"
    std::optional<unsigned> spam_level;   ///< 1-10, X-AxigenSpam-Level
    std::optional<unsigned> virus_level;  ///< 1-5, X-AxigenVirus-Level
    std::vector<std::pair<std::string, std::string>> headers;  ///< to be added: name, value
    std::optional<std::string> replacement;                    ///< the whole message as it should go on
    bool out_of_time = false;  ///< failed because Subject::until came, which says nothing about the scanner
};

/// A connection to one scanner, or many: callable from several threads at once, bounded by its own limits.
class Scanner {
public:
    virtual ~Scanner() = default;
    /// Blocks for at most the scanner's time-outs. Never throws for what a scanner does.
    virtual Finding scan(const Subject& subject) = 0;
    virtual std::string title() const = 0;  ///< for logs: "SpamAssassin(127.0.0.1:783)"
};

}  // namespace postrider::filter
