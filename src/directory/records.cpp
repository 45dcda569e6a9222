#include "directory/records.h"

#include "base/codec.h"

namespace postrider::directory::records {
namespace {

constexpr std::uint8_t version = 1;

std::string begin() {
    return std::string(1, static_cast<char>(version));
}

/// Reads the version; a failed decoder gives 0, which is none.
bool known_version(Decoder& in) {
    auto found = in.be<std::uint8_t>();
    return in.ok() && found == version;
}

void put_strings(std::string& out, const std::vector<std::string>& all) {
    put_varint(out, all.size());
    for (const std::string& one : all) put_string(out, one);
}

/// Each element takes at least one octet, so a count beyond the rest is damage, not a reason to reserve
/// memory.
std::vector<std::string> take_strings(Decoder& in) {
    std::uint64_t count = in.varint();
    std::vector<std::string> all;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) all.emplace_back(in.string());
    return all;
}

std::string text(Decoder& in) {
    return std::string{in.string()};
}

std::int64_t seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

/// Only times that a Time can hold without overflow: years 1970 to 2242.
std::optional<Time> time_of(std::uint64_t value) {
    if (value > 0x1'ffff'ffff) return std::nullopt;
    return Time{std::chrono::seconds{static_cast<std::int64_t>(value)}};
}

constexpr std::uint64_t enabled = 1, publish = 2, must_change = 4, explicit_settings = 8, has_temporary = 16,
                        send_as = 32;  // of an object
constexpr std::uint8_t appender_enabled = 1, appender_local_too = 2, no_appender = 4, has_assigned_ip = 8,
                       has_more_locations = 16,
                       has_location_name = 32;  // of a domain

}  // namespace

std::string encode(const Counters& counters) {
    std::string out = begin();
    put_be(out, counters.next_domain.value());
    put_be(out, counters.next_account.value());
    put_be(out, counters.next_class.value());
    return out;
}

std::optional<Counters> decode_counters(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    Counters counters;
    counters.next_domain = DomainId{in.be<std::uint32_t>()};
    counters.next_account = AccountId{in.be<std::uint64_t>()};
    counters.next_class = ClassId{in.be<std::uint32_t>()};
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return counters;
}

std::string encode(const Domain& domain, DomainState state) {
    std::string out = begin();
    put_be(out, static_cast<std::uint8_t>(state));
    put_string(out, domain.name);
    put_strings(out, domain.aliases);
    put_be(out, static_cast<std::uint8_t>(domain.catch_all));
    put_string(out, domain.catch_all_target);
    put_be(out, domain.public_account.value());
    put_be(out, domain.postmaster.value());
    put_be(out, domain.locations.front());
    // What is switched off, so that a service that comes with a later release is on.
    put_be(out, all_services().bits() & ~domain.services.bits());
    put_string(out, domain.customer_reference);
    put_varint(out, static_cast<std::uint64_t>(seconds(domain.created)));
    const Appender* appender = domain.appender.get();
    const auto bits = static_cast<std::uint8_t>((appender && appender->enabled ? appender_enabled : 0)
                                                | (appender && appender->local_too ? appender_local_too : 0)
                                                | (appender ? 0 : no_appender)
                                                | (domain.assigned_ip.empty() ? 0 : has_assigned_ip)
                                                | (domain.locations.size() > 1 ? has_more_locations : 0)
                                                | (domain.location_name.empty() ? 0 : has_location_name));
    if (bits == no_appender) return out;
    put_be(out, bits);
    if (appender) {
        put_string(out, appender->text);
        put_string(out, appender->html);
    }
    if (!domain.assigned_ip.empty()) put_string(out, domain.assigned_ip);
    if (domain.locations.size() > 1) {
        put_varint(out, domain.locations.size() - 1);
        for (std::size_t i = 1; i < domain.locations.size(); ++i) put_be(out, domain.locations[i]);
    }
    if (!domain.location_name.empty()) put_string(out, domain.location_name);
    return out;
}

std::optional<DomainRecord> decode_domain(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    DomainRecord record;
    auto state = in.be<std::uint8_t>();
    Domain& domain = record.domain;
    domain.name = text(in);
    domain.aliases = take_strings(in);
    auto catch_all = in.be<std::uint8_t>();
    domain.catch_all_target = text(in);
    domain.public_account = AccountId{in.be<std::uint64_t>()};
    domain.postmaster = AccountId{in.be<std::uint64_t>()};
    domain.locations = {in.be<std::uint16_t>()};
    domain.services = Services::from_bits(all_services().bits() & ~in.be<std::uint64_t>());
    domain.customer_reference = text(in);
    auto created = time_of(in.varint());
    if (in.ok() && !in.at_end()) {
        const auto bits = in.be<std::uint8_t>();
        if (bits >= 2 * has_location_name) return std::nullopt;
        if ((bits & no_appender) == 0) {
            Appender appender;
            appender.enabled = (bits & appender_enabled) != 0;
            appender.local_too = (bits & appender_local_too) != 0;
            appender.text = text(in);
            appender.html = text(in);
            domain.appender = std::make_shared<const Appender>(std::move(appender));
        } else if (bits == no_appender || (bits & (appender_enabled | appender_local_too)) != 0) {
            return std::nullopt;
        }
        if ((bits & has_assigned_ip) != 0) {
            domain.assigned_ip = text(in);
            if (domain.assigned_ip.empty()) return std::nullopt;
        }
        if ((bits & has_more_locations) != 0) {
            const auto more = in.varint();
            if (more == 0 || more >= max_domain_locations) return std::nullopt;
            for (std::uint64_t i = 0; i < more; ++i) domain.locations.push_back(in.be<std::uint16_t>());
        }
        if ((bits & has_location_name) != 0) {
            domain.location_name = text(in);
            if (domain.location_name.empty()) return std::nullopt;
        }
    }
    if (!in.ok() || !in.at_end() || !created || state > static_cast<std::uint8_t>(DomainState::deleting)
        || catch_all > static_cast<std::uint8_t>(Domain::CatchAll::folder))
        return std::nullopt;
    record.state = static_cast<DomainState>(state);
    domain.enabled = record.state == DomainState::enabled;
    domain.catch_all = static_cast<Domain::CatchAll>(catch_all);
    domain.created = *created;
    return record;
}

std::string encode(const Name& name) {
    std::string out = begin();
    put_be(out, static_cast<std::uint8_t>(name.kind));
    put_be(out, static_cast<std::uint8_t>(name.alias));
    put_be(out, name.id.value());
    if (name.expires != 0) put_varint(out, static_cast<std::uint64_t>(name.expires));
    return out;
}

std::optional<Name> decode_name(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    auto kind = in.be<std::uint8_t>();
    auto alias = in.be<std::uint8_t>();
    AccountId id{in.be<std::uint64_t>()};
    std::uint64_t expires = 0;
    if (in.ok() && !in.at_end()) {
        expires = in.varint();
        if (expires == 0) return std::nullopt;
    }
    if (!in.ok() || !in.at_end() || kind > static_cast<std::uint8_t>(ObjectKind::folder_recipient)
        || alias > 1 || !time_of(expires))
        return std::nullopt;
    return Name{id, static_cast<ObjectKind>(kind), alias == 1, static_cast<std::int64_t>(expires)};
}

std::string encode(const Object& object) {
    std::string out = begin();
    put_be(out, static_cast<std::uint8_t>(object.kind));
    put_be(out, object.domain.value());
    put_string(out, object.name);
    put_strings(out, object.aliases);
    std::uint64_t flags = (object.enabled ? enabled : 0u) | (object.publish_contact ? publish : 0u)
                          | (object.must_change_password ? must_change : 0u)
                          | (object.explicit_settings ? explicit_settings : 0u)
                          | (object.temporary.empty() ? 0u : has_temporary) | (object.send_as ? send_as : 0u);
    put_varint(out, flags);
    put_varint(out, static_cast<std::uint64_t>(object.created));
    switch (object.kind) {
        case ObjectKind::account:
            put_be(out, object.class_id.value());
            put_be(out, object.password_version);
            put_varint(out, static_cast<std::uint64_t>(object.password_changed));
            put_string(out, object.full_name);
            put_string(out, object.first_name);
            put_string(out, object.last_name);
            put_string(out, object.customer_reference);
            if (object.temporary.empty()) break;
            put_varint(out, object.temporary.size());
            for (const TemporaryAlias& one : object.temporary) {
                put_string(out, one.name);
                put_varint(out, static_cast<std::uint64_t>(seconds(one.expires)));
            }
            break;
        case ObjectKind::group:
        case ObjectKind::forwarder:
            put_varint(out, object.members.size());
            for (const mime::AddrSpec& member : object.members) {
                put_string(out, member.local);
                put_string(out, member.domain);
            }
            break;
        case ObjectKind::folder_recipient: put_string(out, object.folder); break;
    }
    return out;
}

std::optional<Object> decode_object(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    Object object;
    auto kind = in.be<std::uint8_t>();
    if (kind > static_cast<std::uint8_t>(ObjectKind::folder_recipient)) return std::nullopt;
    object.kind = static_cast<ObjectKind>(kind);
    object.domain = DomainId{in.be<std::uint32_t>()};
    object.name = text(in);
    object.aliases = take_strings(in);
    std::uint64_t flags = in.varint();
    object.enabled = (flags & enabled) != 0;
    object.publish_contact = (flags & publish) != 0;
    object.send_as = (flags & send_as) != 0;
    object.must_change_password = (flags & must_change) != 0;
    object.explicit_settings = (flags & explicit_settings) != 0;
    std::uint64_t created = in.varint();
    std::uint64_t changed = 0;
    switch (object.kind) {
        case ObjectKind::account:
            object.class_id = ClassId{in.be<std::uint32_t>()};
            object.password_version = in.be<std::uint32_t>();
            changed = in.varint();
            object.full_name = text(in);
            object.first_name = text(in);
            object.last_name = text(in);
            object.customer_reference = text(in);
            if ((flags & has_temporary) == 0) break;
            for (std::uint64_t i = 0, count = in.varint(); i < count && in.ok(); ++i) {
                std::string name = text(in);
                auto expires = time_of(in.varint());
                if (!expires) return std::nullopt;
                object.temporary.push_back({std::move(name), *expires});
            }
            break;
        case ObjectKind::group:
        case ObjectKind::forwarder: {
            std::uint64_t count = in.varint();
            for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
                std::string local = text(in);
                object.members.push_back({std::move(local), text(in)});
            }
            break;
        }
        case ObjectKind::folder_recipient: object.folder = text(in); break;
    }
    if (!in.ok() || !in.at_end() || !time_of(created) || !time_of(changed)) return std::nullopt;
    object.created = static_cast<std::int64_t>(created);
    object.password_changed = static_cast<std::int64_t>(changed);
    return object;
}

std::string encode(const Credentials& credentials) {
    std::string out = begin();
    put_be(out, credentials.version);
    put_string(out, credentials.bytes);
    return out;
}

std::optional<Credentials> decode_credentials(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    Credentials credentials;
    credentials.version = in.be<std::uint32_t>();
    credentials.bytes = text(in);
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return credentials;
}

std::string encode(const AccountClass& account_class) {
    std::string out = begin();
    put_be(out, account_class.domain.value());
    put_string(out, account_class.name);
    return out;
}

std::optional<AccountClass> decode_class(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    AccountClass account_class;
    account_class.domain = DomainId{in.be<std::uint32_t>()};
    account_class.name = text(in);
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return account_class;
}

std::string encode(const Admin& admin) {
    // Version 2 says who is not a super user; version 1 had nobody else.
    std::string out = admin.entry.super_user ? begin() : std::string(1, static_cast<char>(version + 1));
    put_string(out, admin.entry.name);
    put_string(out, admin.entry.description);
    put_be(out, static_cast<std::uint8_t>(admin.entry.enabled));
    put_be(out, admin.credentials.version);
    put_string(out, admin.credentials.bytes);
    return out;
}

std::optional<Admin> decode_admin(std::string_view bytes) {
    Decoder in{bytes};
    auto found = in.be<std::uint8_t>();
    if (!in.ok() || (found != version && found != version + 1)) return std::nullopt;
    Admin admin;
    admin.entry.super_user = found == version;
    admin.entry.name = text(in);
    admin.entry.description = text(in);
    auto on = in.be<std::uint8_t>();
    admin.credentials.version = in.be<std::uint32_t>();
    admin.credentials.bytes = text(in);
    if (!in.ok() || !in.at_end() || on > 1) return std::nullopt;
    admin.entry.enabled = on == 1;
    return admin;
}

std::string encode(const AdminGroup& group) {
    std::string out = begin();
    put_string(out, group.name);
    put_string(out, group.description);
    return out;
}

std::optional<AdminGroup> decode_admin_group(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    AdminGroup group;
    group.name = text(in);
    group.description = text(in);
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return group;
}

std::string encode(const AdminRights& rights) {
    std::string out = begin();
    put_strings(out, rights.parents);
    put_varint(out, rights.rights.size());
    for (const AdminRight& one : rights.rights) {
        put_be(out, one.domain.value());
        put_be(out, static_cast<std::uint8_t>(one.granted));
        put_string(out, one.permission);
    }
    return out;
}

std::optional<AdminRights> decode_admin_rights(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    AdminRights rights;
    rights.parents = take_strings(in);
    std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        AdminRight one;
        one.domain = DomainId{in.be<std::uint32_t>()};
        auto granted = in.be<std::uint8_t>();
        if (granted > 1) return std::nullopt;
        one.granted = granted == 1;
        one.permission = text(in);
        rights.rights.push_back(std::move(one));
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return rights;
}

std::string encode(const ExplicitValues& contact) {
    std::string out = begin();
    put_varint(out, contact.size());
    for (const auto& [name, value] : contact) {
        put_string(out, name);
        put_string(out, value);
    }
    return out;
}

std::optional<ExplicitValues> decode_contact(std::string_view bytes) {
    Decoder in{bytes};
    if (!known_version(in)) return std::nullopt;
    ExplicitValues contact;
    std::uint64_t count = in.varint();
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        std::string name = text(in);
        std::string value = text(in);
        contact.emplace_back(std::move(name), std::move(value));
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return contact;
}

}  // namespace postrider::directory::records
