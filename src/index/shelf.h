#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "index/builder.h"
#include "index/reader.h"
#include "observe/log.h"

namespace postrider::index {

/// The segment files of one account: `NUMBER-UPTO.idx` in a directory of its own, both in hex. Numbers grow;
/// up to the highest UPTO (a modification sequence) all messages are covered. Readers may ask at any time;
/// changes are one thread's at a time.
class Shelf {
public:
    /// What is there is read when it is first asked for; files that are damaged or were left unfinished are
    /// removed, and then nothing counts as covered up to anywhere.
    Shelf(std::filesystem::path directory, observe::Logger log)
        : directory_{std::move(directory)}, log_{log} {}

    /// What the name of a file says; 0 when it is none of an index.
    static ModSeq upto_of(const std::filesystem::path& file);

    std::shared_ptr<const Reader> reader();
    ModSeq upto();
    std::uint64_t bytes();

    /// Writes what the builder holds; nothing when it is empty, then `upto` is remembered in memory only.
    bool add(Builder& builder, ModSeq upto);
    /// Makes one of the segments that are due to be merged; false when none are or it failed.
    bool merge_some(const std::function<bool(DocumentId)>& lives, const std::function<bool()>& carry_on);
    /// Removes everything.
    void clear();

private:
    void load();
    void need_loaded() {
        std::call_once(loaded_, [this] { load(); });
    }
    void publish(std::vector<std::shared_ptr<const Segment>> segments);
    std::filesystem::path next_path(ModSeq upto);

    std::filesystem::path directory_;
    observe::Logger log_;
    std::once_flag loaded_;
    std::uint64_t next_number_ = 1;
    std::mutex mutex_;  // of what follows
    std::shared_ptr<const Reader> reader_;
    ModSeq upto_;
};

/// Which of segments with so many documents are to become one: enough of about the same size, the smallest
/// first. Places in `documents`; empty when there is nothing to do.
std::vector<std::size_t> to_be_merged(const std::vector<std::size_t>& documents);

}  // namespace postrider::index
