#pragma once

#include <filesystem>
#include <map>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "directory/directory.h"
#include "filter/chain/definitions.h"
#include "filter/chain/settings.h"
#include "filter/chain/steps.h"
#include "filter/scripts/script_store.h"
#include "observe/log.h"

namespace postrider::filter {

/// Puts together which filters run for whom, and keeps their scripts compiled.
///
///     server    what serverActiveFilters names, then the rule pages' script and the server's active one
///     domain    what is activated for the domain, then its rule pages' script and its active one
///     object    what is activated for the group or folder recipient that the mail came to
///     account   what is activated for it, else for its class, else for the domain's accounts; then the
///               administrators' script for it, that of WebMail's rules, the one that ManageSieve has made
///               active
///
/// An account can switch off what is integrated, the server's own spam filter, and what presets of its domain
/// name (presets.h).
class Registry final : public Catalogue {
public:
    struct Parts {
        directory::Directory& directory;
        Definitions& definitions;
        ScriptStore& scripts;
        const Scanners* scanners;              ///< nullptr: socket and integrated filters are not run
        std::filesystem::path directory_path;  ///< relative files start here
        const Clock& clock;
        observe::Logger log;
    };
    /// All must live longer.
    explicit Registry(Parts parts);

    /// @return what is wrong with the settings, a line each; such a filter is left out.
    std::vector<std::string> configure(const ChainSettings& settings);
    void changed(const DefinitionOwner& owner);
    void changed(const ScriptOwner& owner);
    void forget_all();  ///< classes or accounts have changed

    std::shared_ptr<const Steps> server() const override;
    std::shared_ptr<const Steps> domain(DomainId domain) const override;
    std::shared_ptr<const Steps> account(AccountId account) const override;
    std::shared_ptr<const Steps> object(const mime::AddrSpec& address) const override;
    std::shared_ptr<const SwitchedOff> switched_off(AccountId account) const override;
    bool has_scanners() const override { return parts_.scanners && parts_.scanners->any(); }

    /// Reads and compiles a script again when it has changed.
    std::shared_ptr<const sieve::Script> script_file(const std::filesystem::path& file) const;

private:
    using Cached = std::shared_ptr<const Steps>;
    struct OfAccount {
        Cached steps;
        std::shared_ptr<const SwitchedOff> off;
    };
    Cached make_domain(DomainId domain) const;
    OfAccount make_account(AccountId account) const;
    OfAccount of_account(AccountId account) const;
    void add(Steps& steps, const FilterDefinitions& definitions, const FilterDefinitions* also,
             std::vector<std::string>* problems) const;
    void add(Steps& steps, const ScriptOwner& owner) const;
    std::shared_ptr<const sieve::Script> compile(const std::string& text, const ScriptOwner& owner,
                                                 const std::string& what) const;
    std::vector<ScriptFilter> server_scripts() const;
    FilterDefinitions definitions(const DefinitionOwner& owner) const;
    /// Files are looked at once in a while; when one has changed, everything is put together anew.
    void look_at_files() const;

    Parts parts_;
    ChainSettings settings_;

    mutable std::shared_mutex mutex_;
    mutable Cached server_;
    mutable bool server_made_ = false;
    mutable std::unordered_map<std::uint64_t, Cached> domains_, objects_;
    mutable std::unordered_map<std::uint64_t, OfAccount> accounts_;
    mutable std::uint64_t generation_ =
        0;  ///< grows with every change, so that what was made before is not kept

    struct File {
        std::filesystem::file_time_type written;
        std::uintmax_t size = 0;
        std::shared_ptr<const sieve::Script> script;
    };
    mutable std::mutex files_mutex_;
    mutable std::map<std::filesystem::path, File> files_;
    mutable std::atomic<std::int64_t> looked_{0};
};

}  // namespace postrider::filter
