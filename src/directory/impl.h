#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "directory/cache.h"
#include "directory/directory.h"
#include "directory/domain_table.h"
#include "directory/records.h"
#include "settings/inherit.h"

/// What the .cpp files of the directory share. Reading goes through the caches; a change takes `writing`,
/// checks, fills a batch, commits it, and then makes the caches forget what it touched.
namespace postrider::directory {

/// An object as look-ups hand it out; monostate: no such object.
using ObjectEntry = std::variant<std::monostate, std::shared_ptr<const AccountEntry>,
                                 std::shared_ptr<const GroupEntry>, std::shared_ptr<const FolderRecipient>>;

struct NameKey {
    DomainId domain;
    std::string folded;
};
struct NameView {
    DomainId domain;
    std::string_view folded;
};
struct NameHash {
    using is_transparent = void;
    template <class K>
    std::size_t operator()(const K& key) const {
        return std::hash<std::string_view>{}(key.folded)
               ^ (key.domain.value() * std::size_t{0x9e3779b97f4a7c15u});
    }
};
struct NameEqual {
    using is_transparent = void;
    template <class A, class B>
    bool operator()(const A& a, const B& b) const {
        return a.domain == b.domain && std::string_view{a.folded} == std::string_view{b.folded};
    }
};

/// Domain's account defaults, or a class.
struct ClassKey {
    DomainId domain;
    ClassId account_class;
    friend bool operator==(ClassKey, ClassKey) = default;
};
struct ClassKeyHash {
    std::size_t operator()(ClassKey key) const {
        return std::hash<std::uint64_t>{}(std::uint64_t{key.domain.value()} << 32
                                          | key.account_class.value());
    }
};

using Effective = std::shared_ptr<const settings::AccountSettings>;

struct Directory::Impl {
    Impl(kv::Store& to, const Clock& time, Options limits)
        : store{to},
          clock{time},
          options{limits},
          names{limits.cached_names},
          objects{limits.cached_names},
          class_settings{limits.cached_settings},
          account_settings{limits.cached_settings} {}

    kv::Store& store;
    const Clock& clock;
    const Options options;
    std::function<void(const ChangeEvent&)> listener;

    std::string server_secret;
    DomainTable domains;
    Cache<NameKey, records::Name, NameHash, NameEqual> names;  // an id of 0: nobody has the name
    Cache<AccountId, ObjectEntry, std::hash<AccountId>> objects;
    Cache<ClassKey, Effective, ClassKeyHash> class_settings;
    Cache<AccountId, Effective, std::hash<AccountId>> account_settings;
    std::atomic<std::uint64_t> membership_version{1};
    std::atomic<std::uint64_t> server_services{all_services().bits()};

    std::mutex writing;  // one change at a time: uniqueness is checked, then written
    records::Counters counters;

    // ---- reading (read.cpp)
    Result<std::optional<std::string>> get(std::string_view key) const;
    /// The object that a name means; id 0 when there is none.
    Result<records::Name> find_name(NameView name);
    Result<ObjectEntry> find_object(AccountId id);
    Result<std::optional<records::Object>> read_object(AccountId id) const;
    Result<records::Object> need(AccountId id,
                                 std::string_view what) const;  ///< not_found when there is none
    Result<std::optional<AccountClass>> read_class(ClassId id) const;
    Result<Effective> class_effective(ClassKey of);  ///< cached
    Result<Effective> resolve(ClassKey of, const settings::Overrides* own) const;
    Result<settings::Overrides> read_overrides(SettingsLevel level) const;

    // ---- changing (write.cpp); all with `writing` held
    Result<> commit(kv::Batch batch, kv::Durability durability = kv::Durability::now);
    void put_counters(kv::Batch& batch) const;
    Result<> name_is_free(DomainId domain, std::string_view folded, std::string_view name) const;
    /// Everything that follows from a record: names, list entry, class membership, member index, the record
    /// itself. `before` is nullptr for a new object, `after` for one that goes. Refuses names that are taken
    /// or bad.
    Result<> put_object(kv::Batch& batch, AccountId id, const records::Object* before,
                        const records::Object* after) const;
    void forget(AccountId id, const records::Object& object);  ///< the caches do
    /// Members of groups that are spelled `from` become `to`; "" as a local part means every one of the
    /// domain.
    Result<std::vector<AccountId>> readdress(kv::Batch& batch, const std::vector<std::string>& domains,
                                             std::string_view from_local, const mime::AddrSpec& to);
    /// Reads, changes and writes one domain's record, with what else `change` puts into the batch. Takes
    /// `writing`.
    Result<> update_domain(DomainId id, const std::function<Result<>(Domain&, kv::Batch&)>& change);
    Result<> finish_deletion(DomainId id, const Domain& domain);
    void tell(ChangeEvent::Kind kind, DomainId domain, AccountId account = {}) const {
        if (listener) listener({kind, domain, account});
    }

    /// Reads, changes and writes one object's record. `change` may refuse.
    Result<records::Object> update(AccountId id, std::string_view what,
                                   const std::function<Result<>(records::Object&)>& change);
};

inline std::unexpected<Failure> fail(DirectoryError kind, std::string what) {
    return std::unexpected(Failure{kind, std::move(what)});
}

}  // namespace postrider::directory
