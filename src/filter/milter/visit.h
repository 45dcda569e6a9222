#pragma once

#include <map>

#include "filter/milter/connections.h"

namespace postrider::filter::milter {

/// What filters decide about a command of SMTP, or a message.
struct Decision {
    enum class Kind : std::uint8_t {
        none,      ///< nothing to object
        reject,    ///< 5xx
        tempfail,  ///< 4xx
        close,     ///< 421, and the end of the session
        discard,   ///< the message is answered as if taken, and dropped; asked no more about it
    };
    Kind kind = Kind::none;
    int code = 0;
    std::string status;              ///< RFC 3463
    std::vector<std::string> lines;  ///< of the reply's text, at least one
    std::string milter;              ///< whose decision it is
    bool refuses() const { return kind == Kind::reject || kind == Kind::tempfail || kind == Kind::close; }
};

/// What filters make of a whole message.
struct Content {
    Decision decision;
    std::optional<std::string> message;          ///< as it should go on; nothing: as it came
    std::vector<Changes::Recipient> recipients;  ///< to be added and taken away, in this order
    std::optional<std::string> sender;           ///< another reverse path, without brackets
    std::optional<std::string> quarantine;       ///< it should wait for an administrator, and why
};

/// Several filters that follow one SMTP session, each step in their order; a filter sees the message as those
/// before it have changed it. One that is added late, or has to be connected to again, is shown what has
/// happened so far. Belongs to the session's I/O thread; must not outlive `connections`.
class Visit {
public:
    struct Session {
        Client client;
        std::string host;      ///< our name: macro j
        std::string local_ip;  ///< {daemon_addr}
        std::uint16_t local_port = 0;
        std::string daemon = "postrider";  ///< {daemon_name}
        observe::LogId id;
        observe::Logger log;
    };
    Visit(Connections& connections, Session session);
    ~Visit();

    /// Also in the middle of a session. One of the same address is not added twice. False: it was there.
    bool add(const MilterSettings& milter);
    bool empty() const { return sides_.empty(); }

    /// A value that filters may ask for: "i", "{auth_authen}", "{tls_version}". "" = it has none (any more).
    void macro(const std::string& name, std::string value);

    // A step is shown to the filters that still want to see something. What none refuses has happened.

    net::Task<Decision> connected();
    net::Task<Decision> helo(std::string name);
    /// `path` with its brackets; forgets what was said about a message before.
    net::Task<Decision> mail(std::string path, std::vector<std::string> parameters);
    net::Task<Decision> rcpt(std::string path, std::vector<std::string> parameters);
    net::Task<Decision> data();
    /// Shows filters that were added since what the others have seen last, the message's content aside.
    net::Task<Decision> catch_up();
    /// A recipient that was refused before any filter was asked, for those that want to know: RFC 5321 §4.2
    /// reply in the macros, as Sendmail has it. What they say of it is not heeded.
    net::Task<> refused_rcpt(std::string path, std::vector<std::string> parameters, std::string status,
                             std::string text);
    net::Task<Decision> unknown(std::string line);
    /// The whole message, CRLF line ends. `message` must stay valid until it returns. Called again, it is for
    /// filters that were added since; `message` is then as those before have made it.
    net::Task<Content> message(std::string_view message);

    /// The transaction is over: RSET, or a message that was refused by others.
    net::Task<> reset();
    /// The session is over. Connections that can serve another one are kept. Never throws.
    net::Task<> close();

private:
    enum class Step : std::uint8_t { connect, helo, mail, rcpt, data, content };
    struct Path {
        std::string path;
        std::vector<std::string> parameters;
    };
    /// One filter, and how much of the session it has been shown.
    struct Side {
        MilterSettings milter;
        std::unique_ptr<milter::Session> session;
        bool used_before = false;
        bool connected = false;
        unsigned helos = 0;
        bool mail = false;
        std::size_t rcpts = 0;
        bool data = false;
        bool content = false;         ///< it has had its say on the whole message
        bool passes_session = false;  ///< it has accepted all that may come
        bool passes_message = false;
        std::optional<Decision> for_session, for_message;  ///< what it has refused
        std::vector<Changes::Recipient> refused;           ///< recipients, when it was shown them too late
        Changes changes;
        void forget_session();
        void forget_message();
    };

    Macros macros(Stage stage, const Side& side) const;
    net::Task<Decision> step(Step step);
    net::Task<Decision> ask(Side& side, Step step, std::string_view message);
    net::Task<Opinion> attempt(Side& side, Step step, std::string_view message, Step& reached);
    net::Task<Opinion> show_content(Side& side, std::string_view message);
    net::Task<Opinion> show_headers(Side& side, std::string_view message, std::size_t& end);
    Decision failed(Side& side, const std::string& why);
    Decision decide(Side& side, const Opinion& opinion, Step step, Step reached);
    net::Task<> end_message(Side& side);

    Connections& connections_;
    Session session_;
    std::vector<std::unique_ptr<Side>> sides_;
    std::map<std::string, std::string, std::less<>> values_;
    std::string helo_;
    unsigned helos_ = 0;
    std::optional<Path> mail_;
    std::vector<Path> rcpts_;
    std::optional<Decision> discarded_;
    Step last_ = Step::connect;  ///< that was shown
};

}  // namespace postrider::filter::milter
