#include "admin/mqview.h"

#include <fmt/core.h>

#include "queue/entry.h"

namespace postrider::admin {
namespace {

std::string text(const Json& object, const char* name) {
    auto at = object.find(name);
    if (at == object.end() || at->is_null()) return {};
    std::string out = at->is_string() ? at->get<std::string>() : at->dump();
    for (char& c : out)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    return out;
}

std::string_view recipient_state(const Json& recipient) {
    const std::string state = text(recipient, "state");
    if (state == "delivered") return "PROCESSED-LOCAL";
    if (state == "sent") return "SENT";
    if (state == "failed") return "SEND-FAILURE";
    if (state == "held") return "HELD";
    if (state == "expanded") return "PROCESSED";
    return text(recipient, "destination").empty() ? "RECEIVED" : "PROCESSED";
}

/// Of all recipients, that which has got least far.
std::string_view message_state(const Json& recipients) {
    constexpr std::string_view order[] = {"RECEIVED",        "HELD", "PROCESSED", "SEND-FAILURE",
                                          "PROCESSED-LOCAL", "SENT"};
    for (std::string_view state : order)
        for (const Json& recipient : recipients)
            if (recipient_state(recipient) == state) return state;
    return "RECEIVED";
}

}  // namespace

std::string mqview_text(const Json& shown, std::string_view file) {
    const Json recipients = shown.contains("recipients") ? shown["recipients"] : Json::array();
    const std::string attempts = text(shown, "attempts"), next = text(shown, "next_attempt");
    std::string sender = text(shown, "sender");
    if (sender == "<>") sender.clear();
    const bool at_once = next.empty() || attempts == "0";
    std::string out = fmt::format(
        "Mail Queue view of file : {}\nID : {}\nState : {}\nFlags : 00\nLast Data Version : 00\n"
        "Number of RCPTs : {}\nNext Send Schedule : {}\nRetry Count : {}\nReverse Path : {}\n"
        "Authenticated Path : {}\n",
        file, text(shown, "id"), message_state(recipients), recipients.size(),
        at_once && text(shown, "not_before").empty() ? "As Soon As Possible" : next, attempts, sender,
        text(shown, "authenticated"));
    for (const Json& r : recipients) {
        const std::string destination = text(r, "destination"), state = text(r, "state");
        std::string failure;
        if (state == "pending" || state == "failed" || state == "held") {
            failure = text(r, "status");
            if (const std::string why = text(r, "diagnostic"); !why.empty()) failure += " " + why;
        }
        out += fmt::format(
            "RCPT information for: {}\nState : {}\nData Version : 00\nFilter Info : \nDestination mbox: {}\n"
            "Failure Info : {}\nLocal Delivery : {}\n",
            text(r, "address"), recipient_state(r), destination.empty() ? "INBOX" : destination, failure,
            state == "delivered" ? text(r, "status") : "");
    }
    return out;
}

std::string status_file(QueueId id) {
    return fmt::format("{:02X}/S{:04X}", id.value() >> 16, id.value() & 0xffff);
}

std::optional<QueueId> id_of_status_file(std::string_view path, std::string_view directory) {
    const auto slash = path.rfind('/');
    std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
    if (!name.starts_with('S') && !name.starts_with('s'))
        return slash == std::string_view::npos ? queue::parse_queue_id(name) : std::nullopt;
    if (slash != std::string_view::npos) directory = path.substr(0, slash);
    if (const auto at = directory.rfind('/'); at != std::string_view::npos) directory.remove_prefix(at + 1);
    auto high = queue::parse_queue_id(directory), low = queue::parse_queue_id(name.substr(1));
    if (!high || !low || low->value() > 0xffff || high->value() >> 48) return std::nullopt;
    return QueueId{high->value() << 16 | low->value()};
}

}  // namespace postrider::admin
