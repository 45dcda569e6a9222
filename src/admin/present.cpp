#include "admin/present.h"

#include <fmt/core.h>

#include <algorithm>
#include <vector>

#include "admin/control.h"

namespace postrider::admin {
namespace {

std::string clean(std::string_view text, bool lines) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto c = static_cast<unsigned char>(text[i]);
        // C1 controls (U+0080 to U+009F) move cursors too.
        bool c1 = c == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (c1) ++i;
        bool shown = !c1 && ((c >= 0x20 && c != 0x7f) || (lines && (c == '\n' || c == '\t')));
        if (lines && c == '\r') continue;
        out.push_back(shown ? static_cast<char>(c) : '?');
    }
    return out;
}

std::string cell(const Json& value, bool lines = false) {
    if (value.is_null()) return "-";
    if (value.is_boolean()) return value.get<bool>() ? "yes" : "no";
    if (value.is_string()) return clean(value.get_ref<const std::string&>(), lines);
    if (value.is_structured() && value.empty()) return "none";
    std::string joined;
    if (value.is_object()) {
        for (const auto& [name, one] : value.items()) {
            if (one.is_string() && one.get_ref<const std::string&>().empty()) continue;
            joined.append(joined.empty() ? "" : ", ")
                .append(clean(name, false))
                .append(" ")
                .append(cell(one));
        }
        return joined;
    }
    if (!value.is_array()) return clean(to_text(value), false);
    for (const Json& one : value) joined.append(joined.empty() ? "" : " ").append(cell(one));
    return joined;
}

bool is_table(const Json& value) {
    return value.is_array() && !value.empty() && value.front().is_object();
}

/// Columns on the screen: code points, near enough.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

/// What rows of a table have in them that are rows themselves, below the row and a little to the right.
std::string below(const Json& row) {
    std::string out;
    for (const auto& [name, value] : row.items()) {
        if (!is_table(value)) continue;
        for (const Json& one : value) out.append("    ").append(cell(one)).append("\n");
    }
    return out;
}

std::string table(const Json& rows) {
    std::vector<std::vector<std::string>> lines(1);
    std::vector<bool> numbers;
    std::vector<std::string> names;
    for (const Json& row : rows)  // not every row has all
        for (const auto& [name, value] : row.items()) {
            if (is_table(value) || std::ranges::find(names, name) != names.end()) continue;
            const bool only_tables = value.is_array() && value.empty()
                                     && std::ranges::any_of(rows, [&, n = name](const Json& other) {
                                            return other.contains(n) && is_table(other[n]);
                                        });
            if (only_tables) continue;
            names.push_back(name);
            lines[0].push_back(clean(name, false));
            numbers.push_back(value.is_number());
        }
    for (const Json& row : rows) {
        std::vector<std::string> cells;
        for (const std::string& name : names) {
            bool nothing = !row.contains(name) || (row[name].is_array() && row[name].empty());
            cells.push_back(nothing ? "" : cell(row[name]));
        }
        lines.push_back(std::move(cells));
    }
    std::vector<std::size_t> widths(lines[0].size());
    for (const auto& line : lines)
        for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
    std::string out;
    for (std::size_t row = 0; row < lines.size(); ++row) {
        const auto& line = lines[row];
        std::string text;
        for (std::size_t i = 0; i < line.size(); ++i) {
            std::string blanks(widths[i] - width(line[i]), ' ');
            text.append(i == 0 ? "" : "  ").append(numbers[i] ? blanks + line[i] : line[i] + blanks);
        }
        text.erase(text.find_last_not_of(' ') + 1);
        out.append(text).append("\n");
        if (row != 0) out += below(rows[row - 1]);
    }
    return out;
}

}  // namespace

std::string present(const Json& result) {
    if (!result.is_object()) return cell(result) + "\n";
    std::string out;
    std::size_t widest = 0;
    for (const auto& [name, value] : result.items())
        if (!is_table(value)) widest = std::max(widest, name.size());
    for (const auto& [name, value] : result.items()) {
        if (is_table(value)) continue;
        std::string text = cell(value, true);
        if (text.find('\n') != text.npos)
            out += fmt::format("{} =\n{}\n", clean(name, false), text);
        else
            out += fmt::format("{:<{}} = {}\n", clean(name, false), widest, text);
    }
    for (const auto& [name, value] : result.items()) {
        if (!is_table(value)) continue;
        if (!out.empty()) out += "\n";
        out += table(value);
    }
    return out;
}

}  // namespace postrider::admin
