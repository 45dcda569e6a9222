#include "kv/patient_files.h"

#include <string>

#include "kv/log_file.h"

namespace postrider::kv {
namespace {

using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;
using rocksdb::Slice;

IOStatus patient(IOStatus status) {
    if (!status.IsNoSpace()) return status;
    const char* state = status.getState();
    auto passing = IOStatus::IOError(state ? state : "No space left on device");
    passing.SetRetryable(true);
    return passing;
}

class PatientFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    using Base = FSWritableFileOwnerWrapper;
    using Base::Base;

    IOStatus Append(const Slice& data, const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Append(data, options, context));
    }
    IOStatus Append(const Slice& data, const IOOptions& options, const rocksdb::DataVerificationInfo& info,
                    IODebugContext* context) override {
        return patient(Base::Append(data, options, info, context));
    }
    IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                              IODebugContext* context) override {
        return patient(Base::PositionedAppend(data, offset, options, context));
    }
    IOStatus PositionedAppend(const Slice& data, uint64_t offset, const IOOptions& options,
                              const rocksdb::DataVerificationInfo& info, IODebugContext* context) override {
        return patient(Base::PositionedAppend(data, offset, options, info, context));
    }
    IOStatus Truncate(uint64_t size, const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Truncate(size, options, context));
    }
    IOStatus Close(const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Close(options, context));
    }
    IOStatus Flush(const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Flush(options, context));
    }
    IOStatus Sync(const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Sync(options, context));
    }
    IOStatus Fsync(const IOOptions& options, IODebugContext* context) override {
        return patient(Base::Fsync(options, context));
    }
    IOStatus RangeSync(uint64_t offset, uint64_t bytes, const IOOptions& options,
                       IODebugContext* context) override {
        return patient(Base::RangeSync(offset, bytes, options, context));
    }
    IOStatus Allocate(uint64_t offset, uint64_t bytes, const IOOptions& options,
                      IODebugContext* context) override {
        return patient(Base::Allocate(offset, bytes, options, context));
    }
};

class PatientFiles final : public rocksdb::FileSystemWrapper {
public:
    PatientFiles(std::shared_ptr<rocksdb::FileSystem> files,
                 std::shared_ptr<const std::atomic<unsigned>> in_a_hurry)
        : FileSystemWrapper{std::move(files)}, in_a_hurry_{std::move(in_a_hurry)} {}
    const char* Name() const override { return "PatientFiles"; }

    IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                             std::unique_ptr<rocksdb::FSWritableFile>* file,
                             IODebugContext* context) override {
        auto status = FileSystemWrapper::NewWritableFile(name, options, file, context);
        if (!status.ok() || !name.ends_with(".log")) return wrap(std::move(status), file);
        *file = make_log_file(std::make_unique<PatientFile>(std::move(*file)), name, in_a_hurry_);
        return status;
    }
    IOStatus NewSequentialFile(const std::string& name, const rocksdb::FileOptions& options,
                               std::unique_ptr<rocksdb::FSSequentialFile>* file,
                               IODebugContext* context) override {
        auto status = FileSystemWrapper::NewSequentialFile(name, options, file, context);
        if (status.ok() && name.ends_with(".log")) *file = make_log_reader(std::move(*file));
        return status;
    }
    IOStatus ReopenWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                std::unique_ptr<rocksdb::FSWritableFile>* file,
                                IODebugContext* context) override {
        return wrap(FileSystemWrapper::ReopenWritableFile(name, options, file, context), file);
    }
    IOStatus RenameFile(const std::string& from, const std::string& to, const IOOptions& options,
                        IODebugContext* context) override {
        return patient(FileSystemWrapper::RenameFile(from, to, options, context));
    }

private:
    static IOStatus wrap(IOStatus status, std::unique_ptr<rocksdb::FSWritableFile>* file) {
        if (status.ok()) *file = std::make_unique<PatientFile>(std::move(*file));
        return patient(std::move(status));
    }

    const std::shared_ptr<const std::atomic<unsigned>> in_a_hurry_;
};

}  // namespace

std::shared_ptr<rocksdb::FileSystem> patient_files(std::shared_ptr<rocksdb::FileSystem> files,
                                                   std::shared_ptr<const std::atomic<unsigned>> in_a_hurry) {
    return std::make_shared<PatientFiles>(std::move(files), std::move(in_a_hurry));
}

}  // namespace postrider::kv
