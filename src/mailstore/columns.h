#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "mailstore/folded_texts.h"
#include "mailstore/mailstore.h"
#include "mime/description.h"

namespace postrider::mailstore {

/// What searching, sorting and threading ask of the descriptions of one folder's messages, in memory: 56
/// octets each, and every text once, however many messages have it. A message never changes, so that a row is
/// right for ever; rows of what has been expunged since stay until the columns are made anew. Texts are
/// folded for i;unicode-casemap.
///
/// Thread-safe; readers hold others up only for as long as it takes to go through memory.
class Columns {
public:
    using Text = FoldedTexts::Id;

    struct Row {
        Uid uid;
        Text subject;        ///< decoded
        Text base_subject;   ///< RFC 5256 §2.1
        std::uint32_t from;  ///< number of an Addresses
        std::uint32_t to;
        std::uint32_t cc;
        std::int32_t day;  ///< of the Date field as written, counted from 1970-01-01; no_day
        std::uint32_t first_reference;
        std::int64_t sent;         ///< mime::Description::sent
        std::uint64_t message_id;  ///< mime::reference_key(); 0 = none
        std::uint8_t references;   ///< how many
        bool references_known;
        bool reply;
    };
    static constexpr std::int32_t no_day = INT32_MIN;

    /// One field of addresses.
    struct Addresses {
        Text all;      ///< "Name <local@host>" of each, with NUL between them
        Text mailbox;  ///< of the first (RFC 5256 §3)
        Text display;  ///< of the first (RFC 5957 §3)
        friend bool operator==(const Addresses&, const Addresses&) = default;
    };

    Columns();

    /// Adds a message with a higher UID than all.
    void add(Uid uid, const mime::Summary& summary);
    /// All below are in here that could be: what is missing has to be looked at by itself.
    Uid upto() const { return Uid{upto_.load(std::memory_order_acquire)}; }
    /// No more is added for now.
    void filled(Uid upto);
    /// Of so many messages it takes too much memory: nothing is kept.
    void give_up(std::size_t messages);
    /// 0, or of how many it was too much.
    std::size_t too_many() const { return too_many_.load(std::memory_order_acquire); }
    std::size_t rows() const;
    std::size_t memory() const;
    /// While they are not made: notes so many descriptions that somebody will read for want of them. How many
    /// had been before.
    std::uint64_t note_looks(std::uint64_t many) { return looks_.fetch_add(many, std::memory_order_relaxed); }

    /// Held by the one that adds.
    std::mutex filling;

    struct Answer {
        UidSet yes;
        UidSet missing;  ///< have no row
    };
    enum class Field : std::uint8_t { subject, from, to, cc };
    /// Those that have a piece of text in a field (in one address of it).
    /// @param folded  not empty, without NUL
    Answer containing(Field field, std::string_view folded, const UidSet& candidates) const;
    /// Those with a Date field whose day lies there, both included.
    Answer sent(std::int64_t first_day, std::int64_t last_day, const UidSet& candidates) const;

    /// Rows while nothing is added. Keep it only for a pass over memory.
    class Reading {
    public:
        enum class Ranks : bool { no, yes };
        Reading(Columns& columns, Ranks ranks);
        /// nullptr when there is none. Quick when UIDs are asked for in ascending order.
        const Row* row(Uid uid);
        const Addresses& addresses(std::uint32_t number) const { return columns_.addresses_[number]; }
        std::string_view text(Text text) const { return columns_.texts_.at(text); }
        /// Texts come in the order of their ranks; only with Ranks::yes.
        std::uint32_t rank_of(Text text) const { return columns_.texts_.rank_of(text); }
        const std::uint64_t* references(const Row& row) const {
            return columns_.references_.data() + row.first_reference;
        }

    private:
        Columns& columns_;
        std::shared_lock<std::shared_mutex> lock_;
        std::size_t at_ = 0;
    };

private:
    std::uint32_t addresses_of(std::string_view part);
    template <class Fits>
    Answer select(const UidSet& candidates, const Fits& fits) const;

    struct Hash {
        std::size_t operator()(const Addresses& one) const {
            return std::hash<std::uint64_t>{}((std::uint64_t{one.all} << 32 | one.display)
                                              ^ std::uint64_t{one.mailbox} * 0x9e3779b97f4a7c15u);
        }
    };
    struct TextHash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
    };

    mutable std::shared_mutex mutex_;  ///< of all that follows
    std::vector<Row> rows_;
    std::vector<std::uint64_t> references_;
    FoldedTexts texts_;
    std::vector<Addresses> addresses_;
    std::unordered_map<Addresses, std::uint32_t, Hash> numbers_;

    std::atomic<std::uint32_t> upto_{0};
    std::atomic<std::size_t> too_many_{0};
    std::atomic<std::uint64_t> looks_{0};
    /// While it is filled: fields of addresses as they stand in envelopes, which are mostly the same few.
    std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> seen_;
};

enum class Made : std::uint8_t {
    if_there,
    when_worth,  ///< by the second who would read many descriptions, or some of them again and again
    now,
};

/// A FolderView that can keep columns is one of these too.
class KeepsColumns {
public:
    virtual ~KeepsColumns() = default;
    virtual std::shared_ptr<Columns> columns(Made how, std::uint64_t looks) = 0;
};

/// The columns of all the folder's messages, complete for the view's moment; nullptr when they are not kept:
/// of a small folder, of one that is too large, or when they are not there and not to be made. Making them
/// reads all descriptions once.
/// @param looks  for Made::when_worth: how many descriptions the caller will read without them
std::shared_ptr<Columns> columns_of(FolderView& view, Made how, std::uint64_t looks = 0);

}  // namespace postrider::mailstore
