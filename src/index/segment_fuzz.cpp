#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>
#include <xxhash.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "index/reader.h"

/// A file that claims to be sound, its checksum included: reading it stays within it, whatever its tables
/// say.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    using namespace postrider::index;
    if (size < sizeof(SegmentHeader)) return 0;
    std::string bytes{reinterpret_cast<const char*>(data), size};
    const bool first_version = bytes[sizeof segment_magic - 1] == segment_magic_1[sizeof segment_magic_1 - 1];
    const std::size_t header = first_version ? header_size_1 : sizeof(SegmentHeader);
    std::memcpy(bytes.data(), first_version ? segment_magic_1 : segment_magic, sizeof segment_magic);
    const std::uint64_t whole = bytes.size() + 8;
    std::memcpy(bytes.data() + offsetof(SegmentHeader, file_size), &whole, sizeof whole);
    XXH3_state_t* const hash = XXH3_createState();
    XXH3_64bits_reset(hash);
    XXH3_64bits_update(hash, bytes.data() + header, bytes.size() - header);
    XXH3_64bits_update(hash, bytes.data(), header);
    const std::uint64_t sum = XXH3_64bits_digest(hash);
    XXH3_freeState(hash);
    bytes.append(reinterpret_cast<const char*>(&sum), sizeof sum);

    const int fd = ::memfd_create("segment", MFD_CLOEXEC);
    if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) std::abort();
    auto segment = Segment::open("/proc/self/fd/" + std::to_string(fd));
    ::close(fd);
    if (!segment) return 0;
    const Reader reader{{*segment}};
    for (const SegmentFolder& folder : (*segment)->folders()) {
        const FolderId id{folder.folder};
        const auto covered = reader.covered(id);
        for (std::string_view key :
             {"A", "EX", " ", "AB CD", "AN OFFER", "E, OF ALICE@EXAMPLE.ORG AND", ". -X"}) {
            const Found found = reader.find(id, Field::body | Field::header, key);
            if (found.yes.size() + found.maybe.size() > (*segment)->documents()) std::abort();
        }
        if (!covered.empty()) (void)reader.attachment_text(id, covered.front().first);
    }
    std::size_t terms = 0;
    for (Segment::Terms walk{**segment}; walk.valid(); walk.next())
        if (++terms > bytes.size()) std::abort();
    return 0;
}
