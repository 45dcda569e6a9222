#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
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

/// Changes wait for COMMIT.
class PublicFrame final : public Frame {
public:
    PublicFrame(Shell& shell, DomainId domain)
        : Frame{shell, shell.tree().at("domain/PUBLIC-FOLDER")}, domain_{domain} {}
    std::string title() const override { return "the public folders"; }

    Step<std::shared_ptr<mailstore::Account>> mail() const {
        auto domain = shell_.directory().domain(domain_);
        if (!domain) return std::unexpected("the domain is gone");
        return step(mailstore::open_or_create(shell_.admin().store, domain->public_account));
    }
    Step<> reload() override {
        changes.clear();
        return {};
    }
    Step<std::string> commit() override {
        auto account = mail();
        if (!account) return std::unexpected(account.error());
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

private:
    DomainId domain_;
};

Reply list_folders(Call& call) {
    auto account = static_cast<PublicFrame&>(call.frame).mail();
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
    context.commands = {
        {"LIST Mboxes", "The folders that there are", list_folders},
        {"ADD Mbox <name> [type <type>]", "Make one: mail, events, tasks, journal, notes or contacts",
         add_folder, on_domain("createPublicFolder")},
        {"REMOVE Mbox <name>", "Delete one and what is in it", remove_folder,
         on_domain("removePublicFolder")},
    };
    std::vector<Context> all;
    all.push_back(std::move(context));
    return all;
}

std::unique_ptr<Frame> make_public_folder_frame(Shell& shell, DomainId domain) {
    return std::make_unique<PublicFrame>(shell, domain);
}

}  // namespace postrider::cli
