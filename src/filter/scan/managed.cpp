#include "filter/scan/managed.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "filter/scan/external.h"

namespace postrider::filter {
namespace {

constexpr std::size_t longest_answer = 64 * 1024;
constexpr std::size_t most_recipients = 1'000;

std::string request_of(const Subject& subject) {
    std::string request = fmt::format("MESSAGE {}\n", subject.message.size());
    auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) request.append(name).append(": ").append(one_line(value, 1000)).append("\n");
    };
    add("id", show(subject.id));
    add("sender", subject.sender);
    for (std::size_t i = 0; i < std::min(subject.recipients.size(), most_recipients); ++i)
        add("recipient", subject.recipients[i]);
    add("client", subject.client);
    add("helo", subject.helo);
    add("authenticated", subject.authenticated);
    request += '\n';
    request += subject.message;
    return request;
}

}  // namespace

Maybe<Finding> parse_managed_answer(std::string_view answer) {
    const std::string_view first = answer.substr(0, answer.find('\n'));
    const auto blank = std::min(first.find(' '), first.size());
    const std::string_view word = first.substr(0, blank);
    const std::string text = one_line(first.substr(blank));
    if (word == "ERROR")
        return std::unexpected(Trouble{Trouble::Kind::nonsense, text.empty() ? "it could not tell" : text});
    if (word != "PASS" && word != "MATCH")
        return std::unexpected(Trouble{Trouble::Kind::nonsense, "no answer: " + one_line(first)});
    std::string rest = text;
    if (answer.size() > first.size()) rest.append(answer.substr(first.size()));
    return parse_program_verdict(word == "PASS" ? 0 : 1, rest);
}

Maybe<Finding> ManagedConnector::exchange(Child& child, const Subject& subject, const Patience& patience) {
    auto answer = child.exchange(request_of(subject), "\n\n", longest_answer, patience);
    if (!answer) return std::unexpected(std::move(answer.error()));
    options_.log.received(subject.id, one_line(answer->substr(0, answer->find('\n'))));
    return parse_managed_answer(*answer);
}

Maybe<Finding> ManagedConnector::ask(const Subject& subject) {
    const auto whole = time_for(subject, options_.whole);
    const Patience patience{whole, whole};
    std::optional<Child> child;
    {
        std::unique_lock lock{mutex_};
        const bool free = freed_.wait_until(
            lock, patience.end(), [this] { return !idle_.empty() || running_ < options_.processes; });
        if (!free) return std::unexpected(Trouble{Trouble::Kind::silent, "all its processes are busy"});
        if (idle_.empty()) {
            ++running_;
        } else {
            child.emplace(std::move(idle_.back()));
            idle_.pop_back();
        }
    }
    const bool used_before = child.has_value();
    Maybe<Finding> finding = std::unexpected(Trouble{Trouble::Kind::closed, "it has ended"});
    if (child) finding = exchange(*child, subject, patience);
    // One that ended while it had nothing to do is replaced without a word.
    const bool again = used_before && !finding && finding.error().kind == Trouble::Kind::closed;
    if (!used_before || again) {
        child.reset();
        std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
        for (const auto& [name, value] : options_.parameters)
            environment.push_back(fmt::format("FILTER_{}={}", name, one_line(value, 4096)));
        auto started = Child::start(options_.words, environment);
        if (started) {
            child.emplace(std::move(*started));
            finding = exchange(*child, subject, patience);
        } else {
            finding = std::unexpected(std::move(started.error()));
        }
    }
    {  // one that failed is ended behind the lock
        std::lock_guard lock{mutex_};
        if (finding && child)
            idle_.push_back(std::move(*child));
        else
            --running_;
    }
    freed_.notify_one();
    return finding;
}

Maybe<> ManagedConnector::ping() {
    if (::access(options_.words[0].c_str(), X_OK) == 0) return {};
    return std::unexpected(Trouble{Trouble::Kind::unreachable, options_.words[0] + " cannot be executed"});
}

}  // namespace postrider::filter
