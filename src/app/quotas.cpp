#include "app/server_rooms.h"

/// What the mail store asks about an account: how much it may hold, and where its mail goes.
namespace postrider::app {
namespace {

mailstore::QuotaLimits to_limits(const settings::AccountSettings& s) {
    constexpr std::uint64_t kb = 1024;
    return {.bytes = s.total_message_size_kb * kb,
            .messages = s.total_message_count,
            .folders = s.mbox_count,
            .folder_bytes = s.message_size_kb * kb,
            .folder_messages = s.message_count,
            .undelete_for = std::chrono::hours{s.undelete_hours},
            .undelete_bytes = (s.undelete_size_kb != 0 ? s.undelete_size_kb : s.total_message_size_kb) * kb};
}

}  // namespace

std::shared_ptr<void> Quotas::ask(const directory::Directory& directory,
                                  const directory::FolderQuotaBook& folders, rights::Sharing& sharing) {
    std::lock_guard lock{mutex_};
    directory_ = &directory;
    folders_ = &folders;
    sharing_ = &sharing;
    return {this, [](Quotas* self) {
                std::lock_guard until_nobody_asks{self->mutex_};
                self->directory_ = nullptr;
                self->folders_ = nullptr;
                self->sharing_ = nullptr;
            }};
}

mailstore::QuotaLimits Quotas::limits_of(AccountId account) const {
    if (!directory_) return {};
    auto settings = directory_->effective(account);
    if (settings) return to_limits(**settings);
    if (settings.error().kind != directory::DirectoryError::not_found) return {};
    // The owner of public folders has limits of its own; deleted mail is kept there as long as usual.
    auto limits = sharing_->public_limits(account);
    limits.undelete_for = to_limits(settings::AccountSettings{}).undelete_for;
    limits.undelete_bytes = limits.bytes;
    return limits;
}

mailstore::QuotaLimits Quotas::limits(AccountId account) const {
    std::shared_lock lock{mutex_};
    return limits_of(account);
}

mailstore::QuotaLimits Quotas::limits_in(AccountId account, FolderId folder) const {
    std::shared_lock lock{mutex_};
    mailstore::QuotaLimits all = limits_of(account);
    if (!folders_) return all;
    const auto own = folders_->of(account, folder);
    if (!own || !*own) return all;
    all.folder_bytes = (*own)->message_size_kb * 1024;
    all.folder_messages = (*own)->message_count;
    return all;
}

bool Quotas::leads_elsewhere(AccountId account, std::string_view top) const {
    std::shared_lock lock{mutex_};
    if (!directory_) return false;
    auto entry = directory_->account(account);  // public folders' owner is none
    return entry && sharing_->leads_elsewhere((*entry)->domain, top);
}

std::uint16_t Places::location(AccountId account) const {
    auto* directory = directory_.load(std::memory_order_acquire);
    if (!directory) return 0;
    DomainId domain;
    if (auto entry = directory->account(account)) {
        domain = (*entry)->domain;
    } else {  // the owner of a domain's public folders
        const auto all = directory->domains();
        for (const auto& one : all)
            if (one->public_account == account) domain = one->id;
    }
    auto its = directory->domain(domain);
    return its ? turns_.pick(its->locations, *store_) : 0;
}

}  // namespace postrider::app
