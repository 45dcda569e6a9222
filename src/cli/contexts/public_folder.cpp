#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/folder_quotas.h"
#include "cli/contexts/index_information.h"
#include "cli/wire/layout.h"
#include "rights/sharing.h"
#include "text/ascii.h"

/// The public folders of a domain.
namespace postrider::cli {
namespace {

using mailstore::FolderKind;

struct KindWord {
    std::string_view word;
    FolderKind kind;
};
constexpr KindWord kinds[] = {{"mail", FolderKind::mail},   {"events", FolderKind::calendar},
                              {"tasks", FolderKind::tasks}, {"journal", FolderKind::journal},
                              {"notes", FolderKind::notes}, {"contacts", FolderKind::contacts}};

struct PublicForm {
    std::string name;
    std::uint32_t mbox_count = 0;
    std::uint64_t total_message_count = 0, total_message_size_kb = 0;
    std::uint64_t message_count = 0, message_size_kb = 0;
    bool operator==(const PublicForm&) const = default;
};
using P = PublicForm;
constexpr settings::Setting<P> public_rows[] = {
    {.name = "name",
     .field = settings::field<&P::name>,
     .range = {1, 255},
     .help = "What people see above the public folders."},
};
constexpr settings::Setting<P> quota_rows[] = {
    {.name = "mboxCount", .field = settings::field<&P::mbox_count>, .help = "Folders; 0: no limit."},
    {.name = "totalMessageCount",
     .field = settings::field<&P::total_message_count>,
     .help = "Messages in all of them; 0: no limit."},
    {.name = "totalMessageSize",
     .field = settings::field<&P::total_message_size_kb>,
     .help = "Their size; 0: no limit.",
     .unit = "KB"},
    {.name = "messageCount",
     .field = settings::field<&P::message_count>,
     .help = "Messages in one folder; 0: no limit."},
    {.name = "messageSize",
     .field = settings::field<&P::message_size_kb>,
     .help = "Their size; 0: no limit.",
     .unit = "KB"},
};
settings::TableOf<P> public_table() {
    return {public_rows, "publicFolder", "The public folders of a domain."};
}
settings::TableOf<P> quota_table() {
    return {quota_rows, "publicFolderQuotas", "What they may hold."};
}

constexpr std::uint64_t kb = 1024;

/// Changes wait for COMMIT.
class PublicFrame final : public Frame {
public:
    PublicFrame(Shell& shell, DomainId domain)
        : Frame{shell, shell.tree().at("domain/PUBLIC-FOLDER")}, domain_{domain} {
        (void)reload();
    }
    std::string title() const override { return "the public folders"; }

    Step<std::shared_ptr<mailstore::Account>> mail() const {
        auto domain = shell_.directory().domain(domain_);
        if (!domain) return std::unexpected("the domain is gone");
        return step(mailstore::open_public(shell_.admin().store, domain->public_account));
    }
    void* values() override { return &form; }
    Step<> reload() override {
        changes.clear();
        folder_quotas_pending.clear();
        form = before_ = {};
        auto domain = shell_.directory().domain(domain_);
        rights::Sharing* sharing = shell_.admin().sharing;
        if (!domain || !sharing) return {};
        before_.name = sharing->public_root(domain_);
        const mailstore::QuotaLimits limits = sharing->public_limits(domain->public_account);
        before_.mbox_count = static_cast<std::uint32_t>(limits.folders);
        before_.total_message_count = limits.messages;
        before_.total_message_size_kb = limits.bytes / kb;
        before_.message_count = limits.folder_messages;
        before_.message_size_kb = limits.folder_bytes / kb;
        form = before_;
        return {};
    }
    Step<std::string> commit() override {
        if (form != before_ || !folder_quotas_pending.empty())
            if (auto may = within_limits(); !may) return std::unexpected(may.error());
        if (auto kept = keep_form(); !kept) return std::unexpected(kept.error());
        auto account = mail();
        if (!account) return std::unexpected(account.error());
        if (auto done = write_folder_quotas(shell_, **account, folder_quotas_pending); !done)
            return std::unexpected(done.error());
        while (!changes.empty()) {
            const Change& change = changes.front();
            if (change.add) {
                auto made = step((*account)->create_folder(change.path, change.kind));
                if (!made) return std::unexpected(made.error());
            } else {
                auto folder = step((*account)->folder(change.path));
                if (!folder) return std::unexpected(folder.error());
                if (auto gone = step((*account)->delete_folder(folder->id)); !gone)
                    return std::unexpected(gone.error());
            }
            changes.erase(changes.begin());  // what is done is no change any longer
        }
        return std::string{};
    }

    struct Change {
        bool add = true;
        std::string path;
        FolderKind kind = FolderKind::mail;
    };
    std::vector<Change> changes;
    PublicForm form;
    FolderQuotaEdits folder_quotas_pending;

private:
    Step<> within_limits() {
        limits::PublicQuotas after;
        after.message_size_kb = form.total_message_size_kb;
        after.message_count = form.total_message_count;
        after.folder_count = form.mbox_count;
        after.each_folder = {form.message_size_kb, form.message_count};
        return limits::public_quotas(shell_, domain_, after, folder_quotas_pending);
    }

    Step<> keep_form() {
        if (form == before_) return {};
        auto domain = shell_.directory().domain(domain_);
        rights::Sharing* sharing = shell_.admin().sharing;
        if (!domain || !sharing) return std::unexpected("the domain is gone");
        if (form.name != before_.name)
            if (auto named = step(sharing->rename_public_root(domain_, form.name)); !named) return named;
        before_.name = form.name;
        mailstore::QuotaLimits limits;
        limits.folders = form.mbox_count;
        limits.messages = form.total_message_count;
        limits.bytes = form.total_message_size_kb * kb;
        limits.folder_messages = form.message_count;
        limits.folder_bytes = form.message_size_kb * kb;
        if (auto kept = step(sharing->limit_public(sharing->public_owner(*domain), limits)); !kept)
            return kept;
        before_ = form;
        return {};
    }

    PublicForm before_;
    DomainId domain_;
};

/// Handed over to the parent by DONE.
class PublicQuotas final : public Frame, public FolderQuotaHolder {
public:
    PublicQuotas(Shell& shell, PublicFrame& parent)
        : Frame{shell, shell.tree().at("domain/PUBLIC-FOLDER/QUOTAS")}, parent_{parent}, form_{parent.form} {}
    std::string title() const override { return "what the public folders may hold"; }
    void* values() override { return &form_; }
    Step<> done() override {
        form_.name = parent_.form.name;
        parent_.form = form_;
        for (auto& [folder, quota] : edits) parent_.folder_quotas_pending[folder] = quota;
        return {};
    }
    Step<> reload() override {
        form_ = parent_.form;
        edits.clear();
        return {};
    }
    Step<std::shared_ptr<mailstore::Account>> folder_owner() override { return parent_.mail(); }
    directory::FolderQuota each_folder() override { return {form_.message_size_kb, form_.message_count}; }
    const FolderQuotaEdits& edits_below() const override { return parent_.folder_quotas_pending; }

private:
    PublicFrame& parent_;
    PublicForm form_;
};

Reply configure_quotas(Call& call) {
    call.shell.enter(std::make_unique<PublicQuotas>(call.shell, static_cast<PublicFrame&>(call.frame)));
    return ok();
}

Reply list_folders_of(const PublicFrame& frame) {
    auto account = frame.mail();
    if (!account) return error(account.error());
    auto folders = step((*account)->folders());
    if (!folders) return error(folders.error());
    std::vector<Row> rows;
    for (const mailstore::FolderInfo& one : *folders) {
        auto kind = std::ranges::find(kinds, one.kind, &KindWord::kind);
        rows.push_back({one.path, std::string{kind->word}, std::to_string(one.messages),
                        std::to_string((one.bytes + 1023) / 1024), fmt::format("0x{:X}", one.id.value())});
    }
    return ok(table("Mboxes", {"name", "type", "messages", "size (KB)", "id"}, rows));
}

Reply list_folders(Call& call) {
    return list_folders_of(static_cast<PublicFrame&>(call.frame));
}

Reply add_folder(Call& call) {
    auto& frame = static_cast<PublicFrame&>(call.frame);
    PublicFrame::Change change;
    change.path = call.given.text("name");
    if (auto type = call.given.maybe("type")) {
        auto kind =
            std::ranges::find_if(kinds, [&](const KindWord& one) { return text::equal_ci(one.word, *type); });
        if (kind == std::end(kinds))
            return error("a folder's type is one of mail, events, tasks, journal, notes, contacts");
        change.kind = kind->kind;
    }
    auto account = frame.mail();
    if (!account) return error(account.error());
    if ((*account)->folder(change.path))
        return error(fmt::format("there is a folder {} already", clean(change.path)));
    if (frame.changes.size() >= 1000) return error("COMMIT what there is before more");
    frame.changes.push_back(std::move(change));
    return ok();
}

Reply remove_folder(Call& call) {
    auto& frame = static_cast<PublicFrame&>(call.frame);
    const std::string& path = call.given.text("name");
    auto added = std::ranges::find(frame.changes, path, &PublicFrame::Change::path);
    if (added != frame.changes.end() && added->add) {
        frame.changes.erase(added);
        return ok();
    }
    auto account = frame.mail();
    if (!account) return error(account.error());
    if (!(*account)->folder(path)) return error(fmt::format("there is no folder {}", clean(path)));
    frame.changes.push_back({false, path, {}});
    return ok();
}

}  // namespace

std::vector<Context> public_folder_branch() {
    Context context;
    context.path = "domain/PUBLIC-FOLDER";
    context.prompt = "domain-publicFolder";
    context.exit = Exit::commit;
    context.help = "The public folders of a domain";
    context.need = on_domain("managePublicFolder");
    context.attributes = public_table();
    context.needs = {{"name", on_domain("renamePublicFolder")}};
    context.commands = {
        {"LIST Mboxes [details]", "The folders that there are", list_folders},
        {"CONFIG QUOTAS", "Go to what they may hold", configure_quotas,
         on_domain("managePublicFoldersQuotas")},
        {std::string{index_information_syntax}, "How much of what is in them is indexed",
         [](Call& call) {
             auto account = static_cast<PublicFrame&>(call.frame).mail();
             if (!account) return error(account.error());
             return index_information(call.shell, (*account)->id());
         }},
        {"ADD Mbox <name> [type <type>]", "Make one: mail, events, tasks, journal, notes or contacts",
         add_folder, on_domain("createPublicFolder")},
        {"REMOVE Mbox <name>", "Delete one and what is in it", remove_folder,
         on_domain("removePublicFolder")},
    };
    Context held;
    held.path = "domain/PUBLIC-FOLDER/QUOTAS";
    held.prompt = "domain-publicFolder-quotas";
    held.exit = Exit::done;
    held.help = "What the public folders may hold";
    held.need = on_domain("managePublicFoldersQuotas");
    held.attributes = quota_table();
    add_folder_quota_commands(held, held.need);
    std::vector<Context> all;
    all.push_back(std::move(context));
    all.push_back(std::move(held));
    return all;
}

std::unique_ptr<Frame> make_public_folder_frame(Shell& shell, DomainId domain) {
    return std::make_unique<PublicFrame>(shell, domain);
}

}  // namespace postrider::cli
