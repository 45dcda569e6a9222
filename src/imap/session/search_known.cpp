#include "imap/session/search_known.h"

#include <algorithm>

namespace postrider::imap {

using Kind = SearchKey::Kind;

namespace {

bool is_text(const SearchProgram::Node& node) {
    return node.kind == Kind::header || node.kind == Kind::body || node.kind == Kind::text;
}

/// A piece of text that columns can look for; they keep texts folded by i;unicode-casemap, and nothing is
/// read of them under another collation.
bool in_columns(const SearchProgram::Node& node) {
    if (node.kind == Kind::sent_before || node.kind == Kind::sent_on || node.kind == Kind::sent_since)
        return true;
    const std::string& key = node.key.folded();
    return node.kind == Kind::header && node.cost == 1 && !key.empty() && key.find('\0') == std::string::npos;
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

SearchKnown::SearchKnown(Sources sources, FolderId folder, const UidSet& candidates, const Node& root)
    : from_{std::move(sources)}, folder_{folder} {
    if (!from_.reader && !from_.columns) return;
    UidSet uncovered;
    if (from_.reader) uncovered = subtract(candidates, from_.reader->covered(folder));
    ask(root, candidates, uncovered);
}

bool SearchKnown::has_text(const Node& node) {
    return is_text(node) || std::any_of(node.children.begin(), node.children.end(), has_text);
}

bool SearchKnown::has_column(const Node& node) {
    return in_columns(node) || std::any_of(node.children.begin(), node.children.end(), has_column);
}

std::optional<mailstore::Columns::Answer> SearchKnown::ask_columns(const Node& node,
                                                                   const UidSet& candidates) const {
    if (!from_.columns || !in_columns(node)) return std::nullopt;
    const mailstore::Columns& columns = *from_.columns;
    constexpr std::int64_t first = INT64_MIN, last = INT64_MAX;
    if (node.kind == Kind::sent_before) return columns.sent(first, node.number - 1, candidates);
    if (node.kind == Kind::sent_on) return columns.sent(node.number, node.number, candidates);
    if (node.kind == Kind::sent_since) return columns.sent(node.number, last, candidates);
    using Field = mailstore::Columns::Field;
    const Field field = node.field == "from" ? Field::from
                        : node.field == "to" ? Field::to
                        : node.field == "cc" ? Field::cc
                                             : Field::subject;
    return columns.containing(field, node.key.folded(), candidates);
}

void SearchKnown::ask(const Node& node, const UidSet& candidates, const UidSet& uncovered) {
    for (const Node& child : node.children) ask(child, candidates, uncovered);
    if (auto answer = ask_columns(node, candidates)) {
        keys_[&node] = {std::move(answer->yes), std::move(answer->missing)};
    } else if (from_.reader && is_text(node)) {
        index::Found found = find(*from_.reader, folder_, node);
        keys_[&node] = {std::move(found.yes), unite(found.maybe, uncovered)};
    }
}

std::optional<bool> SearchKnown::answer(const Node& key, Uid uid) const {
    auto at = keys_.find(&key);
    if (at == keys_.end() || contains(at->second.maybe, uid)) return std::nullopt;
    return contains(at->second.yes, uid);
}

bool SearchKnown::decides(const Node& node, const UidSet& uids) const {
    if (!node.children.empty())
        return std::all_of(node.children.begin(), node.children.end(),
                           [&](const Node& child) { return decides(child, uids); });
    if (node.cost == 0) return true;
    auto at = keys_.find(&node);
    return at != keys_.end() && intersect(at->second.maybe, uids).empty();
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
    auto at = keys_.find(&node);
    if (at == keys_.end()) return {{}, candidates};
    return {intersect(candidates, at->second.yes), intersect(candidates, at->second.maybe)};
}

}  // namespace postrider::imap
