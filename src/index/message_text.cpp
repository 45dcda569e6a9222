#include "index/message_text.h"

#include "mime/envelope_fields.h"
#include "mime/header.h"
#include "mime/searchable.h"

namespace postrider::index {

void each_message_text(std::string_view message, const mime::Description& description,
                       const std::function<void(Fields, std::string_view utf8)>& visit) {
    const mime::StoredEnvelope envelope = mime::read_envelope(description.envelope);
    if (envelope.subject) visit(Field::subject, *envelope.subject);
    for (const std::string& one : envelope.from) visit(Field::from, one);
    for (const std::string& one : envelope.to) visit(Field::to, one);
    for (const std::string& one : envelope.cc) visit(Field::cc, one);
    visit(Field::header, mime::searchable_header(message.substr(0, mime::header_size(message))));
    mime::each_text(message, description.parts, [&](std::string_view text) {
        visit(Field::body, text);
        return true;
    });
}

}  // namespace postrider::index
