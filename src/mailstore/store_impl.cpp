#include "mailstore/store_impl.h"

#include "mailstore/account_edit.h"
#include "mailstore/errors.h"
#include "mailstore/folder_removal.h"
#include "mailstore/new_folder.h"
#include "mailstore/recovery.h"
#include "mailstore/scan.h"

namespace postrider::mailstore {

Result<std::unique_ptr<MailStore>> MailStore::open(const Options& options, const Replay& replay) {
    if (options.locations.empty()) return fail(MailError::storage, "no storage location is configured");
    auto store = std::make_unique<MailStoreImpl>(options);
    if (auto ok = store->start(replay); !ok) return std::unexpected(ok.error());
    return store;
}

Result<> MailStoreImpl::start(const Replay& replay) {
    std::error_code error;
    std::filesystem::create_directories(core_.options.directory, error);
    if (error) return fail(MailError::storage, core_.options.directory.string() + ": " + error.message());
    auto opened = kv::Store::open(core_.options.directory / "kv", core_.options.kv);
    if (!opened) return std::unexpected(from(opened.error()));
    core_.kv = std::move(*opened);
    if (auto ok = begin_epoch(core_); !ok) return ok;
    for (const LocationConfig& config : core_.options.locations)
        if (auto location = core_.locations.open(config); !location) return std::unexpected(location.error());
    // Replay may put a message into any account, so all locations are open by then.
    for (Location* location : core_.locations.all())
        if (auto ok = recover(core_, *location, replay); !ok) return ok;
    core_.full = core_.locations.full();
    committer_ = std::make_unique<Committer>(core_);
    core_.commit = [this](Job& job) { return committer_->commit(job); };
    core_.commit_and_wait = [this](Job& job) { return committer_->commit_and_wait(job); };
    keeper_ = std::make_unique<Keeper>(core_, *committer_);
    core_.wake_keeper = [this] { keeper_->wake(); };
    return keeper_->mark_and_sync();
}

MailStoreImpl::~MailStoreImpl() {
    if (!keeper_) return;
    committer_->stop();
    core_.wake_keeper = [] {};
    keeper_->save_claims();
    (void)core_.recent_claims.take();  // what could not be saved must not keep its account
    auto ok = keeper_->mark_and_sync();
    keeper_.reset();
    committer_.reset();
    if (ok) ok = end_cleanly(core_);
    if (!ok) core_.log.critical({}, "the mail store could not be closed cleanly: {}", ok.error().what);
}

// ---- accounts

Result<> MailStoreImpl::create_account(AccountId account) {
    return create(account, With::standard_folders);
}

Result<> MailStoreImpl::create_empty_account(AccountId account) {
    return create(account, With::nothing);
}

Result<> MailStoreImpl::create(AccountId account, With what) {
    std::lock_guard lock{creating_};
    for (const Key& key : {account_key(account), deletion_key(account)}) {
        auto there = core_.kv->get(key);
        if (!there) return std::unexpected(from(there.error()));
        if (*there) return fail(MailError::exists, "the account exists");
    }
    // An account that has lost its own record must not be taken for a new one: its folders would be
    // overwritten.
    for (char letter : {'f', 'i'}) {
        const auto range = account_range(letter, account);
        auto cursor = core_.kv->scan(range.begin, range.end);
        if (cursor->valid()) {
            core_.log.error({}, "account {} has folders and no record: repair it", account.value());
            return fail(MailError::corrupt, "the account has lost its record: repair it");
        }
    }
    auto impl = std::make_shared<AccountImpl>(core_, account);
    std::lock_guard account_lock{impl->mutex};
    AccountEdit edit{*impl};
    NewFolders folders{*impl, edit};
    kv::Batch batch;
    struct Standard {
        const char* path;
        SpecialUse use;
    };
    for (const Standard& one :
         {Standard{"INBOX", SpecialUse::none}, Standard{"Drafts", SpecialUse::drafts},
          Standard{"Sent", SpecialUse::sent}, Standard{"Trash", SpecialUse::trash},
          Standard{"Junk", SpecialUse::junk}, Standard{"Archive", SpecialUse::archive}}) {
        if (what == With::nothing) break;
        // A quota that leaves no room for these is no reason to have no INBOX.
        if (auto made = folders.make(batch, one.path, FolderKind::mail, one.use, NewFolders::Limits::ignore);
            !made)
            return std::unexpected(made.error());
        batch.put(subscription_key(account, one.path), "\x01");
    }
    edit.put(batch);
    return core_.write(std::move(batch), kv::Durability::now);
}

Result<> MailStoreImpl::delete_account(AccountId id) {
    auto account = core_.accounts.get(id);
    if (account) {
        AccountImpl& impl = **account;
        std::lock_guard lock{impl.mutex};
        if (auto ok = impl.usable(); !ok) return ok;
        kv::Batch batch;
        mark_deleted(id, batch);
        if (auto ok = core_.write(std::move(batch), kv::Durability::now); !ok) return ok;
        std::lock_guard state_lock{impl.state_mutex};
        impl.deleted = true;
    } else if (account.error().kind == MailError::corrupt) {  // even what is damaged can be deleted
        kv::Batch batch;
        mark_deleted(id, batch);
        if (auto ok = core_.write(std::move(batch), kv::Durability::now); !ok) return ok;
    } else {
        auto marked = core_.kv->get(deletion_key(id));
        if (!marked) return std::unexpected(from(marked.error()));
        if (!*marked) return std::unexpected(account.error());
    }
    core_.accounts.forget(id);
    return finish_deletion(core_, id);
}

void MailStoreImpl::mark_deleted(AccountId account, kv::Batch& batch) {
    batch.erase(account_key(account));
    batch.put(deletion_key(account), "\x01");
}

Result<std::shared_ptr<Account>> MailStoreImpl::account(AccountId id) {
    auto account = core_.accounts.get(id);
    if (!account) return std::unexpected(account.error());
    return std::move(*account);
}

// ---- messages

void MailStoreImpl::submit(Submission submission, Done done) {
    struct Submitted : Job {
        Done done;
    };
    if (core_.full.load(std::memory_order_relaxed)) {
        done(fail(MailError::full, "no storage location has room"));
        return;
    }
    auto job = std::make_unique<Submitted>();
    job->location = submission.location;
    job->done = std::move(done);
    Arrival& arrival = job->arrivals.emplace_back();
    prepare(arrival, submission.meta.empty() ? std::string_view{"\0", 1} : submission.meta,
            submission.payload, core_.pressure.effort());
    arrival.received = submission.received;
    arrival.also = std::move(submission.also);
    arrival.hold = submission.hold;
    if (auto ok = place(core_, arrival, std::move(submission.targets), submission.payload,
                        arrival.record.payload_size());
        !ok) {
        job->done(std::unexpected(ok.error()));
        return;
    }
    job->finished = [](Job& finished) {
        std::unique_ptr<Submitted> own{static_cast<Submitted*>(&finished)};
        if (own->failure)
            own->done(std::unexpected(*own->failure));
        else
            own->done(receipt_of(own->arrivals[0]));
    };
    if (auto ok = core_.commit(*job); !ok) {
        job->done(std::unexpected(ok.error()));
        return;
    }
    job.release();  // NOLINT: the committer has it, `finished` ends it
}

Result<DeliveryReceipt> MailStoreImpl::deliver(
    BlobId held, std::vector<Target> targets,
    const std::function<void(const DeliveryReceipt&, kv::Batch&)>& also) {
    auto stored = core_.read(held);
    if (!stored) return std::unexpected(stored.error());
    Job job;
    Arrival& arrival = job.arrivals.emplace_back();
    arrival.blob = held;
    arrival.stored = true;
    arrival.received = core_.clock.now();
    arrival.descriptions.push_back(mime::describe(stored->payload).encode());
    if (also) arrival.also = [&](BlobId, kv::Batch& batch) { also(receipt_of(arrival), batch); };
    if (auto ok = place(core_, arrival, std::move(targets), stored->payload,
                        static_cast<std::uint32_t>(stored->payload.size()));
        !ok)
        return std::unexpected(ok.error());
    Job* const jobs[] = {&job};
    if (auto ok = mailstore::deliver(core_, jobs); !ok) return std::unexpected(ok.error());
    return receipt_of(arrival);
}

Result<> MailStoreImpl::release_hold(BlobId blob, const std::function<void(kv::Batch&)>& also) {
    kv::Batch batch;
    BlobRefs refs{core_};
    refs.add_hold(blob, -1);
    if (auto ok = refs.put(batch, BlobRefs::Missing::ignore); !ok) return ok;
    if (also) also(batch);
    return core_.write(std::move(batch));
}

Result<std::shared_ptr<const std::string>> MailStoreImpl::read(BlobId blob) {
    auto stored = core_.read(blob);
    if (!stored) return std::unexpected(stored.error());
    return std::make_shared<const std::string>(std::move(stored->payload));
}

Result<std::string> MailStoreImpl::read_head(BlobId blob, std::size_t bytes) {
    return core_.read_head(blob, bytes);
}

// ---- care

Result<> MailStoreImpl::add_location(const LocationConfig& config) {
    std::lock_guard careful{keeper_->care};
    auto location = core_.locations.open(config);
    if (!location) return std::unexpected(location.error());
    if (auto ok = recover(core_, **location, {}); !ok) return ok;
    core_.full = core_.locations.full();
    return {};
}

Result<> MailStoreImpl::change_location(const LocationConfig& config) {
    Location* location = core_.locations.find(config.number);
    if (location == nullptr) return fail(MailError::gone, "there is no such storage location");
    const auto& options = config.options;
    location->files->change_limits(options.max_files, options.max_file_bytes, options.read_only);
    core_.full = core_.locations.full();
    return {};
}

bool MailStoreImpl::takes_mail(std::uint16_t number) const {
    const Location* location = core_.locations.find(number);
    return location != nullptr && !location->files->full();
}

MailStore::Report MailStoreImpl::report() {
    Report report;
    report.kv = core_.kv->stats();
    report.flushes = report.kv.syncs;
    for (Location* location : core_.locations.all()) {
        report.locations.emplace_back(location->config.number, location->files->usage());
        report.flushes += report.locations.back().second.syncs;
    }
    auto ok = scan_range(*core_.kv, "a", "b", nullptr, [&](std::string_view, std::string_view value) {
        if (auto account = decode_account(value)) report.messages += account->messages;
        return true;
    });
    if (!ok) core_.log.error({}, "cannot count messages: {}", ok.error().what);
    return report;
}

}  // namespace postrider::mailstore
