#include "policy/rules.h"
#include "text/ascii.h"

namespace postrider::policy {

const std::vector<ActionKind>& action_kinds() {
    using V = Var;
    using M = Method;
    static const std::vector<ActionKind> kinds{
        {"accept", "Accept", {{V::smtpAction, "accept"}}, {}, {}},
        {"reject", "Reject", {{V::smtpAction, "reject"}}, {V::smtpExplanation}, {}},
        {"tmpreject", "Reject temporarily", {{V::smtpAction, "tmpreject"}}, {V::smtpExplanation}, {}},
        {"discard", "Discard silently", {{V::smtpAction, "discard"}}, {}, {}},
        {"addHeader", "Add header", {}, {V::headerName, V::headerValue}, M::addHeader},
        {"addIfNotExistsHeader",
         "Add header if it is not there",
         {},
         {V::headerName, V::headerValue},
         M::addIfNotExistsHeader},
        {"modifyHeader", "Set header", {}, {V::headerName, V::headerValue}, M::modifyHeader},
        {"modifyIfExistsHeader",
         "Change header if it is there",
         {},
         {V::headerName, V::headerValue},
         M::modifyIfExistsHeader},
        {"removeHeader", "Remove header", {}, {V::headerName}, M::removeHeader},
        {"removeFirstHeader", "Remove first header", {}, {V::headerName}, M::removeFirstHeader},
        {"addRcpt", "Add recipient", {}, {V::rcptAddress}, M::addRcpt},
        {"discardRcpt", "Drop recipient", {}, {V::rcptAddress}, M::discardRcpt},
        {"maxDataSize", "Limit the size of messages (KB)", {}, {V::maxDataSize}, {}},
        {"maxRcptCount", "Limit recipients", {}, {V::maxRcptCount}, {}},
        {"maxReceivedHeaders", "Limit Received headers", {}, {V::maxReceivedHeaders}, {}},
        {"remoteDelivery", "Delivery to other hosts", {}, {V::remoteDelivery}, {}},
        {"localDelivery", "Delivery to local domains", {}, {V::localDelivery}, {}},
        {"route", "Route through host", {}, {V::remoteSmtpHost}, {}},
        {"routePort", "Port of the host", {}, {V::remoteSmtpPort}, {}},
        {"routeSSL", "TLS to the host", {}, {V::sslEnabled}, {}},
        {"routeStartTLS", "STARTTLS to the host", {}, {V::allowStartTLS}, {}},
        {"routeLogin", "Log in to the host", {}, {V::authUserName, V::authPassword}, {}},
        {"localAddress", "Connect from address", {}, {V::relayLocalIp}, {}},
        {"delay", "Delay delivery (seconds)", {}, {V::deliveryDelay}, {}},
        {"checkDNSBL", "Ask a DNS block list", {}, {V::DNSBLServer}, M::checkDNSBL},
        {"executeMilter", "Ask a milter", {}, {V::milterAddress}, M::executeMilter},
        {"signDKIM", "Sign with DKIM", {}, {V::DKIMKeyPath, V::DKIMSelector}, M::signDKIM},
        {"signDomainKey", "Sign with DomainKeys", {}, {V::DKKeyPath, V::DKSelector}, M::signDomainKey},
        {"sendNdr", "Send failure notices", {}, {V::sendNdr}, {}},
        {"ndrSender", "Sender of failure notices", {}, {V::ndrSender}, {}},
        {"ndrSubject", "Subject of failure notices", {}, {V::ndrSubject}, {}},
        {"ndrAttachSource", "What failure notices carry", {}, {V::ndrAttachSource}, {}},
    };
    return kinds;
}

const ActionKind* find_action(std::string_view name) {
    for (const ActionKind& kind : action_kinds())
        if (kind.name == name) return &kind;
    return nullptr;
}

const std::vector<ConditionKind>& condition_kinds() {
    using C = Comparator;
    static const std::vector<C> words{C::is, C::contains, C::matches, C::begins_with, C::ends_with};
    static const std::vector<C> numbers{C::is, C::greater_than, C::less_than};
    static const std::vector<C> choices{C::is};
    static const std::vector<C> addresses{C::is, C::ip_range};
    static const std::vector<ConditionKind> kinds{
        {"Connection", "Remote address", "remoteSmtpIp", addresses},
        {"Connection", "Local port", "smtpPort", numbers},
        {"Connection", "Local address", "smtpIp", addresses},
        {"Connection", "Secure connection", "isSSLConnection", choices},
        {"Connection", "Country", "GeoIPResult", words},
        {"Connection", "DNS block list result", "DNSBLResult", words},
        {"Connection", "Reverse DNS result", "ReverseDNSResult", choices},
        {"EHLO", "Host", "ehloHost", words},
        {"Session", "Messages so far", "mailCount", numbers},
        {"Session", "Octets so far", "totalMailSize", numbers},
        {"Session", "Authenticated user", "authUser", words},
        {"Sender", "Address", "mailFrom", words},
        {"Sender", "Domain", "mailFromDomain", words},
        {"Sender", "Is local", "isLocalSender", choices},
        {"Sender", "Matches login", "authMatchFrom", choices},
        {"Sender", "SPF result", "SPFResult", choices},
        {"Sender", "MX check result", "SenderMXCheckResult", choices},
        {"Recipient", "Address", "currentRcpt", words},
        {"Recipient", "Domain", "currentRcptDomain", words},
        {"Recipient", "Is local", "isLocalRcpt", choices},
        {"Recipient", "Recipients so far", "rcptCount", numbers},
        {"Message", "Size (octets)", "mailSize", numbers},
        {"Message", "Header", "header_", words},
        {"Message", "DKIM result", "DKIMResult", choices},
        {"Message", "DMARC result", "DMARCResult", choices},
        {"Delivery", "Recipient's domain of relayed mail", "rcptDomain", words},
        {"Delivery", "Attempts", "ndrRetryCount", numbers},
    };
    return kinds;
}

const std::vector<Page>& pages() {
    using V = Var;
    static const std::vector<Page> all{
        {"WA_Acceptance_basic_banner", Event::connect, {V::smtpGreeting}},
        {"WA_Acceptance_basic",
         Event::ehlo,
         {V::maxDataSize, V::maxReceivedHeaders, V::maxRcptCount, V::allowStartTLS, V::allow8bitMime,
          V::allowBinaryData, V::allowPipelining, V::allowDSN, V::secureConnAuthTypes, V::plainConnAuthTypes,
          V::localDelivery}},
        {"WA_Routing_basic_delivery", Event::ehlo, {V::remoteDelivery}},
        {"WA_Routing_basic",
         Event::relay,
         {V::remoteSmtpHost, V::remoteSmtpPort, V::sslEnabled, V::allowStartTLS, V::allowedSSLVersions,
          V::authUserName, V::authPassword}},
        {"WA_Processing_permanent_ndr",
         Event::delivery_failure,
         {V::ndrAttachSource, V::ndrSender, V::ndrSubject, V::ndrMessage, V::ndrRcptMessage,
          V::ndrMessageFooter, V::sendNdr}},
        {"WA_Processing_temporary_ndr",
         Event::temporary_delivery_failure,
         {V::ndrAttachSource, V::ndrSender, V::ndrSubject, V::ndrMessage, V::ndrRcptMessage,
          V::ndrMessageFooter}},
        {"WA_Processing_delivered",
         Event::delivery_success,
         {V::dsnSender, V::dsnSubject, V::dsnMessage, V::dsnRcptMessage, V::dsnMessageFooter}},
    };
    return all;
}

}  // namespace postrider::policy
