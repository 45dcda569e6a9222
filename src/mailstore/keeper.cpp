#include "mailstore/keeper.h"

#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/folder_removal.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Keeper::Keeper(Core& core, Committer& committer)
    : core_{core}, committer_{committer}, thread_{[this] { run(); }} {}

Keeper::~Keeper() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
}

void Keeper::wake() {
    {
        std::lock_guard lock{mutex_};
        if (awake_) return;
        awake_ = true;
    }
    changed_.notify_all();
}

void Keeper::run() {
    // Accounts whose deletion a stop cut short.
    std::vector<AccountId> unfinished;
    auto ok = scan_range(*core_.kv, "x", "y", nullptr, [&](std::string_view key, std::string_view) {
        unfinished.push_back(AccountId{first_u64(key)});
        return true;
    });
    if (!ok) core_.log.error({}, "cannot look for deleted accounts: {}", ok.error().what);
    for (AccountId account : unfinished)
        if (ok = finish_deletion(core_, account); !ok)
            core_.log.error({}, "cannot finish deleting account {}: {}", account.value(), ok.error().what);

    std::unique_lock lock{mutex_};
    while (!stopping_) {
        changed_.wait_for(lock, core_.options.mark_every, [&] { return stopping_ || awake_; });
        awake_ = false;
        lock.unlock();
        round();
        lock.lock();
    }
}

void Keeper::save_claims() {
    for (auto& [key, account] : core_.recent_claims.take())
        if (auto ok = account->save_recent(); !ok) {
            core_.log.error({}, "cannot note what account {} has seen: {}", account->account_id.value(),
                            ok.error().what);
            core_.recent_claims.add(account);
        }
}

void Keeper::round() {
    save_claims();
    core_.full.store(core_.locations.full(), std::memory_order_relaxed);
    if (core_.written.exchange(false))
        if (auto ok = mark_and_sync(); !ok) core_.written.store(true);  // logged below; tried again
    if (auto swept = sweep(core_.options.blob_grace); !swept)
        core_.log.error({}, "cannot free expunged messages: {}", swept.error().what);
    purge_deleted();
    for (const auto& account : core_.accounts.loaded())
        if (auto ok = account->trim_changes(); !ok)
            core_.log.error({}, "cannot trim the change log of account {}: {}", account->account_id.value(),
                            ok.error().what);
}

void Keeper::purge_deleted() {
    constexpr std::size_t messages = 5'000;                   // of one account in a round
    constexpr std::size_t looked_at = 1'000, purged_in = 20;  // accounts in a round
    auto purge = [&](AccountImpl& account) {
        auto more = account.purge_some(messages);
        if (!more && more.error().kind != MailError::no_such_account)
            core_.log.error({}, "cannot give up deleted messages of account {}: {}",
                            account.account_id.value(), more.error().what);
        return more.value_or(false);
    };
    for (auto& [key, account] : core_.too_much_deleted.take())
        if (purge(*account)) core_.too_much_deleted.add(account);
    if (std::chrono::steady_clock::now() < next_pass_) return;

    auto cursor = core_.kv->scan(account_range('u', purged_upto_).begin, "v");
    std::size_t purged = 0;
    for (std::size_t i = 0; i < looked_at && purged < purged_in; ++i) {
        if (!cursor->valid()) {
            purged_upto_ = {};
            next_pass_ = std::chrono::steady_clock::now() + core_.options.undelete_pass;
            return;
        }
        const AccountId id{first_u64(cursor->key())};
        // The oldest says whether there is anything to do, without loading the account.
        auto oldest = decode_deleted(cursor->key(), cursor->value());
        const QuotaLimits limits = core_.limits(id);
        bool more = false;
        if (limits.undelete_for
            && (!oldest || oldest->time <= core_.now_seconds() - limits.undelete_for->count())) {
            ++purged;
            if (auto account = core_.accounts.get(id)) more = purge(**account);
        }
        purged_upto_ = more ? id : AccountId{id.value() + 1};
        if (more) return;
        cursor->seek(account_range('u', id).end);
    }
}

Result<> Keeper::at_mark(const std::function<Result<>()>& then) {
    std::map<std::uint16_t, std::uint64_t> last;
    {
        std::lock_guard progress{committer_.in_progress};
        kv::Batch batch;
        for (Location* location : core_.locations.all()) {
            container::Mark mark = location->files->mark();
            last[location->config.number] = mark.last_number;
            std::string value{"\x01"};
            value.append(mark.encode());
            batch.put(mark_key(location->config.number), value);
        }
        auto ok = core_.kv->write(std::move(batch));
        if (!ok) {
            core_.log.error({}, "cannot write marks: {}", ok.error().what);
            return std::unexpected(from(ok.error()));
        }
        if (auto done = then(); !done) return done;
    }
    if (auto ok = core_.sync(); !ok) return ok;
    std::lock_guard lock{durable_mutex_};
    for (const auto& [location, number] : last) durable_[location] = std::max(durable_[location], number);
    return {};
}

Result<> Keeper::mark_and_sync() {
    return at_mark([]() -> Result<> { return {}; });
}

Result<std::size_t> Keeper::sweep(std::chrono::seconds grace) {
    constexpr std::size_t piece = 64;        // bounds how long their stripes are locked
    constexpr std::size_t at_once = 20'000;  // per round
    std::unique_lock careful{care, std::try_to_lock};
    if (!careful) return std::size_t{0};
    std::map<std::uint16_t, std::uint64_t> durable;
    {
        std::lock_guard lock{durable_mutex_};
        durable = durable_;
    }
    const std::int64_t old_enough = core_.now_seconds() - grace.count();
    std::vector<BlobId> dead;
    auto ok = scan_range(*core_.kv, "z", "{", nullptr, [&](std::string_view key, std::string_view value) {
        BlobId blob{first_u64(key)};
        auto since = decode_zombie(value);
        if (since && *since > old_enough) return true;
        if (number_in_location(blob) > durable[static_cast<std::uint16_t>(blob.value() >> 48)]) return true;
        dead.push_back(blob);
        return dead.size() < at_once;
    });
    if (!ok) return std::unexpected(ok.error());
    std::size_t freed = 0;
    for (std::size_t i = 0; i < dead.size(); i += piece) {
        auto some = free_some({dead.begin() + static_cast<std::ptrdiff_t>(i),
                               dead.begin() + static_cast<std::ptrdiff_t>(std::min(i + piece, dead.size()))});
        if (!some) return some;
        freed += *some;
    }
    return freed;
}

Result<std::size_t> Keeper::free_some(const std::vector<BlobId>& blobs) {
    std::bitset<BlobLocks::stripes> which;
    for (BlobId blob : blobs) which.set(BlobLocks::stripe_of(blob));
    BlobLocks::Held held{core_.blob_locks, which};
    kv::Batch batch;
    std::size_t freed = 0;
    for (BlobId blob : blobs) {
        auto value = core_.kv->get(blob_key(blob));
        if (!value) return std::unexpected(from(value.error()));
        auto record = *value ? decode_blob(**value) : std::nullopt;
        if (record && (record->refs || record->holds)) {  // taken up again
            batch.erase(zombie_key(blob));
            continue;
        }
        if (record) {
            Location* location = core_.locations.of(blob);
            if (!location) continue;
            // Bytes first: after a crash in between they are freed once more, which does no harm.
            if (auto ok = location->files->release(blob, record->extent); !ok) {
                core_.log.error({}, "cannot free message {:x}: {}", blob.value(), ok.error().what);
                continue;
            }
            ++freed;
        }
        batch.erase(blob_key(blob));
        batch.erase(zombie_key(blob));
    }
    if (auto ok = core_.write(std::move(batch)); !ok) return std::unexpected(ok.error());
    return freed;
}

}  // namespace postrider::mailstore
