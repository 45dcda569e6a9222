#include "filter/chain/chain.h"

#include <fmt/core.h>
#include <openssl/rand.h>

#include <algorithm>

#include "filter/chain/presets.h"
#include "filter/chain/run.h"
#include "filter/chain/world.h"
#include "filter/scan/levels.h"
#include "mime/date.h"
#include "queue/entry.h"
#include "text/hex.h"

namespace postrider::filter {
namespace {

/// An owner hears at most this often that a script does not run.
constexpr auto complain_every = std::chrono::hours{24};

template <class Action>
bool is(const sieve::Action& action) {
    return std::holds_alternative<Action>(action.what);
}

/// Whether a command says where the message is to go, so that what earlier filters said no longer counts.
/// Copies (RFC 3894) and the implicit keep leave that as it was.
bool places(const sieve::Action& action) {
    if (auto* keep = std::get_if<sieve::Keep>(&action.what)) return !keep->implicit;
    if (auto* into = std::get_if<sieve::FileInto>(&action.what)) return !into->copy;
    if (auto* redirect = std::get_if<sieve::Redirect>(&action.what)) return !redirect->copy;
    return is<sieve::Discard>(action) || is<sieve::Reject>(action);
}

std::string_view word(Action action) {
    switch (action) {
        case Action::pass: return "PASS";
        case Action::discard: return "DISCARD";
        case Action::reject: return "REJECT";
        case Action::quarantine: return "QUARANTINE";
        case Action::requeue: return "REQUEUE";
    }
    return "";
}

std::string random_id(const std::string& host) {
    unsigned char octets[12];
    RAND_bytes(octets, sizeof octets);
    return fmt::format("<{}@{}>", text::to_hex({reinterpret_cast<const char*>(octets), sizeof octets}), host);
}

}  // namespace

Chain::Chain(const ChainParts& parts, const queue::Envelope& envelope, std::string_view payload, QueueId id)
    : parts_{parts}, envelope_{envelope}, payload_{payload}, id_{id} {}

namespace {

bool applies(const Step& step, bool relay) {
    return relay ? step.relay : step.local;
}

/// It may take long: a scanner, or a script that has documents read (RFC 6558).
bool blocks(const Step& step) {
    return step.scanner
           || (step.script && sieve::required(*step.script).test(sieve::bit(sieve::Extension::convert)));
}

bool some(const std::shared_ptr<const Steps>& steps, bool relay, bool only_blocking) {
    return steps && std::ranges::any_of(*steps, [&](const Step& step) {
               return applies(step, relay) && (!only_blocking || blocks(step));
           });
}

}  // namespace

bool Chain::any(const Owner& owner, const mime::AddrSpec& recipient) const {
    return parts_.anti_spam || some(parts_.catalogue.object(recipient), false, false)
           || some(parts_.catalogue.server(), false, false)
           || some(parts_.catalogue.domain(owner.domain), false, false)
           || (owner.entry && some(parts_.catalogue.account(owner.account), false, false));
}

bool Chain::any_for_relay() const {
    return some(parts_.catalogue.server(), true, false);
}

bool Chain::waits(const Owner& owner, const mime::AddrSpec& recipient) const {
    return some(parts_.catalogue.object(recipient), false, true)
           || some(parts_.catalogue.server(), false, true)
           || some(parts_.catalogue.domain(owner.domain), false, true)
           || (owner.entry && some(parts_.catalogue.account(owner.account), false, true));
}

bool Chain::waits_for_relay() const {
    return some(parts_.catalogue.server(), true, true);
}

Verdict Chain::for_owner(const Owner& owner, const mime::AddrSpec& recipient) {
    Run it;
    it.owner = &owner;
    it.recipient = recipient.text();
    return run(it, recipient);
}

Verdict Chain::for_relay(const mime::AddrSpec& recipient) {
    Run it;
    it.recipient = recipient.text();
    return run(it, recipient);
}

Verdict Chain::run(Run& run, const mime::AddrSpec& recipient) {
    levels_ = read_levels(payload_);
    run.levels = levels_;
    const auto off =
        run.owner && run.owner->entry ? parts_.catalogue.switched_off(run.owner->account) : nullptr;
    auto switched_off = [&](const Step& step) {
        return step.scanner && off
               && !runs(off.get(), step.name, step.scanner->kind() == ScannerKind::integrated);
    };
    auto walk = [&](const std::shared_ptr<const Steps>& steps, std::string where) {
        if (!steps) return true;
        run.where = std::move(where);
        for (const Step& step : *steps) {
            if (!applies(step, run.owner == nullptr)) continue;
            if (switched_off(step)) {
                run.verdict.trace.push_back(
                    fmt::format("Filter {} of {}: the account has switched it off", step.name, run.where));
            } else if (step.scanner) {
                if (!scanned(run, step)) return false;
            } else if (run.owner) {
                scripted(run, step);
            }
        }
        return true;
    };
    const bool judged = run.owner && parts_.anti_spam;
    bool on = !judged || listed_by_server(run);
    on = on && walk(parts_.catalogue.server(), "server");
    if (on && judged && runs(off.get(), spam_filter_name, false)) judge_spam(run);
    if (on && run.owner) {
        auto domain = parts_.directory.domain(run.owner->domain);
        on = walk(parts_.catalogue.domain(run.owner->domain),
                  fmt::format("domain <{}>", domain ? domain->name : ""));
    }
    if (on && run.owner)
        on = walk(parts_.catalogue.object(recipient), fmt::format("domain object <{}>", run.recipient));
    if (on && judged && run.owner->entry) listed_by_account(run);
    if (on && run.owner && run.owner->entry)
        on = walk(parts_.catalogue.account(run.owner->account),
                  fmt::format("domain object <{}>", run.owner->entry->address));
    if (on && judged) file_junk(run);
    if (on && judged && run.owner->entry) confirm_identity(run);

    Verdict& verdict = run.verdict;
    for (Letter& letter : verdict.letters) letter.text.insert(0, trace_fields());
    verdict.versions[0].prefix = run.whole ? std::string{} : run.front();
    verdict.versions[0].whole = std::move(run.whole);
    if (verdict.kind != Verdict::Kind::deliver) {
        verdict.copies.clear();
        verdict.redirections.clear();
        // Who gets his message back, or sends it again, is told nothing else.
        verdict.letters.clear();
        verdict.memos.clear();
        verdict.afterwards.clear();
    }
    return std::move(verdict);
}

const Finding& Chain::finding_of(const Step& step, const std::string& message) {
    auto [at, fresh] = findings_.try_emplace({step.scanner.get(), message});
    if (fresh) {
        Subject subject;
        subject.id = id_;
        subject.message = message;
        subject.sender = envelope_.reverse_path.null() ? "" : envelope_.reverse_path.text();
        for (const queue::Recipient& recipient : envelope_.recipients)
            subject.recipients.push_back(recipient.address.text());
        subject.client = envelope_.client;
        subject.helo = envelope_.helo;
        subject.authenticated = envelope_.authenticated;
        subject.until = until_;
        at->second = step.scanner->scan(subject);
    }
    return at->second;
}

/// filters.md §2: a level is only ever raised, and there is one field of each.
void Chain::raise(Run& run, const Levels& wanted) {
    Levels raised;
    for (LevelKind kind : {LevelKind::spam, LevelKind::virus})
        if (const auto level = wanted.of(kind); level && run.levels.raise(kind, *level))
            raised.of(kind) = *level;
    const bool in_text = run.whole || (raised.spam && levels_.spam) || (raised.virus && levels_.virus);
    if (!in_text) {
        if (raised.spam) run.added.spam = raised.spam;
        if (raised.virus) run.added.virus = raised.virus;
    } else if (auto text = with_levels(run.shown(payload_), raised)) {
        run.whole = std::move(*text);
    }
}

bool Chain::scanned(Run& run, const Step& step) {
    Verdict& verdict = run.verdict;
    const bool socket = step.scanner->kind() == ScannerKind::socket;
    const std::string_view type = socket ? "socket" : "integrated";
    verdict.trace.push_back(
        fmt::format("Start filter {} of type {} filter from {}", step.name, type, run.where));
    const Finding& finding = finding_of(step, run.shown(payload_));
    const Action action = step.scanner->action_for(finding);
    verdict.trace.push_back(
        fmt::format("Filter {}:[{}]: {}", step.scanner->title(), word(action), finding.text));

    if (finding.kind != Finding::Kind::failed) {
        for (const auto& [name, value] : finding.headers)
            run.head.append(name).append(": ").append(value).append("\r\n");
        if (finding.replacement) run.whole = *finding.replacement;
        raise(run, {finding.spam_level, finding.virus_level});
    }
    switch (action) {
        case Action::pass:
            verdict.trace.push_back(
                fmt::format("Finished filtering mail object {} with filter: {} of type {} filter from {}",
                            queue::to_string(id_), step.name, type, run.where));
            return true;
        case Action::discard:
            verdict.copies.clear();
            verdict.redirections.clear();
            return false;
        case Action::reject: verdict.kind = Verdict::Kind::reject; break;
        case Action::quarantine: verdict.kind = Verdict::Kind::hold; break;
        case Action::requeue: verdict.kind = Verdict::Kind::repeat; break;
    }
    verdict.text = fmt::format("{}: {}", step.name, finding.text);
    return false;
}

void Chain::scripted(Run& run, const Step& step) {
    Verdict& verdict = run.verdict;
    verdict.trace.push_back(
        fmt::format("Start filter {} of type script filter from {}", step.name, run.where));

    sieve::Envelope envelope;
    envelope.from = envelope_.reverse_path.null() ? "" : envelope_.reverse_path.text();
    envelope.to = run.recipient;
    envelope.auth = envelope_.authenticated;
    envelope.envid = envelope_.envid;
    World world{parts_, *run.owner, envelope_, run.levels};
    const std::string front = run.whole ? std::string{} : run.front();
    sieve::Message message{front, run.whole ? std::string_view{*run.whole} : payload_, std::move(envelope)};
    sieve::Result result = sieve::run(*step.script, message, world);

    for (const sieve::TraceLine& line : result.trace)
        verdict.trace.push_back(fmt::format("Filter {} line {}: {}", step.name, line.line, line.text));
    if (result.error) {
        verdict.trace.push_back(fmt::format("Filter {}: {}", step.name, result.error->shown()));
        const std::string key = fmt::format("complained:{}", step.name);
        if (run.owner->entry && !parts_.memory.noted(run.owner->account, key)) {
            const std::string& address = run.owner->entry->address;
            verdict.letters.push_back(
                {"",
                 {address},
                 fmt::format(
                     "From: Mail filter <MAILER-DAEMON@{}>\r\nTo: <{}>\r\nSubject: Your mail filter {} "
                     "does not work\r\nAuto-Submitted: auto-generated\r\nContent-Type: text/plain; "
                     "charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\nMIME-Version: 1.0\r\n\r\nYour mail "
                     "filter {} could not be "
                     "run on a message to you:\r\n\r\n    {}\r\n\r\nThe message was kept in your inbox, "
                     "as will be others until the filter is corrected.\r\n",
                     parts_.host.get(), address, step.name, step.name, result.error->shown()),
                 {}});
            verdict.memos.push_back({key, parts_.clock.now() + complain_every});
        }
        return;
    }

    // What is seen after the last command is the message as the next filter finds it; what was filed before
    // an edit keeps its own form.
    const std::uint32_t now = message.version(result.versions);
    std::vector<std::uint32_t> number(result.versions.size(), 0);
    auto version_of = [&](const sieve::Action& action) -> std::uint32_t {
        const std::uint32_t index = action.version;
        if (index == now) return 0;
        if (number[index] == 0) {
            sieve::Version& version = result.versions[index];
            if (!version.whole && !run.whole) version.prefix += front;
            if (!version.whole && run.whole)
                version.whole = version.prefix + *run.whole, version.prefix.clear();
            verdict.versions.push_back(version);
            number[index] = static_cast<std::uint32_t>(verdict.versions.size() - 1);
        }
        return number[index];
    };

    if (std::ranges::any_of(result.actions, places) || (!result.implicit_keep && result.actions.empty())) {
        verdict.kind = Verdict::Kind::deliver;
        verdict.copies.clear();
        verdict.redirections.clear();
    }
    for (sieve::Action& action : result.actions) {
        if (auto* keep = std::get_if<sieve::Keep>(&action.what)) {
            // An implicit keep leaves the message where filters before this one have put it.
            if (keep->implicit && !keep->flags.empty())
                for (Copy& copy : verdict.copies) set_flags(copy, keep->flags);
            if (keep->implicit) continue;
            Copy copy;
            copy.folder = "INBOX";
            set_flags(copy, keep->flags);
            copy.version = version_of(action);
            verdict.copies.push_back(std::move(copy));
        } else if (auto* into = std::get_if<sieve::FileInto>(&action.what)) {
            Copy copy = world.copy_of(*into);
            copy.version = version_of(action);
            auto same = [&](const Copy& other) {
                return other.folder == copy.folder && other.version == copy.version;
            };
            if (std::ranges::none_of(verdict.copies, same)) verdict.copies.push_back(std::move(copy));
        } else if (auto* redirect = std::get_if<sieve::Redirect>(&action.what)) {
            for (const std::string& address : redirect->addresses) {
                sieve::Redirect one = *redirect;
                one.addresses = {address};
                verdict.redirections.push_back({std::move(one), version_of(action)});
            }
        } else if (auto* reject = std::get_if<sieve::Reject>(&action.what)) {
            verdict.kind = Verdict::Kind::reject;
            verdict.text = reject->reason;
        } else if (auto* vacation = std::get_if<sieve::VacationReply>(&action.what)) {
            std::optional<sieve::FileInto> keep_copy;
            if (vacation->copy) keep_copy = vacation->copy->into;
            verdict.letters.push_back(
                {"", {vacation->to}, std::move(vacation->message), std::move(keep_copy)});
            if (vacation->interval.count() > 0)
                verdict.memos.push_back({answer_key(vacation->key), parts_.clock.now() + vacation->interval});
        } else if (auto* note = std::get_if<sieve::Notification>(&action.what)) {
            if (note->method != sieve::Notification::Method::mailto) {
                verdict.trace.push_back(
                    fmt::format("Filter {}: {} is told by XMPP", step.name, note->xmpp_to));
                verdict.afterwards.emplace_back(
                    [to = parts_.messenger, told = std::move(*note)] { to->tell(told); });
                continue;
            }
            std::optional<sieve::FileInto> keep_copy;
            if (note->copy) keep_copy = note->copy->into;
            verdict.letters.push_back(
                {note->sender, note->recipients, std::move(note->message), std::move(keep_copy)});
        }
    }
    for (const sieve::Mark& mark : result.marks)
        verdict.memos.push_back({seen_key(mark.key), parts_.clock.now() + mark.lifetime});

    if (now == 0) return;
    sieve::Version& last = result.versions[now];
    if (last.whole) {
        run.whole = std::move(last.whole);
    } else if (run.whole) {
        run.whole->insert(0, last.prefix);
    } else {
        // Level lines stay in front of all others.
        run.head.insert(0, last.prefix);
    }
}

/// What every message needs that begins here (RFC 5322 §3.6).
std::string Chain::trace_fields() const {
    return fmt::format("Date: {}\r\nMessage-ID: {}\r\n", mime::format_date(mime::in_zone(parts_.clock.now())),
                       random_id(parts_.host));
}

}  // namespace postrider::filter
