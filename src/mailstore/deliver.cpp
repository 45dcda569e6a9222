#include <algorithm>
#include <deque>
#include <map>
#include <mutex>
#include <set>

#include "mailstore/account_edit.h"
#include "mailstore/arrival.h"
#include "mailstore/errors.h"
#include "mailstore/names.h"
#include "mailstore/undelete.h"

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
        remove_replaced(refs);
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
        for (auto& keeper : keepers_) keeper.check_limit();
        for (auto& [id, touched] : accounts_) touched.lock.unlock();
        for (auto& [id, touched] : accounts_) touched.edit.notify();
        return {};
    }

private:
    std::uint64_t placements() const {
        std::uint64_t sum = 0;
        for (const Job* job : jobs_)
            for (const Arrival& arrival : job->arrivals) {
                sum += arrival.placements.size();
                for (const Placement& placement : arrival.placements) sum += placement.replaces.has_value();
            }
        return sum;
    }

    /// In ascending id order: whoever holds more than one lock has taken them so.
    void lock_accounts() {
        std::vector<AccountImpl*> wanted;
        for (Job* job : jobs_)
            for (Arrival& arrival : job->arrivals)
                for (Placement& placement : arrival.placements) {
                    if (placement.account) wanted.push_back(placement.account.get());
                    if (placement.replaces) wanted.push_back(placement.replaces->account.get());
                }
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
        Given given;
        for (Arrival& arrival : job.arrivals)
            for (Placement& placement : arrival.placements)
                if (placement.replaces && !give_way(*placement.replaces, touched, box, given)) {
                    job.failure = Failure{MailError::gone, "the message is no longer there"};
                    return;
                }
        if (!fits(touched, box, bytes, messages, given)) {
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
        replaced_.insert(given.keys.begin(), given.keys.end());
    }

    /// What a job takes away, of the account and folder into which it puts something.
    struct Given {
        std::uint64_t bytes = 0, messages = 0, folder_bytes = 0, folder_messages = 0;
        std::vector<std::string> keys{};
    };

    bool fits(Touched& touched, const AccountEdit::FolderEdit& box, std::uint64_t bytes,
              std::uint64_t messages, const Given& given) {
        const QuotaLimits limits = core_.limits(touched.account.account_id, box.state->id);
        auto room = [](std::uint64_t used, std::uint64_t less, std::uint64_t more, std::uint64_t limit) {
            used -= std::min(used, less);
            return limit == 0 || (used <= limit && more <= limit - used);
        };
        return room(touched.edit.account.bytes, given.bytes, bytes, limits.bytes)
               && room(touched.edit.account.messages, given.messages, messages, limits.messages)
               && room(box.n.bytes, given.folder_bytes, bytes, limits.folder_bytes)
               && room(box.n.messages, given.folder_messages, messages, limits.folder_messages)
               && AccountEdit::has_uids(box, messages);
    }

    // ---- messages in whose place others come

    /// One that leaves, as it is on disk.
    struct Old {
        std::string key;
        std::string record;  ///< the item's prefix lies in it
        Item item;
        FolderState* state;
    };
    std::optional<Old> old_of(const Leaving& leaves) {
        Touched& origin = accounts_.at(leaves.account.get());
        auto state = origin.account.selectable(leaves.folder);
        if (!state) return std::nullopt;
        const Key key = item_key(origin.account.account_id, leaves.folder, leaves.uid);
        auto record = core_.kv->get(key);
        if (!record || !*record) return std::nullopt;
        Old old{std::string{key.view()}, std::move(**record), {}, *state};
        auto item = decode_item(leaves.uid, old.record);
        if (!item) return std::nullopt;
        old.item = *item;
        return old;
    }

    bool give_way(const Leaving& leaves, const Touched& target, const AccountEdit::FolderEdit& box,
                  Given& given) {
        auto old = old_of(leaves);
        if (!old || replaced_.contains(old->key)
            || std::find(given.keys.begin(), given.keys.end(), old->key) != given.keys.end())
            return false;  // another job of the group was faster
        given.keys.push_back(old->key);
        if (leaves.account.get() != &target.account) return true;
        given.bytes += old->item.size;
        ++given.messages;
        if (old->state != box.state) return true;
        given.folder_bytes += old->item.size;
        ++given.folder_messages;
        return true;
    }

    /// Behind all that arrives, so that nothing goes that nothing comes for.
    void remove_replaced(BlobRefs& refs) {
        for (Job* job : jobs_)
            for (Arrival& arrival : job->arrivals)
                for (Placement& placement : arrival.placements)
                    if (placement.replaces && !placement.error) remove(*placement.replaces, refs);
    }

    void remove(const Leaving& leaves, BlobRefs& refs) {
        auto old = old_of(leaves);
        if (!old) return;
        Touched& origin = accounts_.at(leaves.account.get());
        AccountEdit::FolderEdit& box = origin.edit.folder(*old->state);
        keepers_.emplace_back(origin.edit, *old->state, ModSeq{origin.edit.account.modseq + 1});
        origin.edit.leave(box, old->item);
        if (!keepers_.back().keep(batch_, old->item)) refs.add_ref(old->item.blob, -1);
        batch_.erase(old->key);
        batch_.erase(description_key(origin.account.account_id, leaves.folder, leaves.uid));
        UidSet gone;
        append(gone, leaves.uid);
        origin.edit.change(batch_, Change::Kind::expunged, box, std::move(gone));
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
                                  : job.strict || fits(touched, box, placement.size, 1, Given{});
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
            touched.edit.arrive(batch_, box, item);
            touched.edit.describe(batch_, box, item.uid, arrival.descriptions[placement.description]);
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
    std::set<std::string> replaced_;  ///< keys of items that leave
    std::deque<UndeleteKeeper> keepers_;
};

}  // namespace

Result<> deliver(Core& core, std::span<Job* const> jobs) {
    return Group{core, jobs}.run();
}

}  // namespace postrider::mailstore
