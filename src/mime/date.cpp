#include "mime/date.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "mime/lexer.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_date = 200;  // octets looked at; folded and with comments a date has some 60
constexpr std::array<std::string_view, 12> months = {"jan", "feb", "mar", "apr", "may", "jun",
                                                     "jul", "aug", "sep", "oct", "nov", "dec"};
constexpr std::array<std::string_view, 7> weekdays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};

struct Moment {
    int day = -1, month = -1, year = -1, hour = -1, minute = 0, second = 0, zone = 0;

    std::optional<DateTime> resolve() const {
        if (day < 1 || month < 1 || year < 1900 || year > 9999 || hour < 0 || hour > 23 || minute < 0
            || minute > 59 || second < 0 || second > 60)
            return std::nullopt;
        using namespace std::chrono;
        year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                            std::chrono::day{static_cast<unsigned>(day)}};
        if (!date.ok()) return std::nullopt;
        auto days = static_cast<std::int64_t>(sys_days{date}.time_since_epoch().count());
        return DateTime{((days * 24 + hour) * 60 + minute - zone) * 60 + second, zone};
    }
};

int month_of(std::string_view word) {
    if (word.size() < 3) return -1;
    for (std::size_t i = 0; i < months.size(); ++i)
        if (text::equal_ci(word.substr(0, 3), months[i])) return static_cast<int>(i) + 1;
    return -1;
}

/// RFC 5322 §4.3. What is unknown counts as "-0000", as do the military letters, which RFC 822 had backwards.
int named_zone(std::string_view word) {
    struct Row {
        std::string_view name;
        int hours;
    };
    constexpr Row rows[] = {{"EDT", -4}, {"EST", -5}, {"CDT", -5}, {"CST", -6},
                            {"MDT", -6}, {"MST", -7}, {"PDT", -7}, {"PST", -8}};
    for (const Row& row : rows)
        if (text::equal_ci(word, row.name)) return row.hours * 60;
    return 0;
}

/// -1 when there are none or too many to be anything in a date.
int number(std::string_view digits) {
    if (digits.empty() || digits.size() > 5) return -1;
    int value = 0;
    for (char c : digits) value = value * 10 + (c - '0');
    return value;
}

/// "hhmm" behind its sign; hours over 23 and minutes over 59 mean nothing and count as UTC.
int offset(char sign, std::string_view digits) {
    int value = digits.size() == 4 ? number(digits) : -1;
    if (value < 0 || value / 100 > 23 || value % 100 > 59) return 0;
    int minutes = value / 100 * 60 + value % 100;
    return sign == '-' ? -minutes : minutes;
}

/// obs-year: two digits are 1950 to 2049, three count from 1900.
int full_year(int value, std::size_t digits) {
    if (digits <= 2) return value < 50 ? 2000 + value : 1900 + value;
    return digits == 3 ? 1900 + value : value;
}

class DateParser {
public:
    explicit DateParser(std::string_view value) : in_{value.substr(0, max_date)} {}

    std::optional<DateTime> parse() {
        while (true) {
            in_.skip_cfws();
            if (in_.at_end()) break;
            char c = in_.peek();
            if (text::is_digit(c)) {
                digits();
            } else if (text::is_alpha(c)) {
                word();
            } else {
                in_.skip();
                bool sign = (c == '+' || c == '-') && moment_.hour >= 0 && text::is_digit(in_.peek());
                if (sign) moment_.zone = offset(c, take_digits());
            }
        }
        return moment_.resolve();
    }

private:
    std::string_view take_digits() {
        std::string_view digits = in_.rest();
        std::size_t count = 0;
        while (!in_.at_end() && text::is_digit(in_.peek())) {
            in_.skip();
            ++count;
        }
        return digits.substr(0, count);
    }

    void digits() {
        std::string_view first = take_digits();
        int value = number(first);
        in_.skip_cfws();
        if (moment_.hour < 0 && in_.take(':')) {
            moment_.hour = value;
            moment_.minute = after_colon();
            in_.skip_cfws();
            if (in_.take(':')) moment_.second = after_colon();
            if (in_.take('.')) take_digits();  // fractions of a second
        } else if (moment_.day < 0 && first.size() <= 2) {
            moment_.day = value;
        } else if (moment_.year < 0 && first.size() <= 4) {
            moment_.year = full_year(value, first.size());
        }
    }

    int after_colon() {
        in_.skip_cfws();
        return number(take_digits());
    }

    void word() {
        std::string_view letters = in_.rest();
        std::size_t count = 0;
        while (!in_.at_end() && text::is_alpha(in_.peek())) {
            in_.skip();
            ++count;
        }
        letters = letters.substr(0, count);
        if (moment_.month < 0 && month_of(letters) > 0)
            moment_.month = month_of(letters);
        else if (moment_.hour >= 0)
            moment_.zone = named_zone(letters);
    }

    Lexer in_;
    Moment moment_;
};

/// The calendar fields of a moment as a clock in its zone shows them.
struct Shown {
    std::chrono::year_month_day date;
    unsigned weekday;
    int hour, minute, second, zone_hours, zone_minutes;
    char sign;
};

Shown show(DateTime when) {
    using namespace std::chrono;
    sys_seconds local{seconds{when.seconds + when.zone_minutes * 60}};
    sys_days day = floor<days>(local);
    hh_mm_ss time{local - day};
    int zone = when.zone_minutes < 0 ? -when.zone_minutes : when.zone_minutes;
    return {year_month_day{day},
            weekday{day}.c_encoding(),
            static_cast<int>(time.hours().count()),
            static_cast<int>(time.minutes().count()),
            static_cast<int>(time.seconds().count()),
            zone / 60,
            zone % 60,
            when.zone_minutes < 0 ? '-' : '+'};
}

std::string month_name(const Shown& shown) {
    std::string name{months[static_cast<unsigned>(shown.date.month()) - 1]};
    name[0] = text::upper(name[0]);
    return name;
}

}  // namespace

std::optional<DateTime> parse_date(std::string_view value) {
    return DateParser{value}.parse();
}

std::optional<DateTime> parse_internal_date(std::string_view text) {
    // ( SP DIGIT / 2DIGIT ) "-" month "-" 4DIGIT SP 2DIGIT ":" 2DIGIT ":" 2DIGIT SP ( "+" / "-" ) 4DIGIT
    constexpr std::string_view shape = "dd-aaa-dddd dd:dd:dd zdddd";
    if (text.size() != shape.size()) return std::nullopt;
    for (std::size_t i = 0; i < shape.size(); ++i) {
        char c = text[i];
        bool fits = shape[i] == 'd'   ? text::is_digit(c) || (i == 0 && c == ' ')
                    : shape[i] == 'a' ? text::is_alpha(c)
                    : shape[i] == 'z' ? c == '+' || c == '-'
                                      : c == shape[i];
        if (!fits) return std::nullopt;
    }
    int zone = number(text.substr(22));
    if (zone / 100 > 23 || zone % 100 > 59) return std::nullopt;
    Moment moment;
    moment.day = number(text.substr(text[0] == ' ' ? 1 : 0, text[0] == ' ' ? 1 : 2));
    moment.month = month_of(text.substr(3, 3));
    moment.year = number(text.substr(7, 4));
    moment.hour = number(text.substr(12, 2));
    moment.minute = number(text.substr(15, 2));
    moment.second = number(text.substr(18, 2));
    moment.zone = offset(text[21], text.substr(22));
    return moment.resolve();
}

std::string format_date(DateTime when) {
    Shown shown = show(when);
    return fmt::format("{}, {} {} {:04} {:02}:{:02}:{:02} {}{:02}{:02}", weekdays[shown.weekday],
                       static_cast<unsigned>(shown.date.day()), month_name(shown),
                       static_cast<int>(shown.date.year()), shown.hour, shown.minute, shown.second,
                       shown.sign, shown.zone_hours, shown.zone_minutes);
}

std::string format_internal_date(DateTime when) {
    Shown shown = show(when);
    return fmt::format("{:2}-{}-{:04} {:02}:{:02}:{:02} {}{:02}{:02}",
                       static_cast<unsigned>(shown.date.day()), month_name(shown),
                       static_cast<int>(shown.date.year()), shown.hour, shown.minute, shown.second,
                       shown.sign, shown.zone_hours, shown.zone_minutes);
}

DateTime in_zone(Time time, int zone_minutes) {
    return {std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count(), zone_minutes};
}

}  // namespace postrider::mime
