#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dns/resolver.h"
#include "filter/dnsbl/sender_checks.h"
#include "filter/milter/visit.h"
#include "mailauth/message_authentication.h"
#include "net/pools.h"
#include "policy/machine.h"
#include "screening/decision.h"
#include "screening/screening.h"

namespace postrider::screening {

/// Who has connected.
struct Client {
    std::string ip;
    std::uint16_t port = 0;
    std::string local_ip;
    std::uint16_t local_port = 0;
    bool secure = false;
    bool ours = false;  ///< a front end of our own: nothing is looked up about it
    observe::LogId id;
    net::WorkerPool* workers = nullptr;  ///< for the hashes of large messages; nullptr: on the spot
};

/// What one connection asks, at each step of its dialogue. Belongs to the connection's I/O thread. A decision
/// `none` means that nobody has said anything; what the policy wants changed is in the other arguments.
class Visit {
public:
    Visit(const Screening& screening, std::shared_ptr<const Rules> rules, const Client& client, bool trusted);

    /// @param greeting  replaced when the policy has one
    net::Task<Decision> connected(Allowances& allow, std::string& greeting);

    /// AUTH mechanisms that a policy allows: words as the setting has them, "" when it says nothing.
    struct Mechanisms {
        std::string secure, plain;
    };
    net::Task<Decision> ehlo(std::string host, bool esmtp, bool secure, Allowances& allow,
                             Mechanisms& mechanisms);

    struct Mail {
        mime::AddrSpec sender;
        std::uint64_t declared = 0;             ///< SIZE=
        std::string account;                    ///< that has logged in; ""
        bool matches_login = false;             ///< the sender is one of its addresses
        bool local = false;                     ///< the sender's domain is ours
        std::vector<std::string> parameters{};  ///< of MAIL, "SIZE=100"
    };
    net::Task<Decision> mail(Mail mail, Allowances& allow);

    struct Rcpt {
        mime::AddrSpec address;
        bool local = false;
        std::size_t before = 0;  ///< recipients taken so far
        std::vector<std::string> parameters{};
    };
    /// @param route  where mail to this recipient goes, as the policy says; "" for the usual way
    net::Task<Decision> rcpt(Rcpt rcpt, Allowances& allow, std::string& route, Wishes& wishes);
    /// What rcpt() was about takes mail, as far as the session can tell: what milters say.
    net::Task<Decision> rcpt_taken();
    /// It takes none, with this reply: some milters want to know.
    net::Task<> rcpt_refused(std::string status, std::string text);
    /// The recipient is one of ours and takes mail: has the client tried before?
    Decision greylist(const mime::AddrSpec& recipient);

    /// The message is complete. @param message  header and body, without our trace
    net::Task<Decision> message(std::string_view message, Allowances& allow, Wishes& wishes);

    /// TLS has begun: for filters that want to know.
    void encrypted(const net::TlsInfo& tls);
    /// The session is over.
    net::Task<> close();

    /// The message is taken, refused or forgotten.
    void end_transaction(bool taken, std::uint64_t size);

    /// From here on each line of the policy that does something is noted, and nothing is remembered of the
    /// client. nullptr: no more.
    void trace_to(std::vector<policy::Step>* steps) { trace_ = steps; }

private:
    using Event = policy::Event;
    using Var = policy::Var;

    bool asks_policy(Event event) const { return policy_ && policy_->program().handles(event); }
    net::Task<Decision> run(Event event);
    net::Task<> perform(policy::Method method, Event event);
    Decision decide(Event event, bool stopped);
    void provide_allowances();
    void take_allowances(Allowances& allow) const;
    void take_recipients(Wishes& wishes);

    // visit_checks.cpp: what the settings ask
    bool exempt() const { return trusted_ || !account_.empty(); }
    net::Task<Decision> check_sender();
    net::Task<Decision> check_links(std::string_view message);
    net::Task<> check_spf(Event event);
    net::Task<Decision> check_ehlo();
    struct Worst;
    Decision refusal(filter::ListAction action, std::string status, std::string text);
    Decision consequence(Consequence what, std::string status, std::string text);
    mailauth::SpfRequest spf_request(bool of_helo) const;

    // visit_message.cpp: who has sent the message, and what is made of it
    net::Task<> authenticate(mailauth::Checks checks);
    mailauth::Checks checks() const;
    Decision judge_authentication();
    void note_dmarc(const Decision& decision) const;
    bool sealed_by_trusted() const;
    void finish(std::string_view message, Wishes& wishes);
    void sign(const policy::Effect& effect, std::string& message) const;

    // visit_milters.cpp
    void begin_milters();
    net::Task<> ask_milters(Event event);
    net::Task<> ask_further(Event event);
    net::Task<> execute_milter(Event event);
    /// Shows the milters what has happened, unless the policy has done so or refuses; what they refuse
    /// counts.
    net::Task<> follow(Event event, Decision& decision);

    const Screening& s_;
    std::shared_ptr<const Rules> rules_;
    Client client_;
    std::optional<settings::Ip> ip_;
    bool trusted_;
    Allowances base_;
    std::unique_ptr<policy::State> policy_;  ///< nullptr: there is none

    std::string helo_;
    bool esmtp_ = false;
    unsigned messages_ = 0;
    std::uint64_t octets_ = 0;

    // what has been found out about the client; helo's with each EHLO
    std::optional<filter::DnsListResult> client_lists_, helo_lists_;
    std::optional<filter::ReverseDns> reverse_dns_;
    std::optional<filter::HeloCheck> helo_check_;

    // the transaction
    mime::AddrSpec sender_;
    mime::AddrSpec rcpt_;
    std::vector<std::string> mail_parameters_, rcpt_parameters_;
    std::string account_;
    mailauth::Answers answers_;
    std::optional<mailauth::SpfResult> spf_;
    bool spf_asked_ = false;   ///< by the policy, which has not yet said what follows
    bool accepted_ = false;    ///< the policy has taken the sender whatever the checks say
    unsigned ehlo_level_ = 0;  ///< that EHLO gives each of the session's messages
    unsigned level_ = 0;       ///< spam level that checks give; 0 = none
    std::string_view message_;
    std::optional<mailauth::MessageAuthentication> authentication_;
    std::vector<policy::Effect> effects_;
    std::vector<policy::Step>* trace_ = nullptr;
    std::unique_ptr<filter::milter::Visit> milters_;  ///< nullptr: none can be asked
    std::optional<Decision> milter_said_;             ///< at this event; nothing: they have not been asked
    std::optional<filter::milter::Content> content_;  ///< what they make of the message
};

}  // namespace postrider::screening
