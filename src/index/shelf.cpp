#include "index/shelf.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "index/merge.h"

namespace postrider::index {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t merge_at_once = 6;       // a message is rewritten once per power of six
constexpr std::size_t never_merged = 1 << 20;  // documents: a segment that large stays
constexpr std::uint64_t sync_from = 1u << 20;  // octets: what is lost of less is soon made again

struct Name {
    std::uint64_t number, upto;
};

std::optional<Name> parse(const std::string& name) {
    if (name.size() != 8 + 1 + 16 + 4 || name[8] != '-' || !name.ends_with(".idx")) return std::nullopt;
    Name parsed{};
    const char* const text = name.data();
    const bool good = std::from_chars(text, text + 8, parsed.number, 16).ptr == text + 8
                      && std::from_chars(text + 9, text + 25, parsed.upto, 16).ptr == text + 25;
    return good ? std::optional{parsed} : std::nullopt;
}

std::string name_of(std::uint64_t number, std::uint64_t upto) {
    return fmt::format("{:08x}-{:016x}.idx", number, upto);
}

}  // namespace

std::vector<std::size_t> to_be_merged(const std::vector<std::size_t>& documents) {
    for (std::size_t limit = merge_at_once; limit <= never_merged; limit *= merge_at_once) {
        std::vector<std::size_t> small;
        for (std::size_t i = 0; i < documents.size(); ++i)
            if (documents[i] <= limit) small.push_back(i);
        if (small.size() >= merge_at_once) return small;
    }
    return {};
}

void Shelf::load() {
    std::vector<std::pair<Name, fs::path>> files;
    std::error_code error;
    for (fs::directory_iterator at{directory_, error}, end; !error && at != end; at.increment(error)) {
        if (auto name = parse(at->path().filename().string()))
            files.emplace_back(*name, at->path());
        else
            fs::remove(at->path(), error);  // unfinished
    }
    std::ranges::sort(files, {}, [](const auto& file) { return file.first.number; });
    std::vector<std::shared_ptr<const Segment>> segments;
    bool damaged = false;
    for (const auto& [name, path] : files) {
        next_number_ = name.number + 1;
        auto segment = Segment::open(path);
        if (segment) {
            segments.push_back(std::move(*segment));
            upto_ = std::max(upto_, ModSeq{name.upto});
            continue;
        }
        damaged = true;
        log_.error({}, "An index file is removed and will be made again: {}", segment.error());
        fs::remove(path, error);
    }
    if (damaged) {
        // What the lost file covered is found by comparing all; the others must not say otherwise after a
        // crash.
        upto_ = ModSeq{};
        for (const auto& [name, path] : files)
            if (name.upto != 0) fs::rename(path, directory_ / name_of(name.number, 0), error);
        for (auto& segment : segments) {
            auto again =
                Segment::open(directory_ / name_of(parse(segment->path().filename().string())->number, 0));
            if (again) segment = std::move(*again);
        }
    }
    publish(std::move(segments));
}

ModSeq Shelf::upto_of(const fs::path& file) {
    const auto name = parse(file.filename().string());
    return name ? ModSeq{name->upto} : ModSeq{};
}

void Shelf::publish(std::vector<std::shared_ptr<const Segment>> segments) {
    auto made = std::make_shared<const Reader>(std::move(segments));
    std::lock_guard lock{mutex_};
    reader_.swap(made);
}

std::shared_ptr<const Reader> Shelf::reader() {
    need_loaded();
    std::lock_guard lock{mutex_};
    return reader_;
}

ModSeq Shelf::upto() {
    need_loaded();
    std::lock_guard lock{mutex_};
    return upto_;
}

std::uint64_t Shelf::bytes() {
    std::uint64_t sum = 0;
    const auto now = reader();
    for (const auto& segment : now->segments()) sum += segment->bytes();
    return sum;
}

fs::path Shelf::next_path(ModSeq upto) {
    std::error_code error;
    fs::create_directories(directory_, error);
    return directory_ / name_of(next_number_++, upto.value());
}

bool Shelf::add(Builder& builder, ModSeq upto) {
    need_loaded();
    if (!builder.empty()) {
        const fs::path path = next_path(upto);
        if (auto ok = builder.write(path, builder.memory() >= sync_from); !ok) {
            log_.error({}, "The index cannot be written: {}", ok.error());
            return false;
        }
        auto segment = Segment::open(path);
        if (!segment) {
            log_.error({}, "The index cannot be read back: {}", segment.error());
            return false;
        }
        auto segments = reader()->segments();
        segments.push_back(std::move(*segment));
        publish(std::move(segments));
    }
    std::lock_guard lock{mutex_};
    upto_ = upto;
    return true;
}

bool Shelf::merge_some(const std::function<bool(DocumentId)>& lives, const std::function<bool()>& carry_on) {
    const auto now = reader();
    std::vector<std::size_t> sizes;
    for (const auto& segment : now->segments()) sizes.push_back(segment->documents());
    const std::vector<std::size_t> places = to_be_merged(sizes);
    if (places.empty()) return false;
    std::vector<std::shared_ptr<const Segment>> old, segments;
    std::uint64_t upto = 0;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
        const auto& segment = now->segments()[i];
        const bool merged = std::ranges::binary_search(places, i);
        (merged ? old : segments).push_back(segment);
        if (merged) upto = std::max(upto, parse(segment->path().filename().string())->upto);
    }
    const fs::path path = next_path(ModSeq{upto});
    auto count = merge(old, path, lives, carry_on);
    if (!count) {
        if (carry_on()) log_.error({}, "Index files cannot be merged: {}", count.error());
        return false;
    }
    if (*count > 0) {
        auto segment = Segment::open(path);
        if (!segment) {
            log_.error({}, "The index cannot be read back: {}", segment.error());
            return false;
        }
        segments.push_back(std::move(*segment));
    }
    publish(std::move(segments));
    std::error_code error;
    for (const auto& segment : old) fs::remove(segment->path(), error);
    return true;
}

void Shelf::clear() {
    need_loaded();
    publish({});
    {
        std::lock_guard lock{mutex_};
        upto_ = ModSeq{};
    }
    std::error_code error;
    fs::remove_all(directory_, error);
}

}  // namespace postrider::index
