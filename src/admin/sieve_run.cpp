// A Sieve script over mail that lies in a folder already.

#include <fmt/core.h>

#include <map>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/scripts/script_store.h"
#include "mailstore/mailstore.h"
#include "mailstore/uid_set.h"
#include "mime/header.h"
#include "sieve/sieve.h"
#include "text/ascii.h"

namespace postrider::admin {
namespace {

using filter::ScriptOwner;
using Kind = Error::Kind;

constexpr Argument run_arguments[] = {
    {"script", Type::text, "Name of one of the account's scripts", true},
    {"account", Type::text, "Whose mail", true},
    {"folder", Type::text, "The folder [INBOX]"},
    {"dry-run", Type::flag, "Only say what would be done"},
};

/// What a script may ask about mail that is old: nobody is answered any more.
class OldMail final : public sieve::Environment {
public:
    OldMail(mailstore::Account& account, const directory::AccountEntry& entry, const Clock& clock)
        : account_{account}, entry_{entry}, clock_{clock} {}
    Time now() const override { return clock_.now(); }
    bool mailbox_exists(std::string_view name) override { return account_.folder(name).has_value(); }
    std::vector<std::string> own_addresses() override { return {entry_.address}; }
    std::string owner_name() override { return entry_.full_name; }
    bool answered(std::string_view, std::chrono::seconds) override { return true; }

private:
    mailstore::Account& account_;
    const directory::AccountEntry& entry_;
    const Clock& clock_;
};

/// What is to be done, gathered first: the folder is changed only when the script has seen all of it.
struct Plan {
    std::map<std::string, mailstore::UidSet> move, copy;
    std::map<std::string, mailstore::UidSet> flags;  ///< by the flags, joined by blanks
    mailstore::UidSet discard;
    std::uint64_t messages = 0, kept = 0, errors = 0, not_done = 0;
    std::string first_error;
};

bool is_inbox(std::string_view name) {
    return text::equal_ci(name, "INBOX");
}

void gather(Plan& plan, const sieve::Result& result, Uid uid, const std::string& folder,
            mailstore::Account& account) {
    if (result.error) {
        if (plan.first_error.empty()) plan.first_error = result.error->shown();
        ++plan.errors;
        return;
    }
    bool kept = false, discarded = false;
    std::vector<std::string> into;
    for (const sieve::Action& action : result.actions) {
        if (const auto* keep = std::get_if<sieve::Keep>(&action.what)) {
            kept = true;
            std::string flags;
            for (const std::string& flag : keep->flags) flags.append(flags.empty() ? "" : " ").append(flag);
            if (!flags.empty()) append(plan.flags[flags], uid);
        } else if (const auto* file = std::get_if<sieve::FileInto>(&action.what)) {
            bool here = file->mailbox == folder || (is_inbox(file->mailbox) && is_inbox(folder));
            bool there = here || file->create || account.folder(file->mailbox).has_value();
            if (here || !there)
                kept = true;  // where it lies, or would be lost
            else
                into.push_back(file->mailbox);
        } else if (std::holds_alternative<sieve::Discard>(action.what)) {
            discarded = true;
        } else {
            ++plan.not_done;  // sent on, refused, answered: all that is for new mail
            kept = true;
        }
    }
    if (kept) ++plan.kept;
    for (std::size_t i = 0; i < into.size(); ++i) {
        bool last = i + 1 == into.size();
        append(last && !kept ? plan.move[into[i]] : plan.copy[into[i]], uid);
    }
    if (discarded && !kept && into.empty()) append(plan.discard, uid);
}

mailstore::FlagChange change_of(std::string_view words) {
    constexpr std::pair<std::string_view, std::uint8_t> system[] = {{"\\Seen", mailstore::seen},
                                                                    {"\\Answered", mailstore::answered},
                                                                    {"\\Flagged", mailstore::flagged},
                                                                    {"\\Deleted", mailstore::deleted},
                                                                    {"\\Draft", mailstore::draft}};
    mailstore::FlagChange change;
    while (!words.empty()) {
        std::string_view word = words.substr(0, words.find(' '));
        words.remove_prefix(std::min(word.size() + 1, words.size()));
        bool known = false;
        for (const auto& [name, bit] : system) {
            if (!text::equal_ci(name, word)) continue;
            change.system |= bit;
            known = true;
        }
        if (!known && !word.starts_with('\\')) change.keywords.emplace_back(word);
    }
    return change;
}

/// The folder of that name, made when it is not there.
mailstore::Result<FolderId> folder_for(mailstore::Account& account, const std::string& path) {
    auto found = account.folder(path);
    if (!found) found = account.create_folder(path);
    if (!found) return std::unexpected(found.error());
    return found->id;
}

mailstore::Result<> carry_out(Plan& plan, mailstore::Account& account, FolderId from) {
    for (const auto& [flags, uids] : plan.flags)
        if (auto stored = account.store(from, uids, change_of(flags)); !stored)
            return std::unexpected(stored.error());
    for (const auto* moves : {&plan.copy, &plan.move}) {
        for (const auto& [path, uids] : *moves) {
            auto to = folder_for(account, path);
            if (!to) return std::unexpected(to.error());
            auto done = moves == &plan.copy ? account.copy(from, uids, *to) : account.move(from, uids, *to);
            if (!done) return std::unexpected(done.error());
        }
    }
    if (plan.discard.empty()) return {};
    // Mail that was kept once is not destroyed by a script: it goes where deleted mail goes.
    auto folders = account.folders();
    if (!folders) return std::unexpected(folders.error());
    for (const mailstore::FolderInfo& folder : *folders) {
        if (folder.special_use != mailstore::SpecialUse::trash || folder.id == from) continue;
        auto done = account.move(from, plan.discard, folder.id);
        if (!done) return std::unexpected(done.error());
        return {};
    }
    plan.kept += count(plan.discard);
    plan.discard.clear();
    return {};
}

Json report(const Plan& plan) {
    Json moved = Json::object(), copied = Json::object();
    for (const auto& [path, uids] : plan.move) moved[path] = count(uids);
    for (const auto& [path, uids] : plan.copy) copied[path] = count(uids);
    Json out{{"messages", plan.messages},
             {"kept", plan.kept},
             {"moved", moved},
             {"copied", copied},
             {"to_trash", count(plan.discard)},
             {"not_done", plan.not_done},
             {"errors", plan.errors}};
    if (!plan.first_error.empty()) out["first_error"] = plan.first_error;
    return out;
}

Result run_over_folder(Context& context, const Arguments& arguments, const Progress& progress) {
    if (!context.scripts) return fail(Kind::not_running, "There are no scripts here");
    auto entry = find_account(context, arguments.text("account"));
    if (!entry) return std::unexpected(entry.error());
    const ScriptOwner owner = ScriptOwner::of((*entry)->id);
    auto text = context.scripts->get(owner, arguments.text("script"));
    if (!text) return fail(Kind::not_found, text.error().what);
    sieve::Options options;
    options.find_script = [&](sieve::Location where, const std::string& name) -> std::optional<std::string> {
        auto found =
            context.scripts->get(where == sieve::Location::personal ? owner : ScriptOwner::of_server(), name);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    };
    auto compiled = sieve::compile(*text, options);
    if (!compiled) return fail(Kind::bad_value, compiled.error().front().shown());

    auto account = need(mailstore::open_or_create(context.store, (*entry)->id));
    if (!account) return std::unexpected(account.error());
    const std::string path = arguments.has("folder") ? arguments.text("folder") : "INBOX";
    auto folder = need((*account)->folder(path));
    if (!folder) return std::unexpected(folder.error());
    auto view = need((*account)->view(folder->id));
    if (!view) return std::unexpected(view.error());

    OldMail world{**account, **entry, context.clock};
    Plan plan;
    std::optional<mailstore::Failure> failure;
    auto visit = [&](const mailstore::Item& item) {
        auto message = (*view)->message(item);
        if (!message) {
            failure = message.error();
            return false;
        }
        auto path_field = mime::find_field(*message, "Return-Path");
        std::string sender;
        if (path_field)
            if (auto addresses = sieve::read_addresses(*path_field); !addresses.empty())
                sender = addresses.front().all;
        sieve::Message mail{"", *message, {.from = sender, .to = (*entry)->address}};
        gather(plan, sieve::run(*compiled->script, mail, world), item.uid, path, **account);
        ++plan.messages;
        if (progress && folder->messages > 0 && plan.messages % 100 == 0)
            progress("mail looked at",
                     static_cast<int>(std::min<std::uint64_t>(plan.messages * 100 / folder->messages, 99)));
        return true;
    };
    auto walked = (*view)->each_item(mailstore::every_uid(), visit);
    if (failure) walked = std::unexpected(*failure);
    if (auto ok = need(std::move(walked)); !ok) return std::unexpected(ok.error());
    if (!arguments.flag("dry-run"))
        if (auto ok = need(carry_out(plan, **account, folder->id)); !ok) return std::unexpected(ok.error());
    return report(plan);
}

constexpr Operation operations[] = {
    {"sieve run", "Run a script over the mail of a folder: file, flag, and put to the trash what it discards",
     run_arguments, run_over_folder, true},
};

}  // namespace

Chapter sieve_chapter() {
    return {"sieve", "Sieve scripts tried and run", operations};
}

}  // namespace postrider::admin
