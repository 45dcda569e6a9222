#include "relay/session/draft.h"

#include <fmt/format.h>

#include <algorithm>

#include "mime/header.h"
#include "mime/seven_bit.h"
#include "text/ascii.h"

namespace postrider::relay {
namespace {

using delivery::Fate;

void fail(Draft& draft, std::size_t recipient, std::string_view status, std::string text) {
    Fate fate;
    fate.recipient = recipient;
    fate.kind = Fate::Kind::permanent;
    fate.status = status;
    fate.diagnostic = std::move(text);
    draft.fates.push_back(std::move(fate));
}

void fail_all(Draft& draft, std::string_view status, const std::string& text) {
    for (const Draft::To& to : draft.recipients) fail(draft, to.recipient, status, text);
    draft.recipients.clear();
}

/// RFC 2852 §4: seconds that are left, and what happens when they are over.
std::string by_value(const queue::DeliverBy& by, Time now) {
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(by.time - now).count();
    const bool give_back = by.mode == queue::DeliverBy::Mode::give_back;
    return fmt::format("{};{}{}", give_back ? std::max<std::int64_t>(left, 1) : left, give_back ? "R" : "N",
                       by.trace ? "T" : "");
}

std::string_view reason(mime::SevenBitProblem problem) {
    switch (problem) {
        case mime::SevenBitProblem::signed_part: return "it is signed, which another encoding would break";
        case mime::SevenBitProblem::no_encoding: return "a part of it may not be encoded";
        case mime::SevenBitProblem::too_deep: return "its parts are nested too deeply";
    }
    return {};
}

/// RFC 2852 §4.1: with R the sender would rather have it back than have it late, and who does not know the
/// extension, or asks for more time than is left, promises nothing. With N it just goes. Nothing: it can go.
std::optional<std::string> keeps_no_time(const queue::DeliverBy& by, const Extensions& offers, Time now) {
    if (by.mode != queue::DeliverBy::Mode::give_back) return std::nullopt;
    if (!offers.deliver_by)
        return "The next host does not know DELIVERBY, and the sender asked for the message to come back "
               "rather than be late";
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(by.time - now).count();
    if (left >= offers.deliver_by_min) return std::nullopt;
    return fmt::format("The next host delivers within {} seconds at best, and {} are left",
                       offers.deliver_by_min, std::max<std::int64_t>(left, 0));
}

/// BODY=, or the octets in another encoding. RFC 6152 §3: a client never sends 8-bit content unasked.
void choose_body(Draft& draft, const Content& content, const Extensions& offers) {
    using Body = MailParameters::Body;
    const bool fits = content.binary ? offers.binary_mime : content.eight_bit ? offers.eight_bit_mime : true;
    if (fits) {
        draft.parameters.body = content.binary                                   ? Body::binary
                                : content.eight_bit || draft.parameters.smtputf8 ? Body::eight_bit
                                                                                 : Body::unsaid;
        if (!offers.eight_bit_mime && draft.parameters.body == Body::eight_bit)
            draft.parameters.body = Body::unsaid;
        return;
    }
    auto converted = mime::to_seven_bit(*content.octets);
    if (!converted) {
        fail_all(draft, "5.6.3",
                 fmt::format("The next host takes only 7-bit mail, and this message cannot be converted: {}",
                             reason(converted.error())));
        return;
    }
    draft.octets = std::make_shared<const std::string>(std::move(*converted));
}

}  // namespace

Content Content::of(std::shared_ptr<const std::string> message, bool may_be_binary) {
    Content content;
    const std::string_view octets = *message;
    const std::string_view header = octets.substr(0, mime::header_size(octets));
    content.eight_bit = mime::has_eight_bit(octets);
    content.header_ascii = !content.eight_bit || !mime::has_eight_bit(header);
    if (const auto value = mime::find_field(header, "TLS-Required"))
        content.tls_not_needed = text::equal_ci(text::trim(*value), "No");
    content.binary = may_be_binary && mime::is_binary(octets);
    content.octets = std::move(message);
    return content;
}

Draft make_draft(const delivery::Consignment& consignment, const mime::AddrSpec& reverse_path,
                 const Content& content, const Extensions& offers, std::size_t most_recipients, Time now) {
    const queue::Envelope& envelope = consignment.entry->envelope;
    Draft draft;
    draft.octets = content.octets;
    const std::size_t count =
        std::min(consignment.recipients.size(), std::max<std::size_t>(1, most_recipients));
    draft.recipients.reserve(count);
    for (std::size_t i = 0; i < count; ++i) draft.recipients.push_back({consignment.recipients[i], {}});

    if (envelope.deliver_by) {
        if (const auto why = keeps_no_time(*envelope.deliver_by, offers, now)) {
            fail_all(draft, "5.3.3", *why);  // RFC 3463 §3.4: not capable of a feature that was asked for
            return draft;
        }
    }

    // RFC 6531 §3.1, §3.2: what was sent with SMTPUTF8 needs it if some address or the header does.
    const auto ascii_local = [](const mime::AddrSpec& address) { return text::is_ascii(address.local); };
    const bool header_needs = envelope.smtputf8 && !content.header_ascii;
    bool needs = header_needs || !ascii_local(reverse_path);
    for (const Draft::To& to : draft.recipients)
        needs = needs || !ascii_local(envelope.recipients[to.recipient].address);
    draft.parameters.smtputf8 = needs && offers.smtputf8;
    const std::string unfit = "The next host does not know SMTPUTF8, which this message needs";

    auto sender = path_text(reverse_path, draft.parameters.smtputf8);
    if (!sender || (header_needs && !offers.smtputf8)) {
        fail_all(draft, "5.6.7", unfit);
        return draft;
    }
    draft.sender = std::move(*sender);
    for (Draft::To& to : draft.recipients) {
        auto path = path_text(envelope.recipients[to.recipient].address, draft.parameters.smtputf8);
        if (path)
            to.path = std::move(*path);
        else
            fail(draft, to.recipient, "5.6.7", unfit);
    }
    std::erase_if(draft.recipients, [](const Draft::To& to) { return to.path.empty(); });
    if (draft.recipients.empty()) return draft;

    choose_body(draft, content, offers);
    if (draft.recipients.empty()) return draft;
    const std::uint64_t size = draft.octets->size();
    if (offers.size && offers.size_limit != 0 && size > offers.size_limit) {
        fail_all(
            draft, "5.3.4",
            fmt::format("The message has {} octets, and the next host takes {}", size, offers.size_limit));
        return draft;
    }
    if (offers.size) draft.parameters.size = size;
    draft.parameters.dsn = offers.dsn;
    draft.parameters.return_full = envelope.return_full;
    draft.parameters.return_unsaid = !envelope.return_full && envelope.envid.empty();
    draft.parameters.envid = envelope.envid;
    draft.parameters.require_tls = envelope.require_tls && offers.require_tls;
    if (offers.mt_priority && envelope.priority != 0) draft.parameters.priority = envelope.priority;
    if (offers.deliver_by && envelope.deliver_by) draft.parameters.by = by_value(*envelope.deliver_by, now);
    draft.parameters.ask_delay = envelope.deliver_by && !offers.deliver_by && envelope.deliver_by->time > now;
    // RFC 3030 §2: BDAT needs no look at each line, and goes with the envelope where there is PIPELINING.
    draft.chunked =
        draft.parameters.body == MailParameters::Body::binary || (offers.chunking && offers.pipelining);
    return draft;
}

}  // namespace postrider::relay
