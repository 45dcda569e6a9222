#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::mime {

/// What SEARCH asks of a stored ENVELOPE: decoded to UTF-8, addresses as `Name <local@host>`.
struct StoredEnvelope {
    std::optional<std::int64_t>
        sent;  ///< day of the Date field as written, counted from 1970-01-01; RFC 9051 §6.4.4
    std::optional<std::string> subject;
    std::vector<std::string> from, to, cc;
};

/// @param envelope  as FETCH gives it, with its parentheses (RFC 9051 §7.5.2). What cannot be read is left
/// out.
StoredEnvelope read_envelope(std::string_view envelope);

/// The field `sent` of that alone: what comes behind it is not looked at.
std::optional<std::int64_t> sent_day(std::string_view envelope);

enum class AddressField : std::uint8_t { from, to, cc };
/// The first address of a field; all "" when there is none. What lies before it is passed over unread.
struct FirstAddress {
    std::string name, mailbox, host;  ///< the name decoded to UTF-8
};
FirstAddress first_address(std::string_view envelope, AddressField field);

/// What people see of an address (RFC 5957 §3): its name, else mailbox@host, else what there is.
std::string display_of(const FirstAddress& address);

/// The fields of a stored ENVELOPE as they stand in it, unread: whoever keeps many messages finds that most
/// of what is in them he has seen before. What cannot be found is "".
struct EnvelopeParts {
    std::string_view date, subject;  ///< each a nstring
    std::string_view from, to, cc;   ///< each NIL or a list of addresses
};
EnvelopeParts split_envelope(std::string_view envelope);

/// What those parts say, as read_envelope() has it.
std::optional<std::string> read_subject(std::string_view part);
std::optional<std::int64_t> read_sent_day(std::string_view part);
std::vector<std::string> read_addresses(std::string_view part);
FirstAddress read_first_address(std::string_view part);

/// The day of a Date field, without regard to time and zone: "Sat, 24 Mar 2007 23:00:00 +0200", two-digit
/// years as RFC 5322 §4.3 has them.
std::optional<std::int64_t> day_of_date_field(std::string_view date);

}  // namespace postrider::mime
