#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "delivery/intake.h"
#include "net/pools.h"
#include "net/stream.h"
#include "rules/send_quota.h"
#include "screening/visit.h"
#include "smtp/session/memory_budget.h"
#include "smtp/settings.h"

namespace postrider::rights {
class Sharing;
}

namespace postrider::smtp {

/// What all sessions of the service share. Everything referred to lives longer than any of them.
struct Services {
    const SmtpSettings& settings;
    std::string host;  ///< our name in greetings and Received
    net::WorkerPool& workers;
    mailstore::MailStore& store;
    const directory::Directory& directory;
    auth::Authenticator& authenticator;
    const delivery::Router& router;
    delivery::Intake& intake;
    const Clock& clock;
    observe::Logger log;
    MemoryBudget& memory;
    observe::Counter& accepted;  ///< messages answered with 250
    observe::Counter& rejected;  ///< answered with 4xx or 5xx after DATA
    rules::SendQuota& send_quota;
    const screening::Screening* screening = nullptr;  ///< nullptr: nothing is asked
    /// The virtual queue of mail that a policy sends by that host; "" when there is none.
    std::function<std::string(const std::string& host)> destination_by{};
    rights::Sharing* sharing = nullptr;   ///< who may use whose address; nullptr: each his own
    net::WorkerPool* scanning = nullptr;  ///< for messages that wait for scanners; nullptr: none does
};

/// What is particular to the listener a client came by.
struct Entrance {
    Protocol protocol = Protocol::smtp;
    std::string domain;                          ///< primary domain of bare log-in names; "" = the server's
    std::shared_ptr<const net::TlsContext> tls;  ///< for STARTTLS; nullptr: not offered
};

/// A reply: code, enhanced status code (RFC 2034; "" where there is none) and text.
struct Reply {
    int code;
    std::string_view status;
    std::string text;
};

/// Where the dialogue stands; a command says in which of these it is allowed (RFC 5321 §4.1.4).
enum State : unsigned { connected = 1, greeted = 2, mail_given = 4, rcpt_given = 8, any = 15 };

/// One connection, from banner to close.
class Session {
public:
    Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id);
    ~Session();

    /// Throws net::SessionEnd when the connection is lost or times out.
    net::Task<> run();

private:
    struct Command {
        std::string_view verb;
        unsigned allowed;
        net::Task<> (Session::*handle)(std::string_view arguments);
    };
    static const std::array<Command, 15> commands;

    net::Task<> dispatch(std::string_view line);

    // asked.cpp: what the policy and the checks say
    net::Task<bool> admit();  ///< false: the client is turned away, and has been told
    net::Task<bool> ask_ehlo();
    net::Task<bool> ask_mail(screening::Decision& decision, std::vector<std::string> parameters);
    /// Whether the recipient that was asked about takes mail; if not, `refusal` has the answer.
    struct RcptRefusal {
        Reply reply;
        bool fault = false;  ///< of the client
    };
    std::optional<RcptRefusal> check_rcpt(queue::Recipient& recipient, bool local,
                                          const screening::Decision& decision,
                                          delivery::Destination& destination);
    net::Task<bool> ask_rcpt(const queue::Recipient& recipient, bool local,
                             std::vector<std::string> parameters, screening::Decision& decision,
                             std::string& route);
    net::Task<bool> ask_message();
    bool refused(const screening::Decision& decision);
    /// What the client does is counted: not of who has logged in, nor of our own front ends.
    bool watched() const { return s_.screening && !account_ && !lmtp(); }
    void change_recipients(const screening::Wishes& wishes);
    bool has_recipient(const mime::AddrSpec& address) const;

    // cmd_session.cpp
    net::Task<> ehlo(std::string_view host);
    net::Task<> helo(std::string_view host);
    net::Task<> lhlo(std::string_view host);
    net::Task<> greet(std::string_view host, std::string_view protocol);
    net::Task<> starttls(std::string_view arguments);
    net::Task<> noop(std::string_view arguments);
    net::Task<> help(std::string_view arguments);
    net::Task<> vrfy(std::string_view arguments);
    net::Task<> expn(std::string_view arguments);
    net::Task<> quit(std::string_view arguments);
    void extensions();

    // cmd_auth.cpp
    net::Task<> auth(std::string_view arguments);
    auth::Mechanisms offered_mechanisms() const;

    // cmd_transaction.cpp
    net::Task<> mail(std::string_view arguments);
    net::Task<> rcpt(std::string_view arguments);
    net::Task<> rset(std::string_view arguments);
    std::optional<Reply> mail_parameters(std::string_view keyword, std::string_view value, bool has_value);
    /// Parameters about time and urgency; false: it is none of them.
    bool delivery_wishes(std::string_view keyword, std::string_view value, std::optional<Reply>& refusal);
    std::optional<Reply> wishes_that_exclude_each_other() const;
    std::optional<Reply> rcpt_parameters(queue::Recipient& recipient, std::string_view keyword,
                                         std::string_view value, bool has_value) const;

    // author.cpp
    bool is_own(const mime::AddrSpec& address) const;
    bool may_send_as(const mime::AddrSpec& address) const;
    /// What From and Sender say of who has logged in; notes what is to become of Sender.
    std::optional<Reply> check_author(std::string_view message);
    void set_sender();

    // cmd_data.cpp
    net::Task<> data(std::string_view arguments);
    net::Task<> bdat(std::string_view arguments);
    net::Task<> finish_message(bool had_bare_newlines);
    net::Task<> store(rules::SendQuota::Use charged, std::size_t size);
    std::optional<Reply> check_message();
    void make_text();
    void complete();  ///< what a client's own message lacks
    void answer_all(const Reply& reply);

    void reset();
    void begin_payload();
    bool lmtp() const { return entrance_.protocol == Protocol::lmtp; }
    void reply(int code, std::string_view status, std::string_view text);
    void reply(const Reply& r) { reply(r.code, r.status, r.text); }
    void reply_lines(int code, const std::vector<std::string>& lines);
    /// As reply(), and the client's error budget shrinks.
    void fault(int code, std::string_view status, std::string_view text);
    /// Octets that a message may have as far as is known (sizeRules); `recipient` for one of them alone.
    std::uint64_t size_limit(const mime::AddrSpec* recipient = nullptr) const;

    // sending_rules.cpp: what accounts may send
    std::optional<Reply> sender_refusal();
    void refuse(const Reply& refusal);  ///< what is refused for now is no fault of the client
    std::optional<Reply> recipient_refusal(const mime::AddrSpec& recipient);
    /// Counts the message that is about to be stored; what was counted goes to `charged`.
    std::optional<Reply> charge(std::uint64_t size, rules::SendQuota::Use& charged);
    std::uint64_t counted(const mime::AddrSpec& recipient) const;
    void append_footer();

    net::Stream& peer_;
    const Services& s_;
    const Entrance& entrance_;
    SessionId id_;

    State state_ = connected;
    bool done_ = false;
    bool extended_ = false;  ///< EHLO or LHLO, not HELO
    std::string helo_;
    std::shared_ptr<const directory::AccountEntry> account_;  ///< who logged in
    unsigned errors_ = 0, auth_errors_ = 0;
    screening::Allowances allow_;              ///< in force now
    screening::Allowances greeted_allow_;      ///< as they were when the session began, or after EHLO
    screening::Visit::Mechanisms mechanisms_;  ///< that the policy allows
    std::unique_ptr<screening::Visit> visit_;  ///< nullptr: nothing is asked

    /// The transaction (RFC 5321 §3.3): from MAIL to the end of the data.
    struct Transaction {
        queue::Envelope envelope;
        std::vector<delivery::Destination> destinations;
        std::uint64_t declared_size = 0;
        rules::Sender sender;
        std::uint64_t counted_recipients = 0;  ///< that count against the account's sending limits
        std::uint64_t size_limit = 0;          ///< what sizeRules say of all recipients so far; 0: none yet
        std::string payload;                   ///< trace header, then what DATA or BDAT brought
        std::size_t trace_size = 0;
        MemoryBudget::Share memory;
        enum class SenderField { leave, replace, remove } sender_field = SenderField::leave;
        bool chunking = false;  ///< BDAT has begun: DATA is out of order (RFC 3030 §2)
        bool priority_said = false, release_said = false;
        std::optional<int> lowered_priority;  ///< what became of one that the client may not have
        bool discard = false;                 ///< the policy wants it taken and dropped
        std::uint32_t delay = 0;              ///< seconds that the policy lets it wait
        bool refused = false;                 ///< BDAT: a chunk was refused, the rest is skipped
    };
    std::unique_ptr<Transaction> transaction_;
};

}  // namespace postrider::smtp
