#include "imap/wire/search.h"

#include <algorithm>

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

using Kind = SearchKey::Kind;

/// The bits of mailstore::Flag; wire/ knows no store, session/search.cpp asserts that they agree.
enum FlagBit : std::uint64_t { seen = 1, answered = 2, flagged = 4, deleted = 8, draft = 16 };

struct Plain {
    std::string_view word;
    Kind kind;
    std::uint64_t number = 0;
};
constexpr Plain plain_keys[] = {
    {"ALL", Kind::all},
    {"ANSWERED", Kind::flag, answered},
    {"DELETED", Kind::flag, deleted},
    {"DRAFT", Kind::flag, draft},
    {"FLAGGED", Kind::flag, flagged},
    {"RECENT", Kind::recent},
    {"SAVEDATESUPPORTED", Kind::all},  // RFC 8514 §4.3: by every mailbox
    {"SEEN", Kind::flag, seen},
    {"UNANSWERED", Kind::no_flag, answered},
    {"UNDELETED", Kind::no_flag, deleted},
    {"UNDRAFT", Kind::no_flag, draft},
    {"UNFLAGGED", Kind::no_flag, flagged},
    {"UNSEEN", Kind::no_flag, seen},
};

struct Worded {
    std::string_view word;
    Kind kind;
};
constexpr Worded date_keys[] = {
    {"BEFORE", Kind::before},
    {"ON", Kind::on},
    {"SINCE", Kind::since},
    {"SENTBEFORE", Kind::sent_before},
    {"SENTON", Kind::sent_on},
    {"SENTSINCE", Kind::sent_since},
    {"SAVEDBEFORE", Kind::saved_before},
    {"SAVEDON", Kind::saved_on},
    {"SAVEDSINCE", Kind::saved_since},
};
constexpr Worded number_keys[] = {
    {"LARGER", Kind::larger}, {"SMALLER", Kind::smaller}, {"OLDER", Kind::older}, {"YOUNGER", Kind::younger}};
constexpr std::string_view header_keys[] = {"BCC", "CC", "FROM", "SUBJECT", "TO"};

class Program {
public:
    explicit Program(Cursor& in) : in_{in} {}

    /// search-key *(SP search-key), as the children of one node
    SearchKey keys(unsigned depth) {
        SearchKey node;
        do node.children.push_back(key(depth));
        while (in_.ok() && in_.take(" "));
        return node;
    }

private:
    SearchKey key(unsigned depth) {
        SearchKey node;
        if (depth == 0) in_.fail("a search that is not nested so deeply");
        if (++count_ > max_search_keys) in_.fail("fewer search keys");
        if (!in_.ok()) return node;
        char next = in_.peek();
        if (next == '(') {
            in_.octets(1);
            node = keys(depth - 1);
            in_.need(")");
        } else if (text::is_digit(next) || next == '*' || next == '$') {
            node.kind = Kind::sequence;
            node.set = sequence_set(in_);
        } else if (in_.take_word("NOT")) {
            in_.need(" ");
            node.kind = Kind::negated;
            node.children.push_back(key(depth - 1));
        } else if (in_.take_word("FUZZY")) {
            in_.need(" ");
            node.kind = Kind::fuzzy;
            node.children.push_back(key(depth - 1));
        } else if (in_.take_word("OR")) {
            in_.need(" ");
            node.kind = Kind::either;
            node.children.push_back(key(depth - 1));
            in_.need(" ");
            node.children.push_back(key(depth - 1));
        } else if (!plain(node) && !with_argument(node)) {
            in_.fail("a search key");
        }
        return node;
    }

    bool plain(SearchKey& node) {
        for (const Plain& row : plain_keys) {
            if (!in_.take_word(row.word)) continue;
            node.kind = row.kind;
            node.number = row.number;
            return true;
        }
        // RFC 3501: what is recent and unseen, and what is not recent.
        if (in_.take_word("OLD")) {
            node.kind = Kind::negated;
            node.children.emplace_back().kind = Kind::recent;
            return true;
        }
        if (in_.take_word("NEW")) {
            node.children.resize(2);
            node.children[0].kind = Kind::recent;
            node.children[1].kind = Kind::no_flag;
            node.children[1].number = seen;
            return true;
        }
        return false;
    }

    bool word(std::string_view expected) {
        if (!in_.take_word(expected)) return false;
        in_.need(" ");
        return true;
    }

    bool with_argument(SearchKey& node) {
        for (const Worded& row : date_keys) {
            if (!word(row.word)) continue;
            node.kind = row.kind;
            node.day = date(in_);
            return true;
        }
        for (const Worded& row : number_keys) {
            if (!word(row.word)) continue;
            node.kind = row.kind;
            const bool seconds = row.kind == Kind::older || row.kind == Kind::younger;
            node.number = seconds ? nz_number(in_) : number64(in_);  // RFC 5032 §4
            return true;
        }
        for (std::string_view name : header_keys) {
            if (!word(name)) continue;
            node.kind = Kind::header;
            node.field = text::to_lower(name);
            node.text = astring(in_);
            return true;
        }
        if (word("HEADER")) {
            node.kind = Kind::header;
            node.field = text::to_lower(astring(in_));
            in_.need(" ");
            node.text = astring(in_);
        } else if (word("BODY")) {
            node.kind = Kind::body;
            node.text = astring(in_);
        } else if (word("TEXT")) {
            node.kind = Kind::text;
            node.text = astring(in_);
        } else if (word("KEYWORD")) {
            node.kind = Kind::keyword;
            node.text = atom(in_);
        } else if (word("UNKEYWORD")) {
            node.kind = Kind::no_keyword;
            node.text = atom(in_);
        } else if (word("FILTER")) {
            node.kind = Kind::filter;
            node.text = atom(in_);
            if (node.text.find('/') != std::string::npos) in_.fail("a filter's name");
        } else if (word("EMAILID")) {
            node.kind = Kind::email_id;
            node.text = object_id();
        } else if (word("THREADID")) {
            node.kind = Kind::thread_id;
            node.text = object_id();
        } else if (word("UIDAFTER")) {  // RFC 9738 §3.2
            std::uint32_t uid = nz_number(in_);
            node.kind = Kind::uid;
            if (uid < UINT32_MAX) node.set.ranges.push_back({uid + 1, UINT32_MAX});
        } else if (word("UIDBEFORE")) {
            std::uint32_t uid = nz_number(in_);
            node.kind = Kind::uid;
            if (uid > 1) node.set.ranges.push_back({1, uid - 1});
        } else if (word("UID")) {
            node.kind = Kind::uid;
            node.set = sequence_set(in_);
        } else if (word("MODSEQ")) {
            modseq(node);
        } else {
            return false;
        }
        return true;
    }

    /// objectid = 1*255(ALPHA / DIGIT / "_" / "-")                                       RFC 8474 §7
    std::string object_id() {
        std::string_view id =
            in_.run([](char c) { return text::is_alpha(c) || text::is_digit(c) || c == '_' || c == '-'; });
        if (id.empty() || id.size() > 255) in_.fail("an object id");
        return std::string{id};
    }

    /// search-modsequence = "MODSEQ" [search-modseq-ext] SP mod-sequence-valzer             RFC 7162 §7
    /// We keep one sequence for all metadata of a message, which §3.1.5 allows: the entry changes nothing.
    void modseq(SearchKey& node) {
        node.kind = Kind::modseq;
        if (in_.peek() == '"') {
            std::string entry = string(in_);
            in_.need(" ");
            if (!in_.take_word("priv") && !in_.take_word("shared") && !in_.take_word("all"))
                in_.fail("priv, shared or all");
            in_.need(" ");
        }
        node.number = number64(in_);
    }

    Cursor& in_;
    std::size_t count_ = 0;
};

}  // namespace

/// search-return-opts = "RETURN" SP "(" [search-return-opt *(SP search-return-opt)] ")"
void return_options(Cursor& in, SearchArgs& search) {
    search.extended = true;
    list_of(in, true, [&](Cursor& at) {
        if (at.take_word("MIN"))
            search.returns |= SearchArgs::min;
        else if (at.take_word("MAX"))
            search.returns |= SearchArgs::max;
        else if (at.take_word("ALL"))
            search.returns |= SearchArgs::all;
        else if (at.take_word("COUNT"))
            search.returns |= SearchArgs::count;
        else if (at.take_word("RELEVANCY"))
            search.returns |= SearchArgs::relevancy;
        else if (at.take_word("SAVE"))
            search.returns |= SearchArgs::save;
        else if (at.take_word("UPDATE")) {
            search.returns |= SearchArgs::update;
            // RFC 5465 §8 has no space there, its example in §7 has one.
            if (at.take(" (") || at.take("(")) fetch_atts_to_end(at, search.update_fetch.emplace());
        } else if (at.take_word("CONTEXT"))
            search.returns |= SearchArgs::context;
        else if (at.take_word("PARTIAL")) {
            if (search.returns & SearchArgs::partially) at.fail("one PARTIAL only");
            search.returns |= SearchArgs::partially;
            at.need(" ");
            search.partial = partial_range(at);
        } else {
            at.fail("MIN, MAX, ALL, COUNT, SAVE, PARTIAL, RELEVANCY, UPDATE or CONTEXT");
        }
    });
    constexpr std::uint16_t either = SearchArgs::all | SearchArgs::partially;
    if ((search.returns & either) == either) in.fail("PARTIAL or ALL, not both");  // RFC 9394 §3.1
    // RFC 4731 §3.1: RETURN () means ALL; CONTEXT and UPDATE ask for nothing by themselves.
    constexpr std::uint16_t silent = SearchArgs::context | SearchArgs::update;
    if ((search.returns & ~silent) == 0) search.returns |= SearchArgs::all;
    in.need(" ");
}

SearchKey search_keys(Cursor& in) {
    return Program{in}.keys(max_search_depth);
}

void need_fuzzy(Cursor& in, const SearchKey& program) {
    if (!program.any([](const SearchKey& key) { return key.kind == Kind::fuzzy; }))
        in.fail("FUZZY, which RELEVANCY is about");
}

bool SearchKey::any(bool (*test)(const SearchKey&)) const {
    return test(*this) || std::any_of(children.begin(), children.end(), [test](const SearchKey& child) {
               return child.any(test);
           });
}

Parsed<SearchArgs> parse_search(std::string_view args) {
    Cursor in{args};
    SearchArgs search;
    if (in.take_word("RETURN")) {
        in.need(" ");
        return_options(in, search);
    }
    if (in.take_word("CHARSET")) {
        in.need(" ");
        search.charset = text::to_upper(astring(in));
        in.need(" ");
    }
    search.program = search_keys(in);
    if (search.returns & SearchArgs::relevancy) need_fuzzy(in, search.program);
    return in.finish(std::move(search));
}

}  // namespace postrider::imap
