#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// An ordered, transactional map of bytes. Nothing above this room knows which engine stands behind it.
/// All calls may block on disk; all may be made from any thread.
namespace postrider::kv {

enum class KvError {
    io,       ///< the disk refused (full, unwritable, failing); the store may have become read-only
    corrupt,  ///< a record's checksum does not match
    newer,    ///< the store was written by a newer server (see Options::format)
    locked,   ///< another process has the store open
};

struct Failure {
    KvError kind;
    std::string what;  ///< for the log and the administrator: file and reason
};

template <class T = void>
using Result = std::expected<T, Failure>;

/// Changes that happen together or not at all. Keys are 1 byte to 8 KiB and do not begin with 0xff (those are
/// the store's own); values up to 64 MiB.
class Batch {
public:
    Batch();
    ~Batch();
    Batch(Batch&&) noexcept;
    Batch& operator=(Batch&&) noexcept;

    void put(std::string_view key, std::string_view value);
    void erase(std::string_view key);
    /// [begin, end). For whole folders or accounts: every later read near a fresh range pays a little for it,
    /// so erase a handful of keys one by one.
    void erase_range(std::string_view begin, std::string_view end);
    bool empty() const;
    std::size_t bytes() const;  ///< about what it adds to the log
    void clear();

    struct Impl;
    Impl& impl() { return *impl_; }

private:
    std::unique_ptr<Impl> impl_;
};

/// The map as it was at one moment; holds resources of the engine while it lives. Must not outlive the store.
class Snapshot {
public:
    virtual ~Snapshot() = default;
};

/// Walks keys in ascending byte order. Key and value views are valid until the next move. Must not outlive
/// the store, nor the snapshot it was made at. One thread at a time.
class Cursor {
public:
    virtual ~Cursor() = default;
    virtual bool valid() const = 0;  ///< false at the end or after an error: ask status()
    virtual std::string_view key() const = 0;
    virtual std::string_view value() const = 0;
    virtual void next() = 0;
    virtual void prev() = 0;
    virtual void seek(std::string_view key) = 0;           ///< to the first key >= key
    virtual void seek_for_prev(std::string_view key) = 0;  ///< to the last key <= key
    virtual Result<> status() const = 0;
};

enum class Durability {
    soon,  ///< survives the death of the process at once, a power cut after the next sync (at most a second)
    now,   ///< on disk when the call returns; concurrent calls share one flush
};

/// What a cursor is for: `few` keeps what it touches in the cache; `many` reads ahead and leaves the cache to
/// others.
enum class Access { few, many };

struct Options {
    std::size_t cache_bytes = 32u << 20;
    std::size_t write_buffer_bytes = 16u << 20;
    bool create_if_missing = true;
    /// Newest record format that this server writes. A store with a higher one is refused; one with a lower
    /// number is raised to it when it is opened.
    std::uint32_t format = 2;
    /// Told one line when the engine itself complains (from any thread, must not call the store).
    std::function<void(std::string_view)> warn;
};

class Store {
public:
    static Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory,
                                               const Options& options);
    virtual ~Store() = default;

    virtual Result<std::optional<std::string>> get(std::string_view key, const Snapshot* at = nullptr) = 0;
    /// After a full disk the store takes writes again by itself once there is room: the caller may just try
    /// again. After another refusal of the disk (EIO) it stays readable and refuses writes until it is opened
    /// again. A batch that failed is not visible; it is gone for good once a later write has succeeded.
    virtual Result<> write(Batch batch, Durability durability = Durability::soon) = 0;
    /// Everything written before the call is on disk when it returns. Costs nothing if it already is.
    virtual Result<> sync() = 0;
    virtual std::unique_ptr<Snapshot> snapshot() = 0;
    /// Over [begin, end), standing on the first key of it; an empty `end` means the end of the map. The
    /// cursor sees one moment: that of `at`, or of this call.
    virtual std::unique_ptr<Cursor> scan(std::string_view begin, std::string_view end,
                                         const Snapshot* at = nullptr, Access access = Access::few) = 0;
    /// A consistent copy in a new directory, sharing files by hard links where it can, while writes go on.
    virtual Result<> checkpoint(const std::filesystem::path& directory) = 0;
    virtual Result<> compact() = 0;
    /// A compact() at work ends soon, with an error, and later ones at once: for who is about to close.
    virtual void stop_compacting() {}
    /// Reads every record and checks its checksum; calls progress with 0..100, which may throw to end it.
    virtual Result<> verify(const std::function<void(int)>& progress) = 0;

    struct Stats {
        std::uint64_t disk_bytes = 0;
        std::uint64_t memory_bytes = 0;
        std::uint64_t syncs = 0;
    };
    virtual Stats stats() const = 0;
};

}  // namespace postrider::kv
