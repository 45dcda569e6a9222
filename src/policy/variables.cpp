#include "policy/variables.h"

#include "text/ascii.h"

namespace postrider::policy {
namespace {

constexpr EventSet on_connect = bit(Event::connect);
constexpr EventSet on_ehlo = bit(Event::ehlo);
constexpr EventSet on_mail = bit(Event::mail_from);
constexpr EventSet on_rcpt = bit(Event::rcpt_to);
constexpr EventSet on_chunk = bit(Event::body_chunk);
constexpr EventSet on_data = bit(Event::data_received);
constexpr EventSet on_relay = bit(Event::relay);
constexpr EventSet on_success = bit(Event::delivery_success);
constexpr EventSet until_rcpt = on_ehlo | on_mail | on_rcpt;
constexpr EventSet after_processing = failures | on_success | bit(Event::processing);
constexpr EventSet on_work = bit(Event::processing);
constexpr EventSet message_edits = bit(Event::headers_received) | on_chunk | on_data | on_work;
constexpr EventSet mail_known = from(Event::mail_from) | on_relay | after_processing;
constexpr auto session = Lifetime::session;
constexpr auto transaction = Lifetime::transaction;
constexpr auto recipient = Lifetime::recipient;
constexpr auto event = Lifetime::event;

using V = Var;
using enum Type;

constexpr Variable rows[] = {
    {V::smtpPort, "smtpPort", number, reception, 0, session, "0-65535", "", "Our port."},
    {V::smtpIp, "smtpIp", ip, reception, 0, session, "", "", "Our address."},
    {V::remoteSmtpPort, "remoteSmtpPort", number, reception | on_relay, on_relay, session, "0-65535", "25",
     "The client's port. In onRelay the port of remoteSmtpHost."},
    {V::remoteSmtpIp, "remoteSmtpIp", ip, reception | on_work, 0, session, "", "", "The client's address."},
    {V::isSSLConnection, "isSSLConnection", choice, reception, 0, session, "yes no", "",
     "Whether the connection is encrypted now."},
    {V::DNSBLServer, "DNSBLServer", text, 0, reception, session, "host", "", "The list checkDNSBL asks."},
    {V::DNSBLResult, "DNSBLResult", ip, reception, 0, session, "", "",
     "Set by checkDNSBL: the address the list answered with; empty when it does not list the client."},
    {V::DNSBLExplanation, "DNSBLExplanation", text, reception, 0, session, "", "",
     "Set by checkDNSBL: the text of the list."},
    {V::allowedCountries, "allowedCountries", words, 0, reception, session, "ISO 3166 codes", "",
     "Countries from which mail is taken exclusively; empty for all."},
    {V::bannedCountries, "bannedCountries", words, 0, reception, session, "ISO 3166 codes", "",
     "Countries from which no mail is taken."},
    {V::isGeoIPBanned, "isGeoIPBanned", choice, reception, 0, session, "yes no", "",
     "Whether allowedCountries and bannedCountries keep the client out; looked up when it is read."},
    {V::GeoIPResult, "GeoIPResult", text, reception, 0, session, "ISO 3166 code", "",
     "The client's country, empty when it is not known; looked up when it is read."},
    {V::smtpGreeting, "smtpGreeting", text, 0, on_connect, session, "", "host name and product",
     "What follows \"220 \" and the host name."},
    {V::smtpAction, "smtpAction", choice, 0, reception, event, "accept reject tmpreject discard", "",
     "What becomes of the command. Empty: what the other settings say. accept in onRcptTo takes the "
     "recipient "
     "whatever they say, but that it must exist. discard takes the message and drops it."},
    {V::smtpExplanation, "smtpExplanation", text, 0, reception, event, "", "",
     "The text that is sent with the answer."},

    {V::ehloHost, "ehloHost", text, from(Event::ehlo) | on_work, 0, session, "host", "",
     "What the client calls itself."},
    {V::isESMTP, "isESMTP", choice, from(Event::ehlo), 0, session, "yes no", "", "EHLO, not HELO."},
    {V::allowStartTLS, "allowStartTLS", choice, on_ehlo | on_relay, on_ehlo | on_relay, session, "yes no",
     "yes", "Whether STARTTLS is offered; in onRelay whether it is used where it is offered."},
    {V::allow8bitMime, "allow8bitMime", choice, on_ehlo, on_ehlo, session, "yes no", "yes",
     "Whether 8BITMIME is offered."},
    {V::allowBinaryData, "allowBinaryData", choice, on_ehlo, on_ehlo, session, "yes no", "yes",
     "Whether CHUNKING and BINARYMIME are offered."},
    {V::allowPipelining, "allowPipelining", choice, on_ehlo, on_ehlo, session, "yes no", "yes",
     "Whether PIPELINING is offered."},
    {V::allowDSN, "allowDSN", choice, on_ehlo, on_ehlo, session, "yes no", "yes", "Whether DSN is offered."},
    {V::secureConnAuthTypes, "secureConnAuthTypes", words, on_ehlo, on_ehlo, session,
     "plain login cram-md5 digest-md5 gssapi ... all none", "all",
     "AUTH mechanisms on encrypted connections."},
    {V::plainConnAuthTypes, "plainConnAuthTypes", words, on_ehlo, on_ehlo, session,
     "plain login cram-md5 digest-md5 gssapi ... all none", "challenge mechanisms",
     "AUTH mechanisms on connections that are not encrypted."},
    {V::waitProcessingTimeout, "waitProcessingTimeout", number, on_ehlo, on_ehlo, session, "0-300 s", "10",
     "How long the answer to a message waits for scanners, so that what they refuse is refused in the "
     "dialogue. Later, or with 0, the message is taken, and its sender told by a report."},
    {V::maxDataSize, "maxDataSize", number, from(Event::ehlo), until_rcpt, session, "1-2000000 KB", "10240",
     "Largest message."},
    {V::maxRcptCount, "maxRcptCount", number, from(Event::ehlo), until_rcpt, session, "0-100000", "1000",
     "Recipients of one message."},
    {V::maxReceivedHeaders, "maxReceivedHeaders", number, from(Event::ehlo), until_rcpt, session, "0-1000",
     "30", "Received header lines beyond which a message is taken to be in a loop."},
    {V::remoteDelivery, "remoteDelivery", choice, until_rcpt, until_rcpt, recipient, "none auth all", "auth",
     "Who may send to other hosts."},
    {V::localDelivery, "localDelivery", choice, until_rcpt, until_rcpt, recipient, "none auth all", "all",
     "Who may send to domains of this server."},
    {V::authUser, "authUser", text, from(Event::mail_from) | on_work, 0, session, "", "",
     "The account that has logged in; empty when none has."},
    {V::mailCount, "mailCount", number, from(Event::mail_from), 0, session, "", "",
     "Messages taken in this session."},
    {V::totalMailSize, "totalMailSize", number, from(Event::mail_from), 0, session, "octets", "",
     "Octets of the messages taken in this session."},

    {V::mailFrom, "mailFrom", text, mail_known, 0, transaction, "address", "",
     "The envelope's sender; empty for reports."},
    {V::mailFromDomain, "mailFromDomain", text, mail_known, 0, transaction, "domain", "", "Its domain."},
    {V::isLocalSender, "isLocalSender", choice, from(Event::mail_from), 0, transaction, "yes no", "",
     "Whether that domain is one of this server."},
    {V::authMatchFrom, "authMatchFrom", choice, from(Event::mail_from), 0, transaction, "yes no", "",
     "Whether the sender's address belongs to the account that has logged in."},
    {V::SPFResult, "SPFResult", choice, from(Event::ehlo), 0, transaction,
     "none neutral pass fail softfail temperror permerror", "", "Set by checkSPF (RFC 7208)."},
    {V::SPFExplanation, "SPFExplanation", text, from(Event::ehlo), 0, transaction, "", "",
     "Set by checkSPF: what the domain has to say to a fail."},
    {V::ReverseDNSResult, "ReverseDNSResult", choice, from(Event::connect), 0, session,
     "pass neutral fail temperror", "",
     "Set by checkReverseDNS: pass when the address has a name that leads back to it, neutral when the name "
     "does not, fail when there is none."},
    {V::reverseDNSName, "reverseDNSName", text, from(Event::connect), 0, session, "host", "",
     "Set by checkReverseDNS: that name, when the result is pass."},
    {V::SenderMXCheckResult, "SenderMXCheckResult", choice, from(Event::mail_from), 0, transaction,
     "pass neutral fail temperror", "",
     "Set by checkSenderMX: pass with an MX entry, neutral with an address only, fail with neither."},
    {V::greylistResult, "greylistResult", choice, on_rcpt, 0, recipient, "pass defer", "",
     "Set by checkGreylist: whether the client has come back after its first attempt."},
    {V::currentRcpt, "currentRcpt", text, on_rcpt, 0, recipient, "address", "", "The recipient."},
    {V::currentRcptDomain, "currentRcptDomain", text, on_rcpt, 0, recipient, "domain", "", "Its domain."},
    {V::isLocalRcpt, "isLocalRcpt", choice, on_rcpt, 0, recipient, "yes no", "",
     "Whether that domain is one of this server."},
    {V::remoteSmtpHost, "remoteSmtpHost", text, on_relay, on_rcpt | on_relay, recipient,
     "name, name:port, [ip], [ip]:port", "", "Where the message goes instead of the host that DNS names."},
    {V::rcptCount, "rcptCount", number, from(Event::rcpt_to) | on_work, 0, transaction, "", "",
     "Recipients taken so far."},

    {V::mailSize, "mailSize", number, from(Event::mail_from) | on_relay | after_processing, 0, transaction,
     "octets", "",
     "Size of the message; until it is complete what the client has declared, or what has come."},
    {V::chunkData, "chunkData", text, on_chunk, 0, event, "", "", "The block of the body."},
    {V::DKIMResult, "DKIMResult", choice, on_data, 0, transaction,
     "none pass fail neutral policy temperror permerror", "", "Set by checkDKIM (RFC 6376)."},
    {V::DomainKeyResult, "DomainKeyResult", text, on_data, 0, transaction, "", "",
     "Set by checkDomainKey, in the words of RFC 4870 section 3.7: good, bad, no signature, ..."},
    {V::DMARCResult, "DMARCResult", choice, on_data, 0, transaction, "none pass fail temperror permerror", "",
     "Set by checkDMARC (RFC 9989)."},
    {V::DMARCPolicy, "DMARCPolicy", choice, on_data, 0, transaction, "none quarantine reject", "",
     "Set by checkDMARC: what the domain in From asks for."},
    {V::ARCResult, "ARCResult", choice, on_data, 0, transaction, "none pass fail", "",
     "Set by checkARC (RFC 8617)."},
    {V::deliveryDelay, "deliveryDelay", number, 0, on_data | on_work, transaction, "0-2592000 s", "0",
     "Time the message waits before it is delivered."},

    {V::headerName, "headerName", text, 0, message_edits, transaction, "", "",
     "Name of the field that the header methods work on."},
    {V::headerValue, "headerValue", text, 0, message_edits, transaction, "", "", "Its value."},
    {V::rcptAddress, "rcptAddress", text, 0, from(Event::mail_from) | on_work, transaction, "address", "",
     "What addRcpt and discardRcpt work on."},
    {V::milterAddress, "milterAddress", text, 0, reception, session,
     "inet://host:port, inet6://..., local:///path", "", "The milter that executeMilter asks."},
    {V::milterResult, "milterResult", choice, reception, 0, event,
     "continue accept reject tmpreject discard error", "", "Set by executeMilter."},
    {V::DKKeyPath, "DKKeyPath", text, 0, on_data, transaction, "file", "", "Key that signDomainKey uses."},
    {V::DKSelector, "DKSelector", text, 0, on_data, transaction, "name", "", "Its selector."},
    {V::DKIMKeyPath, "DKIMKeyPath", text, 0, on_data, transaction, "file", "", "Key that signDKIM uses."},
    {V::DKIMSelector, "DKIMSelector", text, 0, on_data, transaction, "name", "", "Its selector."},

    {V::sslEnabled, "sslEnabled", choice, on_relay, on_relay, transaction, "yes no", "no",
     "TLS from the first octet on."},
    {V::allowedSSLVersions, "allowedSSLVersions", words, on_relay, on_relay, transaction, "tls12 tls13",
     "tls12 tls13", "TLS versions. Older ones are not spoken (RFC 8996)."},
    {V::authUserName, "authUserName", text, 0, on_relay, transaction, "", "", "User to log in with there."},
    {V::authPassword, "authPassword", text, 0, on_relay, transaction, "", "", "Password for it."},
    {V::relayLocalIp, "relayLocalIp", ip, 0, on_relay, transaction, "", "address of the sender's domain",
     "Address of ours to connect from."},
    {V::rcpt, "rcpt", text, on_relay | on_work, 0, transaction, "address", "",
     "The first recipient that goes this way; in onProcessing the first of the message."},
    {V::rcptDomain, "rcptDomain", text, on_relay | on_work, 0, transaction, "domain", "", "Its domain."},

    {V::ndrRetryCount, "ndrRetryCount", number, failures, 0, transaction, "", "", "Attempts made."},
    {V::ndrRemainingRetryCount, "ndrRemainingRetryCount", number, bit(Event::temporary_delivery_failure), 0,
     transaction, "", "", "Attempts left."},
    {V::ndrRescheduleDate, "ndrRescheduleDate", text, bit(Event::temporary_delivery_failure), 0, transaction,
     "date", "", "When the next attempt is made.", true},
    {V::ndrRcptAddress, "ndrRcptAddress", text, failures, 0, transaction, "address", "",
     "Each recipient that failed.", true},
    {V::ndrRcptFailInfo, "ndrRcptFailInfo", text, failures, 0, transaction, "", "", "Why it failed.", true},
    {V::ndrAttachSource, "ndrAttachSource", choice, 0, failures, transaction, "none header body full",
     "header", "What of the message the report carries."},
    {V::ndrSender, "ndrSender", text, 0, failures, transaction, "address", "MAILER-DAEMON@host",
     "Who signs the report."},
    {V::ndrSubject, "ndrSubject", text, 0, failures, transaction, "", "Permanent failure notice",
     "Subject of the report."},
    {V::ndrMessage, "ndrMessage", text, 0, failures, transaction, "", "", "Text before the recipients."},
    {V::ndrRcptMessage, "ndrRcptMessage", text, 0, failures, transaction, "", "",
     "Text for each recipient, with %ndrRcptAddress% and %ndrRcptFailInfo%."},
    {V::ndrMessageFooter, "ndrMessageFooter", text, 0, failures, transaction, "", "",
     "Text after the recipients."},
    {V::sendNdr, "sendNdr", choice, failures, failures, transaction, "yes no", "yes",
     "Whether the sender is told."},
    {V::dsnSender, "dsnSender", text, 0, on_success, transaction, "address", "MAILER-DAEMON@host",
     "Who signs the notice."},
    {V::dsnSubject, "dsnSubject", text, 0, on_success, transaction, "", "", "Subject of the notice."},
    {V::dsnMessage, "dsnMessage", text, 0, on_success, transaction, "", "", "Text before the recipients."},
    {V::dsnRcptMessage, "dsnRcptMessage", text, 0, on_success, transaction, "", "",
     "Text for each recipient, with %dsnRcptAddress% and %dsnRcptStatus%."},
    {V::dsnMessageFooter, "dsnMessageFooter", text, 0, on_success, transaction, "", "",
     "Text after the recipients."},
    {V::dsnRcptAddress, "dsnRcptAddress", text, on_success, 0, transaction, "address", "",
     "Each recipient that has the message.", true},
    {V::dsnRcptStatus, "dsnRcptStatus", text, on_success, 0, transaction, "", "", "How it got it.", true},
};

constexpr bool in_order() {
    for (std::size_t i = 0; i < std::size(rows); ++i)
        if (static_cast<std::size_t>(rows[i].id) != i) return false;
    return std::size(rows) == var_count;
}
static_assert(in_order(), "one row for each Var, in the same order");

}  // namespace

std::span<const Variable> variables() {
    return rows;
}

const Variable& variable(Var id) {
    return rows[static_cast<std::size_t>(id)];
}

const Variable* find_variable(std::string_view name) {
    for (const Variable& row : rows)
        if (postrider::text::equal_ci(row.name, name)) return &row;
    return nullptr;
}

std::string header_field(std::string_view variable_name) {
    if (!postrider::text::starts_with_ci(variable_name, header_prefix)) return {};
    std::string field{variable_name.substr(header_prefix.size())};
    for (char& c : field)
        if (c == '_') c = '-';
    return field;
}

}  // namespace postrider::policy
