#pragma once

#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "kv/kv.h"

/// The scripts that people keep on the server (RFC 5804), and those that the rule pages write.
namespace postrider::filter {

/// Whose scripts.
struct ScriptOwner {
    enum class Kind : std::uint8_t {
        server = 0,
        domain = 1,
        account = 2,
        admin = 3,  ///< what administrators have written for an account: its owner does not see it
    };
    Kind kind = Kind::account;
    std::uint64_t id = 0;

    static ScriptOwner of_server() { return {Kind::server, 0}; }
    static ScriptOwner of(DomainId domain) { return {Kind::domain, domain.value()}; }
    static ScriptOwner of(AccountId account) { return {Kind::account, account.value()}; }
    static ScriptOwner admin_of(AccountId account) { return {Kind::admin, account.value()}; }
    friend auto operator<=>(const ScriptOwner&, const ScriptOwner&) = default;
};

/// Names of scripts that rule pages write: they are always active, besides the one that the owner activates,
/// and run before it.
inline constexpr std::string_view webmail_script = "wmFilter";
inline constexpr std::string_view server_rules_script = "WASieveServer";
inline constexpr std::string_view domain_rules_script = "WASieveDomain";
inline constexpr std::string_view account_rules_script = "WASieveAccount";
/// What new accounts of a domain get as their wmFilter.
inline constexpr std::string_view template_script = "wmFilterTemplate";
bool is_rules_script(std::string_view name);

enum class ScriptError : std::uint8_t {
    no_such_script,
    exists,
    active,     ///< RFC 5804 §2.10: the active one is not deleted
    bad_name,   ///< empty, over 512 octets, not UTF-8, or with control characters (RFC 5804 §1.6)
    too_many,   ///< RFC 5804 §1.3: QUOTA/MAXSCRIPTS
    too_large,  ///< QUOTA/MAXSIZE
    storage,
};
struct ScriptFailure {
    ScriptError kind = ScriptError::storage;
    std::string what;
};
template <class T = void>
using ScriptResult = std::expected<T, ScriptFailure>;

struct ScriptInfo {
    std::string name;
    bool active = false;
    std::size_t size = 0;
};

/// What of an owner's scripts runs on mail, in order.
struct RunningScript {
    std::string name;
    std::string text;
};

struct ScriptLimits {
    std::size_t scripts = 100;         ///< of one owner
    std::size_t octets = 1024 * 1024;  ///< of one script
};

/// Scripts in the store, without knowing what they say: whoever takes them in checks them. Changes are
/// durable when they return. Callable from any thread. Records by the byte: docs/formats/filter.md.
class ScriptStore {
public:
    explicit ScriptStore(kv::Store& store, ScriptLimits limits = {}) : store_{store}, limits_{limits} {}

    const ScriptLimits& limits() const { return limits_; }

    ScriptResult<std::vector<ScriptInfo>> list(const ScriptOwner& owner) const;  ///< by name
    ScriptResult<std::string> get(const ScriptOwner& owner, std::string_view name) const;
    /// Whether put() of so much would be taken (HAVESPACE).
    ScriptResult<> room(const ScriptOwner& owner, std::string_view name, std::size_t octets) const;
    /// Makes or replaces it; a replaced one stays active.
    ScriptResult<> put(const ScriptOwner& owner, std::string_view name, std::string_view text);
    ScriptResult<> remove(const ScriptOwner& owner, std::string_view name);
    ScriptResult<> rename(const ScriptOwner& owner, std::string_view from, std::string_view to);
    /// Of all scripts but those of rule pages one or none is active. "" = none.
    ScriptResult<> activate(const ScriptOwner& owner, std::string_view name);

    /// Those of rule pages, then the active one.
    ScriptResult<std::vector<RunningScript>> running(const ScriptOwner& owner) const;

    static void forget(const ScriptOwner& owner, kv::Batch& batch);

    /// Called after each change, on the thread that made it. Set once, before use.
    void on_change(std::function<void(const ScriptOwner&)> listener) { changed_ = std::move(listener); }

private:
    ScriptResult<> write(const ScriptOwner& owner, kv::Batch batch);
    ScriptResult<std::string> active_name(const ScriptOwner& owner) const;

    kv::Store& store_;
    ScriptLimits limits_;
    std::function<void(const ScriptOwner&)> changed_;
};

}  // namespace postrider::filter
