#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "policy/events.h"

namespace postrider::policy {

/// Predefined variables: one for each row of variables(), in its order, and named as scripts name them.
enum class Var : std::uint16_t {
    // the connection
    smtpPort,
    smtpIp,
    remoteSmtpPort,
    remoteSmtpIp,
    isSSLConnection,
    DNSBLServer,
    DNSBLResult,
    DNSBLExplanation,
    allowedCountries,
    bannedCountries,
    isGeoIPBanned,
    GeoIPResult,
    smtpGreeting,
    smtpAction,
    smtpExplanation,
    // the session
    ehloHost,
    isESMTP,
    allowStartTLS,
    allow8bitMime,
    allowBinaryData,
    allowPipelining,
    allowDSN,
    secureConnAuthTypes,
    plainConnAuthTypes,
    waitProcessingTimeout,
    maxDataSize,
    maxRcptCount,
    maxReceivedHeaders,
    remoteDelivery,
    localDelivery,
    authUser,
    mailCount,
    totalMailSize,
    // the envelope
    mailFrom,
    mailFromDomain,
    isLocalSender,
    authMatchFrom,
    SPFResult,
    SPFExplanation,
    ReverseDNSResult,
    reverseDNSName,
    SenderMXCheckResult,
    greylistResult,
    currentRcpt,
    currentRcptDomain,
    isLocalRcpt,
    remoteSmtpHost,
    rcptCount,
    // the message
    mailSize,
    chunkData,
    DKIMResult,
    DomainKeyResult,
    DMARCResult,
    DMARCPolicy,
    ARCResult,
    deliveryDelay,
    // inputs of methods
    headerName,
    headerValue,
    rcptAddress,
    milterAddress,
    milterResult,
    DKKeyPath,
    DKSelector,
    DKIMKeyPath,
    DKIMSelector,
    // sending
    sslEnabled,
    allowedSSLVersions,
    authUserName,
    authPassword,
    relayLocalIp,
    rcpt,
    rcptDomain,
    // reports
    ndrRetryCount,
    ndrRemainingRetryCount,
    ndrRescheduleDate,
    ndrRcptAddress,
    ndrRcptFailInfo,
    ndrAttachSource,
    ndrSender,
    ndrSubject,
    ndrMessage,
    ndrRcptMessage,
    ndrMessageFooter,
    sendNdr,
    dsnSender,
    dsnSubject,
    dsnMessage,
    dsnRcptMessage,
    dsnMessageFooter,
    dsnRcptAddress,
    dsnRcptStatus,
};
inline constexpr std::size_t var_count = static_cast<std::size_t>(Var::dsnRcptStatus) + 1;

enum class Type : std::uint8_t { text, number, ip, choice, words };

/// Until when a value holds.
enum class Lifetime : std::uint8_t {
    event,        ///< forgotten before the next event
    recipient,    ///< what onRcptTo says of one recipient does not hold for the next
    transaction,  ///< from MAIL to the end of the message
    session,
};

struct Variable {
    Var id;
    std::string_view name;
    Type type;
    EventSet known;     ///< events in which the server has given it a value
    EventSet settable;  ///< events that act on what a script sets; elsewhere setting it has no effect
    Lifetime lifetime;
    std::string_view values;    ///< of choices, or the range; for people
    std::string_view fallback;  ///< what holds when no script sets it; for people
    std::string_view meaning;
    bool placeholder = false;  ///< stays as it is in texts for reports, filled in when they are written
};

std::span<const Variable> variables();
const Variable& variable(Var id);
const Variable* find_variable(std::string_view name);  ///< in any case

/// `header_Reply_To`: the first Reply-To field of the message, unfolded; known from onHeadersReceived,
/// and in onProcessing.
inline constexpr std::string_view header_prefix = "header_";
/// The field's name when it is such a variable ("Reply-To"), else "".
std::string header_field(std::string_view variable_name);

}  // namespace postrider::policy
