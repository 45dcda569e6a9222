#include "filter/country/country_table.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <unordered_map>

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::filter {
namespace {

constexpr std::size_t max_columns = 20;

/// One row of RFC 4180, without line ends inside quotes. false: a quote that does not end, or too many
/// columns.
bool split(std::string_view line, std::array<std::string_view, max_columns>& columns, std::size_t& many,
           std::string& scratch) {
    many = 0;
    scratch.clear();
    scratch.reserve(line.size());  // views into it stay good
    while (true) {
        if (many == max_columns) return false;
        const std::string_view rest = text::trim(line);
        if (rest.starts_with('"')) {
            line = rest.substr(1);
            const std::size_t begin = scratch.size();
            while (true) {
                const std::size_t quote = line.find('"');
                if (quote == line.npos) return false;
                scratch.append(line.substr(0, quote));
                line.remove_prefix(quote + 1);
                if (!line.starts_with('"')) break;
                scratch += '"';
                line.remove_prefix(1);
            }
            columns[many++] = std::string_view{scratch}.substr(begin);
            while (!line.empty() && text::is_blank(line.front())) line.remove_prefix(1);
            if (line.empty() || line == "\r") return true;
            if (line.front() != ',') return false;
            line.remove_prefix(1);
        } else {
            const std::size_t comma = line.find(',');
            columns[many++] = text::trim(line.substr(0, comma));
            if (comma == line.npos) return true;
            line.remove_prefix(comma + 1);
        }
    }
}

std::uint32_t v4_number(const settings::Ip& ip) {
    std::uint32_t out = 0;
    for (std::size_t i = 12; i < 16; ++i) out = out << 8 | ip.octets[i];
    return out;
}

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (char c : text.substr(0, 60)) out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    return text::repair_utf8(out) + "'";
}

using Columns = std::array<std::string_view, max_columns>;

/// Walks the lines of a CSV text; `row` gives "" or why not.
template <class Row>
std::expected<void, std::string> each_row(std::string_view csv, Row row) {
    Columns columns;
    std::string scratch;
    std::size_t number = 0;
    if (csv.starts_with("\xef\xbb\xbf")) csv.remove_prefix(3);
    while (!csv.empty()) {
        ++number;
        std::size_t end = csv.find('\n');
        const std::string_view line = csv.substr(0, end);
        csv.remove_prefix(end == csv.npos ? csv.size() : end + 1);
        if (text::trim(line).empty()) continue;
        std::size_t many = 0;
        std::string why;
        if (line.size() > CountryTable::max_line)
            why = "longer than 4096 octets";
        else if (!split(line, columns, many, scratch))
            why = "no row of values";
        else
            why = row(columns, many, number);
        if (!why.empty()) return std::unexpected("line " + std::to_string(number) + ": " + why);
    }
    return {};
}

/// A sorted row of ranges of which none overlaps another: where two do, the one that begins last (of those
/// that begin together the shorter one) has its addresses, and the rest goes to what is left of the other.
template <class Range, class Next, class Before>
std::vector<Range> flatten(std::vector<Range> all, Next next, Before before) {
    std::ranges::stable_sort(all, [](const Range& a, const Range& b) {
        return a.first != b.first ? a.first < b.first : b.last < a.last;
    });
    std::vector<Range> out, open;  // open: those that enclose the current place, the innermost last
    auto emit = [&](Range range) {
        if (range.last < range.first) return;
        if (!out.empty() && out.back().country == range.country && next(out.back().last) == range.first)
            out.back().last = range.last;
        else
            out.push_back(range);
    };
    // Closes what ends before `upto`; the rest of an outer one goes on behind an inner one.
    auto close_until = [&](const auto* upto) {
        while (!open.empty() && (!upto || open.back().last < *upto)) {
            const Range inner = open.back();
            open.pop_back();
            emit(inner);
            while (!open.empty() && !(inner.last < open.back().last)) open.pop_back();
            if (!open.empty() && open.back().first <= inner.last) open.back().first = next(inner.last);
        }
    };
    for (const Range& range : all) {
        close_until(&range.first);
        if (!open.empty() && open.back().first < range.first) {
            Range head = open.back();
            head.last = before(range.first);
            emit(head);
            open.back().first = range.first;
        }
        open.push_back(range);
    }
    close_until(static_cast<decltype(&all.front().first)>(nullptr));
    return out;
}

settings::Ip moved(settings::Ip ip, int by) {
    for (std::size_t i = 16; i-- > 0;) {
        const int sum = ip.octets[i] + by;
        ip.octets[i] = static_cast<std::uint8_t>(sum);
        if (sum >= 0 && sum <= 255) break;
    }
    return ip;
}

}  // namespace

std::optional<Country> Country::parse(std::string_view text) {
    text = text::trim(text);
    if (text.size() != 2) return std::nullopt;
    Country out;
    for (std::size_t i = 0; i < 2; ++i) {
        if (!text::is_alpha(text[i]) && !text::is_digit(text[i])) return std::nullopt;
        out.code[i] = text::upper(text[i]);
    }
    return out;
}

void CountryTable::add(const settings::IpSet& set, Country country) {
    if (set.first.v4())
        v4_.push_back({v4_number(set.first), v4_number(set.last), country});
    else
        v6_.push_back({set.first, set.last, country});
}

void CountryTable::sort() {
    v4_ = flatten(
        std::move(v4_), [](std::uint32_t n) { return n + 1; }, [](std::uint32_t n) { return n - 1; });
    v6_ = flatten(
        std::move(v6_), [](const settings::Ip& ip) { return moved(ip, 1); },
        [](const settings::Ip& ip) { return moved(ip, -1); });
}

std::expected<CountryTable, std::string> CountryTable::parse_csv(std::string_view csv,
                                                                 std::string_view locations) {
    CountryTable out;
    std::unordered_map<std::uint32_t, Country> places;
    auto id_of = [](std::string_view text) -> std::optional<std::uint32_t> {
        std::uint32_t id = 0;
        auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
        if (error != std::errc{} || end != text.data() + text.size() || text.empty()) return std::nullopt;
        return id;
    };
    auto read_places =
        each_row(locations, [&](const Columns& c, std::size_t many, std::size_t line) -> std::string {
            // geoname_id, locale_code, continent_code, continent_name, country_iso_code, country_name, ...
            if (many < 5) return "fewer than five columns";
            const auto id = id_of(c[0]);
            if (!id) return line == 1 ? std::string{} : quoted(c[0]) + " is no number";
            if (places.size() >= 100'000) return "too many places";
            if (auto country = Country::parse(c[4])) places.emplace(*id, *country);
            return {};
        });
    if (!read_places) return std::unexpected("locations, " + read_places.error());

    std::size_t rows = 0;
    auto read = each_row(csv, [&](const Columns& c, std::size_t many, std::size_t line) -> std::string {
        if (++rows > max_rows) return "too many rows";
        if (c[0].find('/') != c[0].npos) {  // network, geoname_id, registered_country_geoname_id, ...
            const auto set = settings::parse_ip_set(c[0]);
            if (!set) return quoted(c[0]) + " is no network";
            if (many < 2) return "fewer than two columns";
            if (auto country = Country::parse(c[1])) {  // the short form: network, country
                out.add(*set, *country);
                return {};
            }
            if (locations.empty()) return "a blocks file needs its locations file";
            for (std::size_t column = 1; column < std::min<std::size_t>(many, 3); ++column)
                if (const auto id = id_of(c[column]))
                    if (auto at = places.find(*id); at != places.end()) {
                        out.add(*set, at->second);
                        return {};
                    }
            return {};  // a network of no country
        }
        const auto first = settings::parse_ip(c[0]);
        if (!first)
            return line == 1 && !text::is_digit(c[0].empty() ? '0' : c[0].front())
                       ? std::string{}
                       : quoted(c[0]) + " is no address";
        if (many < 3) return "fewer than three columns";
        const auto last = settings::parse_ip(c[1]);
        if (!last) return quoted(c[1]) + " is no address";
        if (first->v4() != last->v4() || *last < *first)
            return "the range " + quoted(c[0]) + " ends before it begins";
        const std::string_view code = many >= 5 ? c[4] : c[2];
        const auto country = Country::parse(code);
        if (!country) return quoted(code) + " is no code of a country";
        out.add({*first, *last}, *country);
        return {};
    });
    if (!read) return std::unexpected(read.error());
    if (out.size() == 0) return std::unexpected("there is no range in it");
    out.sort();
    return out;
}

std::optional<Country> CountryTable::find(const settings::Ip& ip) const {
    auto look = [](const auto& ranges, const auto& key) -> std::optional<Country> {
        auto at = std::upper_bound(ranges.begin(), ranges.end(), key,
                                   [](const auto& k, const auto& range) { return k < range.first; });
        if (at == ranges.begin()) return std::nullopt;
        --at;
        if (at->last < key) return std::nullopt;
        return at->country;
    };
    return ip.v4() ? look(v4_, v4_number(ip)) : look(v6_, ip);
}

}  // namespace postrider::filter
