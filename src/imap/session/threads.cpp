#include "imap/session/threads.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <tuple>
#include <utility>

namespace postrider::imap {
namespace {

using Algorithm = ThreadArgs::Algorithm;

/// THREAD=ORDEREDSUBJECT: the first message of each subject, and under it the others side by side.
Threads by_subject(const ThreadInput& input) {
    const auto& messages = input.messages;
    std::vector<std::uint32_t> order(messages.size());
    std::iota(order.begin(), order.end(), 0u);
    std::sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
        return std::tie(messages[a].subject, messages[a].sent, a)
               < std::tie(messages[b].subject, messages[b].sent, b);
    });
    Threads threads;
    threads.nodes.resize(1);
    threads.nodes.reserve(messages.size() + 1);
    std::uint32_t head = 0;
    for (std::size_t i = 0; i < order.size(); ++i) {
        auto made = static_cast<std::uint32_t>(threads.nodes.size());
        bool begins = i == 0 || messages[order[i]].subject != messages[order[i - 1]].subject;
        if (begins) head = made;
        threads.nodes.push_back({static_cast<std::int32_t>(order[i]), {}});
        threads.nodes[begins ? 0 : head].children.push_back(made);
    }
    auto message_of = [&](std::uint32_t node) {
        return static_cast<std::uint32_t>(threads.nodes[node].message);
    };
    auto& heads = threads.nodes[0].children;
    std::sort(heads.begin(), heads.end(), [&](std::uint32_t x, std::uint32_t y) {
        std::uint32_t a = message_of(x), b = message_of(y);
        return std::tie(messages[a].sent, a) < std::tie(messages[b].sent, b);
    });
    return threads;
}

/// Which node an id has. Open addressing: a map with a node for each took a quarter of the whole time.
class NodeOfId {
public:
    explicit NodeOfId(std::size_t likely) : slots_(std::bit_ceil(likely * 2 + 1)) {}

    /// The place for its node, which is not 0; 0 in it says that the id is new.
    std::uint32_t& operator[](std::uint64_t id) {
        if ((used_ + 1) * 4 > slots_.size() * 3) grow();
        Slot& slot = find(id);
        if (slot.node == 0) {
            slot.id = id;
            ++used_;
        }
        return slot.node;
    }

private:
    struct Slot {
        std::uint64_t id = 0;
        std::uint32_t node = 0;
    };
    Slot& find(std::uint64_t id) {
        const std::size_t mask = slots_.size() - 1;
        // Senders choose ids, not their hashes; the product spreads what is alike in the low bits.
        std::size_t at = (id * 0x9e3779b97f4a7c15u >> 20) & mask;
        while (slots_[at].node != 0 && slots_[at].id != id) at = (at + 1) & mask;
        return slots_[at];
    }
    void grow() {
        std::vector<Slot> before = std::exchange(slots_, std::vector<Slot>(slots_.size() * 2));
        for (const Slot& slot : before)
            if (slot.node != 0) find(slot.id) = slot;
    }

    std::vector<Slot> slots_;
    std::size_t used_ = 0;
};

/// THREAD=REFERENCES and REFS. The steps are RFC 5256's.
class ByReferences {
public:
    explicit ByReferences(const ThreadInput& input)
        : messages_{input.messages}, references_{input.references}, by_id_{input.messages.size()} {
        const std::size_t likely = messages_.size() + messages_.size() / 2 + 1;  // some that are not here
        nodes_.reserve(likely);
        parents_.reserve(likely);
        nodes_.resize(1);
        parents_.resize(1, none);
    }

    Threads run(Algorithm algorithm) {
        link_all();
        gather();
        prune_root();
        if (algorithm == Algorithm::references) {
            sort_roots();
            merge_subjects();
            sort_below(0, 0);
        } else {
            for (std::uint32_t top : nodes_[0].children) sort_below(top, 0);
            sort_roots_by_arrival();
        }
        return Threads{std::move(nodes_)};
    }

private:
    static constexpr std::uint32_t none = UINT32_MAX;
    using Children = std::vector<std::uint32_t>;

    std::uint32_t add_node(std::int32_t message) {
        nodes_.push_back({message, {}});
        parents_.push_back(none);
        return static_cast<std::uint32_t>(nodes_.size() - 1);
    }

    std::uint32_t node_of(std::uint64_t id) {
        std::uint32_t& node = by_id_[id];
        if (node == 0) node = add_node(-1);  // 0 is the root
        return node;
    }

    /// Whether `above` may become the parent of `below`: no loop, and not too deep.
    bool may_link(std::uint32_t above, std::uint32_t below) const {
        unsigned depth = 0;
        for (std::uint32_t up = above; up != none; up = parents_[up])
            if (up == below || ++depth > max_thread_depth) return false;
        return true;
    }

    /// Step 1.
    void link_all() {
        for (std::size_t i = 0; i < messages_.size(); ++i) {
            const ThreadMessage& message = messages_[i];
            std::uint32_t before = none;
            for (std::uint32_t r = message.references_begin; r < message.references_end; ++r) {
                if (references_[r] == message.id) continue;  // a message that answers itself
                std::uint32_t node = node_of(references_[r]);
                if (before != none && before != node && parents_[node] == none && may_link(before, node))
                    parents_[node] = before;
                before = node;
            }
            std::uint32_t own = message.id == 0 ? add_node(-1) : node_of(message.id);
            if (nodes_[own].message >= 0) own = add_node(-1);  // the id is that of an earlier message
            nodes_[own].message = static_cast<std::int32_t>(i);
            parents_[own] = none;  // 1.B: what this message says itself counts
            if (before != none && may_link(before, own)) parents_[own] = before;
        }
    }

    /// Step 2. A child's own children may make a chain longer than max_thread_depth; it is cut here.
    void gather() {
        std::vector<std::uint16_t> depth(nodes_.size(), 0);
        for (std::uint32_t node = 1; node < nodes_.size(); ++node) (void)depth_of(node, depth);
        for (std::uint32_t node = 1; node < nodes_.size(); ++node)
            nodes_[parents_[node] == none ? 0 : parents_[node]].children.push_back(node);
    }

    std::uint16_t depth_of(std::uint32_t node, std::vector<std::uint16_t>& depth) {
        path_.clear();
        for (std::uint32_t up = node; up != none && depth[up] == 0; up = parents_[up]) path_.push_back(up);
        for (auto at = path_.rbegin(); at != path_.rend(); ++at) {
            std::uint32_t up = parents_[*at];
            if (up != none && depth[up] >= max_thread_depth) up = parents_[*at] = none;
            depth[*at] = static_cast<std::uint16_t>(up == none ? 1 : depth[up] + 1);
        }
        return depth[node];
    }

    /// Step 3, below the root: dummies give their place to their children.
    Children pruned(const Children& children) {
        Children kept;
        for (std::uint32_t child : children) {
            Children below = pruned(nodes_[child].children);
            if (nodes_[child].message >= 0) {
                nodes_[child].children = std::move(below);
                kept.push_back(child);
            } else {
                kept.insert(kept.end(), below.begin(), below.end());
            }
        }
        return kept;
    }

    void prune_root() {
        Children kept;
        for (std::uint32_t top : nodes_[0].children) {
            Children below = pruned(nodes_[top].children);
            if (nodes_[top].message < 0
                && below.size() < 2) {  // a dummy with one child gives way at the root too
                kept.insert(kept.end(), below.begin(), below.end());
                continue;
            }
            nodes_[top].children = std::move(below);
            kept.push_back(top);
        }
        nodes_[0].children = std::move(kept);
    }

    /// The message that stands for a node: its own, or a dummy's first child's.
    std::uint32_t message_of(std::uint32_t node) const {
        while (nodes_[node].message < 0) node = nodes_[node].children.front();
        return static_cast<std::uint32_t>(nodes_[node].message);
    }

    void sort_by_sent(Children& nodes) {
        std::sort(nodes.begin(), nodes.end(), [&](std::uint32_t x, std::uint32_t y) {
            std::uint32_t a = message_of(x), b = message_of(y);
            return std::tie(messages_[a].sent, a) < std::tie(messages_[b].sent, b);
        });
    }

    /// Step 4.
    void sort_roots() {
        for (std::uint32_t top : nodes_[0].children)
            if (nodes_[top].message < 0) sort_by_sent(nodes_[top].children);
        sort_by_sent(nodes_[0].children);
    }

    bool dummy(std::uint32_t node) const { return nodes_[node].message < 0; }
    bool is_reply(std::uint32_t node) const { return !dummy(node) && messages_[message_of(node)].reply; }

    /// Step 5.
    void merge_subjects() {
        std::unordered_map<std::uint32_t, std::uint32_t> table;
        const Children tops = nodes_[0].children;
        for (std::uint32_t top : tops) {
            const std::uint32_t subject = messages_[message_of(top)].subject;
            if (subject == 0) continue;
            auto [at, fresh] = table.try_emplace(subject, top);
            if (fresh || dummy(at->second)) continue;
            if (dummy(top) || (is_reply(at->second) && !is_reply(top))) at->second = top;
        }
        std::vector<bool> merged(nodes_.size() + tops.size(), false);
        Children made;  // dummies that take the place of the thread in the table
        std::unordered_map<std::uint32_t, std::uint32_t> place;
        for (std::uint32_t top : tops) {
            const std::uint32_t subject = messages_[message_of(top)].subject;
            if (subject == 0) continue;
            std::uint32_t& main = table.find(subject)->second;
            if (main == top) continue;
            if (dummy(main) && dummy(top)) {
                Children& into = nodes_[main].children;
                into.insert(into.end(), nodes_[top].children.begin(), nodes_[top].children.end());
                merged[top] = true;
            } else if (dummy(main) || (is_reply(top) && !is_reply(main))) {
                nodes_[main].children.push_back(top);
                merged[top] = true;
            } else {
                std::uint32_t holder = add_node(-1);
                nodes_[holder].children = {main, top};
                place[main] = holder;
                merged[top] = true;
                main = holder;
            }
        }
        Children kept;
        for (std::uint32_t top : tops) {
            if (merged[top]) {
                // The thread in the table may itself have been replaced before `top` was merged into it.
                continue;
            }
            auto holder = place.find(top);
            kept.push_back(holder == place.end() ? top : holder->second);
        }
        nodes_[0].children = std::move(kept);
    }

    /// Step 6: the youngest first. A node's place is its message's or its first child's, so children first.
    void sort_below(std::uint32_t node, unsigned depth) {
        for (std::uint32_t child : nodes_[node].children) sort_below(child, depth + 1);
        sort_by_sent(nodes_[node].children);
    }

    std::int64_t newest(std::uint32_t node) const {
        std::int64_t found =
            dummy(node) ? INT64_MIN : messages_[static_cast<std::size_t>(nodes_[node].message)].arrived;
        for (std::uint32_t child : nodes_[node].children) found = std::max(found, newest(child));
        return found;
    }

    /// THREAD=REFS: the thread with the newest arrival comes last.
    void sort_roots_by_arrival() {
        std::vector<std::pair<std::int64_t, std::uint32_t>> tops;
        for (std::uint32_t top : nodes_[0].children) tops.emplace_back(newest(top), top);
        std::sort(tops.begin(), tops.end(), [&](const auto& x, const auto& y) {
            return x.first != y.first ? x.first < y.first : message_of(x.second) < message_of(y.second);
        });
        nodes_[0].children.clear();
        for (const auto& [when, top] : tops) nodes_[0].children.push_back(top);
    }

    const std::vector<ThreadMessage>& messages_;
    const std::vector<std::uint64_t>& references_;
    std::vector<Threads::Node> nodes_;
    std::vector<std::uint32_t> parents_;
    std::vector<std::uint32_t> path_;
    NodeOfId by_id_;
};

}  // namespace

Threads thread(const ThreadInput& input, Algorithm algorithm) {
    if (algorithm == Algorithm::ordered_subject) return by_subject(input);
    return ByReferences{input}.run(algorithm);
}

}  // namespace postrider::imap
