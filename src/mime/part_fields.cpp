#include "mime/part_fields.h"

#include "mime/lexer.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_repeats = 100;

template <class Fields>
struct Row {
    std::string_view name;  // lower case
    std::string_view Fields::*field;
    bool list = false;
};

constexpr Row<PartFields> part_rows[] = {
    {"type", &PartFields::content_type},
    {"transfer-encoding", &PartFields::encoding},
    {"id", &PartFields::id},
    {"description", &PartFields::description},
    {"md5", &PartFields::md5},
    {"disposition", &PartFields::disposition},
    {"language", &PartFields::language},
    {"location", &PartFields::location},
};

constexpr Row<EnvelopeFields> envelope_rows[] = {
    {"date", &EnvelopeFields::date},
    {"subject", &EnvelopeFields::subject},
    {"from", &EnvelopeFields::from},
    {"sender", &EnvelopeFields::sender},
    {"reply-to", &EnvelopeFields::reply_to},
    {"to", &EnvelopeFields::to, true},
    {"cc", &EnvelopeFields::cc, true},
    {"bcc", &EnvelopeFields::bcc, true},
    {"in-reply-to", &EnvelopeFields::in_reply_to},
    {"message-id", &EnvelopeFields::message_id},
    {"references", &EnvelopeFields::references},
};

}  // namespace

void keep_field(std::string_view name, std::string_view value, PartFields& part, EnvelopeFields* envelope) {
    constexpr std::string_view content = "content-";
    if (name.size() > content.size() && text::starts_with_ci(name, content)) {
        name.remove_prefix(content.size());
        for (const auto& row : part_rows) {
            if (row.name.size() != name.size() || !text::equal_ci(row.name, name)) continue;
            if ((part.*row.field).data() == nullptr) part.*row.field = value;
            return;
        }
        return;
    }
    if (envelope == nullptr) return;
    for (const auto& row : envelope_rows) {
        if (row.name.size() != name.size() || row.name[0] != text::lower(name[0])
            || !text::equal_ci(row.name, name))
            continue;
        if ((envelope->*row.field).data() == nullptr)
            envelope->*row.field = value;
        else if (row.list && envelope->more.size() < max_repeats)
            envelope->more.emplace_back(row.field, value);
        return;
    }
}

std::string_view encoding_token(std::string_view value) {
    Lexer in{value};
    in.skip_cfws();
    in.take('"');
    std::string_view token = in.token();
    return token.empty() ? std::string_view{"7bit"} : token;
}

}  // namespace postrider::mime
