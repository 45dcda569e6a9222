#include "cli/wire/queue_filter.h"

#include <algorithm>
#include <charconv>
#include <ctime>

#include "text/ascii.h"

namespace postrider::cli {
namespace {

using Field = FilterTerm::Field;
using Compare = FilterTerm::Compare;

struct FieldWord {
    std::string_view word;
    Field field;
    bool text;
};
constexpr FieldWord fields[] = {
    {"size", Field::size, false},       {"age", Field::age, false},
    {"retries", Field::retries, false}, {"status", Field::status, true},
    {"sender", Field::sender, true},    {"recipient", Field::recipient, true},
    {"message", Field::message, true},  {"next_schedule", Field::next_schedule, false},
};

/// A number with the factor of its suffix.
std::expected<std::int64_t, std::string> number(std::string_view text, std::string_view suffixes,
                                                const std::int64_t* factors) {
    std::int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    std::string_view suffix{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    std::int64_t factor = 1;
    if (suffix.size() == 1) {
        auto at = suffixes.find(text::lower(suffix[0]));
        factor = at == suffixes.npos ? 0 : factors[at];
    } else if (!suffix.empty()) {
        factor = 0;
    }
    if (error != std::errc{} || value < 0 || factor == 0 || value > INT64_MAX / factor)
        return std::unexpected("'" + std::string{text} + "' is not a number that can stand here");
    return value * factor;
}

std::expected<std::int64_t, std::string> operand(Field field, const std::string& text) {
    static constexpr std::int64_t sizes[] = {1024, 1024 * 1024, 1024 * 1024 * 1024},
                                  times[] = {1, 60, 3600, 86400, 604800}, none[] = {0};
    switch (field) {
        case Field::size: return number(text, "kmg", sizes);
        case Field::age: return number(text, "smhdw", times);
        case Field::next_schedule: return parse_date(text);
        default: return number(text, "", none);
    }
}

bool holds(Compare compare, std::int64_t left, std::int64_t right) {
    switch (compare) {
        case Compare::less: return left < right;
        case Compare::greater: return left > right;
        case Compare::equal: return left == right;
        case Compare::unequal: return left != right;
    }
    return false;
}

bool contains(std::string_view text, std::string_view part) {
    return std::ranges::search(text, part, [](char a, char b) { return text::lower(a) == b; }).begin()
               != text.end()
           || part.empty();
}

bool holds(const FilterTerm& term, const FilterSubject& subject) {
    auto text = [&](std::string_view value) {
        return contains(value, term.text) == (term.compare == Compare::equal);
    };
    switch (term.field) {
        case Field::size: return holds(term.compare, subject.size, term.number);
        case Field::age: return holds(term.compare, subject.age, term.number);
        case Field::retries: return holds(term.compare, subject.retries, term.number);
        case Field::next_schedule:
            return subject.next_schedule != 0 && holds(term.compare, subject.next_schedule, term.number);
        case Field::status: return text(subject.status);
        case Field::sender: return text(subject.sender);
        case Field::message: return text(subject.message);
        case Field::recipient: {
            bool any = std::ranges::any_of(subject.recipients,
                                           [&](const std::string& one) { return contains(one, term.text); });
            return any == (term.compare == Compare::equal);
        }
    }
    return false;
}

}  // namespace

std::expected<std::int64_t, std::string> parse_date(const std::string& text) {
    for (const char* form : {"%a, %d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S %z", "%d %b %Y %H:%M:%S",
                             "%d %b %Y %H:%M", "%d %b %Y"}) {
        std::tm time{};
        const char* end = strptime(text.c_str(), form, &time);
        if (end == nullptr || *end != '\0' || time.tm_year < 0 || time.tm_year > 8000) continue;
        const long zone = time.tm_gmtoff;  // timegm() forgets it
        return static_cast<std::int64_t>(timegm(&time)) - zone;
    }
    return std::unexpected("'" + text + "' is not a date like \"2 Jan 2007 17:34\"");
}

std::expected<std::vector<FilterTerm>, std::string> parse_filter(const std::vector<Word>& words) {
    std::vector<FilterTerm> all;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (all.size() == max_terms) return std::unexpected("a filter has at most 32 terms");
        std::string text = words[i].text;
        auto at = text.find_first_of("<>=!");
        std::string name = text.substr(0, at);
        auto field = std::ranges::find_if(
            fields, [&](const FieldWord& one) { return text::equal_ci(one.word, name); });
        if (words[i].is_set || at == text.npos || field == std::end(fields))
            return std::unexpected("'" + text + "' is not a term: there are size age retries status sender recipient next_schedule message, with > < = !=");
        FilterTerm term;
        term.field = field->field;
        std::size_t length = text[at] == '!' ? 2 : 1;
        if (text[at] == '!' && text.substr(at, 2) != "!=")
            return std::unexpected("'" + text + "': ! stands before = alone");
        term.compare = text[at] == '<'   ? Compare::less
                       : text[at] == '>' ? Compare::greater
                       : text[at] == '=' ? Compare::equal
                                         : Compare::unequal;
        std::string value = text.substr(at + length);
        if (value.empty() && i + 1 < words.size() && !words[i + 1].is_set) value = words[++i].text;
        if (field->text) {
            if (length == 1 && term.compare != Compare::equal)
                return std::unexpected("'" + name + "' is compared with = and != alone");
            term.text = text::to_lower(value);
        } else {
            if (term.compare == Compare::unequal)
                return std::unexpected("'" + name + "' is compared with >, < and = alone");
            auto given = operand(term.field, value);
            if (!given) return std::unexpected(given.error());
            term.number = *given;
        }
        all.push_back(std::move(term));
    }
    return all;
}

bool matches(const std::vector<FilterTerm>& filter, const FilterSubject& subject) {
    return std::ranges::all_of(filter, [&](const FilterTerm& one) { return holds(one, subject); });
}

}  // namespace postrider::cli
