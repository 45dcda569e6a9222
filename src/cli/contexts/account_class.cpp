#include "cli/contexts/admin_limits.h"
#include "cli/contexts/filters.h"

/// An account class: a name, and what accounts that have it inherit.
namespace postrider::cli {
namespace {

struct ClassForm {
    std::string name;
};
using F = ClassForm;
constexpr settings::Setting<F> rows[] = {
    {.name = "name", .field = settings::field<&F::name>, .range = {1, 64}, .help = "Its name."},
};
settings::TableOf<F> class_table() {
    return {rows, "accountClass", "An account class."};
}

class ClassFrame final : public Frame {
public:
    ClassFrame(Shell& shell, DomainId domain, directory::ClassId id, std::string name)
        : Frame{shell, shell.tree().at("domain/accountClass")},
          domain_{domain},
          id_{id},
          name_{std::move(name)} {
        form_.name = name_;
    }
    std::string title() const override { return "the account class " + name_; }
    void* values() override { return &form_; }

    Step<std::string> commit() override {
        auto& directory = shell_.directory();
        bool made = id_.value() == 0;
        if (made)
            if (auto room = limits::room_for_class(shell_, domain_); !room)
                return std::unexpected(room.error());
        if (!pending.empty()) {
            settings::AccountSettings after = now();
            apply_changes(pending, inherited(), after);
            if (auto may = limits::values(shell_, domain_, after); !may) return std::unexpected(may.error());
        }
        if (made) {
            auto id = step(directory.create_class(domain_, form_.name));
            if (!id) return std::unexpected(id.error());
            id_ = *id;
        } else if (form_.name != name_) {
            if (auto done = step(directory.rename_class(id_, form_.name)); !done)
                return std::unexpected(done.error());
        }
        name_ = form_.name;
        if (auto done = write_filters(shell_, place(), filters_pending); !done) {
            if (made && directory.delete_class(id_)) id_ = {};
            return std::unexpected(done.error());
        }
        if (pending.empty()) return std::string{};
        const auto changes = to_changes(pending);
        auto done = step(directory.change_values(directory::SettingsLevel::account_class(id_), changes));
        if (done) return std::string{};
        if (made && directory.delete_class(id_)) id_ = {};
        return std::unexpected(done.error());
    }
    Step<> reload() override {
        form_.name = name_;
        pending.clear();
        filters_pending = {};
        return {};
    }
    settings::AccountSettings now() const { return of(id_); }
    settings::AccountSettings inherited() const { return of({}); }

    FilterPlace place() const { return {filter::DefinitionOwner::Kind::account_class, id_.value(), domain_}; }

    ValueChanges pending;
    FilterChanges filters_pending;

private:
    settings::AccountSettings of(directory::ClassId id) const {
        auto values = shell_.directory().effective(domain_, id);
        return values ? **values : settings::AccountSettings{};
    }

    DomainId domain_;
    directory::ClassId id_;
    std::string name_;
    ClassForm form_;
};

Reply configure(Call& call) {
    auto& frame = static_cast<ClassFrame&>(call.frame);
    ValuesLevel level;
    level.now = [&frame] { return frame.now(); };
    level.inherited = [&frame] { return frame.inherited(); };
    level.pending = &frame.pending;
    level.title = frame.title();
    Shell& shell = call.shell;
    shell.enter(
        make_values_frame(shell, shell.tree().at("domain/accountClass/" + call.subject), std::move(level)));
    return ok();
}

Reply configure_filters(Call& call) {
    auto& frame = static_cast<ClassFrame&>(call.frame);
    return enter_filters(call.shell, "domain/accountClass/Filters", "the filters of " + frame.title(),
                         frame.place(), &frame.filters_pending);
}

}  // namespace

std::vector<Context> account_class_branch() {
    Context context;
    context.path = "domain/accountClass";
    context.prompt = "domain-accountClass";
    context.exit = Exit::commit;
    context.help = "An account class";
    context.attributes = class_table();
    context.need = on_domain("manageAccountClasses");
    context.needs = {{"name", on_domain("renameAccountClasses")}};
    context.commands = {
        {"CONFIG Quotas", "Go to its quotas", configure, on_domain("manageFoldersQuotas"), "Quotas"},
        {"CONFIG Limits", "Go to its limits", configure, on_domain("manageAccountServices"), "Limits"},
        {"CONFIG SendRecvRestrictions", "Go to its restrictions", configure,
         on_domain("manageSendReceiveRestrictions"), "SendRecvRestrictions"},
        {"CONFIG Filters", "Go to its filters", configure_filters, on_domain("manageAccountClasses")},
    };
    std::vector<Context> all;
    all.push_back(std::move(context));
    return all;
}

std::unique_ptr<Frame> make_class_frame(Shell& shell, DomainId domain, directory::ClassId id,
                                        std::string name) {
    return std::make_unique<ClassFrame>(shell, domain, id, std::move(name));
}

}  // namespace postrider::cli
