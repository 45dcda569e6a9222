#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "mime/date.h"
#include "sieve/header_source.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// date and currentdate. RFC 5260 §4, §5.
namespace postrider::sieve {
namespace {

constexpr auto part_names = std::to_array<std::string_view>({"year", "month", "day", "date", "julian", "hour",
                                                             "minute", "second", "time", "iso8601", "std11",
                                                             "zone", "weekday"});

std::string zone_text(int minutes) {
    int size = minutes < 0 ? -minutes : minutes;
    return fmt::format("{}{:02}{:02}", minutes < 0 ? '-' : '+', size / 60, size % 60);
}

std::string date_part(std::string_view part, std::int64_t seconds, int zone) {
    using namespace std::chrono;
    sys_seconds local{std::chrono::seconds{seconds + static_cast<std::int64_t>(zone) * 60}};
    sys_days days = floor<std::chrono::days>(local);
    year_month_day ymd{days};
    hh_mm_ss time{local - days};
    int year = static_cast<int>(ymd.year());
    unsigned month = static_cast<unsigned>(ymd.month()), day = static_cast<unsigned>(ymd.day());
    auto hour = time.hours().count(), minute = time.minutes().count(), second = time.seconds().count();
    if (part == "year") return fmt::format("{:04}", year);
    if (part == "month") return fmt::format("{:02}", month);
    if (part == "day") return fmt::format("{:02}", day);
    if (part == "date") return fmt::format("{:04}-{:02}-{:02}", year, month, day);
    if (part == "julian") return std::to_string(days.time_since_epoch().count() + 40587);  // modified Julian day
    if (part == "hour") return fmt::format("{:02}", hour);
    if (part == "minute") return fmt::format("{:02}", minute);
    if (part == "second") return fmt::format("{:02}", second);
    if (part == "time") return fmt::format("{:02}:{:02}:{:02}", hour, minute, second);
    if (part == "weekday") return std::to_string(weekday{days}.c_encoding());
    if (part == "zone") return zone_text(zone);
    if (part == "std11") return mime::format_date({seconds, zone});
    std::string shown = zone == 0 ? "Z" : zone_text(zone);
    if (zone != 0) shown.insert(3, ":");
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", year, month, day, hour, minute, second, shown);
}

/// "+0100"; nullopt when it is none.
std::optional<int> read_zone(std::string_view text) {
    if (text.size() != 5 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    for (char c : text.substr(1))
        if (!text::is_digit(c)) return std::nullopt;
    int hours = (text[1] - '0') * 10 + text[2] - '0', minutes = (text[3] - '0') * 10 + text[4] - '0';
    if (hours > 23 || minutes > 59) return std::nullopt;
    int all = hours * 60 + minutes;
    return text[0] == '-' ? -all : all;
}

class Date final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        bool held = current ? now(machine, count) : header(machine, count);
        return held || (matcher.counts() && matcher.count(machine, count));
    }

    bool current = false;
    HeaderSource source;
    Matcher matcher;
    std::optional<TextTemplate> zone;
    bool original_zone = false;
    TextTemplate part;

private:
    int zone_for(Machine& machine, int original) const {
        if (original_zone) return original;
        if (zone)
            if (auto given = read_zone(zone->value(machine))) return *given;
        return machine.environment().zone_minutes();
    }
    bool one(Machine& machine, std::int64_t seconds, int zone_minutes, std::size_t& count) const {
        if (matcher.counts()) {
            ++count;
            return false;
        }
        std::string wanted = text::to_lower(part.value(machine));
        if (std::find(part_names.begin(), part_names.end(), wanted) == part_names.end()) return false;
        return matcher.value(machine, date_part(wanted, seconds, zone_minutes), nullptr);
    }
    bool now(Machine& machine, std::size_t& count) const {
        auto time = std::chrono::time_point_cast<std::chrono::seconds>(machine.environment().now());
        return one(machine, time.time_since_epoch().count(), zone_for(machine, 0), count);
    }
    bool header(Machine& machine, std::size_t& count) const {
        for (const HeaderSource::Name& name : source.all()) {
            bool held = source.any(machine, name, [&](HeaderField& field) {
                // RFC 5260 §4: of Received and its like the date stands behind the last ";".
                std::string_view raw = field.raw;
                std::size_t semicolon = raw.rfind(';');
                auto when = mime::parse_date(semicolon == std::string_view::npos ? raw : raw.substr(semicolon + 1));
                if (!when) return false;
                return one(machine, when->seconds, zone_for(machine, when->zone_minutes), count);
            });
            if (held) return true;
        }
        return false;
    }
};

TestPtr build(Args& args, bool current) {
    auto made = std::make_unique<Date>();
    made->current = current;
    if (!current) made->source.tags(args, true);
    made->zone = args.text("zone");
    if (made->zone && made->zone->constant() && !read_zone(made->zone->source()))
        args.invalid(fmt::format("\"{}\" is no time zone like \"+0100\"", made->zone->source()));
    if (!current) {
        made->original_zone = args.flag("originalzone");
        if (made->original_zone && made->zone) args.wrong("\":zone\" cannot stand beside \":originalzone\"");
    }
    made->matcher = args.matcher();
    if (!current) {
        TextList name{args.text()};
        made->source.names(args, std::move(name));
    }
    made->part = args.text();
    if (made->part.constant()
        && std::find(part_names.begin(), part_names.end(), text::to_lower(made->part.source())) == part_names.end())
        args.invalid(fmt::format("a date has no part \"{}\"", made->part.source()));
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

}  // namespace

TestPtr build_date(Args& args) {
    return build(args, false);
}

TestPtr build_currentdate(Args& args) {
    return build(args, true);
}

}  // namespace postrider::sieve
