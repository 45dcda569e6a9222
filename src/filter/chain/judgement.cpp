#include <fmt/core.h>

#include <algorithm>

#include "filter/anti_spam.h"
#include "filter/chain/run.h"
#include "filter/chain/world.h"
#include "mime/header.h"

/// What the server does with mail without being told by a script: lists of senders, its own spam filter, the
/// Junk folder, identity confirmation. Scripts have the last word about folders, but not about a sender whom
/// the server's administrator does not want.
namespace postrider::filter {
namespace {

/// Nothing that ran so far has said where the message goes.
bool untouched(const Verdict& verdict) {
    return verdict.kind == Verdict::Kind::deliver && verdict.redirections.empty()
           && verdict.copies.size() == 1 && verdict.copies.front().folder.empty();
}

}  // namespace

const Origin& Chain::origin() {
    if (!origin_) origin_ = origin_of(payload_, envelope_, parts_.host.get());
    return *origin_;
}

/// filters.md §5: blacklisted is refused, whitelisted accepted, by the From field.
bool Chain::listed_by_server(Run& run) {
    if (!origin().from_outside) return true;
    const ListVerdict verdict =
        parts_.anti_spam->listed(run.owner->domain, origin().authors, origin().authentication_failed);
    if (verdict == ListVerdict::white) {
        run.welcome = true;
        run.verdict.trace.emplace_back("The sender is in a whitelist of the server or the domain");
    }
    if (verdict != ListVerdict::black) return true;
    run.verdict.kind = Verdict::Kind::reject;
    run.verdict.text = "Mail from this sender is not wanted here";
    run.verdict.trace.emplace_back("The sender is in a blacklist of the server or the domain");
    return false;
}

void Chain::judge_spam(Run& run) {
    const SpamSettings settings = parts_.anti_spam->spam().settings();
    if (!settings.enable || !origin().from_outside || run.welcome) return;
    Surroundings around = origin().around;
    if (run.owner->entry && !origin().authentication_failed)
        around.sender_known =
            parts_.anti_spam->listed(run.owner->account, origin().authors, false) == ListVerdict::white;
    const SpamVerdict verdict =
        parts_.anti_spam->spam().judge(run.whole ? std::string_view{*run.whole} : payload_,
                                       run.owner->entry ? run.owner->account : AccountId{}, around);
    run.verdict.trace.push_back(fmt::format("Spam filter: {}", verdict.text()));
    raise(run, {verdict.level, {}});
}

void Chain::listed_by_account(Run& run) {
    if (!origin().from_outside) return;
    const ListVerdict verdict =
        parts_.anti_spam->listed(run.owner->account, origin().authors, origin().authentication_failed);
    if (verdict == ListVerdict::white) run.welcome = true;
    if (verdict != ListVerdict::black) return;
    run.verdict.trace.emplace_back("The sender is in the account's blacklist");
    sieve::FileInto trash;
    trash.mailbox = "Trash";
    trash.special_use = "\\Trash";
    World world{parts_, *run.owner, envelope_, run.levels};
    run.verdict.copies = {world.copy_of(trash)};
}

void Chain::file_junk(Run& run) {
    const SpamSettings spam = parts_.anti_spam->spam().settings();
    if (run.welcome || !untouched(run.verdict) || run.levels.spam.value_or(1) < spam.junk_level) return;
    using settings::FilteringOption;
    auto option = FilteringOption::move_to_filtered;
    if (run.owner->entry)
        if (auto its = parts_.directory.effective(run.owner->account)) option = (*its)->filtering_option;
    switch (option) {
        case FilteringOption::pass: return;
        case FilteringOption::discard:
            run.verdict.trace.push_back(
                fmt::format("Spam level {} reaches {}: discarded", *run.levels.spam, spam.junk_level));
            run.verdict.copies.clear();
            return;
        case FilteringOption::send_ndr:
            run.verdict.trace.push_back(
                fmt::format("Spam level {} reaches {}: refused", *run.levels.spam, spam.junk_level));
            run.verdict.kind = Verdict::Kind::reject;
            run.verdict.text = "This message looks like unsolicited mail";
            return;
        case FilteringOption::move_to_filtered_with_ic: run.ask_unwanted = true; break;
        case FilteringOption::move_to_filtered: break;
    }
    run.verdict.trace.push_back(
        fmt::format("Spam level {} reaches {}: into the Junk folder", *run.levels.spam, spam.junk_level));
    sieve::FileInto junk;
    junk.mailbox = "Junk";
    junk.special_use = "\\Junk";
    World world{parts_, *run.owner, envelope_, run.levels};
    run.verdict.copies = {world.copy_of(junk)};
}

void Chain::confirm_identity(Run& run) {
    if (run.verdict.kind != Verdict::Kind::deliver || run.verdict.copies.empty()) return;
    IdentityConfirmation& confirmation = parts_.anti_spam->confirmation();
    IdentityConfirmation::Arrival arrival;
    arrival.account = run.owner->account;
    arrival.reverse_path = envelope_.reverse_path;
    arrival.message = payload_;
    arrival.authenticated = envelope_.authenticated;
    arrival.authentication_failed = origin().authentication_failed;
    arrival.whitelisted = run.welcome;
    arrival.ask_unwanted = run.ask_unwanted;
    arrival.is_spam =
        !run.welcome && run.levels.spam.value_or(1) >= parts_.anti_spam->spam().settings().junk_level;
    const IdentityConfirmation::Decision decision = confirmation.decide(arrival);
    using Kind = IdentityConfirmation::Decision::Kind;
    if (decision.kind == Kind::deliver) return;
    run.verdict.trace.push_back(fmt::format("Identity confirmation: {}", decision.why));
    const AccountId account = run.owner->account;
    if (decision.kind == Kind::confirmed) {
        run.verdict.afterwards.emplace_back(
            [&confirmation, account, sender = decision.sender] { confirmation.confirm(account, sender); });
        return;
    }
    Copy parked;
    parked.folder = unconfirmed_folder;
    parked.create = true;
    run.verdict.copies = {std::move(parked)};
    if (decision.challenge)
        run.verdict.afterwards.emplace_back(
            [&confirmation, account, sender = decision.sender,
             header = std::string{payload_.substr(0, mime::header_size(payload_))}] {
                confirmation.challenge(account, sender, header);
            });
}

}  // namespace postrider::filter
