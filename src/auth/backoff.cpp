#include "auth/backoff.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <string>

namespace postrider::auth {
namespace {

constexpr std::chrono::seconds known_for{24 * 3600};
constexpr unsigned few = 5;

std::uint64_t pair_key(std::string_view ip, std::uint64_t account) {
    return address_key(ip) * 0x9e3779b97f4a7c15u ^ account;
}

}  // namespace

std::uint64_t address_key(std::string_view ip) {
    std::string text{ip.substr(0, 64)};
    unsigned char octets[16];
    if (inet_pton(AF_INET, text.c_str(), octets) == 1) {
        std::uint32_t v4;
        std::memcpy(&v4, octets, sizeof v4);
        return std::uint64_t{v4} | (std::uint64_t{1} << 40);  // not the prefix of any IPv6 network in use
    }
    if (inet_pton(AF_INET6, text.c_str(), octets) == 1) {
        constexpr unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
        if (std::memcmp(octets, mapped, sizeof mapped) == 0) {
            std::uint32_t v4;
            std::memcpy(&v4, octets + 12, sizeof v4);
            return std::uint64_t{v4} | (std::uint64_t{1} << 40);
        }
        std::uint64_t network;
        std::memcpy(&network, octets, sizeof network);
        return network;
    }
    return std::hash<std::string>{}(text);
}

const Backoff::Entry* Backoff::Table::find(Key key) const {
    if (auto it = young.find(key); it != young.end()) return &it->second;
    if (auto it = old.find(key); it != old.end()) return &it->second;
    return nullptr;
}

Backoff::Entry& Backoff::Table::touch(Key key, std::size_t half) {
    if (auto it = young.find(key); it != young.end()) return it->second;
    Entry entry;
    if (auto it = old.find(key); it != old.end()) {
        entry = it->second;
        old.erase(it);
    }
    if (young.size() >= half) {
        old = std::move(young);
        young = {};
    }
    return young[key] = entry;
}

unsigned Backoff::count(const Table& table, Key key, std::chrono::seconds lifetime, Time now,
                        Time* last) const {
    const Entry* entry = table.find(key);
    if (entry == nullptr || now - entry->last >= lifetime) return 0;
    if (last != nullptr) *last = entry->last;
    return entry->count;
}

std::chrono::seconds Backoff::refused(std::string_view ip, std::uint64_t account) const {
    Time now = clock_.now();
    std::lock_guard lock{mutex_};
    Time last;
    auto left = [&] {
        auto rest = std::chrono::ceil<std::chrono::seconds>(last + limits_.window - now);
        return std::max(rest, std::chrono::seconds{1});
    };
    if (limits_.ip_failures != 0
        && count(ips_, address_key(ip), limits_.window, now, &last) >= limits_.ip_failures)
        return left();
    if (limits_.account_failures != 0
        && count(accounts_, account, limits_.window, now, &last) >= limits_.account_failures
        && count(known_, pair_key(ip, account), known_for, now, nullptr) == 0)
        return left();
    return std::chrono::seconds{0};
}

std::chrono::milliseconds Backoff::failed(std::string_view ip, std::uint64_t account) {
    Time now = clock_.now();
    std::lock_guard lock{mutex_};
    unsigned most = 0;
    auto add = [&](Table& table, Key key) {
        Entry& entry = table.touch(key, limits_.tracked / 2 + 1);
        if (now - entry.last >= limits_.window) entry.count = 0;
        entry.last = now;
        most = std::max(most, ++entry.count);
    };
    add(ips_, address_key(ip));
    add(accounts_, account);
    if (most < 3) return std::chrono::milliseconds{0};
    return std::chrono::milliseconds{250u << std::min(most - 3, 4u)};
}

void Backoff::succeeded(std::string_view ip, std::uint64_t account) {
    Time now = clock_.now();
    std::lock_guard lock{mutex_};
    accounts_.erase(account);
    Key address = address_key(ip);
    if (count(ips_, address, limits_.window, now, nullptr) < few) ips_.erase(address);
    Entry& pair = known_.touch(pair_key(ip, account), limits_.tracked / 2 + 1);
    pair.count = 1;
    pair.last = now;
}

void Backoff::forgive_ip(std::string_view ip) {
    std::lock_guard lock{mutex_};
    ips_.erase(address_key(ip));
}

void Backoff::forgive_account(std::uint64_t account) {
    std::lock_guard lock{mutex_};
    accounts_.erase(account);
}

std::size_t Backoff::tracked() const {
    std::lock_guard lock{mutex_};
    std::size_t sum = 0;
    for (const Table* table : {&ips_, &accounts_, &known_}) sum += table->young.size() + table->old.size();
    return sum;
}

}  // namespace postrider::auth
