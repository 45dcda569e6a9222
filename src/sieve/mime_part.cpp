#include "mime/footer.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/preview.h"
#include "sieve/message.h"
#include "text/base64.h"
#include "text/charset.h"
#include "text/quoted_printable.h"

namespace postrider::sieve {

Header& MimePart::fields() {
    if (!fields_) {
        fields_ = std::make_unique<Header>();
        fields_->read(header);
    }
    return *fields_;
}

const std::string& MimePart::content(std::size_t limit) {
    if (content_) return *content_;
    content_ = std::make_unique<std::string>();
    if (encoding == "base64")
        text::decode_base64_lenient(body, *content_, limit);
    else if (encoding == "quoted-printable")
        text::decode_quoted_printable(body, *content_, limit);
    else
        *content_ = body.substr(0, limit);
    if (type.starts_with("text/")) {
        auto value = mime::find_field(header, "Content-Type");
        std::string charset = value ? mime::find_parameter(*value, "charset") : std::string{};
        *content_ = text::to_utf8(*content_, charset);
    }
    return *content_;
}

const std::string& MimePart::plain() {
    if (type != "text/html") return content();
    if (!plain_) {
        const std::string& html = content();
        plain_ = std::make_unique<std::string>(mime::html_to_text(html, html.size()));
    }
    return *plain_;
}

}  // namespace postrider::sieve
