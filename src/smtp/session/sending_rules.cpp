#include <fmt/core.h>

#include "mime/footer.h"
#include "rules/patterns.h"
#include "smtp/session/session.h"
#include "smtp/session/size_rules.h"

/// What accounts may send: restrictions, limits by time, sizes; and what is put below it.
namespace postrider::smtp {
namespace {

Reply reply_of(const rules::NotNow& refusal) {
    return {refusal.temporary ? 450 : 550, refusal.temporary ? "4.7.1" : "5.7.1", refusal.text};
}

/// Per cent of a quota that is used.
std::uint64_t percent(std::uint64_t used, std::uint64_t limit) {
    return limit == 0 ? 0 : static_cast<std::uint64_t>(static_cast<long double>(used) * 100 / limit);
}

}  // namespace

std::uint64_t Session::size_limit(const mime::AddrSpec* recipient) const {
    const std::uint64_t ceiling = std::uint64_t{allow_.max_data_size} * 1024;
    if (s_.settings.size_rules.empty()) return ceiling;
    SizeQuestion question;
    question.client = settings::parse_ip(peer_.peer().ip);
    question.authenticated = account_ != nullptr;
    if (transaction_) question.sender = &transaction_->envelope.reverse_path;
    question.recipient = recipient;
    return largest_message(s_.settings.size_rules, ceiling, question);
}

void Session::refuse(const Reply& refusal) {
    if (refusal.code < 500)
        reply(refusal);
    else
        fault(refusal.code, refusal.status, refusal.text);
}

std::optional<Reply> Session::sender_refusal() {
    const Transaction& t = *transaction_;
    if (t.declared_size > size_limit())  // RFC 1870 §6.1
        return Reply{552, "5.3.4", "Message is larger than this server takes"};
    if (!account_ || !t.sender.settings) return std::nullopt;
    const settings::AccountSettings& limits = *t.sender.settings;
    if (limits.quota_send_threshold != 0)
        if (auto box = mailstore::open_or_create(s_.store, account_->id)) {
            mailstore::Quota quota = (*box)->quota();
            if (percent(quota.used_bytes, quota.limit_bytes) >= limits.quota_send_threshold
                || percent(quota.used_messages, quota.limit_messages) >= limits.quota_send_threshold)
                return Reply{452, "4.2.2", "Your mailbox is too full to send: remove what is not needed"};
        }
    rules::SendQuota::Use more;
    more.messages = 1;
    more.bytes = t.declared_size;
    if (auto refusal = s_.send_quota.check(account_->id, limits, more, s_.clock.now()))
        return reply_of(*refusal);
    return std::nullopt;
}

std::uint64_t Session::counted(const mime::AddrSpec& recipient) const {
    const auto& limits = transaction_->sender.settings;
    return account_ && limits && !rules::matches_any(limits->sent_recipients_exceptions, recipient) ? 1 : 0;
}

std::optional<Reply> Session::recipient_refusal(const mime::AddrSpec& recipient) {
    const Transaction& t = *transaction_;
    if (t.declared_size > size_limit(&recipient))
        return Reply{552, "5.3.4", "Message is larger than this recipient may get"};
    if (!account_ || !t.sender.settings) return std::nullopt;
    const std::uint64_t one = counted(recipient);
    if (one == 0) return std::nullopt;
    rules::SendQuota::Use more;
    more.messages = 1;
    more.recipients = t.counted_recipients + one;
    if (auto refusal = s_.send_quota.check(account_->id, *t.sender.settings, more, s_.clock.now())) {
        // The recipients before this one still fit: what is too much may go in a later message.
        if (!refusal->temporary) return Reply{452, "4.5.3", "Too many recipients for your account"};
        return reply_of(*refusal);
    }
    return std::nullopt;
}

std::optional<Reply> Session::charge(std::uint64_t size, rules::SendQuota::Use& charged) {
    const Transaction& t = *transaction_;
    if (!account_ || !t.sender.settings || !rules::SendQuota::limited(*t.sender.settings))
        return std::nullopt;
    rules::SendQuota::Use more;
    more.messages = 1;
    more.recipients = t.counted_recipients;
    more.bytes = size;
    if (auto refusal = s_.send_quota.charge(account_->id, *t.sender.settings, more, s_.clock.now()))
        return reply_of(*refusal);
    charged = more;
    return std::nullopt;
}

/// There is one copy of a message for all its recipients: when it goes to somebody elsewhere, those here see
/// the footer too.
void Session::append_footer() {
    Transaction& t = *transaction_;
    if (!t.sender.domain || !t.sender.domain->appender || !t.sender.domain->appender->enabled) return;
    const directory::Appender& appender = *t.sender.domain->appender;
    bool leaves = appender.local_too;
    for (const delivery::Destination& destination : t.destinations)
        leaves = leaves || !destination.elsewhere.empty();
    if (!leaves) return;
    mime::Footer footer{appender.text, appender.html};
    auto changed = mime::append_footer(std::string_view{t.payload}.substr(t.trace_size), footer);
    if (changed) t.payload.replace(t.trace_size, std::string::npos, *changed);
}

}  // namespace postrider::smtp
