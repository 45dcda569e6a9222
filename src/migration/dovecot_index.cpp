#include "migration/dovecot_index.h"

#include <algorithm>
#include <optional>

namespace postrider::migration {
namespace {

constexpr std::size_t max_extensions = 64;
constexpr std::size_t max_index_keywords = 1'000;
constexpr std::size_t base_header = 120;

/// Numbers at an offset; 0 beyond the end.
std::uint32_t le(std::string_view data, std::size_t at, int octets) {
    if (octets < 0 || at > data.size() || data.size() - at < static_cast<std::size_t>(octets)) return 0;
    std::uint32_t value = 0;
    for (int i = octets; i-- > 0;)
        value = value << 8 | static_cast<unsigned char>(data[at + static_cast<std::size_t>(i)]);
    return value;
}
std::uint32_t u32(std::string_view data, std::size_t at) {
    return le(data, at, 4);
}
std::uint32_t u16(std::string_view data, std::size_t at) {
    return le(data, at, 2);
}
std::size_t aligned(std::size_t value, std::size_t to) {
    return (value + to - 1) / to * to;
}

/// Sizes in the log: seven bits in each octet, the highest set, so that a half-written one is noticed.
std::optional<std::size_t> log_size(std::string_view data, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) {
        const auto octet = static_cast<unsigned char>(data[at + i]);
        if (!(octet & 0x80)) return std::nullopt;
        value = value << 7 | (octet & 0x7f);
    }
    return std::size_t{value} << 2;
}

std::uint8_t flags_of(std::uint32_t dovecot) {
    std::uint8_t flags = 0;
    if (dovecot & 0x01) flags |= mailstore::answered;
    if (dovecot & 0x02) flags |= mailstore::flagged;
    if (dovecot & 0x04) flags |= mailstore::deleted;
    if (dovecot & 0x08) flags |= mailstore::seen;
    if (dovecot & 0x10) flags |= mailstore::draft;
    return flags;
}

class Replay {
public:
    Replay(std::string_view wanted, const std::string& file, const OnProblem& problem)
        : wanted_{wanted}, file_{file}, problem_{problem} {}

    void index(std::string_view data) {
        header_.assign(data.substr(0, std::min(data.size(), base_header)));
        const std::size_t base = u16(data, 2), header = u32(data, 4), record = u32(data, 8);
        const std::uint64_t count = u32(data, 32);
        if (data.size() < base_header || data[0] != 7 || !(data[12] & 1) || base < base_header
            || header < base || header > data.size() || record < 5
            || count > (data.size() - header) / record) {
            header_.clear();
            return damaged(0, "not an index that can be read");
        }
        struct Place {
            std::size_t offset, size;
        };
        std::optional<Place> keyword_bits, own;
        for (std::size_t at = aligned(base, 8); at + 16 <= header && extensions_.size() < max_extensions;) {
            const std::size_t header_size = u32(data, at), name_size = u16(data, at + 14);
            const Place place{u16(data, at + 8), u16(data, at + 10)};
            const std::size_t name_at = at + 16, contents = aligned(name_at + name_size, 8);
            if (contents > header || header_size > header - contents || place.offset + place.size > record)
                break;
            const std::string_view name = data.substr(name_at, name_size);
            if (name == "keywords") {
                keyword_names(data.substr(contents, header_size));
                keyword_bits = place;
            }
            if (name == wanted_) own = place;
            extensions_.push_back({std::string{name}, place.size});
            at = contents + aligned(header_size, 8);
        }
        for (std::uint64_t i = 0; i < count; ++i) {
            const std::string_view one = data.substr(header + static_cast<std::size_t>(i) * record, record);
            IndexedMessage message;
            message.flags = flags_of(static_cast<unsigned char>(one[4]));
            if (keyword_bits) {
                const std::string_view bits = one.substr(keyword_bits->offset, keyword_bits->size);
                message.keywords.resize(std::min(bits.size() * 8, found_.keywords.size()));
                for (std::size_t bit = 0; bit < message.keywords.size(); ++bit)
                    message.keywords[bit] = static_cast<unsigned char>(bits[bit / 8]) >> (bit % 8) & 1;
            }
            if (own) message.extension = one.substr(own->offset, own->size);
            found_.messages.insert_or_assign(u32(one, 0), std::move(message));
        }
    }

    /// Where the index's knowledge ends: log file and offset.
    std::uint32_t log_sequence() const { return u32(header_, 60); }
    std::size_t log_offset() const { return u32(header_, 68); }

    void log(std::string_view data, std::size_t at) {
        at = std::max<std::size_t>(at, u16(data, 2));
        current_ = extensions_.size();
        while (at + 8 <= data.size()) {
            const auto size = log_size(data, at);
            if (!size || *size < 8 || *size > data.size() - at)
                return damaged(at, "the log is cut off or damaged here");
            change(u32(data, at + 4) & 0x0fff'ffff, data.substr(at + 8, *size - 8));
            at += *size;
        }
    }

    DovecotIndex finish() {
        found_.messages.erase(0);
        found_.uid_validity = u32(header_, 24);
        found_.uid_next = static_cast<std::uint32_t>(
            std::min<std::uint64_t>(std::max<std::uint64_t>(next_, u32(header_, 28)), 0xffff'ffff));
        if (!found_.messages.empty() && found_.messages.rbegin()->first >= found_.uid_next)
            found_.uid_next = found_.messages.rbegin()->first + 1;
        return std::move(found_);
    }

    void damaged(std::size_t at, const char* what) {
        found_.complete = false;
        problem_({file_, at, what});
    }

private:
    struct Extension {
        std::string name;
        std::size_t record_size;
    };

    void keyword_names(std::string_view data) {
        const std::size_t count = u32(data, 0);
        if (count > max_index_keywords || 4 + count * 8 > data.size()) return;
        const std::string_view names = data.substr(4 + count * 8);
        for (std::size_t i = 0; i < count; ++i) {
            const std::size_t at = u32(data, 4 + i * 8 + 4);
            const std::string_view rest = at < names.size() ? names.substr(at) : std::string_view{};
            found_.keywords.emplace_back(rest.substr(0, std::min(rest.find('\0'), rest.size())));
        }
    }

    template <class Visit>
    void each(std::uint32_t first, std::uint32_t last, Visit&& visit) {
        for (auto at = found_.messages.lower_bound(first); at != found_.messages.end() && at->first <= last;
             ++at)
            visit(at->second);
    }

    void change(std::uint32_t type, std::string_view data) {
        switch (type) {
            case 0xcd91:  // expunge, guarded by 0xcd90
                for (std::size_t at = 0; at + 8 <= data.size(); at += 8)
                    found_.messages.erase(
                        found_.messages.lower_bound(u32(data, at)),
                        found_.messages.upper_bound(std::max(u32(data, at), u32(data, at + 4))));
                break;
            case 0xed90:  // expunge with the message's GUID
                for (std::size_t at = 0; at + 20 <= data.size(); at += 20)
                    found_.messages.erase(u32(data, at));
                break;
            case 0x2: append(data); break;
            case 0x4:
                for (std::size_t at = 0; at + 12 <= data.size(); at += 12) {
                    const std::uint8_t add = flags_of(static_cast<unsigned char>(data[at + 8])),
                                       remove = flags_of(static_cast<unsigned char>(data[at + 9]));
                    each(u32(data, at), u32(data, at + 4), [&](IndexedMessage& message) {
                        message.flags = static_cast<std::uint8_t>((message.flags & ~remove) | add);
                    });
                }
                break;
            case 0x20: header_update(data); break;
            case 0x40: intro(data); break;
            case 0x80:
                if (is_wanted() && data.size() >= 5 && data[4] == 0)
                    for (auto& [uid, message] : found_.messages) message.extension.clear();
                break;
            case 0x200: extension_records(data); break;
            case 0x400: keyword_update(data); break;
            case 0x800:
                for (std::size_t at = 0; at + 8 <= data.size(); at += 8)
                    each(u32(data, at), u32(data, at + 4),
                         [](IndexedMessage& message) { message.keywords.clear(); });
                break;
            default: break;  // counters, caches, modification sequences
        }
    }

    void append(std::string_view data) {
        for (std::size_t at = 0; at + 8 <= data.size() && found_.messages.size() < max_found_messages;
             at += 8) {
            IndexedMessage message;
            message.flags = flags_of(static_cast<unsigned char>(data[at + 4]));
            next_ = std::max(next_, std::uint64_t{u32(data, at)} + 1);
            found_.messages.insert_or_assign(u32(data, at), std::move(message));
        }
    }

    void header_update(std::string_view data) {
        for (std::size_t at = 0; at + 4 <= data.size();) {
            const std::size_t offset = u16(data, at), size = u16(data, at + 2);
            if (size > data.size() - at - 4) return;
            if (offset + size <= base_header) {
                if (header_.size() < base_header) header_.resize(base_header, '\0');
                header_.replace(offset, size, data.substr(at + 4, size));
            }
            at = aligned(at + 4 + size, 4);
        }
    }

    void intro(std::string_view data) {
        for (std::size_t at = 0; at + 20 <= data.size();) {
            const std::uint32_t id = u32(data, at);
            const std::size_t record_size = u16(data, at + 12), name_size = u16(data, at + 18);
            if (name_size > data.size() - at - 20) return;
            const std::string_view name = data.substr(at + 20, name_size);
            if (id < extensions_.size()) {
                current_ = id;
            } else {
                current_ = 0;
                while (current_ < extensions_.size() && extensions_[current_].name != name) ++current_;
                if (current_ == extensions_.size() && current_ < max_extensions)
                    extensions_.push_back({std::string{name}, record_size});
            }
            if (current_ < extensions_.size()) extensions_[current_].record_size = record_size;
            at = aligned(at + 20 + name_size, 4);
        }
    }

    bool is_wanted() const {
        return !wanted_.empty() && current_ < extensions_.size() && extensions_[current_].name == wanted_;
    }

    void extension_records(std::string_view data) {
        if (!is_wanted()) return;
        const std::size_t size = extensions_[current_].record_size;
        for (std::size_t at = 0; at + 4 + size <= data.size(); at += aligned(4 + size, 4)) {
            auto message = found_.messages.find(u32(data, at));
            if (message != found_.messages.end()) message->second.extension = data.substr(at + 4, size);
        }
    }

    void keyword_update(std::string_view data) {
        if (data.size() < 4) return;
        const auto how = static_cast<unsigned char>(data[0]);  // 0 add, 1 remove, 2 replace
        const std::size_t name_size = u16(data, 2);
        if (name_size > data.size() - 4) return;
        const std::string name{data.substr(4, name_size)};
        auto at_name = std::find(found_.keywords.begin(), found_.keywords.end(), name);
        const auto number = static_cast<std::size_t>(at_name - found_.keywords.begin());
        if (at_name == found_.keywords.end()) {
            if (found_.keywords.size() >= max_index_keywords) return;
            found_.keywords.push_back(name);
        }
        for (std::size_t at = aligned(4 + name_size, 4); at + 8 <= data.size(); at += 8)
            each(u32(data, at), u32(data, at + 4), [&](IndexedMessage& message) {
                if (how == 2) message.keywords.clear();
                if (message.keywords.size() <= number) message.keywords.resize(number + 1);
                message.keywords[number] = how != 1;
            });
    }

    const std::string_view wanted_;
    const std::string& file_;
    const OnProblem& problem_;
    DovecotIndex found_;
    std::string header_;
    std::vector<Extension> extensions_;
    std::size_t current_ = 0;
    std::uint64_t next_ = 0;  ///< UID behind the highest that was appended
};

}  // namespace

DovecotIndex read_dovecot_index(std::string_view index, const std::vector<std::string>& logs,
                                std::string_view extension, const std::string& file,
                                const OnProblem& problem) {
    Replay replay{extension, file, problem};
    if (!index.empty()) replay.index(index);
    const std::uint32_t known = replay.log_sequence();
    const std::size_t offset = replay.log_offset();
    std::uint32_t last = 0;
    for (const std::string& log : logs) {
        if (log.size() < 24 || log[0] != 1) {
            replay.damaged(0, "not a log that can be read");
            continue;
        }
        const std::uint32_t sequence = u32(log, 8);
        if (sequence < known || sequence <= last) continue;
        // The first log of a mailbox has none before it; the one after the index's begins where that ended.
        const std::uint32_t before = u32(log, 12);
        if (last == 0 && sequence != known && before != 0 && (before != known || u32(log, 16) > offset))
            replay.damaged(0, "an older log is missing: flags may be those of an earlier time");
        replay.log(log, sequence == known ? offset : 0);
        last = sequence;
    }
    return replay.finish();
}

}  // namespace postrider::migration
