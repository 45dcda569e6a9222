#include "policy/methods.h"

#include <array>

#include "text/ascii.h"

namespace postrider::policy {
namespace {

constexpr EventSet message_edits = bit(Event::headers_received) | bit(Event::body_chunk)
                                   | bit(Event::data_received) | bit(Event::processing);
constexpr EventSet on_data = bit(Event::data_received);

const std::array<MethodRow, method_count>& rows() {
    using M = Method;
    using V = Var;
    static const std::array<MethodRow, method_count> table{{
        {M::checkSPF,
         "checkSPF",
         from(Event::ehlo),
         true,
         {},
         {V::SPFResult, V::SPFExplanation},
         "Whether the client may send for the domain of the sender, in onEhlo for the host it claims to be "
         "(RFC 7208). The result also goes into the header."},
        {M::checkReverseDNS,
         "checkReverseDNS",
         reception,
         true,
         {},
         {V::ReverseDNSResult, V::reverseDNSName},
         "Whether the client's address has a name that leads back to it."},
        {M::checkDNSBL,
         "checkDNSBL",
         reception,
         true,
         {V::DNSBLServer},
         {V::DNSBLResult, V::DNSBLExplanation},
         "Whether a list of bad addresses has the client's."},
        {M::checkSenderMX,
         "checkSenderMX",
         from(Event::mail_from),
         true,
         {},
         {V::SenderMXCheckResult},
         "Whether mail could be sent back to the sender's domain."},
        {M::checkGeoIP,
         "checkGeoIP",
         reception,
         true,
         {V::allowedCountries, V::bannedCountries},
         {V::isGeoIPBanned, V::GeoIPResult},
         "The client's country, and whether it is kept out. Reading its results calls it as well."},
        {M::checkGreylist,
         "checkGreylist",
         bit(Event::rcpt_to),
         true,
         {},
         {V::greylistResult},
         "Whether this client has tried before to send from this sender to this recipient."},
        {M::checkDomainKey,
         "checkDomainKey",
         on_data,
         true,
         {},
         {V::DomainKeyResult},
         "Checks the DomainKey-Signature of the message; the result goes into the header."},
        {M::checkDKIM,
         "checkDKIM",
         on_data,
         true,
         {},
         {V::DKIMResult},
         "Checks the DKIM signatures of the message; the result goes into the header."},
        {M::checkDMARC,
         "checkDMARC",
         on_data,
         true,
         {},
         {V::DMARCResult, V::DMARCPolicy},
         "Whether SPF or DKIM vouch for the domain in From, and what it asks for if not."},
        {M::checkARC,
         "checkARC",
         on_data,
         true,
         {},
         {V::ARCResult},
         "Whether the chain of those who passed the message on is whole."},
        {M::executeMilter,
         "executeMilter",
         reception,
         true,
         {V::milterAddress},
         {V::milterResult},
         "Asks a milter. What it says becomes smtpAction and smtpExplanation, what it changes is changed."},
        {M::signDomainKey,
         "signDomainKey",
         on_data,
         false,
         {V::DKKeyPath, V::DKSelector},
         {},
         "Signs the message (RFC 4870)."},
        {M::signDKIM,
         "signDKIM",
         on_data,
         false,
         {V::DKIMKeyPath, V::DKIMSelector},
         {},
         "Signs the message (RFC 6376)."},
        {M::addHeader,
         "addHeader",
         message_edits,
         false,
         {V::headerName, V::headerValue},
         {},
         "Adds a field."},
        {M::addIfNotExistsHeader,
         "addIfNotExistsHeader",
         message_edits,
         false,
         {V::headerName, V::headerValue},
         {},
         "Adds a field if there is none of this name."},
        {M::removeFirstHeader,
         "removeFirstHeader",
         message_edits,
         false,
         {V::headerName},
         {},
         "Removes the first field of this name."},
        {M::removeHeader,
         "removeHeader",
         message_edits,
         false,
         {V::headerName},
         {},
         "Removes all fields of this name."},
        {M::modifyHeader,
         "modifyHeader",
         message_edits,
         false,
         {V::headerName, V::headerValue},
         {},
         "Gives the first field of this name another value, or adds it."},
        {M::modifyIfExistsHeader,
         "modifyIfExistsHeader",
         message_edits,
         false,
         {V::headerName, V::headerValue},
         {},
         "Gives the first field of this name another value."},
        {M::addRcpt,
         "addRcpt",
         from(Event::mail_from) | bit(Event::processing),
         false,
         {V::rcptAddress},
         {},
         "Adds a recipient."},
        {M::discardRcpt,
         "discardRcpt",
         from(Event::rcpt_to) | bit(Event::processing),
         false,
         {V::rcptAddress},
         {},
         "Drops a recipient; empty: the current one."},
    }};
    return table;
}

}  // namespace

std::span<const MethodRow> methods() {
    return rows();
}

const MethodRow& row(Method id) {
    return rows()[static_cast<std::size_t>(id)];
}

const MethodRow* find_method(std::string_view name) {
    for (const MethodRow& method : rows())
        if (text::equal_ci(method.name, name)) return &method;
    return nullptr;
}

}  // namespace postrider::policy
