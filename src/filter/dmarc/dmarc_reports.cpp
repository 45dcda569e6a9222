#include "filter/dmarc/dmarc_reports.h"

#include <fmt/core.h>

#include <algorithm>

#include "dns/records.h"
#include "mailauth/tag_list.h"
#include "text/gzip.h"

namespace postrider::filter {
namespace {

constexpr std::uint32_t days_tried = 2;  ///< a report of day n is dropped at the end of day n+2

}  // namespace

DmarcReports::DmarcReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                           observe::Metrics& metrics, DmarcReportOptions options, Post post)
    : resolver_{resolver},
      clock_{clock},
      log_{log},
      sent_{metrics.counter("dmarcreports.sent", "DMARC reports that were sent")},
      dropped_{metrics.counter("dmarcreports.dropped", "DMARC reports that could not be sent in time")},
      post_{std::move(post)},
      failures_{clock, log},
      options_{std::move(options)},
      reports_{store, clock, "Td", max_reports} {
    set_failures();
}

void DmarcReports::configure(DmarcReportOptions options) {
    {
        std::lock_guard lock{mutex_};
        options_ = std::move(options);
    }
    set_failures();
}

void DmarcReports::set_failures() {
    const DmarcReportOptions now = options();
    failures_.configure({now.failures, now.submitter, now.from});
}

DmarcReportOptions DmarcReports::options() const {
    std::lock_guard lock{mutex_};
    return options_;
}

void DmarcReports::note(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
                        const DmarcOverride& because, std::string_view message) {
    failures_.note(result, applied, message);
    const mailauth::DmarcResult& dmarc = result.dmarc;
    const bool decided =
        dmarc.outcome == mailauth::DmarcOutcome::pass || dmarc.outcome == mailauth::DmarcOutcome::fail;
    if (!decided || dmarc.policy_domain.empty() || dmarc.record.rua.empty()) return;
    {
        std::lock_guard lock{mutex_};
        if (!options_.send) return;
    }
    reports_.note(dmarc.policy_domain, [&](DayReport& report) { report.add(result, applied, because); });
}

void DmarcReports::send_due(const std::function<bool()>& go_on) {
    // What cannot be asked now is not told: failures are many, and there will be others.
    failures_.send(
        [this](DmarcAddress& address, const std::string& policy_domain) {
            return agreed(address, policy_domain, "ruf") == Sent::done;
        },
        post_, go_on);
    Key at{};
    while (auto due = reports_.next_due(at, options().delay)) {
        if (!go_on()) return;
        at = due->first;
        const Sent sent = options().send ? send(at, due->second) : Sent::not_wanted;
        const bool late = reports_.today() > at.first + days_tried;
        if (sent == Sent::done) sent_.add();
        if (sent == Sent::later && late) {
            dropped_.add();
            log_.warning({}, "The DMARC report for {} could not be sent and is dropped", at.second);
        }
        if (sent == Sent::later && !late) continue;
        if (auto ok = reports_.forget(at); !ok)
            log_.error({}, "The DMARC report for {} may be sent twice: {}", at.second, ok.error().what);
    }
}

DmarcReports::Sent DmarcReports::agreed(DmarcAddress& address, const std::string& policy_domain,
                                        std::string_view tag) {
    const dns::Answer answer =
        resolver_.ask(policy_domain + "._report._dmarc." + address.domain, dns::Type::txt);
    if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus)
        return Sent::later;
    for (const std::string& rdata : answer.records) {
        const auto text = dns::parse_txt(rdata);
        if (!text) continue;
        const auto tags = mailauth::TagList::parse_leniently(*text);
        if (tags.first_name() != "v" || tags.find("v") != "DMARC1") continue;
        const auto record = mailauth::parse_dmarc(*text);
        if (!record || !tags.find(tag)) return Sent::done;
        // Step 9: another address, but of no other host.
        auto wanted = dmarc_addresses(tag == "ruf" ? record->ruf : record->rua, policy_domain);
        const bool elsewhere = std::ranges::any_of(
            wanted, [&](const DmarcAddress& one) { return one.domain != address.domain; });
        if (wanted.empty() || elsewhere) return Sent::not_wanted;
        address.mailbox = std::move(wanted.front().mailbox);
        return Sent::done;
    }
    return Sent::not_wanted;
}

DmarcReports::Sent DmarcReports::send(const Key& key, const DayReport& report) {
    auto addresses = dmarc_addresses(report.rua, key.second);
    DmarcReportFacts facts;
    const DmarcReportOptions now = options();
    facts.organization = now.organization.empty() ? now.submitter : now.organization;
    facts.contact = now.from;
    facts.submitter = now.submitter;
    facts.domain = key.second;
    facts.begin = Reports::midnight(key.first);
    facts.id = fmt::format("dmarc-{}-{}@{}", key.first, key.second, facts.submitter);
    const std::string gzipped = text::gzip(mailauth::aggregate_xml(aggregate_of(report, facts)));
    // Every address gets it (RFC 9990 §3.5). If some cannot be asked now, none is written to yet, so that
    // nobody gets it twice.
    std::vector<const DmarcAddress*> willing;
    for (DmarcAddress& address : addresses) {
        const Sent answer = address.external ? agreed(address, key.second, "rua") : Sent::done;
        if (answer == Sent::later && reports_.today() <= key.first + days_tried) return Sent::later;
        if (answer == Sent::done)
            willing.push_back(&address);
        else
            log_.info({}, "DMARC reports for {} are not wanted by {}", key.second, address.mailbox);
    }
    Sent sent = Sent::not_wanted;
    for (const DmarcAddress* address : willing) {
        if (post_(address->mailbox, dmarc_report_message(gzipped, facts, address->mailbox, clock_.now()))) {
            log_.info({}, "DMARC report for {} sent to {}", key.second, address->mailbox);
            sent = Sent::done;
        } else if (sent != Sent::done) {
            sent = Sent::later;
        }
    }
    return sent;
}

}  // namespace postrider::filter
