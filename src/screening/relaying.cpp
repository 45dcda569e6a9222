#include "screening/relaying.h"

#include <algorithm>

#include "text/ascii.h"

namespace postrider::screening {
namespace {

using policy::Event;
using policy::Var;

/// "tls12", "tls1.2", "tls1_2", and none of them inside another word.
bool names_version(std::string_view words, char minor) {
    while (!words.empty()) {
        const auto end = std::min(words.find_first_of(" ,;\t\r\n"), words.size());
        std::string word = text::to_lower(words.substr(0, end));
        std::erase_if(word, [](char c) { return c == '.' || c == '_' || c == 'v'; });
        if (word == std::string{"tls1"} + minor) return true;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return false;
}

}  // namespace

std::optional<RelayWishes> relay_wishes(const std::shared_ptr<const policy::Program>& policy,
                                        const mime::AddrSpec& sender, const mime::AddrSpec& recipient) {
    if (!policy || !policy->handles(Event::relay)) return std::nullopt;
    policy::State state{policy};
    state.begin(Event::relay);
    state.provide(Var::mailFrom, sender.text());
    state.provide(Var::mailFromDomain, sender.domain);
    state.provide(Var::rcpt, recipient.local.empty() ? "" : recipient.text());
    state.provide(Var::rcptDomain, recipient.domain);
    state.provide(Var::remoteSmtpPort, "25");
    state.provide(Var::sslEnabled, "no");
    state.provide(Var::allowStartTLS, "yes");
    policy::Execution execution{state, Event::relay};
    while (execution.next()) {
    }
    RelayWishes wishes;
    wishes.host = text::trim(state.get(Var::remoteSmtpHost));
    if (auto port = state.number(Var::remoteSmtpPort); port && *port > 0 && *port < 65'536)
        wishes.port = static_cast<std::uint16_t>(*port);
    wishes.ssl = state.yes(Var::sslEnabled);
    wishes.start_tls = !text::equal_ci(state.get(Var::allowStartTLS), "no");
    if (const std::string_view versions = state.get(Var::allowedSSLVersions); !versions.empty()) {
        wishes.tls1_2 = names_version(versions, '2');
        wishes.tls1_3 = names_version(versions, '3');
        if (!wishes.tls1_2 && !wishes.tls1_3)
            wishes.tls1_2 = wishes.tls1_3 = true;  // the old ones alone: none
    }
    wishes.user = state.get(Var::authUserName);
    wishes.password = state.get(Var::authPassword);
    wishes.local_ip = state.get(Var::relayLocalIp);
    if (wishes.host.empty()) {
        wishes.port = 25;  // MX hosts have no other
        wishes.user.clear();
        wishes.password.clear();
    }
    if (wishes == RelayWishes{}) return std::nullopt;
    return wishes;
}

}  // namespace postrider::screening
