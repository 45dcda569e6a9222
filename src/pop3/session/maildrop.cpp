#include "pop3/session/maildrop.h"

#include <fmt/core.h>

#include <algorithm>
#include <cstring>

namespace postrider::pop3 {
namespace {

void add(mailstore::UidSet& set, Uid uid) {
    if (!set.empty() && set.back().last.value() + 1 == uid.value())
        set.back().last = uid;
    else
        set.push_back({uid, uid});
}

mailstore::Failure gone() {
    return {mailstore::MailError::gone, "the message was deleted by another session"};
}

}  // namespace

std::expected<Occupancy::Lease, Occupancy::Refusal> Occupancy::enter(AccountId account, bool exclusive,
                                                                     unsigned limit) {
    std::lock_guard lock{mutex_};
    unsigned& sessions = sessions_[account];
    if (exclusive && sessions != 0) return std::unexpected(Refusal::in_use);
    if (limit != 0 && sessions >= limit) return std::unexpected(Refusal::too_many);
    ++sessions;
    return Lease{nullptr, [this, account](void*) {
                     std::lock_guard inside{mutex_};
                     auto at = sessions_.find(account);
                     if (--at->second == 0) sessions_.erase(at);
                 }};
}

mailstore::Result<Maildrop> Maildrop::open(std::shared_ptr<mailstore::Account> account,
                                           std::string_view folder) {
    auto info = account->folder(folder.empty() ? "INBOX" : folder);
    if (!info) return std::unexpected(info.error());
    auto view = account->view(info->id);
    if (!view) return std::unexpected(view.error());
    Maildrop drop;
    drop.account_ = std::move(account);
    drop.folder_ = info->id;
    drop.uid_validity_ = info->uid_validity;
    drop.messages_.reserve(info->messages);
    mailstore::UidSet all{{Uid{1}, Uid{UINT32_MAX}}};
    auto listed = (*view)->each_item(all, [&](const mailstore::Item& one) {
        drop.messages_.push_back({one.uid, one.size, (one.flags.system & mailstore::seen) != 0});
        return true;
    });
    if (!listed) return std::unexpected(listed.error());
    return drop;
}

std::size_t Maildrop::count() const {
    return static_cast<std::size_t>(std::ranges::count(messages_, false, &Message::deleted));
}

std::uint64_t Maildrop::octets() const {
    std::uint64_t sum = 0;
    for (const Message& message : messages_)
        if (!message.deleted) sum += message.size;
    return sum;
}

std::string Maildrop::unique_id(const Message& message) const {
    return fmt::format("{:08x}{:08x}", uid_validity_, message.uid.value());
}

mailstore::Result<mailstore::Item> Maildrop::item(mailstore::FolderView& view, const Message& message) const {
    auto found = view.item(message.uid);
    if (!found) return std::unexpected(found.error());
    if (!*found) return std::unexpected(gone());
    return **found;
}

mailstore::Result<std::string> Maildrop::text(const Message& message) const {
    auto view = account_->view(folder_);
    if (!view) return std::unexpected(view.error());
    auto found = item(**view, message);
    if (!found) return std::unexpected(found.error());
    return (*view)->message(*found);
}

mailstore::Result<std::string> Maildrop::top(const Message& message, std::uint64_t lines) const {
    auto view = account_->view(folder_);
    if (!view) return std::unexpected(view.error());
    auto found = item(**view, message);
    if (!found) return std::unexpected(found.error());
    for (std::size_t size = 16 * 1024;; size *= 8) {
        if (size >= found->size) return (*view)->message(*found);
        auto head = (*view)->head(*found, size);
        if (!head) return head;
        Cut cut = cut_top(*head, lines);
        if (cut.complete) return head;
    }
}

mailstore::Result<> Maildrop::mark_seen() {
    mailstore::UidSet uids;
    for (const Message& message : messages_)
        if (message.retrieved && !message.seen && !message.deleted) add(uids, message.uid);
    if (uids.empty()) return {};
    mailstore::FlagChange change;
    change.system = mailstore::seen;
    auto stored = account_->store(folder_, uids, change);
    if (!stored) return std::unexpected(stored.error());
    return {};
}

mailstore::Result<> Maildrop::remove_deleted() {
    mailstore::UidSet uids;
    for (const Message& message : messages_)
        if (message.deleted) add(uids, message.uid);
    if (uids.empty()) return {};
    auto removed = account_->expunge(folder_, uids, false);
    if (!removed) return std::unexpected(removed.error());
    return {};
}

Cut cut_top(std::string_view text, std::uint64_t lines) {
    std::size_t at = 0;
    bool in_body = false;
    while (at < text.size()) {
        auto end = text.find('\n', at);
        if (end == std::string_view::npos) break;
        std::string_view line = text.substr(at, end - at);
        at = end + 1;
        if (in_body) --lines;
        if (!in_body && (line.empty() || line == "\r")) in_body = true;
        if (in_body && lines == 0) return {at, true};
    }
    return {text.size(), false};
}

std::string multiline(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 64 + 16);
    const char* at = text.data();
    const char* end = at + text.size();
    while (at != end) {
        if (*at == '.') out.push_back('.');
        auto* lf = static_cast<const char*>(std::memchr(at, '\n', static_cast<std::size_t>(end - at)));
        const char* next = lf ? lf + 1 : end;
        out.append(at, next);
        at = next;
    }
    if (!text.empty() && !text.ends_with("\r\n")) out.append("\r\n");
    out.append(".\r\n");
    return out;
}

}  // namespace postrider::pop3
