#pragma once

#include <atomic>

#include "mailstore/committer.h"
#include "mailstore/core.h"
#include "mailstore/keeper.h"
#include "mailstore/mailstore.h"

namespace postrider::mailstore {

class MailStoreImpl final : public MailStore {
public:
    explicit MailStoreImpl(const Options& options) : core_{options} {}
    ~MailStoreImpl() override;
    Result<> start(const Replay& replay);

    // store_impl.cpp
    kv::Store& kv() override { return *core_.kv; }
    Result<> create_account(AccountId account) override;
    Result<> create_empty_account(AccountId account) override;
    Result<> delete_account(AccountId account) override;
    void mark_deleted(AccountId account, kv::Batch& batch) override;
    Result<std::shared_ptr<Account>> account(AccountId account) override;
    void submit(Submission submission, Done done) override;
    Result<DeliveryReceipt> deliver(
        BlobId held, std::vector<Target> targets,
        const std::function<void(const DeliveryReceipt&, kv::Batch&)>& also) override;
    Result<> release_hold(BlobId blob, const std::function<void(kv::Batch&)>& also) override;
    Result<std::shared_ptr<const std::string>> read(BlobId blob) override;
    Result<std::string> read_head(BlobId blob, std::size_t bytes) override;
    Result<> add_location(const LocationConfig& location) override;
    Result<> change_location(const LocationConfig& location) override;
    bool takes_mail(std::uint16_t location) const override;
    Report report() override;
    bool full() const override { return core_.full.load(std::memory_order_relaxed); }

    // verify.cpp, repair.cpp, compact.cpp, snapshot.cpp
    Result<std::vector<Finding>> verify(const OnProgress& progress) override;
    Result<std::vector<Finding>> repair(AccountId account, const OnProgress& progress) override;
    Result<> compact(const OnProgress& progress) override;
    void stop_compacting() override {
        compacting_no_more_.store(true, std::memory_order_relaxed);
        core_.kv->stop_compacting();
    }
    Result<> snapshot(const std::filesystem::path& directory) override;

private:
    enum class With { standard_folders, nothing };
    Result<> create(AccountId account, With what);

    Core core_;
    std::mutex creating_;
    std::unique_ptr<Committer> committer_;
    std::unique_ptr<Keeper> keeper_;
    std::atomic<bool> compacting_no_more_{false};
};

}  // namespace postrider::mailstore
