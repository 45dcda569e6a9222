#include "imap/session/search_folders.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "imap/session/search_program.h"

namespace postrider::imap {
namespace {

using mailstore::Change;
using mailstore::FolderInfo;
using mailstore::FolderKind;
using mailstore::Item;
using mailstore::Link;
using mailstore::LinkState;
using mailstore::Relink;
using Kind = SearchKey::Kind;

constexpr std::int64_t ages_are_good_for = 600;  ///< seconds
constexpr int attempts = 10;                     ///< other sessions may be at the same work

std::expected<SearchKey, SyntaxError> parsed(std::string_view criteria) {
    Cursor in{criteria};
    auto keys = search_keys(in);
    return in.finish(std::move(keys));
}

bool speaks_of_one_folder(const SearchKey& key) {
    return key.kind == Kind::sequence || key.kind == Kind::uid || key.kind == Kind::recent
           || key.kind == Kind::modseq || key.kind == Kind::filter;
}
bool speaks_of_age(const SearchKey& key) {
    return key.kind == Kind::older || key.kind == Kind::younger;
}

std::uint64_t hash_of(std::string_view text, std::uint64_t hash = 14695981039346656037u) {  // FNV-1a
    for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
    return hash;
}

/// What a search folder searches.
struct Saved {
    SearchArgs search;
    std::optional<std::set<FolderId>> sources;  ///< nullopt: all but Trash and Junk
    std::uint64_t hash = 0;

    bool searches(const FolderInfo& folder) const {
        if (folder.kind != FolderKind::mail || !folder.selectable) return false;
        if (sources) return sources->contains(folder.id);
        return folder.special_use != mailstore::SpecialUse::trash
               && folder.special_use != mailstore::SpecialUse::junk;
    }
};

mailstore::Result<Saved> read_saved(mailstore::Account& account, FolderId folder) {
    auto all = account.annotations(folder);
    if (!all) return std::unexpected(all.error());
    Saved saved;
    std::string criteria;
    for (const mailstore::Annotation& one : *all) {
        if (one.name == mailstore::search_criteria_entry) criteria = one.value;
        if (one.name != mailstore::search_sources_entry) continue;
        saved.sources.emplace();
        saved.hash = hash_of(one.value);
        const char* at = one.value.data();
        const char* const end = at + one.value.size();
        while (at != end) {
            std::uint32_t id = 0;
            auto [next, error] = std::from_chars(at, end, id);
            if (error == std::errc{}) saved.sources->insert(FolderId{id});
            at = next == end ? end : next + 1;
        }
    }
    saved.hash = hash_of(criteria, saved.hash == 0 ? hash_of("") : saved.hash);
    auto keys = parsed(criteria);
    if (!keys)
        return std::unexpected(mailstore::Failure{mailstore::MailError::corrupt, "no search is saved"});
    saved.search.program = std::move(*keys);
    return saved;
}

/// One look at one search folder.
class Refresh {
public:
    Refresh(const Client& client, FolderId folder) : client_{client}, folder_{folder} {}

    /// False when another session was faster.
    mailstore::Result<bool> run() {
        mailstore::Account& account = *client_.account;
        auto before = account.link_state(folder_);
        if (!before) return std::unexpected(before.error());
        auto saved = read_saved(account, folder_);
        if (!saved) return std::unexpected(saved.error());
        saved_ = std::move(*saved);
        const ModSeq now = account.highest_modseq();
        const std::int64_t seconds = std::chrono::system_clock::to_time_t(client_.services.clock.now());
        const bool ages = saved_.search.program.any(speaks_of_age);
        bool all = before->upto == ModSeq{} || before->criteria != saved_.hash
                   || (ages && seconds - before->evaluated >= ages_are_good_for);
        if (!all && before->upto >= now) return true;
        LinkState after{now, before->evaluated, saved_.hash};
        if (!all) {
            auto changes = account.changes(before->upto);
            if (!changes) return std::unexpected(changes.error());
            after.upto = changes->upto;
            all = !changes->complete;
            if (!all)
                if (auto ok = look_at(changes->changes); !ok) return std::unexpected(ok.error());
        }
        if (all) {
            after.evaluated = seconds;
            if (auto ok = look_at_all(before->upto); !ok) return std::unexpected(ok.error());
        }
        return write(*before, after);
    }

private:
    struct Touched {
        UidSet looked_at, flags, gone;
    };

    mailstore::Result<> look_at(const std::vector<Change>& changes) {
        std::map<FolderId, Touched> touched;
        std::set<FolderId> folders;
        for (const Change& change : changes) {
            if (change.folder == folder_) continue;
            if (change.kind == Change::Kind::folder) {
                folders.insert(change.folder);
                continue;
            }
            Touched& one = touched[change.folder];
            if (change.kind == Change::Kind::expunged) {
                one.gone = unite(one.gone, change.uids);
                one.looked_at = subtract(one.looked_at, change.uids);
            } else {
                one.looked_at = unite(one.looked_at, change.uids);
                if (change.kind == Change::Kind::flags) one.flags = unite(one.flags, change.uids);
            }
        }
        for (FolderId id : folders) {
            auto there = client_.account->folder(id);
            if (there && saved_.searches(*there)) continue;
            auto linked = client_.account->linked(folder_, id);  // deleted, or another kind of folder now
            if (!linked) return std::unexpected(linked.error());
            remove(id, *linked);
        }
        for (const auto& [id, one] : touched) {
            auto there = client_.account->folder(id);
            if (!there || !saved_.searches(*there)) continue;
            remove(id, one.gone);
            UidSet matching;
            auto ok = match(*there, one.looked_at, [&](const Item& item) {
                append(matching, item.uid);
                add_.emplace_back(item.internal_date, Link{id, item.uid});
            });
            if (!ok) return ok;
            remove(id, subtract(one.looked_at, matching));
            each(intersect(one.flags, matching), [&](Uid uid) { refresh_.push_back({id, uid}); });
        }
        return {};
    }

    mailstore::Result<> look_at_all(ModSeq known) {
        auto links = client_.account->links(folder_, UidSet{{Uid{1}, Uid{UINT32_MAX}}});
        if (!links) return std::unexpected(links.error());
        std::set<Link> there;
        for (const auto& [uid, link] : *links) there.insert(link);
        auto folders = client_.account->folders();
        if (!folders) return std::unexpected(folders.error());
        std::set<Link> matching;
        for (const FolderInfo& folder : *folders) {
            if (!saved_.searches(folder)) continue;
            const UidSet all{{Uid{1}, Uid{UINT32_MAX}}};
            auto ok = match(folder, all, [&](const Item& item) {
                const Link link{folder.id, item.uid};
                matching.insert(link);
                if (!there.contains(link))
                    add_.emplace_back(item.internal_date, link);
                else if (item.modseq > known)
                    refresh_.push_back(link);
            });
            if (!ok) return ok;
        }
        for (const Link& link : there)
            if (!matching.contains(link)) remove_.push_back(link);
        return {};
    }

    template <class Found>
    mailstore::Result<> match(const FolderInfo& folder, const UidSet& uids, Found found) {
        if (uids.empty()) return {};
        auto view = client_.account->view(folder.id);
        if (!view) return {};  // it went: the log will say so
        auto program = SearchProgram::compile(client_, saved_.search, (*view)->info(), nullptr);
        if (!program)
            return std::unexpected(
                mailstore::Failure{mailstore::MailError::corrupt, "the saved search cannot be run"});
        auto there = (*view)->uids();
        if (!there) return std::unexpected(there.error());
        return program->run(**view, intersect(uids, *there),
                            [&](const Item& item, std::string_view) { found(item); });
    }

    template <class Visit>
    static void each(const UidSet& uids, Visit visit) {
        for (UidRun run : uids)
            for (std::uint64_t uid = run.first.value(); uid <= run.last.value(); ++uid)
                visit(Uid{static_cast<std::uint32_t>(uid)});
    }
    void remove(FolderId source, const UidSet& uids) {
        each(uids, [&](Uid uid) { remove_.push_back({source, uid}); });
    }

    /// In pieces; the last one says up to where the folder is right.
    mailstore::Result<bool> write(LinkState before, LinkState after) {
        std::stable_sort(add_.begin(), add_.end(),
                         [](const auto& a, const auto& b) { return a.first < b.first; });
        std::size_t removed = 0, refreshed = 0, added = 0;
        for (;;) {
            Relink piece{before, before, {}, {}, {}};
            std::size_t room = mailstore::max_links_at_once;
            for (; room > 0 && removed < remove_.size(); --room) piece.remove.push_back(remove_[removed++]);
            for (; room > 0 && refreshed < refresh_.size(); --room)
                piece.refresh.push_back(refresh_[refreshed++]);
            for (; room > 0 && added < add_.size(); --room) piece.add.push_back(add_[added++].second);
            const bool last =
                removed == remove_.size() && refreshed == refresh_.size() && added == add_.size();
            if (last) piece.after = after;
            auto done = client_.account->relink(folder_, piece);
            if (!done || !*done || last) return done;
        }
    }

    const Client& client_;
    const FolderId folder_;
    Saved saved_;
    std::vector<std::pair<std::int64_t, Link>> add_;  ///< by internal date
    std::vector<Link> remove_, refresh_;
};

}  // namespace

std::optional<std::string> wrong_search_criteria(std::string_view criteria) {
    if (criteria.size() > mailstore::max_search_criteria) return "The search is too long";
    auto keys = parsed(criteria);
    if (!keys) {
        std::string why = "Expected ";
        why += keys.error().expected;
        why += " at octet " + std::to_string(keys.error().at + 1) + " of the search";
        return why;
    }
    if (keys->any(speaks_of_one_folder))
        return "Numbers, UIDs, MODSEQ, RECENT and FILTER mean nothing in a search of several folders";
    return std::nullopt;
}

mailstore::Result<> refresh_search_folder(const Client& client, const FolderInfo& folder) {
    if (folder.kind != FolderKind::search) return {};
    // A searcher of its own: what this session has chosen for its searches is not the folder's.
    Client searcher{client.services, client.id};
    searcher.account = client.account;
    searcher.who = client.who;
    for (int i = 0; i < attempts; ++i) {
        auto done = Refresh{searcher, folder.id}.run();
        if (!done) return std::unexpected(done.error());
        if (*done) return {};
    }
    return {};  // others keep it up to date
}

}  // namespace postrider::imap
