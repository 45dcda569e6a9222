#pragma once

#include <string>
#include <string_view>

#include "base/codec.h"
#include "base/ids.h"
#include "directory/entries.h"

/// Keys of the directory in the store; docs/formats/directory.md describes each. All begin with 'D'.
namespace postrider::directory::keys {

inline std::string of(char table) {
    return {'D', table};
}

inline std::string counters() {
    return of('c');
}
inline std::string server_secret() {
    return of('x');
}
inline std::string domain(DomainId id) {
    std::string key = of('d');
    put_be(key, id.value());
    return key;
}
inline std::string domain_name(std::string_view name) {
    return of('n').append(name);
}

inline std::string names_of(DomainId domain) {
    std::string key = of('o');
    put_be(key, domain.value());
    return key;
}
inline std::string name(DomainId domain, std::string_view folded) {
    return names_of(domain).append(folded);
}

inline std::string list_of(DomainId domain) {
    std::string key = of('l');
    put_be(key, domain.value());
    return key;
}
inline std::string list_of(DomainId domain, ObjectKind kind) {
    std::string key = list_of(domain);
    key.push_back(static_cast<char>(kind));
    return key;
}
inline std::string listed(DomainId domain, ObjectKind kind, std::string_view folded) {
    return list_of(domain, kind).append(folded);
}

inline std::string by_id(char table, std::uint64_t id) {
    std::string key = of(table);
    put_be(key, id);
    return key;
}
inline std::string object(AccountId id) {
    return by_id('a', id.value());
}
inline std::string password(AccountId id) {
    return by_id('p', id.value());
}

inline std::string settings(SettingsLevel level) {
    std::string key = of('s');
    key.push_back(static_cast<char>(level.kind()));
    put_be(key, level.id());
    return key;
}

inline std::string account_class(ClassId id) {
    std::string key = of('k');
    put_be(key, id.value());
    return key;
}
inline std::string class_names_of(DomainId domain) {
    std::string key = of('K');
    put_be(key, domain.value());
    return key;
}
inline std::string class_name(DomainId domain, std::string_view folded) {
    return class_names_of(domain).append(folded);
}
inline std::string class_users(ClassId id) {
    std::string key = of('i');
    put_be(key, id.value());
    return key;
}
inline std::string class_user(ClassId id, AccountId account) {
    std::string key = class_users(id);
    put_be(key, account.value());
    return key;
}

/// Domain first, so that a renamed domain finds its members; NUL cannot be in either half.
inline std::string members_in(std::string_view domain) {
    std::string key = of('m').append(domain);
    key.push_back('\0');
    return key;
}
inline std::string member_of(std::string_view domain, std::string_view folded) {
    std::string key = members_in(domain).append(folded);
    key.push_back('\0');
    return key;
}
inline std::string member(std::string_view domain, std::string_view folded, AccountId group) {
    std::string key = member_of(domain, folded);
    put_be(key, group.value());
    return key;
}

/// When to look whether temporary addresses of an account can be forgotten; seconds since 1970.
inline std::string sweep_begin() {
    return of('e');
}
inline std::string sweep(std::uint64_t when, AccountId id) {
    std::string key = of('e');
    put_be(key, when);
    put_be(key, id.value());
    return key;
}

inline std::string contact(AccountId id) {
    return by_id('t', id.value());
}

inline std::string admin(std::string_view folded) {
    return of('u').append(folded);
}
inline std::string admin_group(std::string_view folded) {
    return of('g').append(folded);
}
inline std::string rights_of(Principal kind) {
    std::string key = of('r');
    key.push_back(static_cast<char>(kind));
    return key;
}
inline std::string rights(Principal kind, std::string_view folded) {
    return rights_of(kind).append(folded);
}

/// The first key after all that begin with `prefix`.
inline std::string after(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

}  // namespace postrider::directory::keys
