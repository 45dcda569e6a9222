#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "delivery/outbound.h"
#include "net/stream.h"
#include "net/tls.h"
#include "observe/log.h"
#include "relay/session/draft.h"
#include "relay/wire/extensions.h"
#include "relay/wire/reply.h"

namespace postrider::relay {

using std::chrono::seconds;

/// How long a server may take (RFC 5321 §4.5.3.2).
struct Patience {
    seconds connect{30};
    seconds command{300};  ///< greeting, EHLO, MAIL, RCPT and the like: §4.5.3.2.1 to .3
    seconds data{120};     ///< §4.5.3.2.4
    seconds block{180};    ///< §4.5.3.2.5: no octet of the message taken for so long
    seconds end{600};      ///< §4.5.3.2.6
    seconds quit{5};       ///< nothing is lost when QUIT is not answered
};

/// Why there is no going on with a host. Always worth another try, elsewhere or later.
struct Trouble {
    std::string status;  ///< RFC 3463: 4.x.x
    std::string text;    ///< with the host's name
    bool tls = false;    ///< the handshake failed, or TLS was not to be had
    net::CertificateProblem certificate = net::CertificateProblem::none;
};

/// One connection to another mail server, from its greeting to QUIT. Belongs to the stream's I/O thread.
/// After any Trouble it is of no more use.
class Client {
public:
    struct Options {
        std::string helo;  ///< our name
        std::string host;  ///< the server's, for texts and reports
        SessionId id;
        observe::Logger log;
        Patience patience;
    };
    Client(std::unique_ptr<net::Stream> stream, Options options);
    ~Client();

    /// The greeting and EHLO, or HELO where that is not known (RFC 5321 §3.2).
    net::Task<std::optional<Trouble>> greet();
    /// STARTTLS, the handshake, and EHLO again (RFC 3207 §4.2).
    net::Task<std::optional<Trouble>> start_tls(std::shared_ptr<const net::TlsContext> context,
                                                net::TlsPeer expected);
    /// TLS from the first octet: before greet().
    net::Task<std::optional<Trouble>> begin_with_tls(std::shared_ptr<const net::TlsContext> context,
                                                     net::TlsPeer expected);
    /// AUTH (RFC 4954) with the best mechanism there is.
    net::Task<std::optional<Trouble>> log_in(std::string user, std::string password);

    /// What came of a transaction.
    struct Result {
        std::vector<delivery::Fate> fates;
        /// The connection is gone or the server wants it gone (421): not to be used again.
        std::optional<Trouble> trouble;
        /// The server has said something about the message, so it is up; or it has all of it and says
        /// nothing.
        bool answered = false;
    };
    /// MAIL, RCPT and the message. Recipients that the server has no room for in this transaction (452) stay
    /// untried when it has taken others.
    net::Task<Result> send(QueueId id, const queue::Envelope& envelope, Draft draft);
    /// QUIT and the end. Never throws.
    net::Task<> quit();

    bool usable() const { return usable_; }
    const Extensions& offers() const { return offers_; }
    const std::string& host() const { return options_.host; }
    const net::Stream& stream() const { return *stream_; }
    SessionId id() const { return options_.id; }
    unsigned messages() const { return messages_; }  ///< sent so far, whatever became of them

private:
    struct Transaction;

    net::Task<Reply> reply(seconds limit);
    net::Task<Reply> command(std::string line, seconds limit);
    net::Task<Reply> say_hello();
    net::Task<> envelope_stage(Transaction& t);
    net::Task<> read_recipients(Transaction& t, std::size_t from, std::size_t to);
    net::Task<> data_stage(Transaction& t);
    net::Task<> chunk_stage(Transaction& t);
    net::Task<> write_stuffed(std::string_view message);
    net::Task<> write_plain(std::string_view message);
    void queue_command(std::string_view line);
    void log_group(std::string_view lines) const;
    seconds writing_time(std::size_t size) const;
    Trouble broken(const net::SessionEnd& end, std::string_view stage);
    Trouble refused(const Reply& reply, std::string_view stage);

    std::unique_ptr<net::Stream> stream_;
    Options options_;
    Extensions offers_;
    ReplyReader reader_;
    bool usable_ = true;
    bool reset_first_ = false;  ///< a transaction is half open: RSET goes before the next
    unsigned messages_ = 0;
};

}  // namespace postrider::relay
