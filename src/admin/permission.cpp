// Who may do what with folders of accounts and with public ones.

#include <algorithm>

#include "admin/chapters.h"
#include "admin/sharing.h"

namespace postrider::admin {
namespace {

using rights::Entry;
using rights::RightSet;

/// What an operation is about: a folder of an account, of a domain ("@example.org"), or all that they have.
struct Subject {
    rights::Owner owner;
    FolderId folder;
};

std::expected<Subject, Error> subject_of(Context& context, const Arguments& arguments) {
    if (context.sharing == nullptr) return fail(Error::Kind::not_running, "Nothing is shared here");
    const std::string named = arguments.text("owner");
    Subject subject;
    if (named.starts_with('@')) {
        auto domain = find_domain(context, std::string_view{named}.substr(1));
        if (!domain) return std::unexpected(domain.error());
        subject.owner = context.sharing->public_owner(**domain);
    } else {
        auto account = find_account(context, named);
        if (!account) return std::unexpected(account.error());
        subject.owner = context.sharing->owner_of(**account);
    }
    if (auto path = arguments.maybe_text("folder")) {
        auto account = need(context.sharing->open(subject.owner));
        if (!account) return std::unexpected(account.error());
        auto folder = need((*account)->folder(*path));
        if (!folder) return std::unexpected(folder.error());
        subject.folder = folder->id;
    }
    return subject;
}

std::expected<rights::Principal, Error> principal_of(Context& context, const Subject& subject,
                                                     const Arguments& arguments) {
    return need(context.sharing->principal_named(subject.owner.domain, arguments.text("who")));
}

Json words(RightSet set) {
    Json all = Json::array();
    for (unsigned bit = 0; bit < 12; ++bit)
        if (auto right = static_cast<rights::Right>(bit); set.has(right)) all.push_back(rights::name(right));
    return all;
}

/// Names of rights, or letters of RFC 4314.
std::expected<RightSet, Error> parse_rights(const std::vector<std::string>& given) {
    RightSet set;
    for (const std::string& word : given) {
        if (auto right = rights::right_named(word)) {
            set = set | RightSet{*right};
            continue;
        }
        auto letters = rights::rights_of_letters(word);
        if (!letters) {
            std::string known;
            for (unsigned bit = 0; bit < 12; ++bit)
                known +=
                    std::string{bit ? ", " : ""} + std::string{rights::name(static_cast<rights::Right>(bit))};
            return fail(Error::Kind::bad_value,
                        "'" + word + "' is no right; there are " + known + ", and the letters lrswipkxtea");
        }
        set = set | *letters;
    }
    return set;
}

Json described(Context& context, const Entry& entry) {
    std::string who = context.sharing->name_of(entry.who);
    if (who.empty()) who = fmt::format("(gone: {})", entry.who.id);
    using Kind = rights::Principal::Kind;
    const std::string_view kind = entry.who.kind == Kind::everyone ? "everyone"
                                  : entry.who.kind == Kind::group  ? "group"
                                                                   : "account";
    return Json{{"who", std::move(who)},
                {"kind", kind},
                {"level", rights::name(rights::level_of({entry.allow, entry.deny}))},
                {"allow", words(entry.allow)},
                {"deny", words(entry.deny)},
                {"subfolders", entry.below},
                {"new_subfolders", entry.below || entry.copied}};
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto subject = subject_of(context, arguments);
    if (!subject) return std::unexpected(subject.error());
    auto entries = need(context.sharing->entries(subject->owner, subject->folder));
    if (!entries) return std::unexpected(entries.error());
    Json rows = Json::array();
    for (const Entry& entry : *entries) rows.push_back(described(context, entry));
    return Json{{"entries", std::move(rows)}};
}

Result effective(Context& context, const Arguments& arguments, const Progress&) {
    auto subject = subject_of(context, arguments);
    if (!subject) return std::unexpected(subject.error());
    auto person = find_account(context, arguments.text("who"));
    if (!person) return std::unexpected(person.error());
    auto set = need(context.sharing->rights(**person, subject->owner, subject->folder));
    if (!set) return std::unexpected(set.error());
    return Json{{"rights", words(*set)}, {"letters", rights::letters(*set)}};
}

Result set(Context& context, const Arguments& arguments, const Progress&) {
    auto subject = subject_of(context, arguments);
    if (!subject) return std::unexpected(subject.error());
    auto who = principal_of(context, *subject, arguments);
    if (!who) return std::unexpected(who.error());
    Entry entry;
    entry.who = *who;
    entry.below = !arguments.flag("no-subfolders");
    if (auto word = arguments.maybe_text("level")) {
        auto level = rights::level_named(*word);
        if (!level)
            return fail(
                Error::Kind::bad_value,
                "'" + *word + "' is no level; there are none, viewer, contributor, editor and master");
        const rights::Grant grant = rights::grant_of(*level);
        entry.allow = grant.allow;
        entry.deny = grant.deny;
    }
    auto allow = parse_rights(arguments.list("allow")), deny = parse_rights(arguments.list("deny"));
    if (!allow) return std::unexpected(allow.error());
    if (!deny) return std::unexpected(deny.error());
    entry.allow = entry.allow | *allow;
    entry.deny = entry.deny | *deny;
    if (entry.allow.empty() && entry.deny.empty())
        return fail(Error::Kind::usage, "Say a --level, or what to --allow or --deny");
    if (auto ok = need(context.sharing->put(subject->owner, subject->folder, entry)); !ok)
        return std::unexpected(ok.error());
    return show(context, arguments, {});
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    auto subject = subject_of(context, arguments);
    if (!subject) return std::unexpected(subject.error());
    auto who = principal_of(context, *subject, arguments);
    if (!who) return std::unexpected(who.error());
    if (auto ok = need(context.sharing->remove(subject->owner, subject->folder, *who)); !ok)
        return std::unexpected(ok.error());
    return show(context, arguments, {});
}

constexpr Argument the_owner{"owner", Type::text,
                             "Address of the account, or @ and a domain for its public folders", true};
constexpr Argument the_who{"who", Type::text, "Account or group of the same domain, or anyone", true};
constexpr Argument the_folder{"folder", Type::text, "Path of the folder [all that the owner has]"};
constexpr Argument show_arguments[] = {the_owner, the_folder};
constexpr Argument who_arguments[] = {the_owner, the_who, the_folder};
constexpr Argument set_arguments[] = {
    the_owner,
    the_who,
    the_folder,
    {"level", Type::text, "none, viewer, contributor, editor or master"},
    {"allow", Type::list,
     "Rights by name or letter: lookup, read, shareSeen, setFlags, insert, createSubfolders, "
     "deleteFolder, markDeleted, expunge, administer; of a whole account freeBusy and sendAs"},
    {"deny", Type::list, "Rights that nothing else grants either"},
    {"no-subfolders", Type::flag, "For that folder alone"}};

constexpr Operation operations[] = {
    {"permission show", "Show who may do what with a folder; owner and postmaster are not listed",
     show_arguments, show},
    {"permission effective", "Show what somebody may do there, with all that he inherits", who_arguments,
     effective},
    {"permission set", "Grant or deny rights, instead of what there was for the same person or group",
     set_arguments, set, true},
    {"permission remove", "Grant and deny nothing any more", who_arguments, remove, true},
};

}  // namespace

Chapter permission_chapter() {
    return {"permission", "Rights on folders", operations};
}

}  // namespace postrider::admin
