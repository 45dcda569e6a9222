#include "filter/dmarc/day_report.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/codec.h"
#include "mailauth/signature.h"
#include "mime/address.h"
#include "mime/date.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::filter {
namespace {

constexpr std::uint8_t record_version = 1;
constexpr std::size_t max_signatures = 10, max_text = 255, max_addresses = 10;
constexpr std::chrono::seconds one_day{86'400};

std::string cut(std::string_view text) {
    return std::string{text.substr(0, max_text)};
}

std::string domain_of(const std::string& address) {
    const std::size_t at = address.rfind('@');
    return at == std::string::npos ? "" : mailauth::signing_domain(address.substr(at + 1)).value_or("");
}

/// RFC 9990 §3.1.3: what has passed before what has not, and of that what is aligned first.
std::vector<const mailauth::DkimVerdict*> most_telling_first(const mailauth::MessageAuthentication& result) {
    std::vector<const mailauth::DkimVerdict*> all;
    for (const mailauth::DkimVerdict& one : result.dkim) all.push_back(&one);
    std::ranges::stable_sort(all, {}, [&](const mailauth::DkimVerdict* one) {
        if (one->outcome != mailauth::DkimOutcome::pass) return 3;
        if (one->domain == result.dmarc.from_domain) return 0;
        return mailauth::within_domain(one->domain, result.dmarc.organization) ? 1 : 2;
    });
    return all;
}

bool same_kind(const mailauth::AggregateRow& a, const mailauth::AggregateRow& b) {
    return a.source_ip == b.source_ip && a.disposition == b.disposition && a.dkim_aligned == b.dkim_aligned
           && a.spf_aligned == b.spf_aligned && a.reasons == b.reasons && a.header_from == b.header_from
           && a.envelope_from == b.envelope_from && a.dkim == b.dkim && a.spf == b.spf;
}

void put_row(std::string& out, const mailauth::AggregateRow& row) {
    put_string(out, row.source_ip);
    put_varint(out, row.count);
    put_string(out, row.disposition);
    put_varint(out, (row.dkim_aligned ? 1u : 0u) | (row.spf_aligned ? 2u : 0u));
    put_string(out, row.header_from);
    put_string(out, row.envelope_from);
    put_varint(out, row.reasons.size());
    for (const auto& one : row.reasons) {
        put_string(out, one.type);
        put_string(out, one.comment);
    }
    put_varint(out, row.dkim.size());
    for (const auto& one : row.dkim) {
        put_string(out, one.domain);
        put_string(out, one.selector);
        put_string(out, one.result);
    }
    put_varint(out, row.spf.size());
    for (const auto& one : row.spf) {
        put_string(out, one.domain);
        put_string(out, one.scope);
        put_string(out, one.result);
    }
}

mailauth::AggregateRow take_row(Decoder& in) {
    mailauth::AggregateRow row;
    row.source_ip = in.string();
    row.count = in.varint();
    row.disposition = in.string();
    const std::uint64_t aligned = in.varint();
    row.dkim_aligned = (aligned & 1) != 0;
    row.spf_aligned = (aligned & 2) != 0;
    row.header_from = in.string();
    row.envelope_from = in.string();
    auto list = [&](auto& into, auto read) {
        const std::uint64_t count = in.varint();
        for (std::uint64_t i = 0; i < count && i < max_signatures && in.ok(); ++i) into.push_back(read());
    };
    auto text = [&] { return std::string{in.string()}; };
    list(row.reasons, [&] {
        mailauth::AggregateReason one;
        one.type = text();
        one.comment = text();
        return one;
    });
    list(row.dkim, [&] {
        mailauth::AggregateDkim one;
        one.domain = text();
        one.selector = text();
        one.result = text();
        return one;
    });
    list(row.spf, [&] {
        mailauth::AggregateSpf one;
        one.domain = text();
        one.scope = text();
        one.result = text();
        return one;
    });
    return row;
}

}  // namespace

void DayReport::add(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
                    const DmarcOverride& because) {
    const mailauth::DmarcResult& dmarc = result.dmarc;
    const mailauth::DmarcRecord& record = dmarc.record;
    p = word(record.p);
    sp = record.sp ? word(*record.sp) : "";
    np = record.np ? word(*record.np) : "";
    adkim = record.strict_dkim ? "s" : "r";
    aspf = record.strict_spf ? "s" : "r";
    fo = record.fo;
    testing = record.testing ? "y" : "n";
    discovery = dmarc.discovery == mailauth::Discovery::tree_walk ? "treewalk" : "psl";
    rua = record.rua;

    mailauth::AggregateRow row;
    row.source_ip = cut(result.client);
    row.count = 1;
    row.disposition = word(applied);
    if (dmarc.outcome == mailauth::DmarcOutcome::pass && record.p != mailauth::DmarcPolicy::none)
        row.disposition = "pass";
    row.dkim_aligned = dmarc.dkim_aligned;
    row.spf_aligned = dmarc.spf_aligned;
    if (dmarc.relieved) row.reasons.push_back({"policy_test_mode", ""});
    if (!because.type.empty()) row.reasons.push_back({because.type, cut(because.comment)});
    row.header_from = dmarc.from_domain;
    row.envelope_from = domain_of(result.reverse_path);
    for (const mailauth::DkimVerdict* one : most_telling_first(result))
        if (!one->domain.empty() && row.dkim.size() < max_signatures)
            row.dkim.push_back({one->domain, cut(one->selector), std::string{word(one->outcome)}, ""});
    // RFC 9990 §3.1.1.11: there is no other scope; of the null sender it is postmaster at what EHLO has said.
    if (!result.spf.domain.empty())
        row.spf.push_back({result.spf.domain, "mfrom", std::string{word(result.spf.outcome)}, ""});
    for (mailauth::AggregateRow& known : rows)
        if (same_kind(known, row)) {
            ++known.count;
            return;
        }
    if (rows.size() == max_rows)
        ++uncounted;
    else
        rows.push_back(std::move(row));
}

std::string DayReport::encode() const {
    std::string out;
    put_be(out, record_version);
    for (const std::string* text : {&p, &sp, &np, &adkim, &aspf, &fo, &testing, &discovery})
        put_string(out, *text);
    put_varint(out, rua.size());
    for (const std::string& one : rua) put_string(out, one);
    put_varint(out, uncounted);
    put_varint(out, rows.size());
    for (const mailauth::AggregateRow& row : rows) put_row(out, row);
    return out;
}

std::optional<DayReport> DayReport::decode(std::string_view record) {
    Decoder in{record};
    DayReport out;
    if (in.be<std::uint8_t>() != record_version) return std::nullopt;
    for (std::string* text :
         {&out.p, &out.sp, &out.np, &out.adkim, &out.aspf, &out.fo, &out.testing, &out.discovery})
        *text = in.string();
    const std::uint64_t addresses = in.varint();
    for (std::uint64_t i = 0; i < addresses && i < 20 && in.ok(); ++i) out.rua.emplace_back(in.string());
    out.uncounted = in.varint();
    const std::uint64_t count = in.varint();
    if (count > max_rows) return std::nullopt;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) out.rows.push_back(take_row(in));
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return out;
}

mailauth::AggregateReport aggregate_of(const DayReport& report, const DmarcReportFacts& facts) {
    mailauth::AggregateReport out;
    out.version = "1.0";
    out.organization = facts.organization;
    out.email = facts.contact;
    out.report_id = facts.id;
    out.generator = "Postrider " POSTRIDER_VERSION;
    out.begin = std::chrono::duration_cast<std::chrono::seconds>(facts.begin.time_since_epoch()).count();
    out.end = out.begin + one_day.count() - 1;
    if (report.uncounted != 0)
        out.errors.push_back(
            fmt::format("{} messages of further kinds are not in this report", report.uncounted));
    out.domain = facts.domain;
    out.p = report.p;
    out.sp = report.sp;
    out.np = report.np;
    out.adkim = report.adkim;
    out.aspf = report.aspf;
    out.fo = report.fo;
    out.testing = report.testing;
    out.discovery = report.discovery;
    out.rows = report.rows;
    return out;
}

std::string dmarc_report_file(const DmarcReportFacts& facts) {
    const auto begin =
        std::chrono::duration_cast<std::chrono::seconds>(facts.begin.time_since_epoch()).count();
    std::string id;  // unique-id = 1*(ALPHA / DIGIT)
    for (char c : facts.id.substr(0, facts.id.find('@')))
        if (text::is_alpha(c) || text::is_digit(c)) id += c;
    return fmt::format("{}!{}!{}!{}!{}.xml.gz", facts.submitter, facts.domain, begin,
                       begin + one_day.count() - 1, id);
}

std::string dmarc_report_message(std::string_view gzipped, const DmarcReportFacts& facts, std::string_view to,
                                 Time now) {
    const std::string boundary = "=_" + facts.id.substr(0, facts.id.find('@'));
    return fmt::format(
               "From: <{0}>\r\nTo: <{1}>\r\nDate: {2}\r\nMessage-ID: <{3}>\r\n"
               "Subject: Report Domain: {4}\r\n Submitter: {5}\r\n Report-ID: <{3}>\r\n"
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/mixed; boundary=\"{6}\"\r\n\r\n",
               facts.contact, to, mime::format_date(mime::in_zone(now)), facts.id, facts.domain,
               facts.submitter, boundary)
           + fmt::format(
               "--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
               "This is an aggregate report from {1} about mail\r\nthat claims to be from {2}.\r\n\r\n"
               "--{0}\r\nContent-Type: application/gzip; name=\"{3}\"\r\nContent-Transfer-Encoding: "
               "base64\r\n"
               "Content-Disposition: attachment;\r\n filename=\"{3}\"\r\n\r\n{4}--{0}--\r\n",
               boundary, facts.submitter, facts.domain, dmarc_report_file(facts),
               text::encode_base64_lines(gzipped));
}

std::vector<DmarcAddress> dmarc_addresses(const std::vector<std::string>& rua,
                                          std::string_view policy_domain) {
    std::vector<DmarcAddress> out;
    const std::string ours = mailauth::organization_by_suffix(policy_domain);
    for (const std::string& uri : rua) {
        if (out.size() == max_addresses) break;
        constexpr std::string_view scheme = "mailto:";
        if (uri.size() < scheme.size() || uri.compare(0, scheme.size(), scheme) != 0) continue;
        const std::string mailbox = uri.substr(scheme.size(), uri.find('?') - scheme.size());
        const auto address = mime::parse_addr_spec(mailbox);
        if (!address || address->domain.empty()) continue;
        auto domain = mailauth::signing_domain(address->domain);
        const bool twice =
            std::ranges::any_of(out, [&](const DmarcAddress& one) { return one.mailbox == mailbox; });
        if (!domain || twice) continue;
        DmarcAddress one;
        one.mailbox = mailbox;
        one.external = mailauth::organization_by_suffix(*domain) != ours;
        one.domain = std::move(*domain);
        out.push_back(std::move(one));
    }
    return out;
}

}  // namespace postrider::filter
