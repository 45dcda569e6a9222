#include <algorithm>
#include <map>
#include <mutex>
#include <set>

#include "mailstore/account_edit.h"
#include "mailstore/arrival.h"
#include "mailstore/errors.h"
#include "mailstore/names.h"

namespace postrider::mailstore {
namespace {

/// One account in a group: its lock and its edit.
struct Touched {
    explicit Touched(AccountImpl& impl) : lock{impl.mutex}, account{impl}, edit{impl} {}
    std::unique_lock<std::mutex> lock;
    AccountImpl& account;
    AccountEdit edit;
};

class Group {
public:
    Group(Core& core, std::span<Job* const> jobs) : core_{core}, jobs_{jobs} {}

    Result<> run() {
        if (auto ok = core_.before_giving_out(placements()); !ok) return ok;
        lock_accounts();
        for (Job* job : jobs_) {
            if (job->strict) refuse_strict(*job);
            for (Arrival& arrival : job->arrivals) put(*job, arrival);
        }
        BlobRefs refs{core_};  // of blobs that were stored before; new ones nobody knows
        for (Job* job : jobs_)
            for (Arrival& arrival : job->arrivals) count_references(arrival, refs);
        if (auto ok = refs.put(batch_, BlobRefs::Missing::fail); !ok) return ok;
        std::erase_if(accounts_, [](const auto& entry) {  // where everything was refused nothing is written
            return entry.second.edit.account.modseq == entry.second.account.record.modseq;
        });
        for (auto& [id, touched] : accounts_) touched.edit.put(batch_);
        // A UID far ahead is not covered by what a start after a crash skips: nobody may see it too early.
        const auto durability = wanted_uids_ ? kv::Durability::now : core_.durability_for(placements());
        if (auto ok = core_.write(std::move(batch_), durability); !ok) return ok;
        for (auto& [id, touched] : accounts_) touched.edit.apply();
        for (auto& [id, touched] : accounts_) touched.lock.unlock();
        for (auto& [id, touched] : accounts_) touched.edit.notify();
        return {};
    }

private:
    std::uint64_t placements() const {
        std::uint64_t sum = 0;
        for (const Job* job : jobs_)
            for (const Arrival& arrival : job->arrivals) sum += arrival.placements.size();
        return sum;
    }

    /// In ascending id order: whoever holds more than one lock has taken them so.
    void lock_accounts() {
        std::vector<AccountImpl*> wanted;
        for (Job* job : jobs_)
            for (Arrival& arrival : job->arrivals)
                for (Placement& placement : arrival.placements)
                    if (placement.account) wanted.push_back(placement.account.get());
        auto by_id = [](const AccountImpl* a, const AccountImpl* b) { return a->account_id < b->account_id; };
        std::sort(wanted.begin(), wanted.end(), by_id);
        wanted.erase(std::unique(wanted.begin(), wanted.end()), wanted.end());
        for (AccountImpl* account : wanted) accounts_.try_emplace(account, *account);
    }

    /// All of the job's items, or none.
    void refuse_strict(Job& job) {
        std::uint64_t bytes = 0, messages = 0;
        for (Arrival& arrival : job.arrivals)
            for (Placement& placement : arrival.placements) {
                bytes += placement.size;
                ++messages;
            }
        Placement& any = job.arrivals.front().placements.front();
        Touched& touched = accounts_.at(any.account.get());
        auto state = touched.account.selectable(any.folder);
        if (state && (*state)->record.kind == FolderKind::search)
            state = fail(MailError::no_such_folder, "a search folder takes no messages");
        if (!state) {
            job.failure = state.error();
            return;
        }
        AccountEdit::FolderEdit& box = touched.edit.folder(**state);
        if (!fits(touched, box, bytes, messages)) {
            job.failure = Failure{MailError::over_quota, "over quota"};
            return;
        }
        for (Arrival& arrival : job.arrivals)
            for (Placement& placement : arrival.placements)
                for (const std::string& keyword : placement.keywords)
                    if (!AccountEdit::keyword(box, keyword, true)) {
                        job.failure = Failure{MailError::too_many_keywords, "folder has too many keywords"};
                        return;
                    }
    }

    bool fits(Touched& touched, const AccountEdit::FolderEdit& box, std::uint64_t bytes,
              std::uint64_t messages) {
        const QuotaLimits limits = core_.limits(touched.account.account_id, box.state->id);
        auto room = [](std::uint64_t used, std::uint64_t more, std::uint64_t limit) {
            return limit == 0 || (used <= limit && more <= limit - used);
        };
        return room(touched.edit.account.bytes, bytes, limits.bytes)
               && room(touched.edit.account.messages, messages, limits.messages)
               && room(box.n.bytes, bytes, limits.folder_bytes)
               && room(box.n.messages, messages, limits.folder_messages)
               && AccountEdit::has_uids(box, messages);
    }

    static FolderState* folder_for(AccountImpl& account, const Placement& placement) {
        auto usable = [](FolderState* state) {
            return state && !state->damaged && state->record.selectable
                   && state->record.kind != FolderKind::search;
        };
        if (placement.folder.value() != 0) {
            auto at = account.table.find(placement.folder.value());
            return at != account.table.end() && usable(&at->second) ? &at->second : nullptr;
        }
        FolderState* state = nullptr;
        if (placement.path != "INBOX")
            if (auto path = normal_path(placement.path)) state = account.by_path(*path);
        if (!usable(state)) state = account.by_path("INBOX");
        return usable(state) ? state : nullptr;
    }

    void put(const Job& job, Arrival& arrival) {
        for (Placement& placement : arrival.placements) {
            if (job.failure) placement.error = job.failure->kind;
            if (placement.error || !placement.account) {
                if (!placement.error) placement.error = MailError::no_such_account;
                continue;
            }
            Touched& touched = accounts_.at(placement.account.get());
            if (touched.account.deleted) {
                placement.error = MailError::no_such_account;
                continue;
            }
            FolderState* state = folder_for(touched.account, placement);
            if (!state) {
                placement.error = MailError::corrupt;
                continue;
            }
            if (!placement.import_mark.empty()
                && imported(touched.account.account_id, placement.import_mark)) {
                placement.error = MailError::exists;
                continue;
            }
            AccountEdit::FolderEdit& box = touched.edit.folder(*state);
            const bool room = placement.over_quota_allowed
                                  ? AccountEdit::has_uids(box, 1)
                                  : job.strict || fits(touched, box, placement.size, 1);
            if (!room) {
                placement.error = MailError::over_quota;
                continue;
            }
            Item item;
            item.flags.system = placement.flags & (seen | answered | flagged | deleted | draft);
            for (const std::string& keyword :
                 placement.keywords)  // mail is not refused for want of a keyword
                if (auto bit = AccountEdit::keyword(box, keyword, true)) item.flags.set_keyword(*bit);
            item.size = placement.size;
            item.blob = arrival.blob;
            item.email_id = arrival.blob.value();
            item.internal_date =
                std::chrono::floor<std::chrono::seconds>(arrival.received).time_since_epoch().count();
            item.save_date = core_.now_seconds();
            item.prefix = placement.prefix;
            if (placement.wanted >= box.n.uid_next && placement.wanted < highest_uid) {
                box.n.uid_next = placement.wanted;
                wanted_uids_ = true;
            }
            if (!placement.import_mark.empty())
                batch_.put(import_key(touched.account.account_id, placement.import_mark), "\x01");
            touched.edit.arrive(batch_, box, item, arrival.descriptions[placement.description]);
            placement.uid = item.uid;
            placement.placed_in = state->id;
            placement.uid_validity = state->record.uid_validity;
            placement.folder_path = touched.account.path_of(state->id);
        }
    }

    /// Somebody has brought it in already, or does so in this batch.
    bool imported(AccountId account, std::string_view mark) {
        std::string key = import_key(account, mark);
        auto there = core_.kv->get(key);
        return (there && *there) || !marks_.insert(std::move(key)).second;
    }

    void count_references(Arrival& arrival, BlobRefs& refs) {
        std::uint32_t made = 0;
        for (const Placement& placement : arrival.placements) made += !placement.error;
        if (arrival.stored) {
            if (made) refs.add_ref(arrival.blob, static_cast<std::int32_t>(made));
        } else {
            BlobRecord record{arrival.extent, made, arrival.also && arrival.hold ? 1u : 0u};
            put_blob(batch_, arrival.blob, record, core_.now_seconds());
        }
        if (arrival.also) arrival.also(arrival.blob, batch_);
    }

    struct ById {
        bool operator()(const AccountImpl* a, const AccountImpl* b) const {
            return a->account_id < b->account_id;
        }
    };
    Core& core_;
    std::span<Job* const> jobs_;
    std::map<AccountImpl*, Touched, ById> accounts_;
    kv::Batch batch_;
    bool wanted_uids_ = false;
    std::set<std::string> marks_;
};

}  // namespace

Result<> deliver(Core& core, std::span<Job* const> jobs) {
    return Group{core, jobs}.run();
}

}  // namespace postrider::mailstore
