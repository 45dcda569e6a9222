#include <arpa/inet.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>

#include "admin/present.h"
#include "app/commands.h"
#include "app/control_socket.h"
#include "app/sendmail.h"

namespace postrider::app {
namespace {

using Json = nlohmann::json;

/// Nothing that this command sends may be larger; the server has a smaller limit of its own.
constexpr std::size_t max_input = std::size_t{2} << 30;

int fail(int code, std::string_view what) {
    fmt::print(stderr, "sendmail: {}\n", what);
    return code;
}

/// Where the server takes mail from programs: that of the machine's server, or of the data that
/// POSTRIDER_DATA names.
std::vector<std::string> submit_sockets() {
    if (const char* given = std::getenv("POSTRIDER_SUBMIT")) return {given};
    const char* data = std::getenv("POSTRIDER_DATA");
    if (data) return {std::string{data} + "/run/submit"};
    return {"/run/postrider/submit", "/var/lib/postrider/run/submit"};
}

std::expected<Descriptor, std::string> connect_server() {
    std::string problem = "there is no socket";
    for (const std::string& path : submit_sockets()) {
        auto address = SocketAddress::of(path);
        Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        if (address && socket.is_open() && ::connect(socket.get(), address->get(), address->size()) == 0)
            return socket;
        problem = fmt::format("{}: {}", path, std::strerror(errno));
    }
    return std::unexpected(problem);
}

std::optional<Json> ask(int socket, const Json& request, std::string_view message = {}) {
    const std::string line = request.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
    // The server may refuse before it has read everything: its answer counts, not our error.
    if (send_all(socket, line)) send_all(socket, message);
    LineReader lines{socket, 1 << 20};
    auto answer = lines.next(std::chrono::minutes{5});
    if (!answer) return std::nullopt;
    Json parsed = Json::parse(*answer, nullptr, false);
    if (!parsed.is_object()) return std::nullopt;
    return parsed;
}

std::expected<std::string, int> read_input() {
    std::string all;
    char bytes[64 << 10];
    while (true) {
        ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return std::unexpected(EX_IOERR);
        if (got == 0) return all;
        all.append(bytes, static_cast<std::size_t>(got));
        if (all.size() > max_input) return std::unexpected(EX_DATAERR);
    }
}

int send(const SendmailCall& call) {
    auto input = read_input();
    if (!input) return fail(input.error(), "The message cannot be read");
    Composed made = compose(*input, call);
    if (made.recipients.empty())
        return fail(EX_USAGE, "No recipients: name them, or give -t to read them from the header");
    if (made.message.empty())
        return fail(EX_DATAERR, "There is no message on standard input; nothing was sent");
    auto socket = connect_server();
    if (!socket)
        return fail(EX_TEMPFAIL, "The mail server does not run (" + socket.error()
                                     + "); nothing was sent, try again later");
    Json request{{"recipients", made.recipients},
                 {"size", made.message.size()},
                 {"notify", call.notify},
                 {"return_full", call.return_full},
                 {"envid", call.envid}};
    if (call.sender_given) request["from"] = call.sender;
    if (!call.full_name.empty()) request["full_name"] = call.full_name;
    auto answer = ask(socket->get(), request, made.message);
    if (!answer)
        return fail(
            EX_TEMPFAIL,
            "The mail server ended before it answered; the message may not have been sent, try again");
    if (!answer->contains("error")) return EX_OK;
    const Json& error = (*answer)["error"];
    const std::string recipient = error.value("recipient", ""), what = error.value("what", "refused");
    const std::string text = recipient.empty() ? what : fmt::format("{}: {}", recipient, what);
    if (error.value("temporary", true))
        return fail(EX_TEMPFAIL, text + "; nothing was sent, try again later");
    return fail(recipient.empty() ? EX_UNAVAILABLE : EX_NOUSER, text + "; nothing was sent");
}

/// Passes octets between the caller and the server's SMTP port until either ends.
int speak_smtp() {
    auto server = connect_server();
    auto answer = server ? ask(server->get(), Json{{"port", true}}) : std::nullopt;
    const unsigned port = answer ? answer->value("port", 0U) : 0;
    if (port == 0) return fail(EX_TEMPFAIL, "No mail server that speaks SMTP runs here");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    Descriptor smtp{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (::connect(smtp.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return fail(EX_TEMPFAIL, fmt::format("127.0.0.1:{}: {}", port, std::strerror(errno)));
    bool input_ends = false;
    while (true) {
        pollfd ready[2] = {{input_ends ? -1 : STDIN_FILENO, POLLIN, 0}, {smtp.get(), POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0 && errno != EINTR) return EX_OSERR;
        char bytes[16 << 10];
        if (ready[0].revents != 0) {
            const ssize_t got = ::read(STDIN_FILENO, bytes, sizeof bytes);
            if (got > 0) {
                if (!send_all(smtp.get(), {bytes, static_cast<std::size_t>(got)})) return EX_TEMPFAIL;
            } else {
                input_ends = true;
                ::shutdown(smtp.get(), SHUT_WR);
            }
        }
        if (ready[1].revents != 0) {
            const ssize_t got = ::recv(smtp.get(), bytes, sizeof bytes, 0);
            if (got <= 0) return EX_OK;
            for (std::string_view rest{bytes, static_cast<std::size_t>(got)}; !rest.empty();) {
                const ssize_t written = ::write(STDOUT_FILENO, rest.data(), rest.size());
                if (written < 0 && errno != EINTR) return EX_IOERR;
                if (written > 0) rest.remove_prefix(static_cast<std::size_t>(written));
            }
        }
    }
}

/// The queue is the administrator's to see.
int administer(std::string_view operation) {
    CommandLine line;
    if (const char* data = std::getenv("POSTRIDER_DATA")) line.data = data;
    auto result = run_operation(line, operation, admin::Json::object());
    if (!result)
        return fail(result.error().kind == admin::Error::Kind::not_allowed ? EX_NOPERM : EX_UNAVAILABLE,
                    result.error().what);
    fmt::print("{}", admin::present(*result));
    return EX_OK;
}

}  // namespace

int run_sendmail(std::string_view program, const std::vector<std::string>& arguments) {
    auto call = parse_sendmail(program, arguments);
    if (!call) return fail(EX_USAGE, call.error());
    switch (call->mode) {
        case SendmailCall::Mode::send: return send(*call);
        case SendmailCall::Mode::queue: return administer("queue list");
        case SendmailCall::Mode::retry:
            return EX_OK;  // the queue is worked on all the time; `postrider queue retry` hurries
        case SendmailCall::Mode::smtp: return speak_smtp();
        case SendmailCall::Mode::aliases:
            break;  // aliases are accounts' and groups', in the server's directory
    }
    return EX_OK;
}

}  // namespace postrider::app
