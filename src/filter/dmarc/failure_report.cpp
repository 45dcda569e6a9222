#include "filter/dmarc/failure_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "filter/dmarc/day_report.h"
#include "mime/date.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

using mailauth::MessageAuthentication;

constexpr std::size_t longest_header = 16 * 1024;

/// Fields that tell who was written to, or by which way.
constexpr std::string_view secret_fields[] = {
    "To",          "Cc",           "Bcc",           "Resent-To",   "Resent-Cc",
    "Resent-Bcc",  "Delivered-To", "X-Original-To", "Received",    "Envelope-To",
    "Return-Path", "References",   "Reply-To",      "In-Reply-To", "List-Unsubscribe"};

bool is_report(std::string_view header) {
    const auto type = mime::find_field(header, "Content-Type");
    return type && text::to_lower(*type).find("multipart/report") != std::string::npos;
}

/// One line of a field, without what would end it.
std::string line(std::string_view text) {
    std::string out;
    for (char c : text.substr(0, 900))
        out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
    return out;
}

std::string quoted(std::string_view text) {
    std::string out{'"'};
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

}  // namespace

bool asks_for_report(const MessageAuthentication& result) {
    const mailauth::DmarcResult& dmarc = result.dmarc;
    if (dmarc.policy_domain.empty() || dmarc.record.ruf.empty()) return false;
    if (dmarc.record.psd == mailauth::DmarcRecord::Psd::yes) return false;
    if (dmarc.outcome != mailauth::DmarcOutcome::fail && dmarc.outcome != mailauth::DmarcOutcome::pass)
        return false;
    const std::string fo = text::to_lower(dmarc.record.fo);
    const auto wants = [&](char what) { return fo.find(what) != std::string::npos; };
    const bool none = !wants('0') && !wants('1') && !wants('d') && !wants('s');
    if ((wants('0') || none) && dmarc.outcome == mailauth::DmarcOutcome::fail) return true;
    if (wants('1') && (!dmarc.spf_aligned || !dmarc.dkim_aligned)) return true;
    const bool dkim_failed = std::ranges::any_of(result.dkim, [](const mailauth::DkimVerdict& one) {
        return one.outcome == mailauth::DkimOutcome::fail;
    });
    if (wants('d') && dkim_failed) return true;
    return wants('s') && result.spf.outcome == mailauth::SpfOutcome::fail;
}

std::string redacted_header(std::string_view message) {
    std::string out;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) {
        const bool secret = std::ranges::any_of(
            secret_fields, [&](std::string_view name) { return text::equal_ci(name, field.name); });
        if (secret || field.name.empty()) continue;
        if (out.size() + field.name.size() + field.value.size() + 4 > longest_header) break;
        out.append(field.name).append(":").append(field.value);
        if (!out.ends_with("\r\n")) out.append("\r\n");
    }
    return out;
}

DmarcFailure failure_of(const MessageAuthentication& result, mailauth::DmarcPolicy applied,
                        std::string_view message, Time arrival) {
    DmarcFailure failure;
    failure.domain = result.dmarc.policy_domain;
    failure.ruf = result.dmarc.record.ruf;
    failure.from_domain = result.dmarc.from_domain;
    failure.reverse_path = result.reverse_path;
    failure.client = result.client;
    failure.results = mailauth::results_text(result);
    if (!result.dmarc.dkim_aligned) failure.not_aligned = "dkim";
    if (!result.dmarc.spf_aligned) failure.not_aligned += failure.not_aligned.empty() ? "spf" : ", spf";
    for (const mailauth::DkimVerdict& one : result.dkim) {
        if (one.outcome != mailauth::DkimOutcome::fail || !failure.dkim_domain.empty()) continue;
        failure.dkim_domain = one.domain;
        failure.dkim_selector = one.selector;
        failure.dkim_identity = one.identity;
    }
    failure.spf_domain = result.spf.domain;
    if (result.spf.outcome != mailauth::SpfOutcome::pass) failure.spf_record = result.spf.record;
    failure.delivery = applied == mailauth::DmarcPolicy::reject       ? "reject"
                       : applied == mailauth::DmarcPolicy::quarantine ? "spam"
                                                                      : "delivered";
    failure.header = redacted_header(message);
    failure.arrival = arrival;
    return failure;
}

std::string failure_message(const DmarcFailure& failure, std::string_view submitter, std::string_view from,
                            std::string_view to, std::string_view unique, Time now) {
    const std::string boundary = fmt::format("=_{}", unique);
    std::string out = fmt::format(
        "From: <{}>\r\nTo: <{}>\r\nSubject: DMARC failure: a message under the name of {}\r\nDate: {}\r\n"
        "Message-ID: <{}@{}>\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
        "Content-Type: multipart/report; report-type=feedback-report;\r\n\tboundary=\"{}\"\r\n\r\n",
        from, to, failure.from_domain, mime::format_date(mime::in_zone(now)), unique, submitter, boundary);
    out += fmt::format(
        "--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
        "A message under the name of {1} came from {2} on {3}\r\nand did not pass DMARC. The policy of {4} "
        "asks to be told.\r\n\r\n",
        boundary, failure.from_domain, failure.client, mime::format_date(mime::in_zone(failure.arrival)),
        failure.domain);
    // RFC 6591 §3.1, RFC 9991 §4: the fields that a report has.
    out += fmt::format(
        "--{}\r\nContent-Type: message/feedback-report\r\n\r\n"
        "Feedback-Type: auth-failure\r\nUser-Agent: Postrider/{}\r\nVersion: 1\r\n"
        "Original-Mail-From: <{}>\r\nArrival-Date: {}\r\nSource-IP: {}\r\nReported-Domain: {}\r\n"
        "Reporting-MTA: dns; {}\r\nAuthentication-Results: {}\r\nAuth-Failure: dmarc\r\n"
        "Identity-Alignment: {}\r\nDelivery-Result: {}\r\n",
        boundary, POSTRIDER_VERSION, line(failure.reverse_path),
        mime::format_date(mime::in_zone(failure.arrival)), failure.client, failure.from_domain, submitter,
        line(failure.results), failure.not_aligned.empty() ? "none" : failure.not_aligned, failure.delivery);
    if (!failure.dkim_domain.empty())
        out +=
            fmt::format("DKIM-Domain: {}\r\nDKIM-Identity: {}\r\nDKIM-Selector: {}\r\n",
                        line(failure.dkim_domain), line(failure.dkim_identity), line(failure.dkim_selector));
    if (!failure.spf_record.empty())  // RFC 6591 §3.2.5
        out += fmt::format("SPF-DNS: txt : {} : {}\r\n", line(failure.spf_domain),
                           quoted(line(failure.spf_record)));
    out += fmt::format("\r\n--{0}\r\nContent-Type: text/rfc822-headers\r\n\r\n{1}\r\n--{0}--\r\n", boundary,
                       failure.header);
    return out;
}

void FailureReports::configure(Options options) {
    std::lock_guard lock{mutex_};
    options_ = std::move(options);
    if (!options_.send) waiting_.clear();
}

void FailureReports::note(const MessageAuthentication& result, mailauth::DmarcPolicy applied,
                          std::string_view message) {
    if (result.dmarc.record.ruf.empty() || !asks_for_report(result)) return;
    if (result.reverse_path.empty() || result.reverse_path == "<>") return;
    if (is_report(message.substr(0, mime::header_size(message)))) return;
    const Time now = clock_.now();
    std::lock_guard lock{mutex_};
    if (!options_.send || waiting_.size() >= max_waiting) return;
    const auto hour = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::hours>(now.time_since_epoch()).count());
    if (hour != hour_) {
        hour_ = hour;
        of_all_ = 0;
        of_domain_.clear();
    }
    unsigned& of_domain = of_domain_[result.dmarc.policy_domain];
    if (of_all_ >= max_of_all || of_domain >= max_of_domain) return;
    ++of_all_;
    ++of_domain;
    waiting_.push_back(failure_of(result, applied, message, now));
}

void FailureReports::send(const Agreed& agreed, const Post& post, const std::function<bool()>& go_on) {
    while (go_on()) {
        DmarcFailure failure;
        Options now;
        std::uint64_t number = 0;
        {
            std::lock_guard lock{mutex_};
            if (waiting_.empty()) return;
            failure = std::move(waiting_.front());
            waiting_.pop_front();
            now = options_;
            number = ++numbered_;
        }
        auto addresses = dmarc_addresses(failure.ruf, failure.domain);
        for (DmarcAddress& address : addresses) {
            if (address.external && !agreed(address, failure.domain)) {
                log_.info({}, "DMARC failure reports for {} are not wanted by {}", failure.domain,
                          address.mailbox);
                continue;
            }
            const auto seconds =
                std::chrono::duration_cast<std::chrono::seconds>(clock_.now().time_since_epoch()).count();
            const std::string unique = fmt::format("dmarc-failure-{}-{}", seconds, number);
            if (post(address.mailbox, failure_message(failure, now.submitter, now.from, address.mailbox,
                                                      unique, clock_.now())))
                log_.info({}, "DMARC failure report for {} sent to {}", failure.domain, address.mailbox);
        }
    }
}

}  // namespace postrider::filter
