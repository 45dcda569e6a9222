#include "filter/scan/external.h"

#include <fmt/format.h>
#include <unistd.h>

#include "filter/scan/child.h"
#include "filter/scan/levels.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr std::size_t most_words = 100;
constexpr std::size_t most_output = 16 * 1024;
constexpr std::size_t most_recipients = 1000;
constexpr std::size_t most_headers = 20;

std::unexpected<Trouble> nonsense(std::string text) {
    return std::unexpected(Trouble{Trouble::Kind::nonsense, std::move(text)});
}

/// "NAME=value" with no NUL in it and no line end.
std::string variable(std::string_view name, std::string_view value) {
    std::string text = fmt::format("{}=", name);
    for (char c : value)
        if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) text += c;
    return text;
}

Maybe<> take_line(std::string_view line, Finding& finding) {
    const auto level = [&](LevelKind kind, std::string_view value) -> Maybe<> {
        const auto number = parse_level(kind, value);
        if (!number) return nonsense("not a level: " + one_line(line, 80));
        (kind == LevelKind::spam ? finding.spam_level : finding.virus_level) = *number;
        return {};
    };
    if (text::starts_with_ci(line, "spam-level:")) return level(LevelKind::spam, line.substr(11));
    if (text::starts_with_ci(line, "virus-level:")) return level(LevelKind::virus, line.substr(12));
    if (!text::starts_with_ci(line, "header:")) return {};  // talk
    const std::string_view field = text::trim(line.substr(7));
    const std::size_t colon = field.find(':');
    if (colon == std::string_view::npos || colon == 0 || colon > 76)
        return nonsense("not a field: " + one_line(line, 80));
    for (char c : field.substr(0, colon))
        if (c <= ' ' || c >= 0x7f) return nonsense("not a field: " + one_line(line, 80));
    if (finding.headers.size() < most_headers)
        finding.headers.emplace_back(field.substr(0, colon), one_line(field.substr(colon + 1), 2000));
    return {};
}

}  // namespace

std::optional<std::vector<std::string>> command_words(std::string_view command) {
    std::vector<std::string> words;
    std::string word;
    bool inside = false;  // a word has begun: "" is one too
    char quote = '\0';
    for (std::size_t i = 0; i < command.size(); ++i) {
        const char c = command[i];
        if (c == '\0') return std::nullopt;
        if (c == '\\' && quote != '\'' && i + 1 < command.size()) {
            word += command[++i];
            inside = true;
        } else if (quote != '\0') {
            if (c == quote)
                quote = '\0';
            else
                word += c;
        } else if (c == '"' || c == '\'') {
            quote = c;
            inside = true;
        } else if (text::is_space(c)) {
            if (inside) words.push_back(std::move(word));
            word.clear();
            inside = false;
        } else {
            word += c;
            inside = true;
        }
    }
    if (quote != '\0') return std::nullopt;
    if (inside) words.push_back(std::move(word));
    if (words.empty() || words.size() > most_words || !words[0].starts_with('/')) return std::nullopt;
    return words;
}

Maybe<Finding> parse_program_verdict(int code, std::string_view output) {
    const std::size_t end = output.find('\n');
    Finding finding;
    finding.text = one_line(output.substr(0, end));
    if (code != 0 && code != 1)
        return nonsense(fmt::format("{} {}{}{}", code > 128 ? "ended by signal" : "exit code",
                                    code > 128 ? code - 128 : code, finding.text.empty() ? "" : ": ",
                                    finding.text));
    finding.kind = code == 0 ? Finding::Kind::pass : Finding::Kind::match;
    while (output.find('\n') != std::string_view::npos) {
        output.remove_prefix(output.find('\n') + 1);
        const std::string_view line = text::trim(output.substr(0, output.find('\n')));
        if (auto taken = take_line(line, finding); !taken) return std::unexpected(std::move(taken.error()));
    }
    return finding;
}

Maybe<Finding> ExternalConnector::run(const Subject& subject, const Patience& patience) {
    std::vector<std::string> environment{"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8"};
    environment.push_back(variable("QUEUE_ID", show(subject.id)));
    environment.push_back(variable("SENDER", subject.sender));
    environment.push_back(variable("CLIENT", subject.client));
    environment.push_back(variable("HELO", subject.helo));
    environment.push_back(variable("AUTHENTICATED", subject.authenticated));
    std::string recipients = "RECIPIENTS=";
    for (std::size_t i = 0; i < subject.recipients.size() && i < most_recipients; ++i)
        recipients += (i == 0 ? "" : "\n") + variable("", subject.recipients[i]).substr(1);
    environment.push_back(std::move(recipients));
    for (const auto& [name, value] : options_.parameters)
        environment.push_back(variable("FILTER_" + name, value));

    auto child = Child::start(options_.words, environment);
    if (!child) return std::unexpected(std::move(child.error()));
    auto output = child->talk(subject.message, most_output, patience);
    if (!output) return std::unexpected(std::move(output.error()));
    const auto code = child->wait(patience);
    if (!code) return std::unexpected(code.error());
    options_.log.received(subject.id, one_line(output->substr(0, output->find('\n'))));
    return parse_program_verdict(*code, *output);
}

Maybe<Finding> ExternalConnector::ask(const Subject& subject) {
    const auto whole = time_for(subject, options_.whole);
    const Patience patience{whole, whole};
    {
        std::unique_lock lock{mutex_};
        if (!freed_.wait_until(lock, patience.end(), [this] { return running_ < options_.processes; }))
            return std::unexpected(Trouble{Trouble::Kind::silent, "all its processes are busy"});
        ++running_;
    }
    auto finding = run(subject, patience);
    {
        std::lock_guard lock{mutex_};
        --running_;
    }
    freed_.notify_one();
    return finding;
}

Maybe<> ExternalConnector::ping() {
    if (::access(options_.words[0].c_str(), X_OK) == 0) return {};
    return std::unexpected(Trouble{Trouble::Kind::unreachable, options_.words[0] + " cannot be executed"});
}

}  // namespace postrider::filter
