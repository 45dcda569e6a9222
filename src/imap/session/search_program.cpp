#include "imap/session/search_program.h"

#include <algorithm>
#include <utility>

#include "imap/session/search_candidate.h"
#include "imap/session/search_known.h"
#include "imap/session/search_node.h"
#include "index/index.h"
#include "mailstore/item_filter.h"

namespace postrider::imap {

using Kind = SearchKey::Kind;
using mailstore::FolderView;
using mailstore::Item;

namespace {

using Node = SearchProgram::Node;

/// Takes up a key that items alone decide in one comparison; false when it is none of these.
bool add_to(mailstore::ItemFilter& filter, const Node& node) {
    constexpr std::int64_t day = 86400;
    switch (node.kind) {
        case Kind::flag: filter.with |= static_cast<std::uint8_t>(node.number); return true;
        case Kind::no_flag: filter.without |= static_cast<std::uint8_t>(node.number); return true;
        case Kind::larger: filter.above = std::max(filter.above, node.number); return true;
        case Kind::smaller: filter.below = std::min(filter.below, node.number); return true;
        case Kind::before: filter.before = std::min(filter.before, node.number); return true;
        case Kind::on: filter.before = std::min(filter.before, node.number + day); [[fallthrough]];
        case Kind::since:
        case Kind::younger: filter.from = std::max(filter.from, node.number); return true;
        default: return false;
    }
}

/// What the top of the program alone says about where to look.
UidSet narrowed(const Node& root, UidSet uids) {
    for (const Node& child : root.children)
        if (child.kind == Kind::sequence || child.kind == Kind::uid || child.kind == Kind::recent)
            uids = intersect(uids, child.uids);
    return uids;
}

}  // namespace

SearchProgram::SearchProgram(std::unique_ptr<Node> root, index::Index* full_text, AccountId account,
                             Client::Progress& progress)
    : root_{std::move(root)}, full_text_{full_text}, account_{account}, progress_{&progress} {}
SearchProgram::~SearchProgram() = default;
SearchProgram::SearchProgram(SearchProgram&&) noexcept = default;
SearchProgram& SearchProgram::operator=(SearchProgram&&) noexcept = default;

SearchKnown SearchProgram::ask(FolderView& view, UidSet& candidates) const {
    constexpr std::uint32_t few = 8;  // to look at so many costs no more than to ask
    const std::uint64_t many = count(candidates);
    if (many <= few) return {};
    // Keys that all must fit and that items decide: one pass over memory leaves fewer to ask the others
    // about.
    std::vector<const Node*> settled;
    auto* const filtering = dynamic_cast<mailstore::FiltersItems*>(&view);
    if (filtering && many * 4 > view.info().messages) {
        mailstore::ItemFilter filter;
        for (const Node& child : root_->children)
            if (add_to(filter, child)) settled.push_back(&child);
        std::optional<UidSet> left;
        if (!settled.empty()) left = filtering->filtered(filter, candidates);
        if (left)
            candidates = std::move(*left);
        else
            settled.clear();
    }
    SearchKnown known = look_up(view, candidates);
    for (const Node* node : settled) known.settle(*node, candidates);
    return known;
}

SearchKnown SearchProgram::look_up(FolderView& view, const UidSet& candidates) const {
    if (root_->cost == 0 || !folds_ || candidates.empty()) return {};
    const FolderId folder = view.info().id;
    SearchKnown::Sources sources;
    if (full_text_ && SearchKnown::has_text(*root_)) sources.reader = full_text_->reader(account_);
    const bool columns = SearchKnown::has_column(*root_);
    if (columns) sources.columns = mailstore::columns_of(view, mailstore::Made::if_there);
    SearchKnown known{sources, folder, candidates, *root_};
    if (!columns || sources.columns) return known;
    // Whoever would have to look at a good part of the folder takes note of it for the next time; of a
    // smaller part, when it is not the first time.
    const UidSet open = known.evaluate(*root_, candidates).maybe;
    if (open.empty() || known.decides(*root_, open)) return known;
    const std::uint64_t looks = count(open);
    const bool much = looks * 4 >= view.info().messages;
    sources.columns =
        mailstore::columns_of(view, much ? mailstore::Made::now : mailstore::Made::when_worth, looks);
    if (!sources.columns) return known;
    return {sources, folder, candidates, *root_};
}

UidSet SearchProgram::candidates(const UidSet& uids) const {
    return narrowed(*root_, uids);
}

mailstore::Result<> SearchProgram::run(FolderView& view, const UidSet& uids,
                                       const std::function<void(const Item&, std::string_view)>& found,
                                       bool describe, Scores* scores) const {
    UidSet where = candidates(uids);
    const SearchKnown known = ask(view, where);
    const SearchKnown::Sets sets = known.evaluate(*root_, where);
    progress_->goal = count(sets.yes) + count(sets.maybe);
    std::uint64_t looked = 0;
    auto look = [&](const Item& item, std::string_view description) {
        progress_->done.store(++looked, std::memory_order_relaxed);
        Candidate candidate{view, item, description, known};
        if (!contains(sets.yes, item.uid) && !fits(candidate, *root_)) return true;
        if (scores) {
            const unsigned points = std::max(relevancy(candidate, *root_), 1u);
            scores->emplace_back(item.uid, static_cast<std::uint8_t>(points));
        }
        found(item, description);
        return true;
    };
    const UidSet all = unite(sets.yes, sets.maybe);
    if (!describe && known.decides(*root_, scores ? all : sets.maybe))
        return view.each_item(all, [&](const Item& item) { return look(item, {}); });
    return view.each_described(all, look);
}

mailstore::Result<UidSet> SearchProgram::matching(FolderView& view, const UidSet& uids) const {
    UidSet where = candidates(uids);
    const SearchKnown known = ask(view, where);
    const SearchKnown::Sets sets = known.evaluate(*root_, where);
    UidSet tested;
    progress_->goal = count(sets.maybe);
    std::uint64_t looked = 0;
    auto look = [&](const Item& item, std::string_view description) {
        progress_->done.store(++looked, std::memory_order_relaxed);
        Candidate candidate{view, item, description, known};
        if (fits(candidate, *root_)) append(tested, item.uid);
        return true;
    };
    auto done = known.decides(*root_, sets.maybe)
                    ? view.each_item(sets.maybe, [&](const Item& item) { return look(item, {}); })
                    : view.each_described(sets.maybe, look);
    if (!done) return std::unexpected(done.error());
    return unite(sets.yes, tested);
}

}  // namespace postrider::imap
