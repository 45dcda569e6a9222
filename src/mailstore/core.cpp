#include "mailstore/core.h"

#include <unistd.h>

#include <algorithm>

#include "mailstore/columns.h"
#include "mailstore/errors.h"

namespace postrider::mailstore {
namespace {

/// Of as many items as may be in memory, but no more than an eighth of it.
std::size_t columns_memory(std::size_t items) {
    constexpr std::size_t of_an_item = 180;  // octets: 56, and its texts
    const long pages = ::sysconf(_SC_PHYS_PAGES), page = ::sysconf(_SC_PAGESIZE);
    const std::size_t wanted = items * of_an_item;
    if (pages <= 0 || page <= 0) return wanted;
    return std::min(wanted, static_cast<std::size_t>(pages) * static_cast<std::size_t>(page) / 8);
}

}  // namespace

Core::Core(const Options& given)
    : options{given},
      clock{given.clock ? *given.clock : system_clock},
      log{given.log ? *given.log : observe::Logger{}},
      quota{given.quota},
      group_sync{[this] { return flush(); }},
      accounts{*this, given.account_cache},
      rosters{given.roster_items},
      columns{columns_memory(given.roster_items)} {}

Result<> Core::write(kv::Batch batch, kv::Durability durability) {
    auto result = kv->write(std::move(batch), durability);
    if (!result) {
        log.error({}, "cannot write: {}", result.error().what);
        return std::unexpected(from(result.error()));
    }
    written.store(true, std::memory_order_relaxed);
    return {};
}

Result<> Core::flush() {
    const std::uint64_t covered = ids_since_sync.load();
    auto result = kv->sync();
    if (!result) {
        log.critical({}, "cannot sync: {}", result.error().what);
        return std::unexpected(from(result.error()));
    }
    ids_since_sync.fetch_sub(covered);
    return {};
}

Result<> Core::before_giving_out(std::uint64_t ids) {
    // Counted over all accounts: stricter than the promise asks, and one number. What others have counted but
    // not yet written when a flush begins is at most ids_at_once per account, which the gap has room for.
    const std::uint64_t now = ids_since_sync.fetch_add(ids > ids_at_once ? 0 : ids) + ids;
    if (now > ids_before_sync) return sync();
    if (now > ids_before_sync / 2) wake_keeper();
    return {};
}

Result<BlobRecord> Core::blob(BlobId id) {
    auto value = kv->get(blob_key(id));
    if (!value) return std::unexpected(from(value.error()));
    if (!*value) return fail(MailError::gone, "message is no longer kept");
    auto record = decode_blob(**value);
    if (!record) {
        log.error({}, "record of message {:x} is damaged", id.value());
        return fail(MailError::corrupt, "record of a message is damaged");
    }
    return *record;
}

namespace {

/// Reads where the record says, and once more if compaction moved the bytes meanwhile.
template <class Read>
auto read_moving(Core& core, BlobId id, Read read)
    -> decltype(read(std::declval<Location&>(), container::Extent{})) {
    auto record = core.blob(id);
    if (!record) return std::unexpected(record.error());
    Location* location = core.locations.of(id);
    if (!location) return fail(MailError::storage, "storage location of a message is not open");
    for (int attempt = 0;; ++attempt) {
        auto result = read(*location, record->extent);
        if (result || attempt == 3) {
            if (!result) core.log.error({}, "cannot read message {:x}: {}", id.value(), result.error().what);
            return result;
        }
        auto again = core.blob(id);
        if (!again) return std::unexpected(again.error());
        if (again->extent == record->extent) {
            core.log.error({}, "cannot read message {:x}: {}", id.value(), result.error().what);
            return result;
        }
        record = again;
    }
}

}  // namespace

Result<container::Stored> Core::read(BlobId id) {
    return read_moving(*this, id,
                       [&](Location& at, const container::Extent& extent) -> Result<container::Stored> {
                           auto stored = at.files->read(id, extent);
                           if (!stored) return std::unexpected(from(stored.error()));
                           return std::move(*stored);
                       });
}

Result<std::string> Core::read_head(BlobId id, std::size_t bytes) {
    return read_moving(*this, id, [&](Location& at, const container::Extent& extent) -> Result<std::string> {
        auto head = at.files->read_head(id, extent, bytes);
        if (!head) return std::unexpected(from(head.error()));
        return std::move(*head);
    });
}

}  // namespace postrider::mailstore
