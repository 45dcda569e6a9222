#include "kv/log_file.h"

#include <fcntl.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <mutex>

namespace postrider::kv {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

/// The end of a log that is written, shared with who writes zeros behind it. The lock is held for every
/// write, so that zeros never meet what is appended.
class LogEnd : public std::enable_shared_from_this<LogEnd> {
public:
    explicit LogEnd(const std::string& path) : fd_{::open(path.c_str(), O_WRONLY | O_CLOEXEC)} {}
    ~LogEnd() {
        if (fd_ >= 0) ::close(fd_);
    }
    LogEnd(const LogEnd&) = delete;
    LogEnd& operator=(const LogEnd&) = delete;

    /// @return where it was appended
    template <class Write>
    std::uint64_t append(const Write& write, std::size_t many, bool hurried) {
        std::lock_guard lock{mutex_};
        const std::uint64_t from = size_;
        if (!write()) given_up_ = true;  // nobody knows where the file ends
        size_ += many;
        hurried_ = hurried ? hurried_ + 1 : 0;
        if (hurried_ >= in_a_row && size_ + ahead / 2 > zeroed_ && !busy_ && !given_up_ && fd_ >= 0) {
            busy_ = true;
            using Self = std::shared_ptr<LogEnd>;
            rocksdb::Env::Default()->Schedule(
                [](void* self) {
                    const std::unique_ptr<Self> kept{static_cast<Self*>(self)};
                    (*kept)->write_zeros();
                },
                new Self{shared_from_this()}, rocksdb::Env::Priority::HIGH);
        }
        return from;
    }

    /// No zeros are written any more, and those that were are cut off.
    void close() {
        std::lock_guard lock{mutex_};
        // What fails there leaves zeros, of which the reader knows that they are none of the log.
        if (!given_up_ && zeroed_ > size_) (void)!::ftruncate(fd_, static_cast<off_t>(size_));
        given_up_ = true;
    }

private:
    // Less would be written for those who are in a hurry once in a while.
    static constexpr unsigned in_a_row = 8;
    static constexpr std::uint64_t ahead = 512u << 10, step = 64u << 10;

    void write_zeros() {
        bool any = false;
        while (zeros_step()) any = true;
        if (any) ::fdatasync(fd_);  // now, so that no one who flushes waits for it
        std::lock_guard lock{mutex_};
        busy_ = false;
    }

    bool zeros_step() {
        static constexpr std::array<char, step> zeros{};
        std::uint64_t from = 0, many = 0;
        {
            std::lock_guard lock{mutex_};
            from = std::max(zeroed_, size_);
            many = step - from % step;
            if (given_up_ || from >= size_ + ahead) return false;
            const auto written = ::pwrite(fd_, zeros.data(), many, static_cast<off_t>(from));
            if (written > 0) zeroed_ = from + static_cast<std::uint64_t>(written);
            if (written != static_cast<ssize_t>(many)) {
                given_up_ = true;  // a full disk
                return false;
            }
        }
        // In steps, so that who flushes meanwhile waits for one of them.
        ::sync_file_range(fd_, static_cast<off_t>(from), static_cast<off_t>(many),
                          SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
        return true;
    }

    const int fd_;
    std::mutex mutex_;
    std::uint64_t size_ = 0;    ///< what the engine has appended
    std::uint64_t zeroed_ = 0;  ///< up to there zeros were written
    unsigned hurried_ = 0;      ///< appended in a hurry, one behind the other
    bool busy_ = false;         ///< zeros are being written, or will be soon
    bool given_up_ = false;
};

class LogFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    using Base = FSWritableFileOwnerWrapper;

    LogFile(std::unique_ptr<rocksdb::FSWritableFile>&& file, const std::string& path,
            std::shared_ptr<const std::atomic<unsigned>> in_a_hurry)
        : Base{std::move(file)}, in_a_hurry_{std::move(in_a_hurry)}, end_{std::make_shared<LogEnd>(path)} {}
    ~LogFile() override { end_->close(); }

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
        return append([&] { return Base::Append(data, options, context); }, data.size(), options, context);
    }
    IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& info,
                    IODebugContext* context) override {
        return append([&] { return Base::Append(data, options, info, context); }, data.size(), options,
                      context);
    }
    IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* context) override {
        end_->close();
        return Base::Truncate(size, options, context);
    }
    IOStatus Close(const IOOptions& options, IODebugContext* context) override {
        end_->close();
        return Base::Close(options, context);
    }

private:
    template <class Write>
    IOStatus append(const Write& write, std::size_t many, const IOOptions& options, IODebugContext* context) {
        const bool hurried = in_a_hurry_->load(std::memory_order_relaxed) != 0;
        IOStatus status;
        const auto from = end_->append([&] { return (status = write()).ok(); }, many, hurried);
        // No more than a hint: what goes wrong there is heard of at the flush.
        if (status.ok() && hurried) Base::RangeSync(from, many, options, context).PermitUncheckedError();
        return status;
    }

    const std::shared_ptr<const std::atomic<unsigned>> in_a_hurry_;
    const std::shared_ptr<LogEnd> end_;
};

class LogReader final : public rocksdb::FSSequentialFileOwnerWrapper {
public:
    using FSSequentialFileOwnerWrapper::FSSequentialFileOwnerWrapper;

    IOStatus Read(size_t many, const IOOptions& options, Slice* result, char* scratch,
                  IODebugContext* context) override {
        auto status = FSSequentialFileOwnerWrapper::Read(many, options, result, scratch, context);
        if (!status.ok()) return status;
        const auto of_log = framing_.take({result->data(), result->size()});
        if (of_log == result->size()) return status;
        if (result->data() != scratch) std::memcpy(scratch, result->data(), of_log);
        std::memset(scratch + of_log, 0, result->size() - of_log);
        *result = Slice{scratch, result->size()};
        return status;
    }
    IOStatus Skip(uint64_t many) override {
        std::array<char, 4096> scratch{};
        while (many > 0) {
            Slice piece;
            auto status = Read(std::min<std::uint64_t>(many, scratch.size()), IOOptions{}, &piece,
                               scratch.data(), nullptr);
            if (!status.ok() || piece.empty()) return status;
            many -= piece.size();
        }
        return IOStatus::OK();
    }

private:
    LogFraming framing_;
};

}  // namespace

std::size_t LogFraming::take(std::string_view octets) {
    std::size_t taken = 0;
    while (taken < octets.size() && !ended_) {
        if (begun_ == 0 && skip_ == 0 && block - in_block_ < header) skip_ = block - in_block_;
        std::size_t many = std::min(octets.size() - taken, skip_ > 0 ? skip_ : header - begun_);
        if (skip_ > 0) {
            skip_ -= many;
        } else {
            std::memcpy(header_.data() + begun_, octets.data() + taken, many);
            begun_ += many;
            if (begun_ == header) {
                begun_ = 0;
                skip_ = header_[4] + (std::size_t{header_[5]} << 8);
                ended_ = skip_ == 0 && header_[6] == 0;
                // A record never crosses a block's end. One that says so is damaged: the engine will see it.
                skip_ = std::min(skip_, block - in_block_ - many);
            }
        }
        if (ended_) break;
        taken += many;
        in_block_ = (in_block_ + many) % block;
    }
    return taken;
}

std::unique_ptr<rocksdb::FSWritableFile> make_log_file(
    std::unique_ptr<rocksdb::FSWritableFile>&& file, const std::string& path,
    std::shared_ptr<const std::atomic<unsigned>> in_a_hurry) {
    return std::make_unique<LogFile>(std::move(file), path, std::move(in_a_hurry));
}

std::unique_ptr<rocksdb::FSSequentialFile> make_log_reader(
    std::unique_ptr<rocksdb::FSSequentialFile>&& file) {
    return std::make_unique<LogReader>(std::move(file));
}

}  // namespace postrider::kv
