#pragma once

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "index/index.h"
#include "index/pace.h"
#include "index/shelf.h"

namespace postrider::index {

class IndexImpl final : public Index {
public:
    IndexImpl(mailstore::MailStore& store, observe::Metrics& metrics, Options options);
    ~IndexImpl() override;

    void start() override;
    void stop() override;
    void configure(bool enabled, std::chrono::milliseconds delay, bool read_attachments) override;
    void forget(AccountId account) override;
    std::shared_ptr<const Reader> reader(AccountId account) override;
    void rebuild(AccountId account) override;
    bool catch_up(AccountId account) override;
    Status status() const override;
    mailstore::Result<AccountStatus> status(AccountId account) override;

private:
    struct Known {
        AccountId account;
        std::uint64_t modseq;  // as it was when the account was last found changed
    };

    void begin();  ///< with `starting_` held, as end()
    void end();
    void run();
    bool hurry();
    /// How many changes there were since the look before; 0 the first time.
    std::uint64_t find_changed();
    void sweep(const std::vector<Known>& accounts);
    std::uint64_t upto_on_disk(AccountId account) const;
    std::filesystem::path directory_of(AccountId account) const;
    std::shared_ptr<Shelf> shelf(AccountId account);
    bool going() const { return !stopping_.load(std::memory_order_relaxed); }

    using Missing = std::map<FolderId, mailstore::UidSet>;
    /// What the index lacks; and up to where it is complete once it has that.
    mailstore::Result<ModSeq> find_missing(mailstore::Account& account, Shelf& shelf, Missing& missing);
    bool index_folder(mailstore::Account& account, Shelf& shelf, FolderId folder,
                      const mailstore::UidSet& uids, Builder& builder);
    void merge(mailstore::Account& account, Shelf& shelf);

    mailstore::MailStore& store_;
    const Options options_;
    std::atomic<bool> enabled_;
    std::atomic<std::chrono::milliseconds> delay_;
    std::atomic<bool> read_attachments_;
    observe::Gauge& waiting_accounts_;
    observe::Gauge& waiting_messages_;
    observe::Counter& indexed_;

    std::mutex starting_;
    bool started_ = false;  ///< whether enabled or not
    std::atomic<bool> stopping_ = false;
    std::mutex working_;  // held while an account is caught up or its files are changed otherwise

    Pace pace_;
    bool swept_ = false;
    std::vector<Known> known_;  // ascending; of the background thread

    mutable std::mutex queue_mutex_;
    std::condition_variable wake_;
    std::vector<AccountId> waiting_;  // the next one last
    bool hurry_ = false;
    std::vector<AccountId> again_;  // could not be indexed, or shall be once more

    std::mutex shelves_mutex_;
    std::list<AccountId> recently_used_;  // the last one first
    struct Open {
        std::shared_ptr<Shelf> shelf;
        std::list<AccountId>::iterator place;
    };
    std::unordered_map<AccountId, Open> shelves_;

    std::thread thread_;
};

}  // namespace postrider::index
