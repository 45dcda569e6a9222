#include "auth/dialogue.h"
#include "smtp/session/session.h"
#include "text/ascii.h"

/// AUTH (RFC 4954).
namespace postrider::smtp {
namespace {

/// Words of secureConnAuthTypes as a policy sets them; unknown ones mean nothing.
auth::Mechanisms named(std::string_view words) {
    std::uint64_t bits = 0;
    while (!words.empty()) {
        const auto end = std::min(words.find_first_of(" ,;\t\r\n"), words.size());
        for (const settings::Choice& choice : auth::mechanism_words)
            if (text::equal_ci(choice.word, words.substr(0, end))) bits |= choice.bits;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    return auth::to_mechanisms(auth::MechanismSet::from_bits(bits));
}

}  // namespace

auth::Mechanisms Session::offered_mechanisms() const {
    if (lmtp()) return {};  // LMTP is for our own front ends, known by their address
    auth::LoginRules rules = s_.settings.login_rules();
    if (!mechanisms_.secure.empty()) rules.secure_types = named(mechanisms_.secure);
    if (!mechanisms_.plain.empty()) rules.plain_types = named(mechanisms_.plain);
    return auth::offered(rules, peer_.secure(), s_.authenticator.available());
}

net::Task<> Session::auth(std::string_view arguments) {
    using auth::Answer;
    using auth::Exchange;
    if (account_) {
        fault(503, "5.5.1", "Already logged in");
        co_return;
    }
    auto space = arguments.find(' ');
    auto mechanism = auth::mechanism_named(arguments.substr(0, space));
    if (!mechanism || !offered_mechanisms().has(*mechanism)) {
        fault(504, "5.5.4", "This authentication mechanism is not available here");
        co_return;
    }
    std::optional<std::string> initial;
    if (space != std::string_view::npos) initial = arguments.substr(space + 1);
    auth::Context context =
        auth::context_of(peer_, directory::Service::smtp_incoming, entrance_.domain, s_.log, id_);
    Exchange tried = co_await auth::exchange(peer_, s_.workers, s_.authenticator, std::move(context),
                                             *mechanism, std::move(initial), "334 ");
    switch (tried.fault) {
        case Exchange::Fault::none: break;
        case Exchange::Fault::unavailable:
            fault(454, "4.7.0", "Authentication is not available now");
            co_return;
        case Exchange::Fault::not_base64: fault(501, "5.5.2", "Malformed base64"); co_return;
        case Exchange::Fault::too_long:
            fault(500, "5.5.6", "Authentication exchange line is too long");
            co_return;
        case Exchange::Fault::cancelled: fault(501, "5.7.0", "Authentication cancelled"); co_return;
    }
    switch (tried.outcome.answer()) {
        case Answer::ok:
            account_ = tried.outcome.account;
            reply(235, "2.7.0", "Authentication successful");
            co_return;
        case Answer::malformed: fault(501, "5.5.2", "Malformed authentication input"); co_return;
        case Answer::try_later: reply(454, "4.7.0", "Authentication is not available now, try later"); break;
        case Answer::expired: reply(535, "5.7.8", "The password has expired: change it in WebMail"); break;
        case Answer::not_permitted: reply(535, "5.7.8", "This account may not send mail here"); break;
        case Answer::bad_credentials: reply(535, "5.7.8", "Authentication failed"); break;
    }
    ++auth_errors_;
    if (s_.settings.service.max_auth_errors != 0 && auth_errors_ >= s_.settings.service.max_auth_errors) {
        reply(421, "4.7.0", "Too many failed log-ins, closing");
        done_ = true;
    }
}

}  // namespace postrider::smtp
