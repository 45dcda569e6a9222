#include "filter/scan/rspamd.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "filter/scan/http.h"
#include "filter/scan/levels.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

using nlohmann::json;

constexpr std::size_t longest_reply = 1 << 20;
constexpr std::size_t most_recipients = 100;
constexpr std::size_t most_headers = 20;
constexpr std::size_t most_symbols = 60;

std::unexpected<Trouble> nonsense(std::string text) {
    return std::unexpected(Trouble{Trouble::Kind::nonsense, std::move(text)});
}

std::optional<double> number(const json& object, const char* name) {
    const auto at = object.find(name);
    if (at == object.end() || !at->is_number()) return std::nullopt;
    return at->get<double>();
}

/// "name": "value", or {"value": "...", "order": 1}, or a list of either.
void add_header(Finding& finding, const std::string& name, const json& value, int depth = 0) {
    if (finding.headers.size() >= most_headers || depth > 1) return;
    if (value.is_string()) {
        finding.headers.emplace_back(name, one_line(value.get<std::string>(), 2000));
    } else if (value.is_object() && value.contains("value")) {
        add_header(finding, name, value["value"], 1);
    } else if (value.is_array()) {
        for (const json& one : value)
            if (!one.is_array()) add_header(finding, name, one, depth);
    }
}

bool good_name(std::string_view name) {
    if (name.empty() || name.size() > 76) return false;
    for (char c : name)
        if (c <= ' ' || c >= 0x7f || c == ':') return false;
    return true;
}

void add_headers(Finding& finding, const json& reply) {
    const auto milter = reply.find("milter");
    if (milter == reply.end() || !milter->is_object()) return;
    const auto headers = milter->find("add_headers");
    if (headers == milter->end() || !headers->is_object()) return;
    for (const auto& [name, value] : headers->items())
        if (good_name(name)) add_header(finding, name, value);
}

std::string symbols(const json& reply) {
    const auto found = reply.find("symbols");
    if (found == reply.end() || !found->is_object()) return {};
    std::string names;
    std::size_t count = 0;
    for (const auto& [name, value] : found->items()) {
        if (++count > most_symbols) break;
        names += names.empty() ? " " : ",";
        names += name;
    }
    return names;
}

}  // namespace

Maybe<Finding> parse_rspamd_reply(std::string_view text) {
    // Depth of nesting is bounded by the parser's callback: an answer has four levels.
    bool too_deep = false;
    const auto shallow = [&](int depth, json::parse_event_t, json&) {
        too_deep |= depth > 16;
        return depth <= 16;
    };
    const json reply = json::parse(text, shallow, false);
    if (reply.is_discarded() || !reply.is_object() || too_deep)
        return nonsense("not an answer of rspamd: " + one_line(text, 80));
    if (const auto error = reply.find("error"); error != reply.end() && error->is_string())
        return nonsense("rspamd: " + one_line(error->get<std::string>(), 200));
    Finding finding;
    const auto action = reply.find("action");
    const auto score = number(reply, "score");
    const auto threshold = number(reply, "required_score");
    if (action == reply.end() || !action->is_string() || !score || !threshold)
        return nonsense("an answer of rspamd without action or score");
    const std::string what = action->get<std::string>();
    // GTUBE is "skipped" too, but then there is an action (rspamd 3.4).
    const auto skipped = reply.find("is_skipped");
    if (what == "no action" && skipped != reply.end() && skipped->is_boolean() && skipped->get<bool>()) {
        finding.kind = Finding::Kind::pass;
        finding.text = "skipped by rspamd's own settings";
        return finding;
    }
    if (what == "soft reject") return nonsense("rspamd asks for another try later (soft reject)");
    if (what == "reject" || what == "add header" || what == "rewrite subject" || what == "quarantine")
        finding.kind = Finding::Kind::match;
    else if (what == "no action" || what == "greylist" || what == "discard")
        finding.kind = what == "discard" ? Finding::Kind::match : Finding::Kind::pass;
    else
        return nonsense("an action that rspamd does not have: " + one_line(what, 40));
    finding.spam_level = spam_level_of(*score, *threshold);
    if (what == "reject" || what == "discard") finding.spam_level = 10;
    finding.text = one_line(fmt::format("{}; {:.1f} / {:.1f}{}", what, *score, *threshold, symbols(reply)));
    add_headers(finding, reply);
    return finding;
}

std::string rspamd_request(const Subject& subject, std::string_view host) {
    std::string request = fmt::format("POST /checkv2 HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n", host,
                                      subject.message.size());
    const auto add = [&](std::string_view name, std::string_view value) {
        if (!value.empty()) request += fmt::format("{}: {}\r\n", name, http_value(value));
    };
    request += "Connection: keep-alive\r\n";
    add("From", subject.sender.empty() ? "<>" : std::string_view{subject.sender});
    std::size_t count = 0;
    for (const std::string& recipient : subject.recipients)
        if (++count <= most_recipients) add("Rcpt", recipient);
    add("IP", subject.client);
    add("Helo", subject.helo);
    add("User", subject.authenticated);
    if (subject.id.value() != 0) add("Queue-Id", show(subject.id));
    return request + "\r\n";
}

Maybe<Finding> RspamdConnector::ask(const Subject& subject) {
    const Patience patience = options_.patience(subject);
    const std::string request =
        rspamd_request(subject, pool_.address().local() ? "localhost" : pool_.address().text());
    for (bool again = false;; again = true) {
        auto lease = pool_.take(patience, again);
        if (!lease) return std::unexpected(std::move(lease.error()));
        options_.log.sent(subject.id, "POST /checkv2");
        auto sent = lease->socket().send({request, subject.message}, patience);
        if (!sent) return std::unexpected(std::move(sent.error()));
        auto answer = receive_http(lease->socket(), longest_reply, patience);
        if (!answer && lease->used_before() && answer.error().kind == Trouble::Kind::closed) continue;
        if (!answer) return std::unexpected(std::move(answer.error()));
        options_.log.received(subject.id, one_line(answer->body));
        if (answer->status != 200)
            return nonsense(
                fmt::format("rspamd: status {}: {}", answer->status, one_line(answer->body, 200)));
        if (answer->keep && *sent == Socket::Sent::all) lease->keep();
        return unless_cut(parse_rspamd_reply(answer->body), *sent);
    }
}

Maybe<> RspamdConnector::ping() {
    const Patience patience = options_.short_patience();
    auto socket = Socket::connect(pool_.address(), patience);
    if (!socket) return std::unexpected(std::move(socket.error()));
    auto sent = socket->send({"GET /ping HTTP/1.0\r\nHost: localhost\r\n\r\n"}, patience);
    if (!sent) return std::unexpected(std::move(sent.error()));
    auto answer = receive_http(*socket, longest_reply, patience);
    if (!answer) return std::unexpected(std::move(answer.error()));
    if (answer->status != 200) return nonsense(fmt::format("status {} to /ping", answer->status));
    return {};
}

}  // namespace postrider::filter
