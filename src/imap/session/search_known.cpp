#include "imap/session/search_known.h"

#include <algorithm>

namespace postrider::imap {

using Kind = SearchKey::Kind;

namespace {

bool is_text(const SearchProgram::Node& node) {
    return node.kind == Kind::header || node.kind == Kind::body || node.kind == Kind::text;
}

index::Found find(const index::Reader& reader, FolderId folder, const SearchProgram::Node& node) {
    using index::Field;
    const std::string& key = node.key.folded();
    if (node.kind == Kind::body) return reader.find(folder, Field::body, key);
    if (node.kind == Kind::text) return reader.find(folder, Field::body | Field::header, key);
    if (node.cost > 1) return reader.find_header(folder, node.field, key);
    if (node.field == "from") return reader.find(folder, Field::from, key);
    if (node.field == "to") return reader.find(folder, Field::to, key);
    if (node.field == "cc") return reader.find(folder, Field::cc, key);
    return reader.find(folder, Field::subject, key);
}

}  // namespace

SearchKnown::SearchKnown(std::shared_ptr<const index::Reader> reader, FolderId folder,
                         const UidSet& candidates, const Node& root)
    : reader_{std::move(reader)}, folder_{folder} {
    if (reader_) ask(root, subtract(candidates, reader_->covered(folder)));
}

bool SearchKnown::has_text(const Node& node) {
    return is_text(node) || std::any_of(node.children.begin(), node.children.end(), has_text);
}

void SearchKnown::ask(const Node& node, const UidSet& uncovered) {
    for (const Node& child : node.children) ask(child, uncovered);
    if (!is_text(node)) return;
    index::Found found = find(*reader_, folder_, node);
    texts_[&node] = {std::move(found.yes), unite(found.maybe, uncovered)};
}

std::optional<bool> SearchKnown::answer(const Node& text, Uid uid) const {
    auto at = texts_.find(&text);
    if (at == texts_.end() || contains(at->second.maybe, uid)) return std::nullopt;
    return contains(at->second.yes, uid);
}

SearchKnown::Sets SearchKnown::evaluate(const Node& node, const UidSet& candidates) const {
    switch (node.kind) {
        case Kind::sequence:
        case Kind::uid:
        case Kind::recent: return {intersect(candidates, node.uids), {}};
        case Kind::all: {
            Sets all{candidates, {}};
            for (const Node& child : node.children) {
                const UidSet left = unite(all.yes, all.maybe);
                const Sets one = evaluate(child, left);
                all.maybe = intersect(unite(all.maybe, one.maybe), unite(one.yes, one.maybe));
                all.yes = subtract(one.yes, all.maybe);
            }
            return all;
        }
        case Kind::either:
        case Kind::fuzzy: {
            Sets any;
            for (const Node& child : node.children) {
                const Sets one = evaluate(child, candidates);
                any.yes = unite(any.yes, one.yes);
                any.maybe = unite(any.maybe, one.maybe);
            }
            any.maybe = subtract(any.maybe, any.yes);
            return any;
        }
        case Kind::negated: {
            Sets one = evaluate(node.children.front(), candidates);
            return {subtract(candidates, unite(one.yes, one.maybe)), std::move(one.maybe)};
        }
        default: break;
    }
    auto at = texts_.find(&node);
    if (at == texts_.end()) return {{}, candidates};
    return {intersect(candidates, at->second.yes), intersect(candidates, at->second.maybe)};
}

}  // namespace postrider::imap
