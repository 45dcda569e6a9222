#include "migration/cyrus_writer.h"

#include <fmt/core.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>

#include "base/codec.h"
#include "migration/file.h"
#include "migration/out_file.h"
#include "migration/sources.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;
using mailstore::Item;

constexpr std::uint32_t version = 13;
constexpr std::size_t header_octets = 128, record_octets = 104;
constexpr std::size_t guid_at = 60, most_keywords = 128;

void put32(std::string& out, std::uint64_t value) {
    put_be(out, static_cast<std::uint32_t>(value));
}

void put_crc(std::string& out, std::size_t from) {
    const auto* data = reinterpret_cast<const unsigned char*>(out.data() + from);
    put32(out, crc32(0, data, static_cast<unsigned>(out.size() - from)));
}

std::uint32_t bits_of(std::uint8_t flags) {
    return (flags & mailstore::answered ? 0x01u : 0u) | (flags & mailstore::flagged ? 0x02u : 0u)
           | (flags & mailstore::deleted ? 0x04u : 0u) | (flags & mailstore::draft ? 0x08u : 0u)
           | (flags & mailstore::seen ? 0x10u : 0u);
}

}  // namespace

std::string cyrus_index(std::uint32_t uid_validity, std::uint32_t uid_next,
                        std::span<const CyrusRecord> records) {
    std::uint64_t octets = 0;
    std::uint32_t answered = 0, flagged = 0, deleted = 0;
    std::int64_t last_date = 0;
    for (const CyrusRecord& one : records) {
        octets += one.size;
        answered += (one.flags & mailstore::answered) != 0;
        flagged += (one.flags & mailstore::flagged) != 0;
        deleted += (one.flags & mailstore::deleted) != 0;
        last_date = std::max(last_date, one.internal_date);
    }
    const std::uint64_t modseq = records.size() + 1;
    std::string out;
    out.reserve(header_octets + records.size() * record_octets);
    for (std::uint64_t value :
         {std::uint64_t{1}, std::uint64_t{0}, std::uint64_t{version}, std::uint64_t{header_octets},
          std::uint64_t{record_octets}, std::uint64_t{records.size()}, static_cast<std::uint64_t>(last_date),
          std::uint64_t{uid_next - 1}})
        put32(out, value);
    put_be(out, octets);
    put32(out, 0);  // last log-in by POP3
    put32(out, uid_validity);
    put32(out, deleted);
    put32(out, answered);
    put32(out, flagged);
    put_be(out, std::uint64_t{0});  // options, records that lie in vain in the cache
    put_be(out, modseq);
    put_be(out, std::uint64_t{0});  // modification sequence of what was deleted
    put32(out, records.size());
    // First expunged, last repacked, checksums of the header's file (0: any) and for synchronization, what is
    // recent, and what POP3 and annotations have.
    out.append(header_octets - 4 - out.size(), '\0');
    put_crc(out, 0);
    for (std::size_t i = 0; i < records.size(); ++i) {
        const CyrusRecord& one = records[i];
        const std::size_t begin = out.size();
        put32(out, one.uid);
        put32(out, static_cast<std::uint64_t>(std::max<std::int64_t>(one.internal_date, 0)));
        put32(out, 0);  // sent: `reconstruct` reads it from the message
        put32(out, one.size);
        put32(out, one.header_size);
        put_be(out, std::uint64_t{0});  // its time of day; place in the cache
        put32(out, static_cast<std::uint64_t>(std::max<std::int64_t>(one.internal_date, 0)));
        put32(out, bits_of(one.flags));
        for (std::uint32_t word : one.user_flags) put32(out, word);
        put_be(out, std::uint64_t{0});  // lines, version of the cache
        out.append(reinterpret_cast<const char*>(one.guid.data()), one.guid.size());
        put_be(out, std::uint64_t{i + 1});
        put_be(out, std::uint64_t{0});  // conversation
        put32(out, 0);                  // checksum in the cache
        put_crc(out, begin);
    }
    return out;
}

std::map<std::uint32_t, CyrusRecord> read_cyrus_records(std::string_view index, std::uint32_t uid_validity) {
    std::map<std::uint32_t, CyrusRecord> records;
    auto u32 = [&](std::size_t at) { return Decoder{index.substr(at, 4)}.be<std::uint32_t>(); };
    if (index.size() < header_octets || u32(8) != version || u32(12) != header_octets
        || u32(16) != record_octets || u32(44) != uid_validity)
        return records;
    for (std::size_t at = header_octets; at + record_octets <= index.size(); at += record_octets) {
        CyrusRecord one;
        one.uid = u32(at);
        one.size = u32(at + 12);
        one.header_size = u32(at + 16);
        std::copy_n(index.begin() + static_cast<std::ptrdiff_t>(at + guid_at), one.guid.size(),
                    reinterpret_cast<char*>(one.guid.data()));
        records[one.uid] = one;
    }
    return records;
}

std::string cyrus_header(std::span<const std::string> keywords) {
    std::string out =
        "\xa1\x02\x8b\x0d"
        "Cyrus mailbox header\n"
        "\"The best thing about this system was that it had lots of goals.\"\n"
        "\t--Jim Morris on Andrew\n"
        "\n";  // no root of quotas
    for (const std::string& keyword : keywords) out += keyword + ' ';
    return out + "\n\n";
}

CyrusWriter::CyrusWriter(fs::path place, const mailstore::FolderInfo& folder, OnProblem problem)
    : place_{std::move(place)}, folder_{folder}, problem_{std::move(problem)} {}

std::expected<void, std::string> CyrusWriter::open() {
    std::error_code error;
    fs::create_directories(place_, error);
    if (error) return std::unexpected(place_.string() + ": " + error.message());
    if (auto index = read_whole(place_ / "cyrus.index", max_index_bytes))
        before_ = read_cyrus_records(*index, folder_.uid_validity);
    return {};
}

/// What an earlier index says of it, if a file of that size is there.
std::expected<bool, std::string> CyrusWriter::present(const Item& item,
                                                      const std::vector<std::string>& keywords) {
    auto at = before_.find(item.uid.value());
    if (at == before_.end() || at->second.size != item.size) return false;
    std::error_code error;
    if (fs::file_size(file_of(item.uid.value()), error) != item.size || error) return false;
    take(at->second, item, keywords);
    return true;
}

std::expected<void, std::string> CyrusWriter::write(const Item& item, std::string octets,
                                                    const std::vector<std::string>& keywords) {
    CyrusRecord record;
    record.size = static_cast<std::uint32_t>(octets.size());
    const std::size_t end = octets.find("\r\n\r\n");
    record.header_size = static_cast<std::uint32_t>(end == std::string::npos ? octets.size() : end + 4);
    EVP_Digest(octets.data(), octets.size(), record.guid.data(), nullptr, EVP_sha1(), nullptr);
    take(record, item, keywords);
    return put_file(file_of(item.uid.value()), octets, item.internal_date);
}

void CyrusWriter::take(CyrusRecord record, const Item& item, const std::vector<std::string>& keywords) {
    record.uid = item.uid.value();
    record.flags = item.flags.system;
    record.internal_date = item.internal_date;
    record.user_flags = {};
    for (const std::string& keyword : keywords) {
        auto at = std::find(keywords_.begin(), keywords_.end(), keyword);
        const auto index = static_cast<std::size_t>(at - keywords_.begin());
        if (index >= most_keywords) {
            if (lost_.insert(keyword).second)
                problem_({folder_.path, 0, "keyword " + keyword + " is left out: Cyrus has 128 in a folder"});
            continue;
        }
        if (at == keywords_.end()) keywords_.push_back(keyword);
        record.user_flags[index / 32] |= std::uint32_t{1} << index % 32;
    }
    records_.push_back(record);
}

std::expected<void, std::string> CyrusWriter::finish() {
    auto gone = remove_files(place_, [&](const std::string& name) {
        const std::uint32_t uid = uid_of_cyrus_file(name);
        return uid != 0 && !std::ranges::binary_search(records_, uid, {}, &CyrusRecord::uid);
    });
    if (!gone) return std::unexpected(gone.error());
    removed_ = *gone;
    if (auto ok = put_file(place_ / "cyrus.header", cyrus_header(keywords_)); !ok) return ok;
    const std::string index = cyrus_index(folder_.uid_validity, folder_.uid_next.value(), records_);
    if (auto ok = put_file(place_ / "cyrus.index", index); !ok) return ok;
    return sync_files(place_);
}

fs::path CyrusWriter::file_of(std::uint32_t uid) const {
    return place_ / fmt::format("{}.", uid);
}

}  // namespace postrider::migration
