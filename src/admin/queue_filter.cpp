#include "admin/queue_filter.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <thread>

#include "admin/lookup.h"
#include "text/ascii.h"
#include "text/wildcard.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using queue::EntryView;

/// So many records are looked at before it is worth starting threads.
constexpr std::size_t alone = 20'000;
constexpr unsigned most_threads = 4;

struct Unit {
    char letter;
    std::uint64_t factor;
};
constexpr Unit sizes[] = {{'k', 1 << 10}, {'m', 1 << 20}, {'g', 1 << 30}};
constexpr Unit times[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86'400}, {'w', 604'800}};

std::expected<std::uint64_t, Error> amount(std::string_view name, const std::string& text,
                                           std::span<const Unit> units) {
    std::uint64_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    std::string_view rest{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    std::uint64_t factor = rest.empty() ? 1 : 0;
    if (rest.size() == 1)
        for (const Unit& unit : units)
            if (text::lower(rest[0]) == unit.letter) factor = unit.factor;
    if (error != std::errc{} || factor == 0 || number > 1'000'000'000'000 / factor)
        return fail(Kind::bad_value,
                    fmt::format("{} takes a number and perhaps a unit, not '{}'", name, text));
    return number * factor;
}

bool contains(std::string_view text, std::string_view part) {
    return std::ranges::search(text, part, {}, text::lower, text::lower).begin() != text.end()
           || part.empty();
}

bool matches_text(const std::string& pattern, std::string_view text) {
    if (pattern.find_first_of("*?") == std::string::npos) return contains(text, pattern);
    return text::matches_wildcard(pattern, text);
}

/// local@domain in a buffer that is used again and again.
std::string_view address(std::string& buffer, std::string_view local, std::string_view domain) {
    buffer.assign(local);
    if (!domain.empty()) buffer.append("@").append(domain);
    return buffer;
}

std::uint64_t microseconds_of(Time time) {
    auto count = std::chrono::duration_cast<std::chrono::microseconds>(time.time_since_epoch()).count();
    return count < 0 ? 0 : static_cast<std::uint64_t>(count);
}

}  // namespace

bool QueueFilter::empty() const {
    return sender.empty() && recipient.empty() && destination.empty() && state.empty() && failure.empty()
           && !larger && !smaller && !before && !since && !attempts;
}

std::expected<QueueFilter, Error> QueueFilter::from(const Context& context, const Arguments& arguments) {
    QueueFilter filter;
    filter.sender = arguments.text("sender");
    filter.recipient = arguments.text("recipient");
    filter.destination = arguments.text("destination");
    filter.state = arguments.text("state");
    filter.failure = arguments.text("failure");
    for (auto [name, place] : {std::pair{"larger", &filter.larger}, std::pair{"smaller", &filter.smaller}}) {
        auto text = arguments.maybe_text(name);
        if (!text) continue;
        auto octets = amount(name, *text, sizes);
        if (!octets) return std::unexpected(octets.error());
        *place = *octets;
    }
    for (auto [name, place] : {std::pair{"older", &filter.before}, std::pair{"younger", &filter.since}}) {
        auto text = arguments.maybe_text(name);
        if (!text) continue;
        auto seconds = amount(name, *text, times);
        if (!seconds) return std::unexpected(seconds.error());
        const auto longest =
            std::chrono::duration_cast<std::chrono::seconds>(context.clock.now().time_since_epoch());
        *place = context.clock.now()
                 - std::min(std::chrono::seconds{static_cast<std::int64_t>(*seconds)}, longest);
    }
    if (arguments.has("attempts")) filter.attempts = arguments.number("attempts");
    return filter;
}

bool QueueFilter::matches(const EntryView& entry, const Context& context) const {
    if (larger && entry.size <= *larger) return false;
    if (smaller && entry.size >= *smaller) return false;
    if (before && entry.arrival > microseconds_of(*before)) return false;
    if (since && entry.arrival < microseconds_of(*since)) return false;
    thread_local std::string buffer;
    if (!sender.empty()) {
        const bool null = entry.sender_local.empty() && entry.sender_domain.empty();
        if (!matches_text(sender, null ? "<>" : address(buffer, entry.sender_local, entry.sender_domain)))
            return false;
    }
    if (!recipient.empty() || !destination.empty() || !failure.empty() || attempts || quarantined) {
        auto one = [&](const EntryView::Recipient& r) {
            if (!r.waits() || (quarantined && !queue::quarantined(r))) return false;
            if (attempts && r.attempts < *attempts) return false;
            if (!destination.empty() && !matches_text(destination, r.destination)) return false;
            if (!recipient.empty() && !matches_text(recipient, address(buffer, r.local, r.domain)))
                return false;
            return failure.empty() || matches_text(failure, r.diagnostic) || matches_text(failure, r.status);
        };
        if (std::ranges::none_of(entry.recipients, one)) return false;
    }
    if (state.empty()) return true;
    const bool sending = context.is_sending && contains("Sending", state) && context.is_sending(entry.id);
    return contains(queue::state_word(entry, sending), state);
}

std::expected<std::vector<QueueId>, Error> find_messages(Context& context, const QueueFilter& filter,
                                                         QueueId after, std::size_t limit) {
    std::vector<QueueId> found;
    EntryView entry;
    std::size_t looked = 0;
    QueueId at = after;
    bool more = false;
    auto some = need(context.queue.each_record(
        [&](QueueId id, std::string_view bytes) {
            if (looked++ == alone) {
                more = true;
                return false;
            }
            at = id;
            if (entry.read(id, bytes) && filter.matches(entry, context)) found.push_back(id);
            return found.size() < limit;
        },
        after));
    if (!some) return std::unexpected(some.error());
    if (!more) return found;

    auto range = need(context.queue.range());
    if (!range) return std::unexpected(range.error());
    if (!*range || (*range)->second <= at) return found;
    const unsigned threads = std::clamp(std::thread::hardware_concurrency(), 1u, most_threads);
    const std::uint64_t step = ((*range)->second.value() - at.value()) / threads + 1;
    std::vector<std::vector<QueueId>> parts(threads);
    std::vector<std::expected<void, Error>> results(threads);
    {
        std::vector<std::jthread> workers;
        for (unsigned i = 0; i < threads; ++i)
            workers.emplace_back([&, i] {
                EntryView view;
                const QueueId from{at.value() + i * step};
                results[i] = need(context.queue.each_record(
                    [&](QueueId id, std::string_view bytes) {
                        if (view.read(id, bytes) && filter.matches(view, context)) parts[i].push_back(id);
                        return found.size() + parts[i].size() < limit;
                    },
                    from, QueueId{from.value() + step}));
            });
    }
    for (const auto& result : results)
        if (!result) return std::unexpected(result.error());
    for (const auto& part : parts) found.insert(found.end(), part.begin(), part.end());
    if (found.size() > limit) found.resize(limit);
    return found;
}

}  // namespace postrider::admin
