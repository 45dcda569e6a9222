#include "sieve/matcher.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <array>

#include "sieve/machine.h"
#include "text/ascii.h"
#include "text/fold.h"
#include "text/utf8.h"

namespace postrider::sieve {
namespace {

std::string fold(Comparator comparator, std::string_view text) {
    switch (comparator) {
        case Comparator::ascii: return text::fold_ascii(text);
        case Comparator::unicode: return text::fold_unicode(text);
        case Comparator::octet:
        case Comparator::numeric: break;
    }
    return std::string{text};
}

std::shared_ptr<re2::RE2> make_regex(const std::string& expression, Comparator comparator,
                                     std::uint32_t max_memory) {
    re2::RE2::Options options;
    options.set_posix_syntax(true);
    options.set_longest_match(true);
    options.set_perl_classes(true);
    options.set_word_boundary(true);
    options.set_case_sensitive(comparator == Comparator::octet);
    options.set_max_mem(std::min(max_memory, 1u << 18));  // a script may have hundreds
    options.set_log_errors(false);
    if (!text::valid_utf8(expression)) options.set_encoding(re2::RE2::Options::EncodingLatin1);
    return std::make_shared<re2::RE2>(expression, options);
}

bool holds(Relation relation, std::strong_ordering order) {
    switch (relation) {
        case Relation::eq: return order == 0;
        case Relation::ne: return order != 0;
        case Relation::gt: return order > 0;
        case Relation::ge: return order >= 0;
        case Relation::lt: return order < 0;
        case Relation::le: return order <= 0;
    }
    return false;
}

}  // namespace

Key Matcher::make(std::string text) const {
    Key key;
    switch (type) {
        case MatchType::matches: {
            key.text = fold(comparator, text);
            key.wildcard.emplace(key.text);
            break;
        }
        case MatchType::regex: key.regex = make_regex(text, comparator, max_regex_memory); break;
        case MatchType::is:
        case MatchType::contains:
        case MatchType::value: key.text = fold(comparator, text); break;
        case MatchType::count:
        case MatchType::list: break;
    }
    key.source = std::move(text);
    return key;
}

std::string Matcher::prepare(TextList keys) {
    templates_ = std::move(keys);
    if (first_key_only && templates_.size() > 1) templates_.resize(1);
    bool constant = true;
    for (const TextTemplate& key : templates_) constant &= key.constant();
    for (const TextTemplate& key : templates_) {
        if (!key.constant()) continue;
        Key made = make(key.source());
        if (made.regex && !made.regex->ok())
            return fmt::format("\"{}\" is no regular expression: {}", made.source, made.regex->error());
        if (constant) keys_.push_back(std::move(made));
    }
    return {};
}

bool Matcher::value(Machine& machine, std::string_view text, Folded* folded) const {
    if (!keys_.empty()) {
        for (const Key& key : keys_)
            if (one(machine, key, text, folded)) return true;
        return false;
    }
    std::string scratch;
    for (const TextTemplate& key : templates_) {
        Key made = make(std::string{key.value(machine, scratch)});
        machine.work(made.source.size() + (made.regex ? 200'000 : 0));
        if (one(machine, made, text, folded)) return true;
    }
    return false;
}

bool Matcher::count(Machine& machine, std::size_t count) const {
    std::string number = std::to_string(count);
    std::string scratch;
    for (const TextTemplate& key : templates_) {
        std::string_view wanted = key.value(machine, scratch);
        std::strong_ordering order = comparator == Comparator::numeric ? text::compare_numeric(number, wanted)
                                                                       : std::string_view{number} <=> wanted;
        if (holds(relation, order)) return true;
    }
    return false;
}

bool Matcher::relate(std::string_view text, std::string_view folded, const Key& key) const {
    std::strong_ordering order = comparator == Comparator::numeric ? text::compare_numeric(text, key.source)
                                                                   : folded <=> std::string_view{key.text};
    return holds(type == MatchType::is ? Relation::eq : relation, order);
}

bool Matcher::one(Machine& machine, const Key& key, std::string_view text, Folded* folded) const {
    machine.work(text.size() / 16 + 16 + text.size() * key.text.size() / 256);
    if (type == MatchType::regex) return regular(machine, key, text);
    if (type == MatchType::list) {
        if (!machine.in_list(key.source, text)) return false;
        if (sets_variables) machine.set_match_values({std::string{text}});
        return true;
    }
    if (type == MatchType::matches) return wildcard(machine, key, text, folded);
    if (comparator == Comparator::numeric) return relate(text, text, key);
    if (comparator == Comparator::octet || (comparator == Comparator::ascii && type == MatchType::is)) {
        if (type == MatchType::contains) return text.find(key.text) != std::string_view::npos;
        if (type == MatchType::is)
            return comparator == Comparator::octet ? text == key.text : text::equal_ci(text, key.text);
        return relate(text, text, key);
    }
    Folded own;
    Folded& forms = folded != nullptr ? *folded : own;
    const std::string& form = comparator == Comparator::ascii ? forms.ascii(text) : forms.unicode(text);
    if (type == MatchType::contains) return form.find(key.text) != std::string::npos;
    return relate(text, form, key);
}

bool Matcher::wildcard(Machine& machine, const Key& key, std::string_view text, Folded* folded) const {
    Wildcard::Captures captures;
    Wildcard::Captures* wanted = sets_variables ? &captures : nullptr;
    bool octets = comparator == Comparator::octet;
    machine.work(text.size() + text.size() * (key.text.size() / 16));
    if (octets) {
        if (!key.wildcard->match(text, true, wanted)) return false;
    } else {
        Folded own;
        Folded& forms = folded != nullptr ? *folded : own;
        bool by_unicode = comparator == Comparator::unicode;
        const std::string& form = by_unicode ? forms.unicode(text) : forms.ascii(text);
        if (!key.wildcard->match(form, false, wanted)) return false;
        if (wanted != nullptr && by_unicode && !text::is_ascii(text)) {
            // What was captured is of the folded text; find the characters of the source that it came from.
            std::vector<std::size_t> origin;  // of each folded octet
            std::string_view rest = text;
            while (!rest.empty()) {
                std::size_t at = text.size() - rest.size();
                text::take_code_point(rest);
                std::size_t size = text.size() - rest.size() - at;
                origin.insert(origin.end(), text::fold_unicode(text.substr(at, size)).size(), at);
            }
            origin.push_back(text.size());
            if (origin.size() != form.size() + 1) return true;  // not a fold by characters: nothing to show
            for (auto& [begin, size] : captures) {
                std::size_t end = origin[begin + size];
                begin = origin[begin];
                size = end - begin;
            }
        }
    }
    if (wanted != nullptr) {
        std::vector<std::string> values{std::string{text}};
        for (auto [begin, size] : captures) {
            if (values.size() > max_match_values) break;
            values.emplace_back(text.substr(begin, size));
        }
        machine.set_match_values(std::move(values));
    }
    return true;
}

bool Matcher::regular(Machine& machine, const Key& key, std::string_view text) const {
    if (!key.regex || !key.regex->ok()) return false;  // made of variables, and not one this time
    // Linear in the text, and in the program when it does not fit the memory of a table.
    machine.work(text.size() * (1 + static_cast<std::size_t>(key.regex->ProgramSize()) / 16));
    std::array<re2::StringPiece, max_match_values + 1> groups;
    int wanted = sets_variables
                     ? std::min(key.regex->NumberOfCapturingGroups() + 1, static_cast<int>(groups.size()))
                     : 0;
    re2::StringPiece subject{text.data(), text.size()};
    if (!key.regex->Match(subject, 0, text.size(), re2::RE2::UNANCHORED, groups.data(), wanted)) return false;
    if (sets_variables) {
        std::vector<std::string> values;
        for (int i = 0; i < wanted; ++i) values.emplace_back(groups[static_cast<std::size_t>(i)].as_string());
        machine.set_match_values(std::move(values));
    }
    return true;
}

}  // namespace postrider::sieve
