#include "imap/session/uid_map.h"

#include <algorithm>

#include "imap/wire/encode.h"

namespace postrider::imap {
namespace {

std::uint32_t length(UidRun run) {
    return run.last.value() - run.first.value() + 1;
}

/// Adds a run that begins above or inside the last one of `set`.
void add_run(UidSet& set, UidRun run) {
    if (!set.empty() && run.first.value() <= set.back().last.value() + std::uint64_t{1})
        set.back().last = std::max(set.back().last, run.last);
    else
        set.push_back(run);
}

}  // namespace

UidSet joined(std::vector<UidRun> runs) {
    std::sort(runs.begin(), runs.end(), [](UidRun a, UidRun b) { return a.first < b.first; });
    UidSet all;
    for (UidRun run : runs) add_run(all, run);
    return all;
}

UidSet part_of(const UidSet& set, PartialRange range) {
    auto [begin, end] = range.of(static_cast<std::uint32_t>(count(set)));
    UidSet part;
    std::uint32_t before = 0;
    for (UidRun run : set) {
        std::uint32_t size = length(run);
        std::uint32_t from = std::max(begin, before), upto = std::min(end, before + size);
        if (from < upto)
            part.push_back(
                {Uid{run.first.value() + (from - before)}, Uid{run.first.value() + (upto - before - 1)}});
        before += size;
    }
    return part;
}

UidSet to_uids(const std::vector<SequenceSet::Range>& ranges) {
    UidSet set;
    set.reserve(ranges.size());
    for (auto range : ranges) set.push_back({Uid{range.first}, Uid{range.last}});
    return set;
}

void UidMap::reset(UidSet uids) {
    runs_ = std::move(uids);
    runs_.shrink_to_fit();
    size_ = count(runs_);
}

void UidMap::append(const UidSet& fresh) {
    for (UidRun run : fresh) add_run(runs_, run);
    size_ = count(runs_);
}

void UidMap::remove(const UidSet& gone) {
    runs_ = subtract(runs_, gone);
    size_ = count(runs_);
}

UidSet UidMap::at(const std::vector<SequenceSet::Range>& numbers) const {
    UidSet found;
    auto run = runs_.begin();
    std::uint64_t begin = 1;  // the message number with which *run begins
    for (auto range : numbers) {
        while (run != runs_.end() && begin + length(*run) <= range.first) begin += length(*run++);
        std::uint64_t next = range.first;
        for (auto r = run; r != runs_.end() && next <= range.last;) {
            auto first = static_cast<std::uint32_t>(r->first.value() + (next - begin));
            std::uint64_t last = std::min<std::uint64_t>(r->last.value(), first + (range.last - next));
            add_run(found, {Uid{first}, Uid{static_cast<std::uint32_t>(last)}});
            next += last - first + 1;
            if (next <= range.last) {
                begin += length(*r);
                run = ++r;
            }
        }
    }
    return found;
}

std::optional<std::uint32_t> UidMap::number_of(Uid uid) const {
    std::uint32_t number = Walk{*this}.number_of(uid);
    return number == 0 ? std::nullopt : std::optional{number};
}

std::uint32_t UidMap::Walk::number_of(Uid uid) {
    while (run_ < runs_.size() && runs_[run_].last < uid) before_ += length(runs_[run_++]);
    if (run_ == runs_.size() || uid < runs_[run_].first) return 0;
    return before_ + (uid.value() - runs_[run_].first.value()) + 1;
}

void put_set(std::string& out, const UidSet& set) {
    bool first = true;
    for (UidRun run : set) {
        if (!first) out += ',';
        first = false;
        put_number(out, run.first.value());
        if (run.last == run.first) continue;
        out += ':';
        put_number(out, run.last.value());
    }
}

UidSet numbers_of(const UidMap& map, const UidSet& uids) {
    UidSet numbers;
    UidMap::Walk walk{map};
    for (UidRun run : intersect(uids, map.uids())) {  // inside one run of the map numbers go up with UIDs
        std::uint32_t first = walk.number_of(run.first);
        add_run(numbers, {Uid{first}, Uid{first + length(run) - 1}});
    }
    return numbers;
}

}  // namespace postrider::imap
