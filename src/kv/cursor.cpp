#include "kv/cursor.h"

#include "kv/failure.h"
#include "kv/reserved.h"

namespace postrider::kv {

EngineCursor::EngineCursor(rocksdb::DB& db, const std::filesystem::path& directory, std::string_view begin,
                           std::string_view end, const Snapshot* at, Access access)
    : directory_{directory},
      begin_{begin},
      end_{end.empty() || end > reserved_begin ? reserved_begin : end},
      lower_{begin_},
      upper_{end_} {
    rocksdb::ReadOptions options;
    options.iterate_lower_bound = &lower_;
    options.iterate_upper_bound = &upper_;
    if (at) options.snapshot = static_cast<const EngineSnapshot*>(at)->get();
    if (access == Access::many) {
        options.fill_cache = false;
        options.readahead_size = 256u << 10;
    }
    iterator_.reset(db.NewIterator(options));
    seek(begin_);
}

void EngineCursor::look() {
    valid_ = iterator_->Valid();
    if (!valid_) {
        key_ = value_ = {};
        return;
    }
    const rocksdb::Slice key = iterator_->key();
    const rocksdb::Slice value = iterator_->value();
    key_ = {key.data(), key.size()};
    value_ = {value.data(), value.size()};
}

void EngineCursor::next() {
    if (!valid_) return;
    iterator_->Next();
    look();
}

void EngineCursor::prev() {
    if (!valid_) return;
    iterator_->Prev();
    look();
}

void EngineCursor::seek(std::string_view key) {
    if (begin_ >= end_) return;  // nothing can be there
    // The engine forgets its lower bound on Seek.
    iterator_->Seek(key < begin_ ? std::string_view{begin_} : key);
    look();
}

void EngineCursor::seek_for_prev(std::string_view key) {
    if (begin_ >= end_) return;
    // ... and does not step below the upper bound if asked for a key behind it.
    if (key >= end_)
        iterator_->SeekToLast();
    else
        iterator_->SeekForPrev(key);
    look();
}

Result<> EngineCursor::status() const {
    if (auto status = iterator_->status(); !status.ok())
        return std::unexpected(to_failure(status, directory_, "reading a range"));
    return {};
}

}  // namespace postrider::kv
