#include <fmt/core.h>

#include <charconv>

#include "smtp/session/session.h"
#include "smtp/wire/path.h"
#include "text/ascii.h"

/// MAIL, RCPT and RSET: the envelope.
namespace postrider::smtp {
namespace {

std::optional<std::uint64_t> number(std::string_view digits) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || digits.size() > 20 || error != std::errc{} || end != digits.data() + digits.size())
        return std::nullopt;
    return value;
}

/// notify-esmtp-value = "NEVER" / 1#("SUCCESS" / "FAILURE" / "DELAY")          RFC 3461 §4.1
std::optional<std::uint8_t> notify_bits(std::string_view value) {
    using queue::Notify;
    if (text::equal_ci(value, "NEVER")) return Notify::never;
    std::uint8_t bits = 0;
    while (true) {
        auto comma = value.find(',');
        std::string_view word = value.substr(0, comma);
        if (text::equal_ci(word, "SUCCESS"))
            bits |= Notify::success;
        else if (text::equal_ci(word, "FAILURE"))
            bits |= Notify::failure;
        else if (text::equal_ci(word, "DELAY"))
            bits |= Notify::delay;
        else
            return std::nullopt;
        if (comma == std::string_view::npos) return bits;
        value.remove_prefix(comma + 1);
    }
}

/// As milters are shown them.
std::vector<std::string> texts(const std::vector<Parameter>& parameters) {
    std::vector<std::string> all;
    for (const Parameter& p : parameters)
        all.push_back(p.has_value ? fmt::format("{}={}", p.keyword, p.value) : std::string{p.keyword});
    return all;
}

}  // namespace

std::optional<Reply> Session::mail_parameters(std::string_view keyword, std::string_view value,
                                              bool has_value) {
    using text::equal_ci;
    Transaction& t = *transaction_;
    const screening::Allowances& allow = allow_;
    if (equal_ci(keyword, "SIZE")) {  // RFC 1870 §6
        auto size = number(value);
        if (!size) return Reply{501, "5.5.4", "SIZE needs a number"};
        t.declared_size = *size;
    } else if (equal_ci(keyword, "BODY")) {  // RFC 6152 §2, RFC 3030 §3
        if (equal_ci(value, "7BIT"))
            t.envelope.body = queue::BodyType::seven_bit;
        else if (equal_ci(value, "8BITMIME") && allow.allow_8bit_mime)
            t.envelope.body = queue::BodyType::eight_bit;
        else if (equal_ci(value, "BINARYMIME") && allow.allow_binary_data)
            t.envelope.body = queue::BodyType::binary;
        else
            return Reply{501, "5.5.4", "Unknown BODY type"};
    } else if (equal_ci(keyword, "SMTPUTF8") && s_.settings.allow_smtp_utf8) {  // RFC 6531 §3.4
        if (has_value) return Reply{501, "5.5.4", "SMTPUTF8 has no value"};
        t.envelope.smtputf8 = true;
    } else if (equal_ci(keyword, "RET") && allow.allow_dsn) {  // RFC 3461 §4.3
        if (equal_ci(value, "FULL"))
            t.envelope.return_full = true;
        else if (equal_ci(value, "HDRS"))
            t.envelope.return_headers = true;
        else
            return Reply{501, "5.5.4", "RET is FULL or HDRS"};
    } else if (equal_ci(keyword, "ENVID") && allow.allow_dsn) {  // RFC 3461 §4.4
        auto id = decode_xtext(value);
        if (!id || id->empty() || value.size() > 100) return Reply{501, "5.5.4", "Malformed ENVID"};
        t.envelope.envid = std::move(*id);
    } else if (equal_ci(keyword, "REQUIRETLS") && peer_.secure()) {  // RFC 8689 §2, §4.1
        if (has_value) return Reply{501, "5.5.4", "REQUIRETLS has no value"};
        t.envelope.require_tls = true;
    } else if (std::optional<Reply> refusal; delivery_wishes(keyword, value, refusal)) {
        return refusal;
    } else if (equal_ci(keyword, "AUTH")) {  // RFC 4954 §5: read, and not believed
        if (!decode_xtext(value)) return Reply{501, "5.5.4", "Malformed AUTH"};
    } else {
        return Reply{555, "5.5.4", "MAIL parameter not recognized"};
    }
    return std::nullopt;
}

std::optional<Reply> Session::rcpt_parameters(queue::Recipient& recipient, std::string_view keyword,
                                              std::string_view value, bool) const {
    using text::equal_ci;
    if (equal_ci(keyword, "NOTIFY") && allow_.allow_dsn) {
        auto bits = notify_bits(value);
        if (!bits) return Reply{501, "5.5.4", "NOTIFY is NEVER or a list of SUCCESS, FAILURE, DELAY"};
        recipient.notify = *bits;
    } else if (equal_ci(keyword, "ORCPT") && allow_.allow_dsn) {  // RFC 3461 §4.2: addr-type ";" xtext
        auto semicolon = value.find(';');
        if (semicolon == 0 || semicolon == std::string_view::npos || value.size() > 500)
            return Reply{501, "5.5.4", "Malformed ORCPT"};
        bool utf8 = equal_ci(value.substr(0, semicolon), "utf-8");
        auto address = decode_xtext(value.substr(semicolon + 1), utf8);
        if (!address) return Reply{501, "5.5.4", "Malformed ORCPT"};
        recipient.original = std::string{value.substr(0, semicolon + 1)} + *address;
    } else {
        return Reply{555, "5.5.4", "RCPT parameter not recognized"};
    }
    return std::nullopt;
}

net::Task<> Session::mail(std::string_view arguments) {
    if (entrance_.protocol == Protocol::submission && !account_) {
        fault(530, "5.7.0", "Authentication required");  // RFC 6409 §4.3
        co_return;
    }
    if (s_.store.full()) {
        reply(452, "4.3.1", "Insufficient system storage");
        co_return;
    }
    ParsedPath parsed = parse_path_arguments(arguments, "FROM");
    if (!parsed.arguments) {
        if (parsed.error == PathError::address)
            fault(501, "5.1.7", "Malformed sender address");
        else
            fault(501, "5.5.4", "Syntax: MAIL FROM:<address> [parameters]");
        co_return;
    }
    transaction_ = std::make_unique<Transaction>();
    transaction_->memory = MemoryBudget::Share{s_.memory};
    queue::Envelope& envelope = transaction_->envelope;
    for (const Parameter& p : parsed.arguments->parameters) {
        if (auto refusal = mail_parameters(p.keyword, p.value, p.has_value)) {
            transaction_.reset();
            fault(refusal->code, refusal->status, refusal->text);
            co_return;
        }
    }
    if (auto refusal = wishes_that_exclude_each_other()) {
        transaction_.reset();
        fault(refusal->code, refusal->status, refusal->text);
        co_return;
    }
    envelope.reverse_path = std::move(parsed.arguments->address);
    if (!envelope.smtputf8 && !text::is_ascii(arguments)) {
        transaction_.reset();
        fault(553, "5.6.7", "Addresses that are not ASCII need SMTPUTF8");  // RFC 6531 §3.5
        co_return;
    }
    if (account_ && s_.settings.sender_must_match_login && !envelope.reverse_path.null()
        && !may_send_as(envelope.reverse_path)) {
        transaction_.reset();
        fault(553, "5.7.1", "Sender address does not belong to the account that is logged in");
        co_return;
    }
    if (watched())
        if (auto why = s_.screening->too_many_messages(peer_.peer().ip, envelope.reverse_path.domain)) {
            transaction_.reset();
            reply(451, "4.7.1", *why);
            co_return;
        }
    transaction_->sender = account_ ? rules::Sender::of(s_.directory, envelope.reverse_path, account_)
                                    : rules::Sender::of(s_.directory, envelope.reverse_path);
    screening::Decision decision;
    if (visit_) {
        std::vector<std::string> parameters = texts(parsed.arguments->parameters);
        const bool welcome = co_await ask_mail(decision, std::move(parameters));
        if (!welcome) {
            reset();
            co_return;
        }
    }
    if (auto refusal = sender_refusal()) {
        reset();
        refuse(*refusal);
        co_return;
    }
    envelope.authenticated = account_ ? account_->address : "";
    envelope.client = peer_.peer().ip;
    envelope.helo = helo_;
    envelope.arrival = s_.clock.now();
    state_ = mail_given;
    if (auto lowered = transaction_->lowered_priority)  // RFC 6710 §4.1
        reply(250, "2.3.6",
              fmt::format("{} is the priority of the message: log in for a higher one", *lowered));
    else
        reply(250, "2.1.0", decision.text.empty() ? "Sender accepted" : decision.text);
}

net::Task<> Session::rcpt(std::string_view arguments) {
    Transaction& t = *transaction_;
    if (t.chunking) {
        fault(503, "5.5.1", "Not while a message is being sent");
        co_return;
    }
    ParsedPath parsed = parse_path_arguments(arguments, "TO");
    if (!parsed.arguments || parsed.arguments->address.null()) {
        if (parsed.arguments || parsed.error == PathError::address)
            fault(501, "5.1.3", "Malformed recipient address");
        else
            fault(501, "5.5.4", "Syntax: RCPT TO:<address> [parameters]");
        co_return;
    }
    queue::Recipient recipient;
    recipient.address = std::move(parsed.arguments->address);
    for (const Parameter& p : parsed.arguments->parameters) {
        if (auto refusal = rcpt_parameters(recipient, p.keyword, p.value, p.has_value)) {
            fault(refusal->code, refusal->status, refusal->text);
            co_return;
        }
    }
    if (!t.envelope.smtputf8 && !text::is_ascii(arguments)) {
        fault(553, "5.6.7", "Addresses that are not ASCII need SMTPUTF8");
        co_return;
    }
    const bool local =
        recipient.address.domain.empty() || s_.router.is_local_domain(recipient.address.domain);
    screening::Decision decision;
    std::string route;
    if (visit_) {
        std::vector<std::string> parameters = texts(parsed.arguments->parameters);
        const bool welcome = co_await ask_rcpt(recipient, local, std::move(parameters), decision, route);
        if (!welcome) co_return;
    }
    const bool dropped = decision.action == screening::Decision::Action::discard;
    delivery::Destination destination;
    auto refusal = check_rcpt(recipient, local, decision, destination);
    if (refusal) {
        if (visit_) {
            std::string status{refusal->reply.status}, text = refusal->reply.text;
            co_await visit_->rcpt_refused(std::move(status), std::move(text));
        }
        if (refusal->fault)
            fault(refusal->reply.code, refusal->reply.status, refusal->reply.text);
        else
            refuse(refusal->reply);
        co_return;
    }
    if (visit_) {
        screening::Decision said = co_await visit_->rcpt_taken();
        if (refused(said)) co_return;
    }
    if (dropped) {
        if (t.size_limit == 0) t.size_limit = size_limit();
        state_ = rcpt_given;
        reply(250, "2.1.5", decision.text.empty() ? "Recipient accepted" : decision.text);
        co_return;
    }
    if (!route.empty() && destination.targets.empty() && !destination.expanded && s_.destination_by)
        recipient.destination = s_.destination_by(route);
    std::uint64_t limit = size_limit(&recipient.address);
    t.size_limit = t.size_limit == 0 ? limit : std::min(t.size_limit, limit);
    t.counted_recipients += counted(recipient.address);
    t.envelope.recipients.push_back(std::move(recipient));
    t.destinations.push_back(std::move(destination));
    state_ = rcpt_given;
    reply(250, "2.1.5", decision.text.empty() ? "Recipient accepted" : decision.text);
}

/// What stands in the way of a recipient; finds out where its mail goes.
std::optional<Session::RcptRefusal> Session::check_rcpt(queue::Recipient& recipient, bool local,
                                                        const screening::Decision& decision,
                                                        delivery::Destination& destination) {
    using Action = screening::Decision::Action;
    Transaction& t = *transaction_;
    if (t.envelope.recipients.size() >= allow_.max_rcpt_count)
        return RcptRefusal{{452, "4.5.3", "Too many recipients"}};  // RFC 5321 §4.5.3.1.10
    if (decision.action == Action::discard) return std::nullopt;

    Who who = local ? allow_.local_delivery : allow_.remote_delivery;
    bool allowed = lmtp() ? local : who == Who::all || (who == Who::auth && account_);
    if (decision.action == Action::accept) allowed = true;
    if (!allowed) {
        s_.log.info(id_, "Refused <{}> from [{}]: relaying denied", recipient.address.text(),
                    peer_.peer().ip);
        if (who == Who::auth && !lmtp())
            return RcptRefusal{
                {550, "5.7.1", local ? "Authentication required" : "Relaying denied: log in first"}, true};
        return RcptRefusal{{550, "5.7.1", local ? "Mail is not accepted here" : "Relaying denied"}, true};
    }
    if (auto refusal = recipient_refusal(recipient.address)) return RcptRefusal{*refusal};
    if (watched())
        if (auto why = s_.screening->too_many_recipients(peer_.peer().ip))
            return RcptRefusal{{451, "4.7.1", *why}};
    destination = s_.router.resolve(recipient.address, t.declared_size, &t.sender);
    if (watched())
        s_.screening->named_recipient(peer_.peer().ip, recipient.address,
                                      destination.refusal && destination.refusal->status == "5.1.1");
    if (destination.refusal) {
        if (s_.intake.on_grown)
            for (AccountId full : destination.with_quota) s_.intake.on_grown(full);
        const delivery::Refusal& refusal = *destination.refusal;
        if (refusal.temporary)
            return RcptRefusal{{refusal.status == "4.2.2" ? 452 : 450, refusal.status, refusal.text}};
        return RcptRefusal{{550, refusal.status, refusal.text}, true};
    }
    if (!destination.elsewhere.empty() && s_.intake.queue_full())
        return RcptRefusal{{452, "4.3.1", "The mail queue is full, try later"}};
    if (visit_ && destination.elsewhere.empty())
        if (const screening::Decision listed = visit_->greylist(recipient.address); listed.refuses())
            return RcptRefusal{{listed.code, "4.7.1", listed.text}};
    return std::nullopt;
}

net::Task<> Session::rset(std::string_view) {
    reset();
    reply(250, "2.0.0", "OK");
    co_return;
}

}  // namespace postrider::smtp
