#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the one pass over a message remembers until it renders: raw field values, views into the message.
namespace postrider::mime {

/// The fields of a message header that ENVELOPE shows (RFC 9051 §7.5.2). A null view: absent.
struct EnvelopeFields {
    std::string_view date, subject, from, sender, reply_to, to, cc, bcc, in_reply_to, message_id, references;

    /// Further To, Cc and Bcc fields, which RFC 5322 §4.5 lets old software send; with the member they
    /// continue.
    std::vector<std::pair<std::string_view EnvelopeFields::*, std::string_view>> more;
};

/// The MIME fields of any part (RFC 2045 ff.). A null view: absent. The first of each name counts.
struct PartFields {
    std::string_view content_type, encoding, id, description, md5, disposition, language, location;
    std::string_view type, subtype;  ///< what the part is taken for, after defaults; as sent
    bool default_type = false;       ///< no (valid) Content-Type: parameters are not to be shown
    bool opaque = false;             ///< too deep or too many: shown as application/octet-stream
    std::uint32_t lines_before = 0;  ///< LFs of the message before the body
    int envelope = -1;  ///< index of its EnvelopeFields, for the message and each message/rfc822 child
};

/// Puts a field where it belongs; `envelope` may be null. What neither knows is passed over.
void keep_field(std::string_view name, std::string_view value, PartFields& part, EnvelopeFields* envelope);

/// The content transfer encoding: "7bit" when absent, as sent otherwise (RFC 2045 §6.1).
std::string_view encoding_token(std::string_view value);

}  // namespace postrider::mime
