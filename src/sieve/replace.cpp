#include <fmt/format.h>

#include <algorithm>

#include "mime/edit.h"
#include "mime/header.h"
#include "sieve/compose.h"
#include "sieve/header_source.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// replace and enclose. RFC 5703 §5, §6.
namespace postrider::sieve {
namespace {

bool is_mime_field(std::string_view name) {
    return text::starts_with_ci(name, "content-") || text::equal_ci(name, "MIME-Version");
}

void append_line(std::string& out, std::string_view bytes) {
    out += bytes;
    if (!bytes.ends_with('\n')) out += "\r\n";
}

class Replace final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Message& message = machine.message();
        std::string text = content.value(machine);
        machine.work(text.size() * 4);
        std::string entity = mime ? compose::given_entity(text) : compose::text_entity(text);
        std::size_t part = machine.part().value_or(0);
        if (part != 0) {
            message.replace_part(part, std::move(entity));
            return;
        }
        // The whole message: its header stays but for what describes the old body.
        message.settle();
        if (subject) move_away(message, "Subject", compose::field("Subject", subject->value(machine)));
        if (from) move_away(message, "From", compose::address_field("From", from->value(machine)));
        message.replace_body(std::move(entity));
    }
    TextTemplate content;
    bool mime = false;
    std::optional<TextTemplate> subject, from;

private:
    /// RFC 5703 §5: the old field stays readable as "Original-...".
    static void move_away(Message& message, std::string_view name, std::string line) {
        Header& header = message.header();
        std::uint32_t hash = header_hash(name);
        for (std::size_t at = header.find(name, hash, 0); at != Header::npos;
             at = header.find(name, hash, 0)) {
            std::string old = "Original-";
            append_line(old, header.fields()[at].bytes);
            message.remove_field(at);
            message.add_field(std::move(old), true);
        }
        message.add_field(std::move(line), true);
    }
};

class Enclose final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Message& message = machine.message();
        // An included script may stand in a loop of the one that includes it.
        if (!machine.loops().empty()) machine.fail("\"enclose\" cannot be done in \"foreverypart\"");
        message.settle();
        std::string original = message.text();
        if (original.size() > max_enclosed) machine.fail("the message is too large to be enclosed");
        machine.work(original.size());
        std::string whole, scratch;
        for (const HeaderField& field : message.header().fields()) {
            if (is_mime_field(field.name) || field.name.empty()) continue;
            bool copied = false;
            // RFC 5703 §6: what a message must have is taken over where it is not given anew.
            for (std::string_view always : {"From", "To", "Cc", "Date", "Message-ID", "Received"})
                copied |= text::equal_ci(field.name, always);
            for (const TextTemplate& name : headers)
                copied |= text::equal_ci(field.name, name.value(machine, scratch));
            if (subject ? text::equal_ci(field.name, "Subject") : false) copied = false;
            if (!subject && text::equal_ci(field.name, "Subject")) copied = true;
            if (copied) append_line(whole, field.bytes);
        }
        if (subject) whole += compose::field("Subject", subject->value(machine));
        std::string boundary = boundary_for(original);
        whole += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"" + boundary + "\"\r\n\r\n--"
                 + boundary + "\r\n";
        whole += compose::text_entity(content.value(machine));
        whole += "\r\n--" + boundary + "\r\nContent-Type: message/rfc822\r\n\r\n";
        whole += original;
        whole += "\r\n--" + boundary + "--\r\n";
        message.rewrite(std::move(whole));
    }
    TextTemplate content;
    std::optional<TextTemplate> subject;
    TextList headers;

private:
    static constexpr std::size_t max_enclosed = 64u << 20;

    static std::string boundary_for(std::string_view text) {
        // FNV-1a over the text, and on until the text does not hold it: the same message gives the same one.
        std::uint64_t hash = 14695981039346656037u;
        for (char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211u;
        std::string boundary;
        do {
            boundary = fmt::format("=_enclosed_{:016x}", hash);
            hash = hash * 6364136223846793005u + 1442695040888963407u;
        } while (text.find(boundary) != std::string_view::npos);
        return boundary;
    }
};

}  // namespace

CommandPtr build_replace(Args& args) {
    auto made = std::make_unique<Replace>();
    made->mime = args.flag("mime");
    made->subject = args.text("subject");
    made->from = args.text("from");
    made->content = args.text();
    args.done();
    return made;
}

CommandPtr build_enclose(Args& args) {
    auto made = std::make_unique<Enclose>();
    made->subject = args.text("subject");
    made->headers = args.list("headers").value_or(TextList{});
    for (const TextTemplate& name : made->headers)
        if (name.constant() && !is_field_name(name.source()))
            args.invalid(fmt::format("\"{}\" is no name of a header field", name.source()));
    if (!args.binder().loops.empty()) args.wrong("\"enclose\" cannot stand in \"foreverypart\"");
    made->content = args.text();
    args.done();
    return made;
}

}  // namespace postrider::sieve
