#include <algorithm>
#include <map>
#include <set>

#include "mailstore/account_impl.h"
#include "mailstore/errors.h"
#include "mailstore/lost_items.h"
#include "mailstore/names.h"
#include "mailstore/scan.h"
#include "mailstore/store_impl.h"
#include "mailstore/uid_set.h"
#include "mailstore/undelete.h"

namespace postrider::mailstore {
namespace {

using Finding = MailStore::Finding;

/// Makes the `a` record anew from what else there is. Nobody can have the account loaded.
Result<bool> rebuild_account_record(Core& core, AccountId account) {
    AccountRecord record;
    record.epoch = core.epoch;
    bool anything = false;
    for (char letter : {'f', 'i', 'c', 'u'}) {
        auto range = account_range(letter, account);
        auto ok = scan_range(
            *core.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
                anything = true;
                if (letter == 'f') {
                    record.next_folder = std::max(record.next_folder, last_u32(key) + 1);
                    if (auto folder = decode_folder(value))
                        record.next_validity = std::max(record.next_validity, folder->uid_validity + 1);
                }
                if (letter == 'i')
                    if (auto item = decode_item(Uid{last_u32(key)}, value))
                        record.modseq = std::max(record.modseq, item->modseq.value());
                if (letter == 'c') record.modseq = std::max(record.modseq, last_u64(key));
                if (letter == 'u' && key.size() == 25)
                    record.modseq = std::max(record.modseq, last_u64(key.substr(0, 17)));
                return true;
            });
        if (!ok) return std::unexpected(ok.error());
    }
    if (!anything) return false;
    record.modseq += id_gap;
    record.floor = record.modseq;  // readers of the change log look at everything once
    kv::Batch batch;
    batch.put(account_key(account), encoded(record));
    if (auto ok = core.write(std::move(batch), kv::Durability::now); !ok) return std::unexpected(ok.error());
    return true;
}

/// Repairs one account whose lock is held.
class Repair {
public:
    Repair(Core& core, AccountImpl& impl, std::vector<Finding>& findings)
        : core_{core}, impl_{impl}, account_{impl.account_id}, findings_{findings}, record_{impl.record} {}

    Result<> run(const MailStore::OnProgress& progress) {
        for (auto& [id, state] : impl_.table) folders_[id] = {state.record, state.damaged, {}};
        if (auto ok = find_blobs(); !ok) return ok;
        if (auto ok = find_lost(); !ok) return ok;
        progress({"messages", 20});
        if (auto ok = items(); !ok) return ok;
        if (auto ok = descriptions_without_items(); !ok) return ok;
        if (auto ok = deleted_items(); !ok) return ok;
        folders();
        if (auto ok = changes(); !ok) return ok;
        progress({"references", 80});
        if (auto ok = core_.write(std::move(batch_), kv::Durability::now); !ok) return ok;
        if (auto ok = references(); !ok) return ok;
        if (auto ok = core_.sync(); !ok) return ok;
        if (auto ok = impl_.reload(); !ok) return ok;
        progress({"done", 100});
        return {};
    }

private:
    struct Folder {
        FolderRecord record;
        bool damaged = false;
        FolderCounters counted;
        UidSet dropped;
    };

    void note(std::string what) {
        core_.log.warning({}, "repair: account {}: {}", account_.value(), what);
        findings_.push_back({account_, std::move(what), true});
    }

    /// The blobs of the account; those whose `b` is damaged or missing are looked for in the containers.
    Result<> find_blobs() {
        for (char letter : {'i', 'u'}) {
            auto range = account_range(letter, account_);
            auto ok = scan_range(*core_.kv, range.begin, range.end, nullptr,
                                 [&](std::string_view key, std::string_view value) {
                                     if (auto blob = blob_of(key, value)) blobs_.insert(blob->value());
                                     return true;
                                 });
            if (!ok) return ok;
        }
        std::set<std::uint64_t> lost;
        for (std::uint64_t blob : blobs_) {
            auto value = core_.kv->get(blob_key(BlobId{blob}));
            if (!value && value.error().kind != kv::KvError::corrupt)
                return std::unexpected(from(value.error()));
            if (!value || !*value || !decode_blob(**value)) lost.insert(blob);
        }
        if (lost.empty()) return {};
        kv::Batch batch;
        for (Location* location : core_.locations.all()) {
            auto walked = location->files->for_each([&](container::Result<container::Stored> stored) {
                if (!stored || lost.erase(stored->id.value()) == 0) return;
                note(fmt::format("message {:x} found again in its container", stored->id.value()));
                batch.put(blob_key(stored->id), encoded(BlobRecord{stored->extent, 1, 0}));
            });
            if (!walked) return std::unexpected(from(walked.error()));
        }
        return core_.write(std::move(batch));
    }

    /// Items whose record is gone or damaged and whose description is left: their bytes may be, too.
    Result<> find_lost() {
        std::vector<LostItem> lost;
        auto range = account_range('d', account_);
        auto ok = scan_range(
            *core_.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
                std::string record_at{key};
                record_at[0] = 'i';
                const Uid uid{last_u32(key)};
                auto record = core_.kv->get(record_at);
                if (key.size() != 17 || !record || (*record && decode_item(uid, **record))) return true;
                if (auto description = mime::Description::decode(value))
                    lost.push_back({FolderId{last_u32(key.substr(0, 13))}, uid, std::move(*description)});
                return true;
            });
        if (!ok) return ok;
        auto found = find_lost_items(core_, lost);
        if (!found) return std::unexpected(found.error());
        found_ = std::move(*found);
        for (const auto& [place, item] : found_) blobs_.insert(item.blob.value());
        return {};
    }

    /// Writes the record of an item anew when its bytes were found; false when there is nothing to be done.
    bool make_anew(FolderId folder, Uid uid) {
        auto at = found_.find({folder, uid});
        if (at == found_.end()) return false;
        Item& item = at->second;
        item.modseq = ModSeq{impl_.record.modseq + 1};
        record_.modseq = std::max(record_.modseq, item.modseq.value());
        std::string value;
        put(value, item);
        batch_.put(item_key(account_, folder, uid), value);
        count(folder_of(folder), item);
        record_.floor = std::max(record_.floor, item.modseq.value());  // readers look at everything once
        note(fmt::format("message {} in folder {} found by its description; its flags are lost", uid.value(),
                         folder.value()));
        return true;
    }

    static void count(Folder& box, const Item& item) {
        ++box.counted.messages;
        box.counted.unseen += (item.flags.system & seen) == 0;
        box.counted.deleted += (item.flags.system & deleted) != 0;
        box.counted.bytes += item.size;
        box.counted.uid_next = std::max(box.counted.uid_next, Uid{item.uid.value() + 1});
        box.counted.highest_modseq = std::max(box.counted.highest_modseq, item.modseq);
    }

    Result<> items() {
        auto range = account_range('i', account_);
        std::optional<Failure> stop;
        auto ok = scan_range(
            *core_.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
                const FolderId folder{last_u32(key.substr(0, key.size() - 4))};
                const Uid uid{last_u32(key)};
                Folder& box = folder_of(folder);
                auto drop = [&](const char* why) {
                    note(
                        fmt::format("message {} in folder {} {}: dropped", uid.value(), folder.value(), why));
                    batch_.erase(key);
                    batch_.erase(description_key(account_, folder, uid));
                    append(box.dropped, uid);
                    box.counted.uid_next = std::max(box.counted.uid_next, Uid{uid.value() + 1});
                };
                auto item = decode_item(uid, value);
                if (!item) {
                    if (!make_anew(folder, uid)) drop("has a damaged record");
                    return true;
                }
                auto stored = core_.read(item->blob);
                if (!stored && stored.error().kind == MailError::storage) {  // not the message's fault
                    stop = stored.error();
                    return false;
                }
                if (!stored) {
                    drop("has lost its bytes");
                    return true;
                }
                describe(folder, *item, stored->payload);
                count(box, *item);
                return true;
            });
        if (stop) return std::unexpected(*stop);
        return ok;
    }

    void describe(FolderId folder, const Item& item, std::string_view payload) {
        auto text = core_.kv->get(description_key(account_, folder, item.uid));
        if (text && *text && mime::Description::decode(**text)) return;
        std::string whole{item.prefix};
        whole.append(payload);
        batch_.put(description_key(account_, folder, item.uid), mime::describe(whole).encode());
        note(fmt::format("message {} in folder {} was described anew", item.uid.value(), folder.value()));
    }

    Result<> descriptions_without_items() {
        auto range = account_range('d', account_);
        return scan_range(
            *core_.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view) {
                std::string item{key};
                item[0] = 'i';
                auto there = core_.kv->get(item);
                if (!there || *there) return true;
                if (key.size() == 17 && make_anew(FolderId{last_u32(key.substr(0, 13))}, Uid{last_u32(key)}))
                    return true;
                batch_.erase(key);
                note("description without a message removed");
                return true;
            });
    }

    /// What was expunged: its records may go, but not name bytes that are gone.
    Result<> deleted_items() {
        std::uint64_t bytes = 0, messages = 0;
        auto range = account_range('u', account_);
        std::optional<Failure> stop;
        auto ok = scan_range(
            *core_.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
                auto item = decode_deleted(key, value);
                Result<container::Stored> stored = fail(MailError::corrupt, "its record is damaged");
                if (item) stored = core_.read(item->item.blob);
                if (!stored && stored.error().kind == MailError::storage) {
                    stop = stored.error();
                    return false;
                }
                if (!stored) {
                    note("a deleted message cannot be restored any more: " + stored.error().what);
                    batch_.erase(key);
                    return true;
                }
                ++messages;
                bytes += item->item.size;
                record_.modseq = std::max(record_.modseq, item->id.change.value());
                return true;
            });
        if (stop) return std::unexpected(*stop);
        if (!ok) return ok;
        if (record_.deleted_messages != messages || record_.deleted_bytes != bytes)
            note("counters of deleted messages set right");
        record_.deleted_messages = messages;
        record_.deleted_bytes = bytes;
        return {};
    }

    Folder& folder_of(FolderId id) {
        auto [at, missing] = folders_.try_emplace(id.value());
        if (missing) at->second.damaged = true;
        return at->second;
    }

    void folders() {
        const std::uint64_t counted_before = record_.messages, bytes_before = record_.bytes;
        record_.messages = record_.bytes = 0;
        for (auto& [id, folder] : folders_) {
            FolderRecord& r = folder.record;
            FolderCounters& n = folder.counted;
            if (folder.damaged) {
                r = {};
                r.name = fmt::format("Recovered folder {}", id);
                r.uid_validity =
                    std::max(record_.next_validity, static_cast<std::uint32_t>(core_.now_seconds()));
                record_.next_validity = r.uid_validity + 1;
                r.n.uid_next = Uid{n.uid_next.value() + id_gap};
                note(fmt::format("folder {} has lost its record: named \"{}\"", id, r.name));
            }
            if (r.n.messages != n.messages || r.n.unseen != n.unseen || r.n.deleted != n.deleted
                || r.n.bytes != n.bytes)
                if (!folder.damaged) note(fmt::format("counters of folder {} set right", id));
            if (n.messages != 0) r.selectable = true;
            n.uid_next = std::max(n.uid_next, r.n.uid_next);
            n.recent_from = std::min(r.n.recent_from, n.uid_next);
            n.highest_modseq = std::max(n.highest_modseq, r.n.highest_modseq);
            record_.modseq = std::max(record_.modseq, n.highest_modseq.value());
            r.n = n;
            if (r.kind == FolderKind::search) continue;  // counted where they lie
            record_.messages += n.messages;
            record_.bytes += n.bytes;
        }
        if (record_.messages != counted_before || record_.bytes != bytes_before)
            note("counters of the account set right");
        names();
        for (auto& [id, folder] : folders_) {
            if (!folder.dropped.empty()) {
                ModSeq modseq{++record_.modseq};
                folder.record.n.highest_modseq = modseq;
                ChangeRecord change{Change::Kind::expunged, FolderId{id}, core_.now_seconds(),
                                    folder.dropped};
                batch_.put(change_key(account_, modseq), encoded(change));
            }
            folder.record.epoch = core_.epoch;
            record_.next_folder = std::max(record_.next_folder, id + 1);
            batch_.put(folder_key(account_, FolderId{id}), encoded(folder.record));
        }
    }

    /// Every folder hangs from the top, no two brothers have one name, and there is an INBOX.
    void names() {
        std::set<std::pair<std::uint32_t, std::string>> taken;
        for (auto& [id, folder] : folders_) {
            FolderRecord& r = folder.record;
            std::uint32_t up = r.parent.value();
            for (std::size_t level = 0; up != 0; ++level) {
                auto at = folders_.find(up);
                if (at == folders_.end() || level > max_path_levels) {
                    note(fmt::format("folder {} \"{}\" put at the top", id, r.name));
                    r.parent = {};
                    break;
                }
                up = at->second.record.parent.value();
            }
            if (!normal_path(r.name) || r.name.find('/') != std::string::npos
                || taken.contains({r.parent.value(), r.name})) {
                r.name = fmt::format("Recovered folder {}", id);
                note(fmt::format("folder {} renamed \"{}\"", id, r.name));
            }
            taken.insert({r.parent.value(), r.name});
        }
        if (taken.contains({0, "INBOX"})) return;
        Folder& inbox = folders_[record_.next_folder];
        inbox.record.name = "INBOX";
        inbox.record.uid_validity =
            std::max(record_.next_validity, static_cast<std::uint32_t>(core_.now_seconds()));
        record_.next_validity = inbox.record.uid_validity + 1;
        inbox.record.n.highest_modseq = ModSeq{++record_.modseq};
        note("INBOX made anew");
    }

    Result<> changes() {
        auto range = account_range('c', account_);
        auto ok = scan_range(
            *core_.kv, range.begin, range.end, nullptr, [&](std::string_view key, std::string_view value) {
                if (decode_change(value)) {
                    record_.modseq = std::max(record_.modseq, last_u64(key));
                    return true;
                }
                note(fmt::format("damaged change {} removed", last_u64(key)));
                batch_.erase(key);
                record_.floor =
                    std::max(record_.floor, last_u64(key));  // whoever read less looks at everything
                return true;
            });
        if (!ok) return ok;
        record_.epoch = core_.epoch;
        batch_.put(account_key(account_), encoded(record_));
        return {};
    }

    /// Counts the references to this account's blobs in all accounts. No count can change meanwhile.
    Result<> references() {
        BlobLocks::Held held{core_.blob_locks, std::bitset<BlobLocks::stripes>{}.set()};
        std::map<std::uint64_t, std::uint32_t> counts;
        for (std::uint64_t blob : blobs_) counts[blob] = 0;
        for (char letter : {'i', 'u'}) {
            const std::string begin(1, letter), end(1, static_cast<char>(letter + 1));
            auto ok =
                scan_range(*core_.kv, begin, end, nullptr, [&](std::string_view key, std::string_view value) {
                    if (auto blob = blob_of(key, value)) {
                        auto at = counts.find(blob->value());
                        if (at != counts.end()) ++at->second;
                    }
                    return true;
                });
            if (!ok) return ok;
        }
        kv::Batch batch;
        for (const auto& [id, refs] : counts) {
            BlobId blob{id};
            auto value = core_.kv->get(blob_key(blob));
            if (!value) return std::unexpected(from(value.error()));
            auto record = *value ? decode_blob(**value) : std::nullopt;
            if (!record) {
                batch.erase(blob_key(blob));
                continue;
            }
            if (record->refs == refs) continue;
            note(fmt::format("message {:x} had {} references counted, has {}", id, record->refs, refs));
            record->refs = refs;
            batch.erase(zombie_key(blob));
            put_blob(batch, blob, *record, core_.now_seconds());
        }
        return core_.write(std::move(batch));
    }

    Core& core_;
    AccountImpl& impl_;
    const AccountId account_;
    std::vector<Finding>& findings_;
    AccountRecord record_;
    std::map<std::uint32_t, Folder> folders_;
    std::set<std::uint64_t> blobs_;
    FoundItems found_;
    kv::Batch batch_;
};

}  // namespace

Result<std::vector<MailStore::Finding>> MailStoreImpl::repair(AccountId id, const OnProgress& progress) {
    std::vector<Finding> findings;
    auto account = core_.accounts.get(id);
    auto deleting = core_.kv->get(deletion_key(id));
    const bool gone = deleting && *deleting;
    if (!account && !gone
        && (account.error().kind == MailError::corrupt
            || account.error().kind == MailError::no_such_account)) {
        std::lock_guard lock{creating_};
        auto rebuilt = rebuild_account_record(core_, id);
        if (!rebuilt) return std::unexpected(rebuilt.error());
        if (!*rebuilt) return fail(MailError::no_such_account, "nothing is left of the account");
        findings.push_back({id, "record of the account made anew", true});
        account = core_.accounts.get(id);
    }
    if (!account) return std::unexpected(account.error());
    AccountImpl& impl = **account;
    {
        std::lock_guard lock{impl.mutex};
        if (auto ok = impl.usable(); !ok) return std::unexpected(ok.error());
        if (auto ok = Repair{core_, impl, findings}.run(progress ? progress : [](const Progress&) {}); !ok)
            return std::unexpected(ok.error());
    }
    std::vector<FolderId> all;
    for (const auto& folder : impl.folders().value_or(std::vector<FolderInfo>{})) all.push_back(folder.id);
    impl.watchers.notify(all);
    return findings;
}

}  // namespace postrider::mailstore
