#pragma once

#include <fmt/core.h>

#include <algorithm>
#include <functional>
#include <set>

#include "cli/contexts/branches.h"
#include "directory/names.h"
#include "text/ascii.h"

/// What the contexts of AACL and PERMISSIONS share: changes to administrators and their groups, which wait
/// for the DONE that leaves the context, in their order.
namespace postrider::cli::aacl {

using directory::AdminRight;
using directory::AdminRights;
using directory::Directory;
using directory::Principal;

std::string_view word(Principal kind);

/// What is to be done to one principal.
struct PrincipalChange {
    Principal kind = Principal::user;
    std::string name;
    bool create = false;
    std::optional<std::string> description{}, password{};
    std::set<std::string> join{}, leave{};
    struct RightChange {
        std::string permission;
        DomainId domain;
        std::optional<bool> granted;  ///< nothing: REVOKE
    };
    std::vector<RightChange> rights{};

    bool empty() const {
        return !create && !description && !password && join.empty() && leave.empty() && rights.empty();
    }
};

/// The rights as they are with the change.
AdminRights with(AdminRights rights, const PrincipalChange& change);
Step<> apply(Shell& shell, const PrincipalChange& change);

/// Who gives rights has them: nobody may make somebody who may do more.
Step<> may_give(Shell& shell, std::string_view permission, DomainId domain);
/// A delegated administrator does not change one who may do everything.
Step<> may_change(Call& call, Principal kind, const std::string& name);
/// Names of permissions, as they are spelled, that can be given there. `granted`: nothing is REVOKE.
Step<std::vector<PrincipalChange::RightChange>> parse_permissions(Shell& shell,
                                                                  const std::vector<std::string>& names,
                                                                  DomainId domain,
                                                                  std::optional<bool> granted);
/// What GRANT, DENY and REVOKE say.
std::optional<bool> granted_of(std::string_view verb);

/// Everybody of whom something is said, with what.
Step<> each_principal(
    Shell& shell,
    const std::function<void(Principal kind, const std::string& name, const AdminRights& rights)>& take);
/// Who has rights there.
Reply list_principals(Call& call, DomainId domain, std::string_view title);
std::string domain_name(Shell& shell, DomainId id);

/// Its changes are the administrators'; commands that give rights work on every frame that has some.
class Pending : public Frame {
public:
    using Frame::Frame;
    void push(PrincipalChange change) {
        if (!change.empty()) changes_.push_back(std::move(change));
    }
    Step<> done() override {
        while (!changes_.empty()) {
            if (auto done = apply(shell_, changes_.front()); !done)
                return std::unexpected(fmt::format("{} {}: {}", word(changes_.front().kind),
                                                   changes_.front().name, done.error()));
            changes_.erase(changes_.begin());
        }
        return {};
    }
    Step<> reload() override {
        changes_.clear();
        return {};
    }
    bool creates(Principal kind, std::string_view name) const {
        return std::ranges::any_of(changes_, [&](const PrincipalChange& one) {
            return one.create && one.kind == kind
                   && directory::fold_local(one.name) == directory::fold_local(name);
        });
    }
    /// What is said of somebody, with the changes that wait.
    AdminRights rights_of(Principal kind, const std::string& name) const {
        AdminRights rights = shell_.directory().admin_rights(kind, name).value_or(AdminRights{});
        for (const PrincipalChange& one : changes_)
            if (one.kind == kind && text::equal_ci(one.name, name)) rights = with(std::move(rights), one);
        return rights;
    }

protected:
    std::vector<PrincipalChange> changes_;
};

struct PrincipalForm {
    std::string name, description, password;
};

class PrincipalFrame final : public Frame {
public:
    PrincipalFrame(Shell& shell, Pending& parent, Principal kind, std::string name, bool create,
                   std::string password)
        : Frame{shell, shell.tree().at(kind == Principal::user ? "aacl/admin-user" : "aacl/admin-group")},
          parent_{parent} {
        change_.kind = kind;
        change_.name = std::move(name);
        change_.create = create;
        if (create && kind == Principal::user) change_.password = std::move(password);
        made_ = change_;
    }
    std::string title() const override { return fmt::format("the {} {}", word(change_.kind), change_.name); }
    void* values() override {
        form_ = {};
        form_.name = change_.name;
        if (change_.kind == Principal::user) {
            if (auto entry = shell_.directory().admin(change_.name)) form_.description = entry->description;
        } else if (auto group = shell_.directory().admin_group(change_.name)) {
            form_.description = group->description;
        }
        if (change_.description) form_.description = *change_.description;
        return &form_;
    }
    Step<> set(std::string_view attribute, const settings::Value& value) override {
        values();
        // Who could give others a password could act as them.
        if (settings::same_name(attribute, "password") && !change_.create && change_.name != shell_.user())
            if (auto may = shell_.permitted(super_user); !may) return may;
        if (auto good = Frame::set(attribute, value); !good) return good;
        if (settings::same_name(attribute, "name") && form_.name != change_.name) {
            if (!change_.create)
                return std::unexpected("a name cannot change here: make another and remove this one");
            change_.name = form_.name;
        }
        if (settings::same_name(attribute, "description")) change_.description = form_.description;
        if (settings::same_name(attribute, "password")) change_.password = form_.password;
        return {};
    }
    Step<> done() override {
        parent_.push(change_);
        return {};
    }
    Step<> reload() override {
        change_ = made_;
        return {};
    }
    AdminRights rights() const { return with(parent_.rights_of(change_.kind, change_.name), change_); }
    PrincipalChange& change() { return change_; }

private:
    Pending& parent_;
    PrincipalChange change_, made_;
    PrincipalForm form_;
};

/// The contexts of one administrator and of one group.
Context user_context();
Context group_context();
Context permissions_context(std::string path, std::string prompt);

}  // namespace postrider::cli::aacl
