#pragma once

#include <optional>
#include <string>
#include <string_view>

/// X-AxigenSpam-Level and X-AxigenVirus-Level: what filters say to each other and to Sieve (spamtest,
/// virustest).
namespace postrider::filter {

enum class LevelKind {
    spam,   ///< 1 = tested, clean; 2-9 = more and more likely; 10 = spam without a doubt
    virus,  ///< 1 = clean; 2 = infected and replaced; 3 = infected and cured; 4 = maybe infected; 5 =
            ///< infected
};

constexpr unsigned highest_level(LevelKind kind) {
    return kind == LevelKind::spam ? 10 : 5;
}
std::string_view level_field(LevelKind kind);  ///< the field's name

/// The number a field's value begins with, blanks before it and any text behind it aside; nothing when it is
/// not a level of this kind.
std::optional<unsigned> parse_level(LevelKind kind, std::string_view value);

/// The level in a header (or a whole message): the greatest, should there be several fields. Nothing:
/// untested.
std::optional<unsigned> read_level(LevelKind kind, std::string_view message);

/// Both levels of one message. A level is only ever raised.
struct Levels {
    std::optional<unsigned> spam, virus;
    friend bool operator==(const Levels&, const Levels&) = default;

    std::optional<unsigned>& of(LevelKind kind) { return kind == LevelKind::spam ? spam : virus; }
    std::optional<unsigned> of(LevelKind kind) const { return kind == LevelKind::spam ? spam : virus; }
    /// True if the level has become greater. Numbers that are no level of this kind change nothing.
    bool raise(LevelKind kind, unsigned level);
};
Levels read_levels(std::string_view message);

/// The fields as header lines with CRLF, to be put before a message that has none of them; "" without levels.
std::string level_lines(const Levels& levels);

/// `message` with exactly the level fields of `levels` that are set, each once: a field of the same name is
/// replaced where it stands, the others of that name go, a new one becomes the first line. Nothing when the
/// message has them so already.
std::optional<std::string> with_levels(std::string_view message, const Levels& levels);

/// spamd's and rspamd's scores as a level: 1 for 0 and less, 5 at most below the threshold, 6 from the
/// threshold on, 10 from twice the threshold on.
unsigned spam_level_of(double score, double threshold);

}  // namespace postrider::filter
