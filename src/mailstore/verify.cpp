#include <algorithm>
#include <map>
#include <set>

#include "mailstore/errors.h"
#include "mailstore/scan.h"
#include "mailstore/store_impl.h"

namespace postrider::mailstore {
namespace {

constexpr std::size_t max_findings = 10'000;

struct Use {
    std::uint64_t blob;
    std::uint64_t account;
};

/// Checks everything at one moment. Reads only.
class Verification {
public:
    explicit Verification(Core& core) : core_{core}, snapshot_{core.kv->snapshot()} {}

    Result<std::vector<MailStore::Finding>> run(const MailStore::OnProgress& progress) {
        if (auto ok = core_.kv->verify([&](int percent) { progress({"records", percent / 5}); }); !ok)
            note({}, "key-value store: " + ok.error().what);
        if (auto ok = accounts(); !ok) return std::unexpected(ok.error());
        std::size_t done = 0;
        for (AccountId account : accounts_) {
            if (auto ok = one_account(account); !ok) return std::unexpected(ok.error());
            progress({"accounts", 20 + static_cast<int>(20 * ++done / accounts_.size())});
        }
        if (auto ok = strays(); !ok) return std::unexpected(ok.error());
        if (auto ok = blobs(progress); !ok) return std::unexpected(ok.error());
        progress({"done", 100});
        return std::move(findings_);
    }

private:
    void note(AccountId account, std::string what) {
        core_.log.error({}, "verify: account {}: {}", account.value(), what);
        if (findings_.size() < max_findings) findings_.push_back({account, std::move(what), false});
    }

    Result<> accounts() {
        return scan_range(*core_.kv, "a", "b", snapshot_.get(),
                          [&](std::string_view key, std::string_view value) {
                              accounts_.push_back(AccountId{first_u64(key)});
                              if (!decode_account(value))
                                  note(accounts_.back(), "record of the account is damaged");
                              return true;
                          });
    }

    Result<> one_account(AccountId account) {
        std::map<std::uint32_t, FolderRecord> folders;
        std::set<std::uint32_t> damaged;
        auto range = account_range('f', account);
        auto ok =
            scan_range(*core_.kv, range.begin, range.end, snapshot_.get(),
                       [&](std::string_view key, std::string_view value) {
                           if (auto folder = decode_folder(value)) {
                               folders.emplace(last_u32(key), std::move(*folder));
                           } else {
                               note(account, fmt::format("record of folder {} is damaged", last_u32(key)));
                               damaged.insert(last_u32(key));
                           }
                           return true;
                       });
        if (!ok) return ok;
        std::uint64_t bytes = 0, messages = 0;
        std::map<std::uint32_t, FolderCounters> counted;
        range = account_range('i', account);
        auto texts_range = account_range('d', account);
        auto texts = core_.kv->scan(texts_range.begin, texts_range.end, snapshot_.get());
        texts->seek(texts_range.begin);
        ok = scan_range(
            *core_.kv, range.begin, range.end, snapshot_.get(),
            [&](std::string_view key, std::string_view value) {
                const std::uint32_t folder = key.size() == 17 ? last_u32(key.substr(0, 13)) : 0;
                const Uid uid{last_u32(key)};
                auto where = [&] { return fmt::format("message {} in folder {}", uid.value(), folder); };
                for (; texts->valid() && texts->key().substr(1) < key.substr(1); texts->next())
                    note(account, fmt::format("description without a message in folder {}", folder));
                const bool described = texts->valid() && texts->key().substr(1) == key.substr(1);
                if (!described)
                    note(account, where() + " has no description");
                else if (!mime::Description::decode(texts->value()))
                    note(account, "description of " + where() + " is damaged");
                if (described) texts->next();
                if (!folders.contains(folder) && !damaged.contains(folder))
                    note(account, where() + " lies in no folder");
                auto item = decode_item(uid, value);
                if (!item) {
                    note(account, "record of " + where() + " is damaged");
                    return true;
                }
                FolderCounters& n = counted[folder];
                ++n.messages;
                n.unseen += (item->flags.system & seen) == 0;
                n.deleted += (item->flags.system & deleted) != 0;
                n.bytes += item->size;
                n.uid_next = Uid{uid.value() + 1};
                n.highest_modseq = std::max(n.highest_modseq, item->modseq);
                auto in = folders.find(folder);
                if (in == folders.end() || in->second.kind != FolderKind::search) {
                    ++messages;
                    bytes += item->size;
                }
                uses_.push_back({item->blob.value(), account.value()});
                return true;
            });
        if (!ok) return ok;
        for (; texts->valid(); texts->next()) note(account, "description without a message");
        for (const auto& [id, folder] : folders) {
            const FolderCounters& n = counted[id];
            if (n.messages != folder.n.messages || n.unseen != folder.n.unseen
                || n.deleted != folder.n.deleted || n.bytes != folder.n.bytes)
                note(account, fmt::format("counters of folder {} are wrong", id));
            if (n.messages != 0
                && (n.uid_next > folder.n.uid_next || n.highest_modseq > folder.n.highest_modseq))
                note(account, fmt::format("UIDNEXT or modification sequence of folder {} is too low", id));
            if (folder.parent.value() != 0 && !folders.contains(folder.parent.value())
                && !damaged.contains(folder.parent.value()))
                note(account, fmt::format("folder {} lies in no folder", id));
        }
        auto found = core_.kv->get(account_key(account), snapshot_.get());
        if (!found) return std::unexpected(from(found.error()));
        auto record = *found ? decode_account(**found) : std::nullopt;
        if (record && damaged.empty() && (record->bytes != bytes || record->messages != messages))
            note(account, "counters of the account are wrong");
        std::uint64_t deleted_bytes = 0, deleted_messages = 0;
        range = account_range('u', account);
        ok = scan_range(*core_.kv, range.begin, range.end, snapshot_.get(),
                        [&](std::string_view key, std::string_view value) {
                            auto gone = decode_deleted(key, value);
                            if (!gone) {
                                note(account, "record of a deleted message is damaged");
                                return true;
                            }
                            ++deleted_messages;
                            deleted_bytes += gone->item.size;
                            uses_.push_back({gone->item.blob.value(), account.value()});
                            if (record && gone->id.change.value() > record->modseq)
                                note(account, "highest modification sequence is too low");
                            return true;
                        });
        if (!ok) return ok;
        if (record
            && (record->deleted_bytes != deleted_bytes || record->deleted_messages != deleted_messages))
            note(account, "counters of deleted messages are wrong");
        range = account_range('c', account);
        return scan_range(*core_.kv, range.begin, range.end, snapshot_.get(),
                          [&](std::string_view key, std::string_view change) {
                              if (!decode_change(change))
                                  note(account, fmt::format("change {} is damaged", last_u64(key)));
                              else if (record && last_u64(key) > record->modseq)
                                  note(account, "highest modification sequence is too low");
                              return true;
                          });
    }

    /// Records of accounts that are not there (and are not just being deleted).
    Result<> strays() {
        const std::set<AccountId> known{accounts_.begin(), accounts_.end()};
        for (char letter : {'f', 'i', 'd', 's', 'c', 'n', 'p', 'r', 'u', 'j'}) {
            const std::string begin(1, letter), end(1, static_cast<char>(letter + 1));
            auto cursor = core_.kv->scan(begin, end, snapshot_.get());
            cursor->seek(begin);
            while (cursor->valid()) {
                AccountId account{first_u64(cursor->key())};
                auto deleting = core_.kv->get(deletion_key(account), snapshot_.get());
                if (!known.contains(account) && deleting && !*deleting)
                    note(account, fmt::format("'{}' records of an account that does not exist", letter));
                cursor->seek(account_range(letter, account).end);
            }
            if (auto ok = cursor->status(); !ok) return std::unexpected(from(ok.error()));
        }
        return {};
    }

    Result<> blobs(const MailStore::OnProgress& progress) {
        std::sort(uses_.begin(), uses_.end(), [](const Use& a, const Use& b) { return a.blob < b.blob; });
        std::size_t next = 0;
        auto missing_until = [&](std::uint64_t blob) {
            for (; next < uses_.size() && uses_[next].blob < blob; ++next)
                note(AccountId{uses_[next].account},
                     fmt::format("message {:x} has no storage record", uses_[next].blob));
        };
        auto ok = scan_range(
            *core_.kv, "b", "c", snapshot_.get(), [&](std::string_view key, std::string_view value) {
                BlobId blob{first_u64(key)};
                missing_until(blob.value());
                const std::size_t first = next;
                while (next < uses_.size() && uses_[next].blob == blob.value()) ++next;
                AccountId account{first < next ? uses_[first].account : 0};
                auto record = decode_blob(value);
                if (!record) {
                    note(account, fmt::format("storage record of message {:x} is damaged", blob.value()));
                    return true;
                }
                if (record->refs != next - first)
                    note(account, fmt::format("message {:x} counts {} references and has {}", blob.value(),
                                              record->refs, next - first));
                auto zombie = core_.kv->get(zombie_key(blob), snapshot_.get());
                const bool dead = record->refs == 0 && record->holds == 0;
                if (zombie && zombie->has_value() != dead)
                    note(account, fmt::format("message {:x} is {} to be freed", blob.value(),
                                              dead ? "not marked" : "marked"));
                if (!dead) bytes_of(blob, account);
                if (!uses_.empty()) progress({"messages", 40 + static_cast<int>(60 * next / uses_.size())});
                return true;
            });
        missing_until(std::numeric_limits<std::uint64_t>::max());
        return ok;
    }

    void bytes_of(BlobId blob, AccountId account) {
        auto stored = core_.read(blob);
        if (stored) return;
        auto now = core_.blob(blob);
        if (!now || (now->refs == 0 && now->holds == 0)) return;  // expunged since the snapshot
        note(account, fmt::format("message {:x} cannot be read: {}", blob.value(), stored.error().what));
    }

    Core& core_;
    std::unique_ptr<kv::Snapshot> snapshot_;
    std::vector<AccountId> accounts_;
    std::vector<Use> uses_;
    std::vector<MailStore::Finding> findings_;
};

}  // namespace

Result<std::vector<MailStore::Finding>> MailStoreImpl::verify(const OnProgress& progress) {
    return Verification{core_}.run(progress ? progress : [](const Progress&) {});
}

}  // namespace postrider::mailstore
