#include "filter/scan/spamd.h"

#include <fmt/format.h>

#include "filter/scan/levels.h"
#include "filter/scan/number.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

constexpr std::size_t longest_reply = 64 * 1024;

std::unexpected<Trouble> nonsense(std::string_view what, std::string_view said) {
    return std::unexpected(Trouble{Trouble::Kind::nonsense, fmt::format("{}: {}", what, one_line(said, 80))});
}

/// "SPAMD/1.1 0 EX_OK" CRLF: the code must be 0. Moves behind the line.
Maybe<> status_line(std::string_view& reply) {
    const std::string_view line = reply.substr(0, reply.find('\n'));
    std::string_view rest = text::trim(line);
    if (!rest.starts_with("SPAMD/")) return nonsense("not an answer of spamd", line);
    rest.remove_prefix(6);
    const std::size_t blank = rest.find(' ');
    if (blank == std::string_view::npos) return nonsense("not an answer of spamd", line);
    rest = text::trim(rest.substr(blank));
    const std::string_view code = rest.substr(0, rest.find(' '));
    if (code != "0") return nonsense("spamd", rest);
    reply.remove_prefix(std::min(reply.size(), line.size() + 1));
    return {};
}

struct Score {
    bool spam = false;
    double score = 0, threshold = 0;
    std::string_view text;  ///< "True ; 15.0 / 5.0"
};

std::optional<Score> parse_score(std::string_view value) {
    Score result;
    result.text = text::trim(value);
    const std::size_t semicolon = value.find(';');
    if (semicolon == std::string_view::npos) return std::nullopt;
    const std::string_view verdict = text::trim(value.substr(0, semicolon));
    result.spam = text::equal_ci(verdict, "True") || text::equal_ci(verdict, "Yes");
    if (!result.spam && !text::equal_ci(verdict, "False") && !text::equal_ci(verdict, "No"))
        return std::nullopt;
    const std::string_view numbers = value.substr(semicolon + 1);
    const std::size_t slash = numbers.find('/');
    if (slash == std::string_view::npos) return std::nullopt;
    const auto score = parse_number(numbers.substr(0, slash));
    const auto threshold = parse_number(numbers.substr(slash + 1));
    if (!score || !threshold) return std::nullopt;
    result.score = *score;
    result.threshold = *threshold;
    return result;
}

}  // namespace

Maybe<Finding> parse_spamd_reply(std::string_view reply) {
    if (auto status = status_line(reply); !status) return std::unexpected(std::move(status.error()));
    const std::size_t header = mime::header_size(reply);
    if (header == reply.size() && !reply.ends_with("\n\r\n") && !reply.ends_with("\n\n")
        && !reply.starts_with("\r\n"))
        return nonsense("spamd has hung up in the header of its answer", "");
    const auto value = mime::find_field(reply.substr(0, header), "Spam");
    if (!value) return nonsense("spamd says no score", reply);
    const auto score = parse_score(*value);
    if (!score) return nonsense("not a score", *value);
    // The length, where it is given, must be what came: half an answer is none.
    if (const auto length = mime::find_field(reply.substr(0, header), "Content-length")) {
        const auto number = parse_number(*length);
        if (!number || *number != static_cast<double>(reply.size() - header))
            return nonsense("spamd's answer has not the length that it names", *length);
    }
    Finding finding;
    finding.kind = score->spam ? Finding::Kind::match : Finding::Kind::pass;
    finding.spam_level = spam_level_of(score->score, score->threshold);
    finding.text = one_line(fmt::format("Spam: {} {}", score->text, text::trim(reply.substr(header))));
    return finding;
}

Maybe<Finding> SpamdConnector::ask(const Subject& subject) {
    const Patience patience = options_.patience(subject);
    auto lease = pool_.take(patience, true);
    if (!lease) return std::unexpected(std::move(lease.error()));
    Socket& socket = lease->socket();
    const std::string request =
        fmt::format("SYMBOLS SPAMC/1.2\r\nContent-length: {}\r\n\r\n", subject.message.size());
    options_.log.sent(subject.id, "SYMBOLS SPAMC/1.2");
    options_.log.sent(subject.id, "Send mail stream: " + show(subject.id));
    auto sent = socket.send({request, subject.message}, patience);
    if (!sent) return std::unexpected(std::move(sent.error()));
    if (*sent == Socket::Sent::all) socket.end_of_sending();
    auto reply = socket.receive_all(longest_reply, patience);
    if (!reply) return std::unexpected(std::move(reply.error()));
    if (reply->empty()) return std::unexpected(Trouble{Trouble::Kind::closed, "closed without an answer"});
    options_.log.received(subject.id, one_line(*reply));
    return unless_cut(parse_spamd_reply(*reply), *sent);
}

Maybe<> SpamdConnector::ping() {
    const Patience patience = options_.short_patience();
    auto socket = Socket::connect(pool_.address(), patience);
    if (!socket) return std::unexpected(std::move(socket.error()));
    if (auto sent = socket->send({"PING SPAMC/1.2\r\n\r\n"}, patience); !sent)
        return std::unexpected(std::move(sent.error()));
    auto reply = socket->receive_all(longest_reply, patience);
    if (!reply) return std::unexpected(std::move(reply.error()));
    std::string_view line = *reply;
    if (auto status = status_line(line); !status) return status;
    return {};
}

}  // namespace postrider::filter
