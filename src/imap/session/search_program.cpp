#include "imap/session/search_program.h"

#include <algorithm>
#include <utility>

#include "imap/session/fuzzy.h"
#include "imap/session/metadata.h"
#include "imap/session/object_id.h"
#include "imap/session/search_known.h"
#include "imap/session/search_node.h"
#include "index/index.h"
#include "mailstore/item_filter.h"
#include "mime/encoded_word.h"
#include "mime/envelope_fields.h"
#include "mime/header.h"
#include "mime/searchable.h"
#include "text/ascii.h"
#include "text/charset.h"

namespace postrider::imap {

using Kind = SearchKey::Kind;
using mailstore::FolderView;
using mailstore::Item;

static_assert(mailstore::seen == 1 && mailstore::answered == 2 && mailstore::flagged == 4
                  && mailstore::deleted == 8 && mailstore::draft == 16,
              "wire/search.cpp counts on these bits");

namespace {

using Node = SearchProgram::Node;

/// One message under test; reads no more of it than is asked for, once.
class Candidate {
public:
    Candidate(FolderView& view, const Item& item, std::string_view description, const SearchKnown& known)
        : view_{view}, item_{item}, record_{description}, known_{known} {}

    const SearchKnown& known() const { return known_; }

    const Item& item() const { return item_; }

    const mime::StoredEnvelope& envelope() {
        auto& envelope = read().envelope;
        if (!envelope) {
            std::string_view text;
            if (auto listing = mime::Listing::decode(record_)) text = listing->envelope;
            envelope = mime::read_envelope(text);
        }
        return *envelope;
    }

    /// Whether there is a Date field and its day fits.
    template <class Fits>
    bool sent(Fits fits) const {
        auto listing = mime::Listing::decode(record_);
        const auto day = listing ? mime::sent_day(listing->envelope) : std::nullopt;
        return day && fits(*day);
    }

    std::uint64_t thread_key() const {
        auto summary = mime::Summary::decode(record_);
        return summary ? summary->thread_key : 0;
    }

    /// Whether the envelope as it is stored, in US-ASCII and without escapes or encoded words, has the octets
    /// of a folded key anywhere. Most messages of a folder are ruled out by this, unread.
    bool may_contain(const std::string& folded) {
        auto& raw = read().raw;
        if (!raw) {
            raw.emplace();
            if (auto listing = mime::Listing::decode(record_)) *raw = text::to_upper(listing->envelope);
            read().written_otherwise = !text::is_ascii(*raw) || raw->find('\\') != std::string::npos
                                       || raw->find("=?") != std::string::npos
                                       || raw->find('{') != std::string::npos;
        }
        return read().written_otherwise || raw->find(folded) != std::string::npos;
    }

    const std::string& message() {
        auto& message = read().message;
        if (!message) message = view_.message(item_).value_or(std::string{});
        return *message;
    }

    std::string_view head() {
        auto& whole = read().message;
        if (whole) return std::string_view{*whole}.substr(0, mime::header_size(*whole));
        auto& head = read().head;
        if (!head) {
            // Most headers fit the first piece; one that does not is read with its message.
            constexpr std::size_t first_piece = 16 * 1024;
            head = view_.head(item_, first_piece).value_or(std::string{});
            std::size_t size = mime::header_size(*head);
            if (size >= first_piece && size == head->size() && item_.size > size) {
                head.reset();
                message();
                return this->head();
            }
            head->resize(size);
        }
        return *head;
    }

    const std::vector<mime::Part>& parts() {
        auto& parts = read().parts;
        if (!parts) {
            auto description = mime::Description::decode(record_);
            parts = description ? std::move(description->parts) : std::vector<mime::Part>{};
        }
        return *parts;
    }

private:
    /// Most messages are decided by their items alone, and never need it.
    struct Read {
        std::optional<mime::StoredEnvelope> envelope;
        std::optional<std::string> raw;
        bool written_otherwise = false;
        std::optional<std::string> head;
        std::optional<std::string> message;
        std::optional<std::vector<mime::Part>> parts;
    };
    Read& read() { return read_ ? *read_ : read_.emplace(); }

    FolderView& view_;
    const Item& item_;
    std::string_view record_;
    const SearchKnown& known_;
    std::optional<Read> read_;
};

bool in_addresses(const std::vector<std::string>& addresses, const Needle& key) {
    return std::any_of(addresses.begin(), addresses.end(),
                       [&](const std::string& one) { return key.in(one); });
}

bool header_contains(Candidate& message, const Node& node) {
    for (std::string_view raw : mime::find_fields(message.head(), node.field))
        if (node.key.in(mime::decode_encoded_words(mime::unfold(raw)))) return true;
    return false;
}

bool text_contains(Candidate& message, const Node& node, bool with_header) {
    if (with_header && node.key.in(mime::searchable_header(message.head()))) return true;
    bool found = false;
    mime::each_text(message.message(), message.parts(), [&](std::string_view text) {
        found = node.key.in(text);
        return !found;
    });
    if (found) return true;
    const std::string attached = message.known().attachment_text(message.item().uid);
    return !attached.empty() && node.key.in(attached);
}

bool test_text(Candidate& message, const Node& node) {
    if (node.kind == Kind::body) return text_contains(message, node, false);
    if (node.kind == Kind::text) return text_contains(message, node, true);
    // RFC 9051 §6.4.4: the envelope structure's fields are matched in its own terms.
    if (node.cost > 1) return header_contains(message, node);
    if (node.literal && !message.may_contain(node.key.folded())) return false;
    if (node.field == "from") return in_addresses(message.envelope().from, node.key);
    if (node.field == "to") return in_addresses(message.envelope().to, node.key);
    if (node.field == "cc") return in_addresses(message.envelope().cc, node.key);
    return message.envelope().subject && node.key.in(*message.envelope().subject);
}

bool test_described(Candidate& message, const Node& node) {
    switch (node.kind) {
        case Kind::sent_before: return message.sent([&](std::int64_t day) { return day < node.number; });
        case Kind::sent_on: return message.sent([&](std::int64_t day) { return day == node.number; });
        case Kind::sent_since: return message.sent([&](std::int64_t day) { return day >= node.number; });
        default: return test_text(message, node);
    }
}

bool test(Candidate& message, const Node& node) {
    const Item& item = message.item();
    switch (node.kind) {
        case Kind::all:
            return std::all_of(node.children.begin(), node.children.end(),
                               [&](const Node& child) { return test(message, child); });
        case Kind::either:
        case Kind::fuzzy:
            return std::any_of(node.children.begin(), node.children.end(),
                               [&](const Node& child) { return test(message, child); });
        case Kind::negated: return !test(message, node.children.front());
        case Kind::sequence:
        case Kind::uid:
        case Kind::recent: return contains(node.uids, item.uid);
        case Kind::flag: return item.flags.system & node.number;
        case Kind::no_flag: return !(item.flags.system & node.number);
        case Kind::keyword:
            return node.number >= 0 && item.flags.keyword(static_cast<std::size_t>(node.number));
        case Kind::no_keyword:
            return node.number < 0 || !item.flags.keyword(static_cast<std::size_t>(node.number));
        case Kind::before: return item.internal_date < node.number;
        case Kind::on: return item.internal_date >= node.number && item.internal_date < node.number + 86400;
        case Kind::since: return item.internal_date >= node.number;
        case Kind::older: return item.internal_date <= node.number;
        case Kind::younger: return item.internal_date >= node.number;
        case Kind::larger: return item.size > node.number;
        case Kind::smaller: return item.size < node.number;
        case Kind::filter: return false;  // compile() has put its keys in its place
        case Kind::saved_before: return item.save_date < node.number;
        case Kind::saved_on: return item.save_date >= node.number && item.save_date < node.number + 86400;
        case Kind::saved_since: return item.save_date >= node.number;
        case Kind::email_id: return item.email_id == node.id && node.id != 0;
        case Kind::thread_id: return node.id != 0 && message.thread_key() == node.id;
        case Kind::modseq: return static_cast<std::int64_t>(item.modseq.value()) >= node.number;
        case Kind::sent_before:
        case Kind::sent_on:
        case Kind::sent_since:
        case Kind::header:
        case Kind::body:
        case Kind::text: {
            const auto known = message.known().answer(node, item.uid);
            return known ? *known : test_described(message, node);
        }
    }
    return false;
}

/// How well a message that matches answers the fuzzy keys, 1 to 100; 0 where there are none. Several count
/// alike.
unsigned score(Candidate& message, const Node& node) {
    unsigned sum = 0, keys = 0, best = 0;
    switch (node.kind) {
        case Kind::fuzzy:
            for (const Node& child : node.children)
                if (child.weight > best && test(message, child)) best = child.weight;
            return best;
        case Kind::all:
            for (const Node& child : node.children) {
                const unsigned one = score(message, child);
                sum += one;
                keys += one > 0;
            }
            return keys == 0 ? 0 : sum / keys;
        case Kind::either:
            for (const Node& child : node.children)
                if (test(message, child)) best = std::max(best, score(message, child));
            return best;
        default: return 0;
    }
}

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
    // Whoever would have to look at a good part of the folder takes note of it for the next time.
    const UidSet open = known.evaluate(*root_, candidates).maybe;
    if (count(open) * 4 < view.info().messages || known.decides(*root_, open)) return known;
    sources.columns = mailstore::columns_of(view, mailstore::Made::now);
    if (!sources.columns) return known;
    return {sources, folder, candidates, *root_};
}

void SearchProgram::learn(const mailstore::FolderInfo& folder) {
    learn_keywords(*root_, folder);
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
        if (!contains(sets.yes, item.uid) && !test(candidate, *root_)) return true;
        if (scores) {
            const unsigned relevancy = std::max(score(candidate, *root_), 1u);
            scores->emplace_back(item.uid, static_cast<std::uint8_t>(relevancy));
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
        if (test(candidate, *root_)) append(tested, item.uid);
        return true;
    };
    auto done = known.decides(*root_, sets.maybe)
                    ? view.each_item(sets.maybe, [&](const Item& item) { return look(item, {}); })
                    : view.each_described(sets.maybe, look);
    if (!done) return std::unexpected(done.error());
    return unite(sets.yes, tested);
}

}  // namespace postrider::imap
