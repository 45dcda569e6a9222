#include "rules/autopurge.h"

namespace postrider::rules {
namespace {

using settings::PurgedFolder;

std::size_t purge_folder(mailstore::Account& account, const mailstore::FolderInfo& folder,
                         std::int64_t before) {
    auto view = account.view(folder.id);
    if (!view) return 0;
    mailstore::UidSet old;
    auto seen = (*view)->each_item({{Uid{1}, Uid{UINT32_MAX}}}, [&](const mailstore::Item& item) {
        if (item.save_date >= before) return true;
        if (!old.empty() && old.back().last.value() + 1 == item.uid.value())
            old.back().last = item.uid;
        else
            old.push_back({item.uid, item.uid});
        return true;
    });
    if (!seen || old.empty()) return 0;
    view->reset();
    auto gone = account.expunge(folder.id, old, false);
    if (!gone) return 0;
    std::size_t count = 0;
    for (const mailstore::UidRun& run : gone->uids) count += run.last.value() - run.first.value() + 1;
    return count;
}

}  // namespace

std::size_t autopurge(const directory::AccountEntry& entry, const settings::AccountSettings& settings,
                      mailstore::MailStore& store, Time now, const observe::Logger& log) {
    if (settings.autopurge_days == 0) return 0;
    auto account = mailstore::open_or_create(store, entry.id);
    if (!account) return 0;
    auto folders = (*account)->folders();
    if (!folders) return 0;
    const std::int64_t before =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count()
        - std::int64_t{settings.autopurge_days} * 24 * 3600;
    std::size_t count = 0;
    for (const mailstore::FolderInfo& folder : *folders) {
        bool purged = (folder.special_use == mailstore::SpecialUse::trash
                       && settings.autopurge_folders.has(PurgedFolder::trash))
                      || (folder.special_use == mailstore::SpecialUse::junk
                          && settings.autopurge_folders.has(PurgedFolder::spam));
        if (purged && folder.messages != 0) count += purge_folder(**account, folder, before);
    }
    if (count != 0) log.info({}, "{} old messages removed from Trash and Spam of {}", count, entry.address);
    return count;
}

std::size_t autopurge_all(const directory::Directory& directory, mailstore::MailStore& store, Time now,
                          const observe::Logger& log, const std::function<bool()>& go_on) {
    std::size_t count = 0;
    const auto domains = directory.domains();
    for (const auto& domain : domains) {
        std::string after;
        do {
            auto page = directory.list(domain->id, directory::ObjectKind::account, {}, after, 1000);
            if (!page) break;
            for (const directory::ListedObject& one : page->objects) {
                if (!go_on()) return count;
                auto settings = directory.effective(one.id);
                if (!settings || (*settings)->autopurge_days == 0) continue;
                if (auto entry = directory.account(one.id))
                    count += autopurge(**entry, **settings, store, now, log);
            }
            after = page->next;
        } while (!after.empty());
    }
    return count;
}

}  // namespace postrider::rules
