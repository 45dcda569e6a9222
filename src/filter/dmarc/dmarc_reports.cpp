#include "filter/dmarc/dmarc_reports.h"

#include <fmt/core.h>

#include "base/codec.h"
#include "dns/records.h"
#include "mailauth/tag_list.h"
#include "mailauth/unpack.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Td", prefix_end = "Te";
constexpr std::chrono::seconds one_day{86'400};
constexpr std::uint32_t days_tried = 2;  ///< a report of day n is dropped at the end of day n+2

std::string key_of(std::uint32_t day, std::string_view domain) {
    std::string key{prefix};
    put_be(key, day);
    return key.append(domain);
}

Time midnight(std::uint32_t day) {
    return Time{one_day * day};
}

}  // namespace

DmarcReports::DmarcReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                           observe::Metrics& metrics, DmarcReportOptions options, Post post)
    : resolver_{resolver},
      store_{store},
      clock_{clock},
      log_{log},
      sent_{metrics.counter("dmarcreports.sent", "DMARC reports that were sent")},
      dropped_{metrics.counter("dmarcreports.dropped", "DMARC reports that could not be sent in time")},
      post_{std::move(post)},
      options_{std::move(options)} {}

void DmarcReports::configure(DmarcReportOptions options) {
    std::lock_guard lock{mutex_};
    options_ = std::move(options);
}

DmarcReports::Day DmarcReports::today() const {
    return static_cast<Day>(clock_.now().time_since_epoch() / one_day);
}

kv::Result<> DmarcReports::load() {
    kv::Batch gone;
    std::lock_guard lock{mutex_};
    auto cursor = store_.scan(prefix, prefix_end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(prefix.size())};
        const Day day = key.be<std::uint32_t>();
        auto report = DayReport::decode(cursor->value());
        if (key.ok() && report && reports_.size() < max_reports)
            reports_.emplace(Key{day, key.rest()}, std::move(*report));
        else
            gone.erase(cursor->key());
    }
    if (auto ok = cursor->status(); !ok) return ok;
    return gone.empty() ? kv::Result<>{} : store_.write(std::move(gone));
}

kv::Result<> DmarcReports::save() {
    kv::Batch batch;
    std::set<Key> written;
    {
        std::lock_guard lock{mutex_};
        written.swap(changed_);
        for (const Key& key : written)
            if (auto at = reports_.find(key); at != reports_.end())
                batch.put(key_of(key.first, key.second), at->second.encode());
    }
    if (batch.empty()) return {};
    auto ok = store_.write(std::move(batch));
    if (!ok) {
        std::lock_guard lock{mutex_};
        changed_.merge(written);
    }
    return ok;
}

void DmarcReports::note(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
                        const DmarcOverride& because) {
    const mailauth::DmarcResult& dmarc = result.dmarc;
    const bool decided =
        dmarc.outcome == mailauth::DmarcOutcome::pass || dmarc.outcome == mailauth::DmarcOutcome::fail;
    if (!decided || dmarc.policy_domain.empty() || dmarc.record.rua.empty()) return;
    const Key key{today(), dmarc.policy_domain};
    std::lock_guard lock{mutex_};
    if (!options_.send) return;
    auto at = reports_.find(key);
    if (at == reports_.end()) {
        if (reports_.size() >= max_reports) return;
        at = reports_.emplace(key, DayReport{}).first;
    }
    at->second.add(result, applied, because);
    changed_.insert(key);
}

std::size_t DmarcReports::waiting() const {
    std::lock_guard lock{mutex_};
    return reports_.size();
}

std::optional<DmarcReports::Key> DmarcReports::next_due(const Key& after) const {
    std::lock_guard lock{mutex_};
    auto at = reports_.upper_bound(after);
    if (at == reports_.end() || at->first.first >= today()) return std::nullopt;
    if (clock_.now() < midnight(at->first.first + 1) + options_.delay) return std::nullopt;
    return at->first;
}

void DmarcReports::forget(const Key& key) {
    kv::Batch batch;
    batch.erase(key_of(key.first, key.second));
    {
        std::lock_guard lock{mutex_};
        reports_.erase(key);
        changed_.erase(key);
    }
    if (auto ok = store_.write(std::move(batch)); !ok)
        log_.error({}, "The DMARC report for {} may be sent twice: {}", key.second, ok.error().what);
}

void DmarcReports::send_due(const std::function<bool()>& go_on) {
    Key at{};
    while (auto due = next_due(at)) {
        if (!go_on()) return;
        at = *due;
        DayReport report;
        bool send_any = false;
        {
            std::lock_guard lock{mutex_};
            report = reports_[at];
            send_any = options_.send;
        }
        const Sent sent = send_any ? send(at, report) : Sent::not_wanted;
        const bool late = today() > at.first + days_tried;
        if (sent == Sent::done) sent_.add();
        if (sent == Sent::later && late) {
            dropped_.add();
            log_.warning({}, "The DMARC report for {} could not be sent and is dropped", at.second);
        }
        if (sent == Sent::later && !late) continue;
        forget(at);
    }
}

DmarcReports::Sent DmarcReports::agreed(const DmarcAddress& address, const std::string& policy_domain) {
    const dns::Answer answer =
        resolver_.ask(policy_domain + "._report._dmarc." + address.domain, dns::Type::txt);
    if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus)
        return Sent::later;
    for (const std::string& rdata : answer.records) {
        const auto text = dns::parse_txt(rdata);
        if (!text) continue;
        const auto tags = mailauth::TagList::parse_leniently(*text);
        if (tags.first_name() == "v" && tags.find("v") == "DMARC1") return Sent::done;
    }
    return Sent::not_wanted;
}

DmarcReports::Sent DmarcReports::send(const Key& key, const DayReport& report) {
    const auto addresses = dmarc_addresses(report.rua, key.second);
    DmarcReportFacts facts;
    {
        std::lock_guard lock{mutex_};
        facts.organization = options_.organization.empty() ? options_.submitter : options_.organization;
        facts.contact = options_.from;
        facts.submitter = options_.submitter;
    }
    facts.domain = key.second;
    facts.begin = midnight(key.first);
    facts.id = fmt::format("dmarc-{}-{}@{}", key.first, key.second, facts.submitter);
    const std::string gzipped = mailauth::pack_gzip(mailauth::aggregate_xml(aggregate_of(report, facts)));
    // Every address gets it (RFC 9990 §3.5). If some cannot be asked now, none is written to yet, so that
    // nobody gets it twice.
    std::vector<const DmarcAddress*> willing;
    for (const DmarcAddress& address : addresses) {
        const Sent answer = address.external ? agreed(address, key.second) : Sent::done;
        if (answer == Sent::later && today() <= key.first + days_tried) return Sent::later;
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
