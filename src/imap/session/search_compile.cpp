#include <algorithm>
#include <utility>

#include "imap/session/fuzzy.h"
#include "imap/session/metadata.h"
#include "imap/session/object_id.h"
#include "imap/session/search_node.h"
#include "imap/session/search_program.h"
#include "text/ascii.h"
#include "text/charset.h"

namespace postrider::imap {

using Kind = SearchKey::Kind;

static_assert(mailstore::seen == 1 && mailstore::answered == 2 && mailstore::flagged == 4
                  && mailstore::deleted == 8 && mailstore::draft == 16,
              "wire/search.cpp counts on these bits");

namespace {

using Node = SearchProgram::Node;

int own_cost(const SearchKey& key) {
    switch (key.kind) {
        case Kind::sent_before:
        case Kind::sent_on:
        case Kind::sent_since:
        case Kind::thread_id: return 1;
        case Kind::header:
            // An empty string asks whether the field is there at all; the envelope does not tell for all of
            // them.
            return !key.text.empty()
                           && (key.field == "from" || key.field == "to" || key.field == "cc"
                               || key.field == "subject")
                       ? 1
                       : 2;
        case Kind::body:
        case Kind::text: return 3;
        default: return 0;
    }
}

/// No octet that decoding an envelope adds or takes away.
bool is_literal(std::string_view folded) {
    return std::all_of(folded.begin(), folded.end(), [](char c) {
        return text::is_alpha(c) || text::is_digit(c) || c == '.' || c == '-' || c == '_' || c == '+';
    });
}

/// RFC 5466 §3.1: at least three passes; deeper ones are taken for a loop.
constexpr unsigned max_filter_depth = 5;

std::int64_t keyword_bit(const mailstore::FolderInfo& folder, std::string_view name) {
    for (std::size_t i = 0; i < folder.keywords.size(); ++i)
        if (text::equal_ci(folder.keywords[i], name)) return static_cast<std::int64_t>(i);
    return -1;
}

void learn_keywords(Node& node, const mailstore::FolderInfo& folder) {
    if ((node.kind == Kind::keyword || node.kind == Kind::no_keyword) && node.number < 0)
        node.number = keyword_bit(folder, node.field);
    for (Node& child : node.children) learn_keywords(child, folder);
}

struct Compiler {
    const Client* client;  ///< nullptr: nobody who has a session
    const Clock& clock;
    Collation collation;
    const Selected* selected;
    const mailstore::FolderInfo& folder;
    std::string charset;
    std::optional<Reply> refused{};
    unsigned filter_depth = 0;
    std::size_t nodes = 0;

    UidSet set(const SearchKey& key) {
        if (key.kind == Kind::sequence && !selected) {  // RFC 7377 §2.1
            if (!refused) refused = bad("Message numbers are of the selected mailbox");
            return {};
        }
        if (key.kind == Kind::sequence && client != nullptr && client->uid_only && !key.set.saved) {
            if (!refused) refused = bad("[UIDREQUIRED] Message numbers are not used here");
            return {};
        }
        if (key.set.saved) return selected ? selected->saved : UidSet{};
        // RFC 9051 §6.4.4 speaks of messages in the set: numbers beyond the last are in no message.
        if (key.kind == Kind::sequence) return selected->map.at(key.set.resolve(selected->map.size()));
        std::uint32_t last = selected ? selected->map.last().value() : folder.uid_next.value() - 1;
        return to_uids(key.set.resolve(last));
    }

    /// The stored search, as if it stood here in parentheses.
    Node filter(const SearchKey& key) {
        auto undefined = [&] {
            if (!refused) refused = no("[UNDEFINED-FILTER " + key.text + "] There is no such filter");
            return Node{};
        };
        if (refused || client == nullptr || filter_depth == max_filter_depth) return undefined();
        auto stored = stored_filter(*client, key.text);
        if (!stored) {
            refused = to_reply(stored.error());
            return Node{};
        }
        if (!*stored) return undefined();
        Cursor in{**stored};
        SearchKey keys = search_keys(in);
        auto whole = in.finish(std::move(keys));
        if (!whole) return undefined();
        ++filter_depth;
        Node made = node(*whole);
        --filter_depth;
        return made;
    }

    /// RFC 6203 §3: the key itself and what is like it.
    Node fuzzy(SearchKey key) {
        auto each_fuzzily = [](SearchKey& group) {
            for (SearchKey& child : group.children) {
                SearchKey wrapped;
                wrapped.kind = Kind::fuzzy;
                wrapped.children.push_back(std::move(child));
                child = std::move(wrapped);
            }
        };
        if (key.kind == Kind::all || key.kind == Kind::either) each_fuzzily(key);
        if (key.kind == Kind::all || key.kind == Kind::either || key.kind == Kind::fuzzy
            || key.kind == Kind::filter)
            return node(key);
        if (!charset.empty() && !key.text.empty()) key.text = text::to_utf8(key.text, charset);
        std::string before = std::exchange(charset, std::string{});
        Node made;
        made.kind = Kind::fuzzy;
        for (const Alternative& one : alternatives(key)) {
            Node child = node(one.key);
            child.weight = one.weight;
            made.cost = std::max(made.cost, child.cost);
            made.children.push_back(std::move(child));
        }
        charset = std::move(before);
        std::stable_sort(made.children.begin(), made.children.end(),
                         [](const Node& a, const Node& b) { return a.cost < b.cost; });
        return made;
    }

    Node node(const SearchKey& key) {
        if (key.kind == Kind::filter) return filter(key);
        if (key.kind == Kind::fuzzy) return fuzzy(key.children.front());
        Node made;
        if (++nodes > max_search_keys && !refused) refused = no("[LIMIT] The filters are too large");
        if (refused) return made;
        made.kind = key.kind;
        made.cost = own_cost(key);
        made.field = key.field;
        made.number = static_cast<std::int64_t>(key.number);
        std::int64_t day = key.day.time_since_epoch().count();
        std::int64_t now = std::chrono::system_clock::to_time_t(clock.now());
        switch (key.kind) {
            case Kind::sequence:
            case Kind::uid: made.uids = set(key); break;
            case Kind::recent:
                if (selected) made.uids = selected->recent;
                break;
            case Kind::keyword:
            case Kind::no_keyword:
                made.field = key.text;
                made.number = keyword_bit(folder, key.text);
                break;
            case Kind::before:
            case Kind::on:
            case Kind::since:
            case Kind::saved_before:
            case Kind::saved_on:
            case Kind::saved_since: made.number = day * 86400; break;
            case Kind::email_id: made.id = read_object_id(key.text, 'M'); break;
            case Kind::thread_id: made.id = read_object_id(key.text, 'T'); break;
            case Kind::sent_before:
            case Kind::sent_on:
            case Kind::sent_since: made.number = day; break;
            case Kind::older:
            case Kind::younger:  // RFC 5032 §3: at most, and at least, so many seconds ago
                made.number =
                    now - static_cast<std::int64_t>(std::min<std::uint64_t>(key.number, 1ull << 40));
                break;
            case Kind::header:
            case Kind::body:
            case Kind::text:
                made.key = Needle{collation, charset.empty() ? key.text : text::to_utf8(key.text, charset)};
                made.literal = collation != Collation::octet && is_literal(made.key.folded());
                break;
            default: break;
        }
        for (const SearchKey& child : key.children) {
            made.children.push_back(node(child));
            made.cost = std::max(made.cost, made.children.back().cost);
        }
        std::stable_sort(made.children.begin(), made.children.end(),
                         [](const Node& a, const Node& b) { return a.cost < b.cost; });
        return made;
    }
};

}  // namespace

std::expected<SearchProgram, Reply> SearchProgram::compile(const Client& client, const SearchArgs& args,
                                                           const mailstore::FolderInfo& folder,
                                                           const Selected* selected, AccountId account) {
    if (!args.charset.empty() && !text::known_charset(args.charset))
        return std::unexpected(no("[BADCHARSET (US-ASCII UTF-8)] That charset is not known"));
    bool plain = args.charset.empty() || args.charset == "UTF-8" || args.charset == "US-ASCII";
    std::string charset = plain ? std::string{} : args.charset;
    // RFC 6855 §3: a client that speaks UTF-8 has no other charset to name.
    if (client.utf8_accept && !args.charset.empty() && !args.charset_is_fixed)
        return std::unexpected(bad("No CHARSET goes with UTF8=ACCEPT"));
    bool filters = args.program.any([](const SearchKey& key) { return key.kind == Kind::filter; });
    if (filters && !plain)  // RFC 5466 §3.1
        return std::unexpected(bad("[BADCHARSET (US-ASCII UTF-8)] Filters are in UTF-8"));
    Compiler compiler{&client, client.services.clock, client.collation, selected, folder, charset};
    auto root = std::make_unique<Node>(compiler.node(args.program));
    if (compiler.refused) return std::unexpected(*compiler.refused);
    SearchProgram program{std::move(root), client.services.full_text,
                          selected ? selected->account->id() : account, client.progress};
    // Index and columns know texts by i;unicode-casemap alone.
    program.folds_ = client.collation == Collation::unicode_casemap;
    return program;
}

std::expected<SearchProgram, Reply> SearchProgram::compile(const SearchKey& keys,
                                                           const mailstore::FolderInfo& folder,
                                                           AccountId account, const Clock& clock,
                                                           index::Index* full_text,
                                                           Client::Progress& progress) {
    Compiler compiler{nullptr, clock, Collation::unicode_casemap, nullptr, folder, {}};
    auto root = std::make_unique<Node>(compiler.node(keys));
    if (compiler.refused) return std::unexpected(*compiler.refused);
    SearchProgram program{std::move(root), full_text, account, progress};
    program.folds_ = true;
    return program;
}

void SearchProgram::learn(const mailstore::FolderInfo& folder) {
    learn_keywords(*root_, folder);
}

}  // namespace postrider::imap
