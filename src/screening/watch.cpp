#include "filter/ban/bans.h"
#include "filter/ban/rates.h"
#include "screening/screening.h"

/// What clients do is counted: attackers are shut out, floods are slowed down.
namespace postrider::screening {

void Screening::made_errors(std::string_view client) const {
    if (bans_) bans_->note(client, filter::Offence::protocol_error);
}

void Screening::named_recipient(std::string_view client, const mime::AddrSpec& recipient,
                                bool unknown) const {
    if (!bans_) return;
    const auto ip = settings::parse_ip(client);
    if (!ip || bans_->note_recipient(*ip, recipient)) return;
    if (unknown) bans_->note(*ip, filter::Offence::unknown_recipient);
}

std::optional<std::string> Screening::too_many_messages(std::string_view client,
                                                        std::string_view sender_domain) const {
    const auto ip = rates_ ? settings::parse_ip(client) : std::nullopt;
    return ip ? rates_->message(*ip, sender_domain) : std::nullopt;
}

std::optional<std::string> Screening::too_many_recipients(std::string_view client) const {
    const auto ip = rates_ ? settings::parse_ip(client) : std::nullopt;
    return ip ? rates_->recipient(*ip) : std::nullopt;
}

}  // namespace postrider::screening
