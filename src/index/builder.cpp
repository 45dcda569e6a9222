#include "index/builder.h"

#include <xxhash.h>
#include <zstd.h>

#include <algorithm>
#include <cassert>

#include "index/postings.h"
#include "index/runs.h"
#include "text/fold.h"

namespace postrider::index {
namespace {

constexpr std::size_t arena_piece = 64 * 1024;
constexpr std::size_t first_table = 1 << 12;

}  // namespace

Builder::Builder() : table_(first_table) {}

void Builder::clear() {
    documents_.clear();
    terms_.clear();
    table_.assign(first_table, 0);
    table_.shrink_to_fit();
    arena_.clear();
    texts_.clear();
    junctions_ = {};
    filters_ = {};
    filter_ends_.clear();
    arena_bytes_ = postings_bytes_ = 0;
}

std::size_t Builder::memory() const {
    return terms_.size() * sizeof(Term) + table_.size() * sizeof table_[0] + arena_bytes_ + postings_bytes_
           + filters_.size() * sizeof filters_[0];
}

void Builder::begin(DocumentId document) {
    assert(documents_.empty() || documents_.back() < document);
    if (!documents_.empty()) end_filter();
    documents_.push_back(document);
}

void Builder::end_filter() {
    junctions_.finish(filters_);
    filter_ends_.push_back(filters_.size());
}

void Builder::add(Fields fields, std::string_view utf8) {
    const std::string folded = text::fold_unicode(utf8);
    auto take = [&](std::string_view term) {
        // A zero ends a term in the dictionary; nobody can search for it (RFC 9051 §4.3).
        while (!term.empty()) {
            const std::size_t zero = std::min(term.find('\0'), term.size());
            if (zero > 0) count(term.substr(0, zero), fields);
            term.remove_prefix(std::min(zero + 1, term.size()));
        }
    };
    for (std::string_view rest = folded; !rest.empty();) {
        const Run run = take_run(rest);
        each_term_of(run, take);
        if (fields == Field::body && ends_word(run)) junctions_.add(folded, folded.size() - rest.size());
    }
}

void Builder::count(std::string_view term, Fields fields) {
    Term& entry = find(term);
    const auto current = static_cast<std::uint32_t>(documents_.size() - 1);
    if (entry.fields != 0 && entry.document == current) {
        entry.fields |= fields;
        return;
    }
    if (entry.fields != 0) {
        const std::size_t before = entry.postings.capacity();
        put_posting(entry.postings, entry.next, entry.document, entry.fields);
        if (entry.postings.capacity() != before)
            postings_bytes_ += entry.postings.capacity() - (before > 15 ? before : 0);
    }
    entry.document = current;
    entry.fields = fields;
}

Builder::Term& Builder::find(std::string_view term) {
    const std::uint64_t hash = XXH3_64bits(term.data(), term.size());
    const std::size_t mask = table_.size() - 1;
    for (std::size_t slot = hash & mask;; slot = (slot + 1) & mask) {
        if (table_[slot] == 0) {
            terms_.push_back({store(term), hash});
            table_[slot] = static_cast<std::uint32_t>(terms_.size());
            Term& made = terms_.back();
            if (terms_.size() * 2 > table_.size()) grow();
            return made;
        }
        Term& entry = terms_[table_[slot] - 1];
        if (entry.hash == hash && entry.text == term) return entry;
    }
}

void Builder::grow() {
    table_.assign(table_.size() * 2, 0);
    const std::size_t mask = table_.size() - 1;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
        std::size_t slot = terms_[i].hash & mask;
        while (table_[slot] != 0) slot = (slot + 1) & mask;
        table_[slot] = static_cast<std::uint32_t>(i + 1);
    }
}

std::string_view Builder::store(std::string_view term) {
    if (arena_.empty() || arena_.back().size() + term.size() > arena_piece) {
        arena_.emplace_back().reserve(arena_piece);  // never grows beyond: views into it stay
        arena_bytes_ += arena_piece;
    }
    std::string& piece = arena_.back();
    const std::size_t at = piece.size();
    piece.append(term);
    return std::string_view{piece}.substr(at);
}

void Builder::keep_text(std::string_view utf8) {
    std::string packed(ZSTD_compressBound(utf8.size()), '\0');
    const std::size_t size = ZSTD_compress(packed.data(), packed.size(), utf8.data(), utf8.size(), 3);
    if (ZSTD_isError(size)) return;
    packed.resize(size);
    packed.shrink_to_fit();
    postings_bytes_ += packed.size();
    texts_.emplace_back(static_cast<std::uint32_t>(documents_.size() - 1), std::move(packed));
}

SegmentWriter::Result<> Builder::write(const std::filesystem::path& path, bool durable) {
    auto writer = SegmentWriter::create(path, documents_);
    SegmentWriter::Result<> done;
    if (writer) {
        for (const auto& [document, packed] : texts_) (*writer)->text(document, packed);
        if (!documents_.empty()) end_filter();
        std::size_t begin = 0;
        for (const std::size_t end : filter_ends_) {
            (*writer)->filter(JunctionFilter{filters_}.subspan(begin, end - begin));
            begin = end;
        }
        std::vector<std::uint32_t> order(terms_.size());
        for (std::uint32_t i = 0; i < order.size(); ++i) order[i] = i;
        std::ranges::sort(order, {}, [&](std::uint32_t i) { return terms_[i].text; });
        for (std::uint32_t i : order) {
            Term& term = terms_[i];
            put_posting(term.postings, term.next, term.document, term.fields);
            (*writer)->term(term.text, term.postings);
        }
        done = (*writer)->finish(durable);
    } else {
        done = std::unexpected(writer.error());
    }
    clear();
    return done;
}

}  // namespace postrider::index
