#include <algorithm>

#include "mailstore/errors.h"
#include "rights/shared_account.h"

/// What is noted about folders of others: private notes are kept apart for each person, under names that no
/// client can ask for.
namespace postrider::rights {

using mailstore::Annotation;
using mailstore::fail;
using mailstore::MailError;

namespace {

constexpr std::string_view private_scope = "/private/";
constexpr std::string_view shared_scope = "/shared/";

std::string kept_under(AccountId person) {
    return "reader/" + std::to_string(person.value());
}

/// RFC 5464 §3.3.
bool may_look(RightSet rights) {
    return rights.has(Right::lookup)
           && rights.has_any(RightSet{Right::read, Right::share_seen, Right::write_flags, Right::insert});
}

}  // namespace

Result<std::vector<Annotation>> SharedAccount::annotations(FolderId folder) {
    auto has = need(folder, {});
    if (!has) return std::unexpected(has.error());
    if (!may_look(*has)) return fail(MailError::no_permission, "that right was not granted");
    auto all = inner_->annotations(folder);
    if (!all) return all;
    const std::string mine = kept_under(person_->id);
    std::vector<Annotation> seen;
    for (Annotation& one : *all) {
        if (one.name.starts_with(shared_scope)) {
            seen.push_back(std::move(one));
        } else if (one.name.starts_with(mine) && one.name.substr(mine.size()).starts_with(private_scope)) {
            one.name.erase(0, mine.size());
            seen.push_back(std::move(one));
        }
    }
    std::sort(seen.begin(), seen.end(),
              [](const Annotation& a, const Annotation& b) { return a.name < b.name; });
    return seen;
}

Result<> SharedAccount::annotate(FolderId folder, const std::vector<AnnotationChange>& changes) {
    auto has = need(folder, {});
    if (!has) return std::unexpected(has.error());
    if (!may_look(*has)) return fail(MailError::no_permission, "that right was not granted");
    std::vector<AnnotationChange> inside = changes;
    for (AnnotationChange& change : inside) {
        if (change.name.starts_with(private_scope)) {
            change.name.insert(0, kept_under(person_->id));
            continue;
        }
        // Who may only read changes nothing that others see.
        const bool may = change.name.starts_with(shared_scope)
                         && has->has_any(RightSet{Right::share_seen, Right::write_flags, Right::insert});
        if (!may) return fail(MailError::no_permission, "that entry may not be changed");
    }
    return inner_->annotate(folder, inside);
}

}  // namespace postrider::rights
