#include "migration/dovecot_log.h"

#include <algorithm>

#include "mailstore/types.h"

namespace postrider::migration {
namespace {

constexpr std::size_t most = 10'000;  ///< messages in one record of the log
/// The change comes from the store, not from an index that may be ahead of it.
constexpr std::uint32_t external = 0x1000'0000;

template <class Number>
void put_le(std::string& out, Number value) {
    for (std::size_t i = 0; i < sizeof(Number); ++i)
        out.push_back(static_cast<char>(static_cast<std::uint64_t>(value) >> (8 * i)));
}
void align(std::string& data) {
    while (data.size() % 4 != 0) data.push_back('\0');
}

std::uint8_t dovecot_flags(std::uint8_t flags) {
    std::uint8_t out = 0;
    if (flags & mailstore::answered) out |= 0x01;
    if (flags & mailstore::flagged) out |= 0x02;
    if (flags & mailstore::deleted) out |= 0x04;
    if (flags & mailstore::seen) out |= 0x08;
    if (flags & mailstore::draft) out |= 0x10;
    return out;
}

template <class Each, class Do>
void in_pieces(std::span<Each> all, Do&& act) {
    for (std::size_t at = 0; at < all.size(); at += most)
        act(all.subspan(at, std::min(most, all.size() - at)));
}

}  // namespace

DovecotLog::DovecotLog(std::uint32_t made) {
    constexpr std::uint32_t first_log = 2;
    text_ = {1, 3};  // version 1.3
    put_le(text_, std::uint16_t{40});
    put_le(text_, made);
    put_le(text_, first_log);
    put_le(text_, std::uint64_t{0});  // no log before it
    put_le(text_, made);
    put_le(text_, std::uint64_t{1});  // modification sequence
    put_le(text_, std::uint64_t{1});  // little-endian
}

/// Sizes are written so that a record that is not there wholly cannot be taken for one: seven bits an octet,
/// the highest set.
void DovecotLog::record(std::uint32_t type, std::string data) {
    align(data);
    const std::size_t size = (data.size() + 8) >> 2;
    for (int shift = 21; shift >= 0; shift -= 7)
        text_.push_back(static_cast<char>(0x80 | (size >> shift & 0x7f)));
    put_le(text_, type | external);
    text_ += data;
}

void DovecotLog::header(std::uint16_t offset, std::uint32_t value) {
    std::string data;
    put_le(data, offset);
    put_le(data, std::uint16_t{4});
    put_le(data, value);
    record(0x20, std::move(data));
}

void DovecotLog::extension(const Extension& what) {
    std::string data;
    put_le(data, std::uint32_t{0xffff'ffff});  // one that has no number yet
    put_le(data, std::uint32_t{0});
    put_le(data, static_cast<std::uint32_t>(what.header.size()));
    put_le(data, what.record_size);
    put_le(data, what.record_align);
    put_le(data, what.flags);
    put_le(data, static_cast<std::uint16_t>(what.name.size()));
    data += what.name;
    record(0x40, std::move(data));
    if (what.header.empty()) return;
    std::string contents;
    put_le(contents, std::uint16_t{0});
    put_le(contents, static_cast<std::uint16_t>(what.header.size()));
    contents += what.header;
    record(0x100, std::move(contents));
}

void DovecotLog::records(std::span<const std::pair<std::uint32_t, std::string>> all) {
    in_pieces(all, [&](auto some) {
        std::string data;
        for (const auto& [uid, contents] : some) {
            put_le(data, uid);
            data += contents;
            align(data);
        }
        record(0x200, std::move(data));
    });
}

void DovecotLog::append(std::span<const std::pair<std::uint32_t, std::uint8_t>> messages) {
    in_pieces(messages, [&](auto some) {
        std::string data;
        for (const auto& [uid, flags] : some) {
            put_le(data, uid);
            put_le(data, std::uint32_t{dovecot_flags(flags)});
        }
        record(0x2, std::move(data));
    });
}

void DovecotLog::keyword(std::string_view name, std::span<const std::uint32_t> uids) {
    in_pieces(uids, [&](auto some) {
        std::string data;
        put_le(data, std::uint16_t{0});  // add
        put_le(data, static_cast<std::uint16_t>(name.size()));
        data += name;
        align(data);
        for (std::uint32_t uid : some) {
            put_le(data, uid);
            put_le(data, uid);
        }
        record(0x400, std::move(data));
    });
}

void DovecotLog::settle() {
    constexpr std::size_t its_own_size = 16;
    header(log_tail_at, static_cast<std::uint32_t>(text_.size() + its_own_size));
}

}  // namespace postrider::migration
