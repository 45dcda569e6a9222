#include "cli/wire/layout.h"

#include <algorithm>

namespace postrider::cli {
namespace {

constexpr std::string_view crlf = "\r\n";
constexpr std::size_t widest_column = 60;  ///< longer cells push the rest of their row to the right

/// Characters, as far as UTF-8 tells without a table of widths.
std::size_t width(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::vector<std::size_t> widths(const Row& headings, const std::vector<Row>& rows) {
    std::vector<std::size_t> all;
    for (const std::string& heading : headings) all.push_back(width(heading));
    for (const Row& row : rows)
        for (std::size_t i = 0; i < row.size() && i < all.size(); ++i)
            all[i] = std::max(all[i], std::min(width(row[i]), widest_column));
    return all;
}

/// Cells padded to their columns; nothing stands behind the last one.
std::string line(const Row& cells, const std::vector<std::size_t>& wide, std::string_view between) {
    std::string out;
    for (std::size_t i = 0; i < cells.size(); ++i) {
        if (i != 0) out += between;
        std::string cell = clean(cells[i]);
        std::size_t length = width(cell);
        out += cell;
        if (i + 1 < cells.size() && i < wide.size() && length < wide[i]) out.append(wide[i] - length, ' ');
    }
    return out += crlf;
}

}  // namespace

std::string clean(std::string_view text) {
    std::string out{text};
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return out;
}

std::string table(std::string_view what, const Row& headings, const std::vector<Row>& rows) {
    const auto wide = widths(headings, rows);
    std::size_t all = 0;
    for (std::size_t one : wide) all += one + 3;
    const std::string rule(std::max<std::size_t>(all - std::min<std::size_t>(all, 3), 11), '-');
    std::string out =
        "List of " + clean(what) + ":\r\n\r\n" + rule + "\r\n" + line(headings, wide, " | ") + rule + "\r\n";
    for (const Row& row : rows) out += line(row, wide, " | ");
    return out += crlf;
}

std::string simple_list(std::string_view what, const std::vector<std::string>& rows) {
    std::string out = "List of " + clean(what) + ":\r\n\r\n";
    for (const std::string& row : rows) out.append(clean(row)).append(crlf);
    return out += crlf;
}

std::string attributes(std::string_view what, const NamedValues& values, Shown shown) {
    std::string out = "Attributes of " + clean(what) + ":\r\n\r\n";
    for (const auto& [name, value] : values) out += one_attribute(name, value);
    if (shown == Shown::context) out += crlf;
    return out;
}

std::string one_attribute(std::string_view name, std::string_view value) {
    return std::string{name}.append(" = ").append(clean(value)).append(crlf);
}

std::string columns(const Row& headings, const std::vector<Row>& rows) {
    const auto wide = widths(headings, rows);
    std::string out = line(headings, wide, "  ");
    for (const Row& row : rows) out += line(row, wide, "  ");
    return out;
}

}  // namespace postrider::cli
