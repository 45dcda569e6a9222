#include <fmt/format.h>

#include "mime/description.h"
#include "mime/footer_text.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "sieve/compose.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// convert. RFC 6558: parts of one media type become another. We convert between plain text and HTML, text to
/// UTF-8, and documents that the environment can read to text.
namespace postrider::sieve {
namespace {

bool is_media_type(std::string_view text) {
    auto type = mime::parse_content_type(text);
    return type && !type->subtype.empty();
}

constexpr std::size_t max_document = 20u << 20;  ///< octets; what is cut cannot be read

std::string html_page(std::string_view plain) {
    return compose::text_entity("<html><body>" + mime::html_of(plain) + "</body></html>", "html");
}

/// The part as text of the wanted type; nullopt when we cannot make that.
std::optional<std::string> converted(Machine& machine, MimePart& part, std::string_view to) {
    bool from_html = part.type == "text/html";
    if (part.type.starts_with("application/")) {
        if (!text::equal_ci(to, "text/plain") && !text::equal_ci(to, "text/html")) return std::nullopt;
        auto said = machine.environment().document_text(part.type, part.content(max_document));
        if (!said) return std::nullopt;
        return text::equal_ci(to, "text/html") ? html_page(*said) : compose::text_entity(*said);
    }
    if (!from_html && part.type != "text/plain") return std::nullopt;
    if (text::equal_ci(to, "text/plain")) return compose::text_entity(part.plain());
    if (!text::equal_ci(to, "text/html")) return std::nullopt;
    if (from_html) return compose::text_entity(part.content(), "html");
    return html_page(part.content());
}

/// The fields of the old part that still hold.
std::string kept_fields(const MimePart& part) {
    std::string kept;
    mime::HeaderReader reader{part.header};
    mime::Field field;
    while (reader.next(field)) {
        if (field.name.empty() || text::equal_ci(field.name, "Content-Type")
            || text::equal_ci(field.name, "Content-Transfer-Encoding")
            || text::equal_ci(field.name, "Content-MD5"))
            continue;
        kept += field.bytes;
        if (!kept.ends_with('\n')) kept += "\r\n";
    }
    return kept;
}

bool convert(Machine& machine, const TextTemplate& from, const TextTemplate& to, const TextList& parameters) {
    std::string wanted = text::to_lower(from.value(machine)), target = text::to_lower(to.value(machine)),
                scratch;
    if (!is_media_type(wanted) || !is_media_type(target)) machine.fail("\"convert\" needs two media types");
    for (const TextTemplate& parameter : parameters) {
        std::string_view text = parameter.value(machine, scratch);
        // All that we make is UTF-8 (or US-ASCII); what else is asked for cannot be had.
        if (text.empty() || text::equal_ci(text, "charset=utf-8")
            || text::equal_ci(text, "charset=\"utf-8\""))
            continue;
        return false;
    }
    Message& message = machine.message();
    bool in_loop = machine.part().has_value();
    if (!in_loop) message.settle();
    auto& parts = message.parts();
    std::size_t begin = machine.part().value_or(0), end = in_loop ? begin + 1 : parts.size();
    bool any = false;
    for (std::size_t i = begin; i < end; ++i) {
        if (parts[i].kind != mime::Part::leaf || parts[i].type != wanted) continue;
        auto made = converted(machine, parts[i], target);
        if (!made) continue;
        machine.work(made->size() * 4);
        any = true;
        if (i != 0) {
            message.replace_part(i, kept_fields(parts[i]) + *made);
            continue;
        }
        message.replace_body(std::move(*made));
        break;  // it was the only part
    }
    if (!in_loop) message.settle();
    return any;
}

class ConvertCommand final : public CommandNode {
public:
    void run(Machine& machine) const override { convert(machine, from, to, parameters); }
    TextTemplate from, to;
    TextList parameters;
};

class ConvertTest final : public TestNode {
public:
    bool holds(Machine& machine) const override { return convert(machine, from, to, parameters); }
    TextTemplate from, to;
    TextList parameters;
};

template <class Made>
auto build(Args& args) {
    auto made = std::make_unique<Made>();
    made->from = args.text();
    if (made->from.constant() && !is_media_type(made->from.source()))
        args.invalid(fmt::format("\"{}\" is no media type", made->from.source()));
    made->to = args.text();
    if (made->to.constant() && !is_media_type(made->to.source()))
        args.invalid(fmt::format("\"{}\" is no media type", made->to.source()));
    made->parameters = args.list();
    args.done();
    return made;
}

}  // namespace

CommandPtr build_convert(Args& args) {
    return build<ConvertCommand>(args);
}

TestPtr build_convert_test(Args& args) {
    return build<ConvertTest>(args);
}

}  // namespace postrider::sieve
