#include "delivery/filters.h"

#include <fmt/core.h>

#include <algorithm>

#include "delivery/outcome.h"
#include "filter/chain/world.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::delivery {
namespace {

using filter::Verdict;
using queue::Notify;
using queue::Recipient;

/// A message that scripts send in a circle, changing it each time, gets a trace header each time.
constexpr unsigned max_hops = 30;

unsigned hops(std::string_view message) {
    unsigned count = 0;
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);)
        if (text::equal_ci(field.name, "Received")) ++count;
    return count;
}

bool same(const mime::AddrSpec& a, const mime::AddrSpec& b) {
    return text::equal_ci(a.local, b.local) && text::equal_ci(a.domain, b.domain);
}

/// RFC 3461 §5.2.7.3, as for members of a group: whoever asked for success hears of what they wrote to.
std::uint8_t notify_of_further(std::uint8_t notify) {
    if (notify == Notify::unsaid) return notify;
    const auto rest = static_cast<std::uint8_t>(notify & ~Notify::success);
    return rest == Notify::unsaid ? static_cast<std::uint8_t>(Notify::never) : rest;
}

std::uint8_t notify_of(std::string_view words) {
    if (text::equal_ci(words, "NEVER")) return Notify::never;
    std::uint8_t bits = 0;
    for (auto [word, bit] : {std::pair{"SUCCESS", Notify::success}, std::pair{"FAILURE", Notify::failure},
                             std::pair{"DELAY", Notify::delay}})
        if (text::to_upper(words).find(word) != std::string::npos) bits |= bit;
    return bits;
}

std::string with_version(const sieve::Version& version, std::string_view payload) {
    return version.whole ? *version.whole : version.prefix + std::string{payload};
}

}  // namespace

void Beside::add(Beside more) {
    std::ranges::move(more.messages, std::back_inserter(messages));
    std::ranges::move(more.memos, std::back_inserter(memos));
    std::ranges::move(more.afterwards, std::back_inserter(afterwards));
}

Filters::Filters(const filter::ChainParts& parts, const queue::Envelope& envelope, std::string_view payload,
                 QueueId id)
    : parts_{parts}, envelope_{envelope}, payload_{payload}, chain_{parts, envelope, payload, id} {}

std::shared_ptr<const directory::AccountEntry> Filters::find(const Recipient& recipient,
                                                             const mailstore::Target& target,
                                                             filter::Owner& owner) {
    owner.account = target.account;
    if (auto account = parts_.directory.account(target.account); account && *account) {
        owner.domain = (*account)->domain;
        owner.entry = account->get();
        return *account;
    }
    // A public folder: its owner is nobody's account.
    const auto domain = recipient.address.domain.empty() ? parts_.directory.primary_domain()
                                                         : parts_.directory.domain(recipient.address.domain);
    if (domain) owner.domain = domain->id;
    return nullptr;
}

Filters::When Filters::when(const Recipient& recipient, const Destination& destination) {
    When when = When::never;
    if (!destination.elsewhere.empty() && chain_.any_for_relay())
        when = chain_.waits_for_relay() ? When::later : When::now;
    for (const mailstore::Target& target : destination.targets) {
        if (when == When::later) return when;
        filter::Owner owner;
        const auto entry = find(recipient, target, owner);
        if (chain_.any(owner, recipient.address))
            when = chain_.waits(owner, recipient.address) ? When::later : When::now;
    }
    return when;
}

Sorted Filters::sort(const Recipient& recipient, const Destination& destination) {
    Sorted sorted;
    for (const mailstore::Target& target : destination.targets) {
        filter::Owner owner;
        const auto entry = find(recipient, target, owner);
        if (!chain_.any(owner, recipient.address)) {
            sorted.targets.push_back(target);
            continue;
        }
        take(sorted, recipient, target, owner, destination.expanded,
             chain_.for_owner(owner, recipient.address));
        if (sorted.refusal || sorted.held || sorted.repeat) return sorted;
    }
    for (const mime::AddrSpec& address : destination.elsewhere) {
        if (!chain_.any_for_relay()) {
            sorted.elsewhere.push_back(address);
            continue;
        }
        // Only scanners see what is relayed, and what they add is for folders of ours.
        Verdict verdict = chain_.for_relay(address);
        const bool goes_on = verdict.kind == Verdict::Kind::deliver && !verdict.copies.empty();
        take(sorted, recipient, {}, {}, destination.expanded, std::move(verdict));
        if (sorted.refusal || sorted.held || sorted.repeat) return sorted;
        if (goes_on) sorted.elsewhere.push_back(address);
    }
    return sorted;
}

void Filters::take(Sorted& sorted, const Recipient& recipient, const mailstore::Target& target,
                   const filter::Owner& owner, bool expanded, Verdict verdict) {
    std::ranges::move(verdict.trace, std::back_inserter(sorted.trace));
    auto nothing_else = [&] {
        sorted.targets.clear();
        sorted.rewritten.clear();
        sorted.elsewhere.clear();
        sorted.further.clear();
        sorted.beside = {};
    };
    switch (verdict.kind) {
        case Verdict::Kind::deliver: break;
        case Verdict::Kind::hold:
            nothing_else();
            sorted.held = std::move(verdict.text);
            return;
        case Verdict::Kind::repeat:
            nothing_else();
            sorted.repeat = std::move(verdict.text);
            return;
        case Verdict::Kind::reject:
            if (!expanded || !owner.entry) {
                nothing_else();
                sorted.refusal = Refusal{false, "5.7.1", std::move(verdict.text)};
                return;
            }
            // One member of a group refuses it; the others still get theirs.
            Recipient member = recipient;
            member.address = mime::parse_addr_spec(owner.entry->address).value_or(recipient.address);
            member.notify = notify_of_further(recipient.notify);
            fail_for_good(member, parts_.clock.now(), "5.7.1", std::move(verdict.text));
            sorted.further.push_back(std::move(member));
            return;
    }
    if (!target.account.value()) return;  // relayed

    redirect(sorted, recipient, owner, verdict);
    for (filter::Copy& copy : verdict.copies) {
        mailstore::Target to = target;
        if (!copy.folder.empty()) to.folder = std::move(copy.folder);
        to.flags = copy.flags;
        to.keywords = std::move(copy.keywords);
        if (copy.create) {
            auto box = mailstore::open_or_create(parts_.store, target.account);
            auto made = box ? (*box)->create_folder(to.folder) : std::unexpected(box.error());
            if (made)  // RFC 5490 §3.2 leaves it open; people want to see where their mail goes
                (void)(*box)->subscribe(to.folder, true);
            else if (made.error().kind != mailstore::MailError::exists)
                sorted.trace.push_back(
                    fmt::format("Folder {} cannot be made: {}", to.folder, made.error().what));
        }
        const sieve::Version& version = verdict.versions[copy.version];
        to.prefix = version.prefix;
        if (version.whole)
            sorted.rewritten.push_back({std::move(to), *version.whole});
        else
            sorted.targets.push_back(std::move(to));
    }
    for (filter::Letter& letter : verdict.letters) {
        SideMessage side;
        side.envelope.arrival = parts_.clock.now();
        side.envelope.body = queue::BodyType::eight_bit;
        if (!letter.from.empty())
            side.envelope.reverse_path = mime::parse_addr_spec(letter.from).value_or(mime::AddrSpec{});
        for (const std::string& to : letter.to) {
            auto address = mime::parse_addr_spec(to);
            if (!address) continue;
            Recipient one;
            one.address = std::move(*address);
            one.notify = Notify::never;
            side.envelope.recipients.push_back(std::move(one));
        }
        if (letter.keep) {  // RFC 8580
            mailstore::Target to = target;
            to.folder = letter.keep->mailbox;
            filter::Copy copy;
            filter::set_flags(copy, letter.keep->flags);
            to.flags = copy.flags;
            to.keywords = std::move(copy.keywords);
            sorted.rewritten.push_back({std::move(to), letter.text});
        }
        side.text = std::move(letter.text);
        if (!side.envelope.recipients.empty()) sorted.beside.messages.push_back(std::move(side));
    }
    std::ranges::move(verdict.afterwards, std::back_inserter(sorted.beside.afterwards));
    for (filter::Memo& memo : verdict.memos) sorted.beside.memos.emplace_back(owner.account, std::move(memo));
}

bool Filters::loops(const mime::AddrSpec& address, const Sorted& sorted) const {
    auto is_there = [&](const Recipient& other) { return same(other.address, address); };
    return std::ranges::any_of(envelope_.recipients, is_there)
           || std::ranges::any_of(sorted.further, is_there);
}

/// RFC 5228 §4.2. What comes back to where it has been stays there: two people who forward to each other do
/// not lose their mail.
void Filters::redirect(Sorted& sorted, const Recipient& recipient, const filter::Owner& owner,
                       Verdict& verdict) {
    bool kept = !verdict.copies.empty();
    for (filter::Redirection& redirection : verdict.redirections) {
        auto address = mime::parse_addr_spec(redirection.what.addresses.front());
        const bool too_far = hops(payload_) >= max_hops;
        if (!address || too_far || loops(*address, sorted)) {
            sorted.trace.push_back(fmt::format(
                "Not redirected to <{}>: {}", redirection.what.addresses.front(),
                !address ? "that is no address" : "the message goes in a circle or goes there already"));
            if (!kept) verdict.copies.emplace_back();
            kept = true;
            continue;
        }
        Recipient further;
        further.address = std::move(*address);
        further.original = recipient.original;
        if (const auto domain = parts_.directory.domain(owner.domain)) further.forwarded_by = domain->name;
        further.notify = redirection.what.notify ? notify_of(*redirection.what.notify)
                                                 : notify_of_further(recipient.notify);
        sorted.redirected = true;
        const sieve::Version& version = verdict.versions[redirection.version];
        const bool changed = version.whole || !version.prefix.empty();
        const bool leaves = anew_ && anew_->leaves(further.address);
        if (!changed && !leaves && !redirection.what.ret && !redirection.what.deliver_by) {
            sorted.further.push_back(std::move(further));
            continue;
        }
        SideMessage side;
        side.envelope.reverse_path = envelope_.reverse_path;
        side.envelope.envid = envelope_.envid;
        side.envelope.return_full =
            redirection.what.ret ? text::equal_ci(*redirection.what.ret, "FULL") : envelope_.return_full;
        side.envelope.return_headers =
            redirection.what.ret ? text::equal_ci(*redirection.what.ret, "HDRS") : envelope_.return_headers;
        side.envelope.body = envelope_.body;
        side.envelope.smtputf8 = envelope_.smtputf8;
        side.envelope.client = envelope_.client;
        side.envelope.helo = envelope_.helo;
        side.envelope.require_tls = envelope_.require_tls;
        side.envelope.priority = envelope_.priority;
        side.envelope.arrival = parts_.clock.now();
        if (const auto& by = redirection.what.deliver_by)
            side.envelope.deliver_by = queue::DeliverBy{
                queue::full_seconds(side.envelope.arrival + std::chrono::seconds{by->seconds}),
                by->notify ? queue::DeliverBy::Mode::notify : queue::DeliverBy::Mode::give_back, by->trace};
        side.envelope.recipients.push_back(std::move(further));
        mime::Trace trace;
        trace.helo = owner.entry ? owner.entry->address : "";
        trace.by = parts_.host;
        trace.with = "local";
        trace.when = mime::in_zone(side.envelope.arrival);
        side.text = mime::received_line(trace) + with_version(version, payload_);
        sorted.beside.messages.push_back(std::move(side));
    }
}

}  // namespace postrider::delivery
