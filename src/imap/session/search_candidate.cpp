#include "imap/session/search_candidate.h"

#include <algorithm>

#include "mime/encoded_word.h"
#include "mime/envelope_fields.h"
#include "mime/header.h"
#include "mime/searchable.h"
#include "text/ascii.h"

namespace postrider::imap {

using Kind = SearchKey::Kind;
using mailstore::Item;

const mime::StoredEnvelope& Candidate::envelope() {
    auto& envelope = read().envelope;
    if (!envelope) {
        std::string_view text;
        if (auto listing = mime::Listing::decode(record_)) text = listing->envelope;
        envelope = mime::read_envelope(text);
    }
    return *envelope;
}

std::optional<std::int64_t> Candidate::day_sent() const {
    auto listing = mime::Listing::decode(record_);
    if (!listing) return std::nullopt;
    return mime::sent_day(listing->envelope);
}

std::uint64_t Candidate::thread_key() const {
    auto summary = mime::Summary::decode(record_);
    return summary ? summary->thread_key : 0;
}

bool Candidate::may_contain(const std::string& folded) {
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

const std::string& Candidate::message() {
    auto& message = read().message;
    if (!message) message = view_.message(item_).value_or(std::string{});
    return *message;
}

std::string_view Candidate::head() {
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

const std::vector<mime::Part>& Candidate::parts() {
    auto& parts = read().parts;
    if (!parts) {
        auto description = mime::Description::decode(record_);
        parts = description ? std::move(description->parts) : std::vector<mime::Part>{};
    }
    return *parts;
}

namespace {

using Node = SearchProgram::Node;

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
    const bool asks_day =
        node.kind == Kind::sent_before || node.kind == Kind::sent_on || node.kind == Kind::sent_since;
    if (!asks_day) return test_text(message, node);
    const auto day = message.day_sent();
    if (!day) return false;
    if (node.kind == Kind::sent_on) return *day == node.number;
    return (*day < node.number) == (node.kind == Kind::sent_before);
}

}  // namespace

bool fits(Candidate& message, const Node& node) {
    const Item& item = message.item();
    switch (node.kind) {
        case Kind::all:
            return std::all_of(node.children.begin(), node.children.end(),
                               [&](const Node& child) { return fits(message, child); });
        case Kind::either:
        case Kind::fuzzy:
            return std::any_of(node.children.begin(), node.children.end(),
                               [&](const Node& child) { return fits(message, child); });
        case Kind::negated: return !fits(message, node.children.front());
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

unsigned relevancy(Candidate& message, const Node& node) {
    unsigned sum = 0, keys = 0, best = 0;
    switch (node.kind) {
        case Kind::fuzzy:
            for (const Node& child : node.children)
                if (child.weight > best && fits(message, child)) best = child.weight;
            return best;
        case Kind::all:
            for (const Node& child : node.children) {
                const unsigned one = relevancy(message, child);
                sum += one;
                keys += one > 0;
            }
            return keys == 0 ? 0 : sum / keys;
        case Kind::either:
            for (const Node& child : node.children)
                if (fits(message, child)) best = std::max(best, relevancy(message, child));
            return best;
        default: return 0;
    }
}

}  // namespace postrider::imap
