#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "dns/resolver.h"
#include "filter/dmarc/day_report.h"
#include "mailauth/message_authentication.h"
#include "observe/log.h"

/// Reports to a domain about single messages under its name that failed DMARC, where its record asks for them
/// (ruf, fo) and the operator wants to send them. RFC 9991, in the form of RFC 6591 and RFC 5965.
namespace postrider::filter {

/// One failure, without what tells who was written to.
struct DmarcFailure {
    std::string domain;  ///< of the policy
    std::vector<std::string> ruf;
    std::string from_domain, reverse_path, client, results;
    std::string not_aligned;  ///< Identity-Alignment: "dkim, spf", "dkim", "spf"
    std::string dkim_domain, dkim_selector, dkim_identity;  ///< "" = none
    std::string spf_domain, spf_record;                     ///< of a failure; "" = none
    std::string delivery;  ///< "delivered", "spam" or "reject" (RFC 6591 §3.2.2)
    std::string header;    ///< of the message, redacted
    Time arrival{};
};

/// Whether the record asks to be told of this (fo, RFC 9989 §4.7); nothing to tell without a ruf, nor to who
/// speaks for a public suffix (RFC 9991 §2).
bool asks_for_report(const mailauth::MessageAuthentication& result);
DmarcFailure failure_of(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
                        std::string_view message, Time arrival);
/// The header without the fields that name recipients (RFC 9991 §6), at most 16 KB.
std::string redacted_header(std::string_view message);
/// The whole report with CRLF line ends, to one address.
std::string failure_message(const DmarcFailure& failure, std::string_view submitter, std::string_view from,
                            std::string_view to, std::string_view unique, Time now);

/// Failures that wait to be told, and how many a domain is told of: at most 10 an hour, and 200 of all
/// domains; more are left out, as are those of a restart. Thread-safe.
class FailureReports {
public:
    static constexpr std::size_t max_waiting = 200;
    static constexpr unsigned max_of_domain = 10;  ///< in an hour
    static constexpr unsigned max_of_all = 200;    ///< in an hour

    struct Options {
        bool send = false;
        std::string submitter, from;
    };
    /// Whether a host takes reports about another organization's domain; blocks on the DNS.
    /// It may want them at another of its addresses.
    using Agreed = std::function<bool(DmarcAddress& address, const std::string& policy_domain)>;
    using Post = std::function<bool(const std::string& to, std::string message)>;

    FailureReports(const Clock& clock, observe::Logger log) : clock_{clock}, log_{log} {}
    void configure(Options options);
    /// Does not block. Reports and mail from nobody are never told of (RFC 9991 §5: no loops).
    void note(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
              std::string_view message);
    /// Blocks on the DNS and the disk; one thread.
    void send(const Agreed& agreed, const Post& post, const std::function<bool()>& go_on);

private:
    const Clock& clock_;
    observe::Logger log_;
    std::mutex mutex_;
    Options options_;
    std::deque<DmarcFailure> waiting_;
    std::uint64_t hour_ = 0, numbered_ = 0;
    unsigned of_all_ = 0;
    std::unordered_map<std::string, unsigned> of_domain_;
};

}  // namespace postrider::filter
