#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cli/shell/shell.h"
#include "directory/directory.h"

/// The table of contexts in parts; each stands in the file of its name. And how their frames are made.
namespace postrider::cli {

std::vector<Context> root_branch();
std::vector<Context> server_branch(settings::Table server);
std::vector<Context> domain_create_branch();
std::vector<Context> domain_branch();
std::vector<Context> account_branch();
std::vector<Context> account_values_branch();
std::vector<Context> account_class_branch();
std::vector<Context> object_branch();  ///< groups, forwarders, folder recipients
std::vector<Context> public_folder_branch();
std::vector<Context> aacl_branch();
std::vector<Context> queue_branch();
std::vector<Context> admin_limits_branch();

void add_storage_commands(Context& server);                       ///< storage.cpp
void add_domain_storage_commands(Context& domain);                ///< storage.cpp
void add_search_folders_command(Context& domain);                 ///< search_folders.cpp
void add_search_restart_command(Context& account);                ///< search_folders.cpp
void add_care_commands(Context& server, Need need);               ///< storage_care.cpp
void add_domain_care_commands(Context& domain);                   ///< storage_care.cpp
void add_edit_care_commands(Context& domain_edit);                ///< storage_care.cpp
std::string storage_uri(const admin::StorageLocation& location);  ///< storage.cpp
/// Where the domain's new messages go, as URIs (storage.cpp).
std::vector<std::string> messages_locations(Shell& shell, const directory::Domain& domain);
void add_policy_commands(Context& server);                 ///< policy_script.cpp
void add_resolver_commands(Context& resolver, Need need);  ///< resolver.cpp
void add_permission_command(Context& context);             ///< aacl_permissions.cpp: CONFIG PERMISSIONS
void add_processing_commands(Context& processing);         ///< processing.cpp
void add_limits_command(Context& domain);                  ///< admin_limits.cpp

std::unique_ptr<Frame> make_server_frame(Shell& shell);
/// @param rules     file with the Sieve script that accounts begin with; "" or "none": they have none
/// @param location  domainLocation, "" where it has none
std::unique_ptr<Frame> make_domain_create_frame(Shell& shell, std::string name, std::string password,
                                                std::string rules, std::string location);
/// A domain PREFIX.PARENT.
std::unique_ptr<Frame> make_subdomain_frame(Shell& shell, std::string prefix, std::string parent,
                                            std::string password);
std::unique_ptr<Frame> make_domain_edit_frame(Shell& shell, DomainId id);
std::unique_ptr<Frame> make_domain_frame(Shell& shell, DomainId id);
/// @param id  0: a new one of that name
std::unique_ptr<Frame> make_account_frame(Shell& shell, DomainId domain, AccountId id, std::string name,
                                          std::string password);
std::unique_ptr<Frame> make_object_frame(Shell& shell, DomainId domain, directory::ObjectKind kind,
                                         AccountId id, std::string name);
std::unique_ptr<Frame> make_class_frame(Shell& shell, DomainId domain, directory::ClassId id,
                                        std::string name);
std::unique_ptr<Frame> make_public_folder_frame(Shell& shell, DomainId domain);
std::unique_ptr<Frame> make_aacl_frame(Shell& shell);
std::unique_ptr<Frame> make_queue_frame(Shell& shell);

/// SHOW of an object that no frame is open for, as its frame would show it.
Reply show_of(Frame& frame, const Matched& given);

/// A frame for those contexts that have commands and nothing else.
class PlainFrame final : public Frame {
public:
    PlainFrame(Shell& shell, const Context& context, std::string title)
        : Frame{shell, context}, title_{std::move(title)} {}
    std::string title() const override { return title_; }

private:
    std::string title_;
};

/// What is to become of explicit values at a level: a text in the grammar of settings, or inherited again.
using ValueChanges = std::map<std::string, std::optional<std::string>>;
std::vector<directory::Directory::ValueChange> to_changes(const ValueChanges& changes);
/// `to` with the changes; what they inherit is as it is `above`.
void apply_changes(const ValueChanges& changes, settings::AccountSettings above,
                   settings::AccountSettings& to);

/// A context for account-scope values (quotas, limits, restrictions) of an account, a class or a domain.
struct ValuesLevel {
    std::function<settings::AccountSettings()> now;        ///< in force, without changes of open contexts
    std::function<settings::AccountSettings()> inherited;  ///< what would hold if nothing were explicit here
    ValueChanges* pending = nullptr;                       ///< of the frame below, which writes them
    std::string title;
    std::string account{};  ///< its address; "" where there is none
};
std::unique_ptr<Frame> make_values_frame(Shell& shell, const Context& context, ValuesLevel level);

/// Fri, 20 Nov 2026 10:00:00 +0000
std::string date_text(Time time);

/// A stored text as data lines: each line ended with CRLF, control characters left out.
std::string lines_of(std::string_view text);

/// A directory's or store's refusal as a step's.
template <class T, class Failure>
Step<T> step(std::expected<T, Failure> result) {
    if (!result) return std::unexpected(result.error().what);
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

/// Names of one kind in a domain that match a wildcard, at most max_rows.
inline constexpr std::size_t max_rows = 1'000'000;
Step<std::vector<directory::ListedObject>> list_matching(Shell& shell, DomainId domain,
                                                         directory::ObjectKind kind,
                                                         const std::string& wildcard);

}  // namespace postrider::cli
