#include "filter/lists/address_lists.h"

#include <algorithm>

#include "base/codec.h"
#include "mime/address_list.h"
#include "mime/header.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Ul";

std::string owner_key(ListOwner owner) {
    std::string key{prefix};
    key.push_back(static_cast<char>(owner.level()));
    put_be(key, owner.id());
    return key;
}

std::string list_key(ListOwner owner, ListColour colour) {
    std::string key = owner_key(owner);
    key.push_back(static_cast<char>(colour));
    return key;
}

/// Behind every key that begins so: colours and levels are small.
std::string behind(std::string key) {
    key.back() = static_cast<char>(key.back() + 1);
    return key;
}
std::string behind_owner(ListOwner owner) {
    std::string key = owner_key(owner);
    key.push_back(static_cast<char>(0xff));
    return key;
}

ListFailure failed(const kv::Failure& failure) {
    return {ListError::storage, failure.what};
}

}  // namespace

ListResult<std::vector<std::string>> AddressLists::read(ListOwner owner, ListColour colour) const {
    const std::string begin = list_key(owner, colour);
    const std::string end = behind(begin);
    auto cursor = store_.scan(begin, end);
    std::vector<std::string> lines;
    for (; cursor->valid(); cursor->next()) lines.emplace_back(cursor->key().substr(begin.size()));
    if (auto ok = cursor->status(); !ok) return std::unexpected(failed(ok.error()));
    return lines;
}

ListResult<bool> AddressLists::add(ListOwner owner, ListColour colour, std::string_view text) {
    const std::string pattern = canonical_pattern(text);
    if (pattern.empty())
        return std::unexpected(ListFailure{
            ListError::bad_pattern, "'" + std::string{text.substr(0, max_pattern)}
                                        + "' is no address, domain, IP address or pattern of one of these"});
    std::lock_guard changing{changing_};
    auto lines = read(owner, colour);
    if (!lines) return std::unexpected(lines.error());
    if (std::binary_search(lines->begin(), lines->end(), pattern)) return false;
    const std::size_t most = owner.level() == ListOwner::Level::server ? 10 * max_lines : max_lines;
    if (lines->size() >= most)
        return std::unexpected(
            ListFailure{ListError::full, "the list has " + std::to_string(most) + " lines"});
    lines->push_back(pattern);
    if (AddressPatterns{*lines}.wildcards() > max_wildcards)
        return std::unexpected(ListFailure{
            ListError::full, "the list has " + std::to_string(max_wildcards) + " lines with wildcards"});
    kv::Batch batch;
    batch.put(list_key(owner, colour) + pattern, "");
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected(failed(ok.error()));
    drop(owner);
    return true;
}

ListResult<bool> AddressLists::remove(ListOwner owner, ListColour colour, std::string_view text) {
    const std::string pattern = canonical_pattern(text);
    std::lock_guard changing{changing_};
    const std::string key = list_key(owner, colour) + pattern;
    auto there = store_.get(key);
    if (!there) return std::unexpected(failed(there.error()));
    if (pattern.empty() || !*there) return false;
    kv::Batch batch;
    batch.erase(key);
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected(failed(ok.error()));
    drop(owner);
    return true;
}

ListResult<> AddressLists::reset(ListOwner owner, ListColour colour) {
    std::lock_guard changing{changing_};
    const std::string begin = list_key(owner, colour);
    kv::Batch batch;
    batch.erase_range(begin, behind(begin));
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected(failed(ok.error()));
    drop(owner);
    return {};
}

ListResult<std::vector<std::string>> AddressLists::list(ListOwner owner, ListColour colour) {
    return read(owner, colour);
}

ListResult<AddressLists::Known> AddressLists::find(ListOwner owner) {
    std::uint64_t version = 0;
    {
        std::lock_guard lock{mutex_};
        if (auto at = by_owner_.find(owner); at != by_owner_.end()) {
            used_.splice(used_.begin(), used_, at->second);
            return at->second->lists;
        }
        version = version_;
    }
    auto white = read(owner, ListColour::white);
    if (!white) return std::unexpected(white.error());
    auto black = read(owner, ListColour::black);
    if (!black) return std::unexpected(black.error());
    Known known = std::make_shared<const Lists>(Lists{AddressPatterns{*white}, AddressPatterns{*black}});
    std::lock_guard lock{mutex_};
    if (version != version_ || by_owner_.contains(owner)) return known;
    used_.push_front({owner, known});
    by_owner_[owner] = used_.begin();
    lines_ += known->white.size() + known->black.size();
    while (used_.size() > 1 && (used_.size() > cached_owners || lines_ > cached_lines)) {
        const Entry& last = used_.back();
        lines_ -= last.lists->white.size() + last.lists->black.size();
        by_owner_.erase(last.owner);
        used_.pop_back();
    }
    return known;
}

void AddressLists::drop(ListOwner owner) {
    std::lock_guard lock{mutex_};
    ++version_;
    auto at = by_owner_.find(owner);
    if (at == by_owner_.end()) return;
    lines_ -= at->second->lists->white.size() + at->second->lists->black.size();
    used_.erase(at->second);
    by_owner_.erase(at);
}

ListResult<ListVerdict> AddressLists::judge(ListOwner owner, const std::vector<mime::AddrSpec>& from) {
    auto lists = find(owner);
    if (!lists) return std::unexpected(lists.error());
    bool black = false, all_white = !from.empty();
    for (const mime::AddrSpec& one : from) {
        if ((*lists)->white.has(one)) continue;
        all_white = false;
        if ((*lists)->black.has(one)) black = true;
    }
    if (all_white) return ListVerdict::white;
    return black ? ListVerdict::black : ListVerdict::none;
}

ListResult<ListVerdict> AddressLists::judge_ip(ListOwner owner, const settings::Ip& ip) {
    auto lists = find(owner);
    if (!lists) return std::unexpected(lists.error());
    if ((*lists)->white.has_ip(ip)) return ListVerdict::white;
    return (*lists)->black.has_ip(ip) ? ListVerdict::black : ListVerdict::none;
}

void AddressLists::erase(ListOwner owner, kv::Batch& batch) {
    batch.erase_range(owner_key(owner), behind_owner(owner));
}

void AddressLists::forget(ListOwner owner) {
    std::lock_guard changing{changing_};
    kv::Batch batch;
    erase(owner, batch);
    // What stays behind after an error belongs to an id that is never given again.
    (void)store_.write(std::move(batch));
    drop(owner);
}

std::vector<mime::AddrSpec> from_addresses(std::string_view header) {
    constexpr std::size_t most = 20;
    std::vector<mime::AddrSpec> all;
    for (std::string_view value : mime::find_fields(header, "From", most))
        for (const mime::Address& one : mime::parse_address_list(value, most - all.size())) {
            auto spec = mime::parse_addr_spec(one.local + "@" + one.domain);
            if (!spec) spec = mime::parse_addr_spec("\"" + one.local + "\"@" + one.domain);
            if (spec && all.size() < most) all.push_back(std::move(*spec));
        }
    return all;
}

}  // namespace postrider::filter
