#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "net/stream.h"
#include "net/tls.h"
#include "observe/log.h"
#include "xmpp/wire/element.h"
#include "xmpp/wire/jid.h"
#include "xmpp/wire/stream_reader.h"

namespace postrider::xmpp {

/// What a session is to look like before the password is shown.
enum class TlsUse : std::uint8_t {
    none,     ///< never
    may,      ///< where the server offers it, whatever its certificate
    encrypt,  ///< always, whatever its certificate
    verify,   ///< always, and the certificate is the JID's domain's or the configured host's
};

/// One session with an XMPP server as a client (RFC 6120): connected, secured, logged in, bound; then stanzas
/// in both directions. Belongs to the stream's I/O thread. What ends it is thrown as SessionEnd, or Trouble.
class Client {
public:
    /// The server has said that there is no going on, or what it says is no XMPP.
    class Trouble : public std::runtime_error {
    public:
        using std::runtime_error::runtime_error;
    };
    struct Options {
        Jid jid;  ///< who we are; a resource is asked for when it is there
        std::string password;
        std::string host;  ///< that was configured, "" = found by the JID's domain
        TlsUse tls = TlsUse::verify;
        std::shared_ptr<const net::TlsContext> context;  ///< nullptr: only for TlsUse::none
        std::chrono::seconds patience{30};               ///< for all that comes before the first stanza
        StreamReader::Limits limits{};
        SessionId id{};
        observe::Logger log;
    };

    Client(std::unique_ptr<net::Stream> stream, Options options);
    ~Client();

    /// Streams, STARTTLS (§5), SASL (§6) with the best mechanism there is, resource binding (§7).
    net::Task<> open();
    const Jid& bound() const { return bound_; }
    /// Presence is what makes others send us something; without it we are there for nobody.
    /// Adds a stanza to what is sent; it leaves with flush().
    void send(const Element& stanza);
    net::Task<> flush() { return stream_->flush(); }
    /// The next stanza for us. What a server may ask of anybody is answered on the way: pings with a result,
    /// other questions with service-unavailable (§8.2.3). nullopt: woken (see Stream::wake()).
    net::Task<std::optional<Element>> receive();
    /// Ends the stream from our side, waits a moment for the other's end, and closes. Never throws.
    net::Task<> close();

    net::Stream& stream() { return *stream_; }

private:
    net::Task<> begin_stream();
    net::Task<StreamReader::Event> event();
    net::Task<Element> element();
    net::Task<> start_tls();
    net::Task<> log_in();
    net::Task<> bind();
    net::Task<> ask(Element iq, Element& result);
    void write(std::string_view octets, bool secret = false);
    [[noreturn]] void fail(const std::string& what) const;

    std::unique_ptr<net::Stream> stream_;
    Options options_;
    StreamReader reader_;
    Element features_;
    Jid bound_;
    bool open_ = false;
};

/// "not-authorized (Invalid username or password)": what an <error/>, <failure/> or <stream:error/> says.
std::string condition_of(const Element& error, std::string_view conditions);

}  // namespace postrider::xmpp
