#include "observe/line.h"

#include <fmt/format.h>

#include <charconv>

namespace postrider::observe {

namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// Whether `text` has the shape of `form`, where 'd' stands for a digit and '+' for a sign.
bool shaped(std::string_view text, std::string_view form) {
    if (text.size() < form.size()) return false;
    for (std::size_t i = 0; i < form.size(); ++i) {
        bool ok = form[i] == 'd'   ? is_digit(text[i])
                  : form[i] == '+' ? text[i] == '+' || text[i] == '-'
                                   : text[i] == form[i];
        if (!ok) return false;
    }
    return true;
}

constexpr std::string_view date_form = "dddd-dd-dd dd:dd:dd +dddd";
constexpr std::string_view old_date_form = "dd-dd dd:dd:dd dddd";

int number(std::string_view digits) {
    int value = 0;
    for (char c : digits) value = 10 * value + (c - '0');
    return value;
}

std::string_view take_word(std::string_view& rest) {
    std::size_t end = std::min(rest.find(' '), rest.size());
    std::string_view word = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return word;
}

std::optional<Level> level_of(std::string_view word) {
    for (Level level : {Level::critical, Level::error, Level::warning, Level::info, Level::protocol}) {
        if (word.size() == 2 && shaped(word, "dd") && number(word) == static_cast<int>(level)) return level;
    }
    return std::nullopt;
}

}  // namespace

std::string_view DateText::operator()(Time time) {
    std::time_t second = std::chrono::system_clock::to_time_t(time);
    if (second != second_ || size_ == 0) {
        std::tm local{};
        localtime_r(&second, &local);
        size_ = std::strftime(text_, sizeof text_, "%Y-%m-%d %H:%M:%S %z", &local);
        second_ = second;
    }
    return {text_, size_};
}

void append_escaped(std::string& out, std::string_view text) {
    auto plain = [](unsigned char c) { return c >= 0x20 && c != 0x7f && c != 0xc2; };
    std::size_t begin = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto octet = static_cast<unsigned char>(text[i]);
        if (plain(octet)) continue;
        if (octet == 0xc2) {  // U+0080 to U+009F: terminals obey some of them
            bool c1 = i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) >= 0x80
                      && static_cast<unsigned char>(text[i + 1]) < 0xa0;
            if (!c1) continue;
            out.append(text.substr(begin, i - begin));
            out += fmt::format("\\xc2\\x{:02x}", static_cast<unsigned char>(text[++i]));
        } else {
            out.append(text.substr(begin, i - begin));
            switch (octet) {
                case '\r': out += "\\r"; break;
                case '\n': out += "\\n"; break;
                case '\t': out += "\\t"; break;
                default: out += fmt::format("\\x{:02x}", octet);
            }
        }
        begin = i + 1;
    }
    out.append(text.substr(begin));
}

void append_rest(std::string& out, Level level, std::string_view host, std::string_view module, LogId id,
                 std::string_view text) {
    fmt::format_to(std::back_inserter(out), "{:02} {} {}:{:08X}: ", static_cast<unsigned>(level), host,
                   module, id.value);
    append_escaped(out, text.substr(0, max_text));
    if (text.size() > max_text) out += "...";
}

std::optional<Time> parse_date(std::string_view line) {
    if (!shaped(line, date_form)) return std::nullopt;
    std::tm utc{};
    utc.tm_year = number(line.substr(0, 4)) - 1900;
    utc.tm_mon = number(line.substr(5, 2)) - 1;
    utc.tm_mday = number(line.substr(8, 2));
    utc.tm_hour = number(line.substr(11, 2));
    utc.tm_min = number(line.substr(14, 2));
    utc.tm_sec = number(line.substr(17, 2));
    // Time counts nanoseconds: it ends in 2262, and a log line of another century is a lie.
    bool inside = utc.tm_year >= 70 && utc.tm_year < 300 && utc.tm_mon >= 0 && utc.tm_mon < 12
                  && utc.tm_mday >= 1 && utc.tm_mday <= 31 && utc.tm_hour < 24 && utc.tm_min < 60
                  && utc.tm_sec <= 60;
    if (!inside) return std::nullopt;
    int offset = 3600 * number(line.substr(21, 2)) + 60 * number(line.substr(23, 2));
    std::time_t second = timegm(&utc) - (line[20] == '-' ? -offset : offset);
    return std::chrono::system_clock::from_time_t(second);
}

std::optional<ReceivedLine> parse_line(std::string_view line) {
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    ReceivedLine result;
    if (shaped(line, date_form)) {
        result.time = parse_date(line);
        line.remove_prefix(date_form.size());
    } else if (shaped(line, old_date_form)) {
        line.remove_prefix(old_date_form.size());
    } else {
        return std::nullopt;
    }
    if (!line.starts_with(' ')) return std::nullopt;
    line.remove_prefix(1);
    std::string_view word = take_word(line);
    if (auto level = level_of(word)) {
        result.level = *level;
        word = take_word(line);
    }
    result.host = word;
    std::string_view producer = take_word(line);
    std::size_t colon = producer.find(':');
    if (result.host.empty() || result.host.size() > 255 || colon == std::string_view::npos || colon == 0
        || colon > 32 || !producer.ends_with(':')) {
        return std::nullopt;
    }
    result.module = producer.substr(0, colon);
    if (colon + 1 >= producer.size()) return std::nullopt;
    std::string_view id = producer.substr(colon + 1, producer.size() - colon - 2);
    auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), result.id.value, 16);
    if (error != std::errc{} || end != id.data() + id.size()) return std::nullopt;
    result.text = line;
    return result;
}

}  // namespace postrider::observe
