#include "filter/scan/levels.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr LevelKind kinds[] = {LevelKind::spam, LevelKind::virus};

}  // namespace

std::string_view level_field(LevelKind kind) {
    return kind == LevelKind::spam ? "X-AxigenSpam-Level" : "X-AxigenVirus-Level";
}

std::optional<unsigned> parse_level(LevelKind kind, std::string_view value) {
    value = text::trim(value);
    unsigned level = 0;
    std::size_t digits = 0;
    for (; digits < value.size() && text::is_digit(value[digits]); ++digits)
        level = std::min(level * 10 + static_cast<unsigned>(value[digits] - '0'), 1000U);
    if (digits == 0 || level == 0 || level > highest_level(kind)) return std::nullopt;
    return level;
}

std::optional<unsigned> read_level(LevelKind kind, std::string_view message) {
    std::optional<unsigned> greatest;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) {
        if (!text::equal_ci(field.name, level_field(kind))) continue;
        if (const auto level = parse_level(kind, field.value))
            greatest = std::max(greatest.value_or(0), *level);
    }
    return greatest;
}

bool Levels::raise(LevelKind kind, unsigned level) {
    auto& present = of(kind);
    if (level == 0 || level > highest_level(kind) || (present && *present >= level)) return false;
    present = level;
    return true;
}

Levels read_levels(std::string_view message) {
    Levels levels;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);)
        for (const LevelKind kind : kinds)
            if (text::equal_ci(field.name, level_field(kind)))
                if (const auto level = parse_level(kind, field.value)) levels.raise(kind, *level);
    return levels;
}

std::string level_lines(const Levels& levels) {
    std::string lines;
    for (const LevelKind kind : kinds)
        if (const auto level = levels.of(kind)) lines += fmt::format("{}: {}\r\n", level_field(kind), *level);
    return lines;
}

std::optional<std::string> with_levels(std::string_view message, const Levels& levels) {
    std::string header;
    bool written[2] = {!levels.spam, !levels.virus};
    bool changed = false;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) {
        bool ours = false;
        for (const LevelKind kind : kinds) {
            if (!levels.of(kind) || !text::equal_ci(field.name, level_field(kind))) continue;
            ours = true;
            bool& done = written[static_cast<int>(kind)];
            const std::string line = fmt::format("{}: {}\r\n", level_field(kind), *levels.of(kind));
            // What others have written behind the number stays when the number is right.
            const bool right = !done && parse_level(kind, field.value) == levels.of(kind);
            if (!done) header += right ? field.bytes : line;
            changed |= !right;
            done = true;
        }
        if (!ours) header += field.bytes;
    }
    Levels missing;
    for (const LevelKind kind : kinds)
        if (!written[static_cast<int>(kind)]) missing.of(kind) = levels.of(kind);
    if (!changed && missing == Levels{}) return std::nullopt;
    std::string out = level_lines(missing);
    out += header;
    out += message.substr(reader.position());
    return out;
}

unsigned spam_level_of(double score, double threshold) {
    if (!std::isfinite(score)) return std::isinf(score) && score > 0 ? 10 : 1;
    if (!std::isfinite(threshold) || threshold <= 0) return score >= threshold ? 10 : 1;
    if (score <= 0) return 1;
    if (score < threshold) return 1 + static_cast<unsigned>(std::min(4.0, std::floor(5 * score / threshold)));
    return 6 + static_cast<unsigned>(std::min(4.0, std::floor(4 * (score - threshold) / threshold)));
}

}  // namespace postrider::filter
