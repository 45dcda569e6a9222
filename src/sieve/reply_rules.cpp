#include "sieve/reply_rules.h"

#include <fmt/format.h>

#include <array>

#include "text/ascii.h"

namespace postrider::sieve {
namespace {

/// Addresses of machines: local parts as they are, and what begins or ends others.
bool is_machine(std::string_view address) {
    std::string local = text::to_lower(address.substr(0, address.rfind('@')));
    for (std::string_view name : {"mailer-daemon", "listserv", "majordomo", "postmaster-noreply", "noreply", "no-reply",
                                  "donotreply", "do-not-reply", "bounce", "bounces"})
        if (local == name) return true;
    std::string_view text{local};
    return text.starts_with("owner-") || text.ends_with("-request") || text.ends_with("-owner")
           || text.ends_with("-bounces") || text.starts_with("bounce-") || text.starts_with("bounces+")
           || text.starts_with("prvs=mailer-daemon");
}

HeaderField* find(Header& header, std::string_view name) {
    std::size_t at = header.find(name, header_hash(name), 0);
    return at == Header::npos ? nullptr : &header.fields()[at];
}

}  // namespace

bool made_by_machine(Header& header) {
    HeaderField* field = find(header, "Auto-Submitted");
    if (field == nullptr) return false;
    std::string_view value = field->text();
    return !text::equal_ci(text::trim(value.substr(0, value.find_first_of(";("))), "no");
}

std::string why_no_answer(Header& header, std::string_view sender) {
    if (sender.empty() || sender.find('@') == std::string_view::npos) return "the message has no sender to answer";
    if (is_machine(sender)) return fmt::format("{} is no person's address", sender);
    if (made_by_machine(header)) return "the message was made automatically";
    constexpr auto list_fields = std::to_array<std::string_view>(
        {"List-Id", "List-Help", "List-Subscribe", "List-Unsubscribe", "List-Post", "List-Owner", "List-Archive"});
    for (std::string_view name : list_fields)
        if (find(header, name) != nullptr) return "the message is from a mailing list";
    if (HeaderField* field = find(header, "Precedence")) {
        std::string_view value = field->text();
        for (std::string_view bulk : {"bulk", "junk", "list"})
            if (text::equal_ci(value, bulk)) return "the message was sent in bulk";
    }
    // What Exchange and others say: no out-of-office answers, please.
    if (HeaderField* field = find(header, "X-Auto-Response-Suppress")) {
        std::string value = text::to_lower(field->text());
        if (value.find("oof") != std::string::npos || value.find("all") != std::string::npos
            || value.find("autoreply") != std::string::npos)
            return "the message asks for no automatic answer";
    }
    return {};
}

std::string addressed_to(Header& header, std::span<const std::string> addresses) {
    for (std::string_view name : {"To", "Cc", "Bcc", "Resent-To", "Resent-Cc", "Resent-Bcc"}) {
        std::uint32_t hash = header_hash(name);
        for (std::size_t at = header.find(name, hash, 0); at != Header::npos; at = header.find(name, hash, at + 1))
            for (const AddressText& there : header.fields()[at].addresses())
                for (const std::string& own : addresses)
                    if (text::equal_ci(there.all, own)) return own;
    }
    return {};
}

}  // namespace postrider::sieve
