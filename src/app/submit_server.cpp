#include "app/submit_server.h"

#include <fmt/core.h>
#include <pwd.h>
#include <sys/socket.h>

#include <future>
#include <nlohmann/json.hpp>

#include "mime/date.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::app {
namespace {

using Json = nlohmann::json;

constexpr std::chrono::milliseconds patience{60'000};
constexpr unsigned max_received_headers = 100;

std::string error_line(bool temporary, std::string what, const std::string& recipient = {}) {
    Json error{{"temporary", temporary}, {"what", std::move(what)}};
    if (!recipient.empty()) error["recipient"] = recipient;
    return Json{{"error", std::move(error)}}.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string user_name(unsigned uid) {
    char buffer[4096];
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found) return found->pw_name;
    return std::to_string(uid);
}

/// What a request may hold; nothing when it is not one.
/// @param origin  domain of bare names
/// @param user    who sends when the request does not say it
std::optional<queue::Envelope> envelope_of(const Json& request, const std::string& origin,
                                           const std::string& user, std::string& problem) {
    auto parse = [&](const std::string& text) {
        return mime::parse_addr_spec(text.find('@') == text.npos ? text + "@" + origin : text);
    };
    queue::Envelope envelope;
    const std::string from = request.value("from", user);
    if (!from.empty()) {
        auto address = parse(from);
        if (!address) {
            problem = fmt::format("'{}' is no address of a sender", from);
            return std::nullopt;
        }
        envelope.reverse_path = std::move(*address);
    }
    for (const Json& one : request.value("recipients", Json::array())) {
        auto address = one.is_string() ? parse(one.get<std::string>()) : std::nullopt;
        if (!address) {
            problem =
                fmt::format("{} is no address", one.dump(-1, ' ', false, Json::error_handler_t::replace));
            return std::nullopt;
        }
        queue::Recipient recipient;
        recipient.address = std::move(*address);
        recipient.notify = static_cast<std::uint8_t>(request.value("notify", 0U) & 15U);
        envelope.recipients.push_back(std::move(recipient));
    }
    envelope.envid = request.value("envid", "").substr(0, 100);
    envelope.return_full = request.value("return_full", false);
    return envelope;
}

/// A display name as a word of RFC 5322 §3.2.5, quoted where it needs it.
std::string phrase(const std::string& name) {
    if (!text::is_ascii(name) || name.find_first_of("()<>[]:;@\\,.\"") == name.npos) return name;
    std::string out = "\"";
    for (char c : name) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

}  // namespace

std::expected<std::unique_ptr<SubmitServer>, std::string> SubmitServer::open(
    const std::filesystem::path& socket, Parts parts) {
    std::unique_ptr<SubmitServer> made{new SubmitServer{std::move(parts)}};
    LocalServer::Options options;
    options.path = socket;
    options.mode = 0666;
    options.max_connections = 16;
    options.busy = error_line(true, "Too many programs send at once");
    auto server = LocalServer::open(std::move(options), [self = made.get()](int fd) { self->serve(fd); });
    if (!server) return std::unexpected(server.error());
    made->server_ = std::move(*server);
    return made;
}

void SubmitServer::serve(int fd) {
    LineReader lines{fd, max_request};
    while (auto line = lines.next(patience))
        if (!send_all(fd, answer(fd, lines, *line))) break;
}

std::string SubmitServer::answer(int fd, LineReader& lines, const std::string& line) try {
    const Json request = Json::parse(line, nullptr, false);
    if (!request.is_object()) return error_line(false, "Not a request");
    if (request.value("port", false)) return Json{{"port", parts_.smtp_port()}}.dump() + "\n";
    const auto size = request.value("size", std::uint64_t{0});
    if (size > parts_.max_size())
        return error_line(
            false, fmt::format("The message has {} octets; this server takes {}", size, parts_.max_size()));
    auto message = lines.octets(size, patience);
    if (!message) return error_line(false, "The message ended too early");
    ucred peer{};
    socklen_t length = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0)
        return error_line(true, "The sender cannot be found out");
    std::string problem;
    auto envelope = envelope_of(request, parts_.origin(), user_name(peer.uid), problem);
    if (!envelope) return error_line(false, std::move(problem));
    if (envelope->recipients.empty()) return error_line(false, "Nobody to send to");
    if (envelope->recipients.size() > parts_.max_recipients())
        return error_line(false, "Too many recipients");
    return accept(peer.uid, request.value("full_name", ""), std::move(*envelope), std::move(*message));
} catch (const std::exception& fault) {
    // A member of another type, or no memory.
    return error_line(false, std::string{"The request cannot be read: "} + fault.what());
}

std::string SubmitServer::accept(unsigned user, const std::string& full_name, queue::Envelope envelope,
                                 std::string message) {
    if (parts_.store.full()) return error_line(true, "The server has no room for mail now");
    delivery::Incoming incoming;
    for (const queue::Recipient& one : envelope.recipients) {
        delivery::Destination destination = parts_.router.resolve(one.address, message.size());
        if (destination.refusal)
            return error_line(destination.refusal->temporary, destination.refusal->text, one.address.text());
        incoming.destinations.push_back(std::move(destination));
    }
    unsigned hops = 0;
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);)
        if (text::equal_ci(field.name, "Received")) ++hops;
    if (hops > max_received_headers) return error_line(false, "Too many Received headers: the message loops");

    const Time now = parts_.clock.now();
    const std::string name = user_name(user);
    const auto moment = std::chrono::duration_cast<std::chrono::microseconds>(now.time_since_epoch()).count();
    mime::Repair repair;
    repair.now = mime::in_zone(now);
    repair.unique = fmt::format("{}.L{}", moment, count_.fetch_add(1) + 1);
    repair.domain = parts_.host;
    repair.sender = envelope.reverse_path;
    const std::string id = repair.unique;
    std::string added;
    if (!full_name.empty() && !mime::find_field(message, "From") && !repair.sender.null()) {
        added = mime::header_line("From", fmt::format("{} <{}>", phrase(full_name), repair.sender.text()));
        repair.sender = {};
    }
    added += mime::repair(message, repair);
    // The trace says who: a program may have named another sender.
    incoming.payload = fmt::format("Received: by {} (Postrider, from user {}, uid {}) id {};\r\n\t{}\r\n",
                                   parts_.host.get(), name, user, id, mime::format_date(repair.now));
    incoming.payload += added;
    incoming.payload += message;
    envelope.arrival = now;
    envelope.body = queue::BodyType::eight_bit;
    envelope.smtputf8 = !text::is_ascii(incoming.payload.substr(0, mime::header_size(incoming.payload)));
    const std::string from = envelope.reverse_path.text();
    const std::size_t recipients = envelope.recipients.size();
    incoming.envelope = std::move(envelope);

    std::promise<mailstore::Result<delivery::Accepted>> promise;
    auto outcome = promise.get_future();
    parts_.intake.accept(
        std::move(incoming), delivery::Intake::Quota::checked,
        [&promise](mailstore::Result<delivery::Accepted> done) { promise.set_value(std::move(done)); });
    auto accepted = outcome.get();
    if (!accepted) {
        parts_.log.error({}, "Message of user {} could not be stored: {}", name, accepted.error().what);
        return error_line(true, "The message could not be stored: " + accepted.error().what);
    }
    for (const auto& refusal : accepted->refusals)  // of all, or one that will do later
        if (refusal) return error_line(refusal->temporary, refusal->text);
    parts_.log.info(
        {}, "New mail of user {} (uid {}) with envelope from <{}>, recipients={}, enqueued with id {:06X}",
        name, user, from, recipients, accepted->id.value());
    return Json{{"id", fmt::format("{:06X}", accepted->id.value())}}.dump() + "\n";
}

}  // namespace postrider::app
