#pragma once

#include "app/local_server.h"
#include "base/server_name.h"
#include "delivery/intake.h"
#include "observe/log.h"

namespace postrider::app {

/// Takes messages from programs on this machine, for the `sendmail` command: whoever may open the socket may
/// send, and is named in the message's trace. A request is one line of JSON, {"from", "recipients", "size",
/// "full_name", "notify", "return_full", "envid"}, and `size` octets of message; {"port": true} asks where
/// SMTP is spoken. The answer is one line: {"id"}, {"port"} or {"error": {"temporary", "what", "recipient"}}.
/// All or nothing: one recipient that is refused refuses the message.
class SubmitServer {
public:
    struct Parts {
        delivery::Intake& intake;
        const delivery::Router& router;
        mailstore::MailStore& store;
        const Clock& clock;
        observe::Logger log;
        ServerName host;
        std::function<std::string()> origin;    ///< domain of bare names
        std::function<std::size_t()> max_size;  ///< of a message, octets
        std::function<std::size_t()> max_recipients;
        std::function<std::uint16_t()> smtp_port;  ///< 0 when there is none
    };
    static constexpr std::size_t max_request = 1 << 20;

    static std::expected<std::unique_ptr<SubmitServer>, std::string> open(const std::filesystem::path& socket,
                                                                          Parts parts);
    void start() { server_->start(); }
    void stop() { server_->stop(); }

private:
    explicit SubmitServer(Parts parts) : parts_{std::move(parts)} {}
    void serve(int fd);
    std::string answer(int fd, LineReader& lines, const std::string& request);
    std::string accept(unsigned user, const std::string& full_name, queue::Envelope envelope,
                       std::string message);

    Parts parts_;
    std::atomic<std::uint64_t> count_{0};
    std::unique_ptr<LocalServer> server_;
};

}  // namespace postrider::app
