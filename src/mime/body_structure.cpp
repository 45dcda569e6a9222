#include "mime/body_structure.h"

#include <charconv>

#include "mime/envelope.h"
#include "mime/header.h"
#include "mime/imap_string.h"
#include "mime/parameters.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr unsigned max_languages = 50;

class BodyWriter {
public:
    BodyWriter(const std::vector<Part>& parts, const std::vector<PartFields>& fields,
               const std::vector<EnvelopeFields>& envelopes, std::string& full, std::string& brief)
        : parts_{parts}, fields_{fields}, envelopes_{envelopes}, full_{full}, brief_{brief} {}

    /// The part and all below it; gives the index of the part behind them. Recurses as deep as parts are
    /// nested, which describe() limits.
    std::size_t part(std::size_t i) {
        switch (parts_[i].kind) {
            case Part::multipart: return multipart(i);
            case Part::message: return message(i);
            default: break;
        }
        both([&] {
            basic(i);
            if (!fields_[i].opaque && text::equal_ci(fields_[i].type, "text")) number(parts_[i].lines);
        });
        extension(i, true);
        both([&] { full_ += ')'; });
        return i + 1;
    }

private:
    /// What `write` appends to the full form goes into the brief one too.
    template <class Write>
    void both(Write write) {
        std::size_t begin = full_.size();
        write();
        brief_.append(full_, begin);
    }

    /// body-type-mpart = 1*body SP media-subtype [SP body-ext-mpart]
    std::size_t multipart(std::size_t i) {
        both([&] { full_ += '('; });
        std::size_t next = i + 1;
        while (next < parts_.size() && parts_[next].parent == i) next = part(next);
        both([&] {
            full_ += ' ';
            append_imap_upper(full_, fields_[i].subtype);
        });
        full_ += ' ';
        parameters(i);
        extension(i, false);
        both([&] { full_ += ')'; });
        return next;
    }

    /// body-type-msg = media-message SP body-fields SP envelope SP body SP body-fld-lines
    std::size_t message(std::size_t i) {
        both([&] {
            basic(i);
            full_ += ' ';
            append_envelope(full_, envelopes_[static_cast<std::size_t>(fields_[i + 1].envelope)]);
            full_ += ' ';
        });
        std::size_t next = part(i + 1);
        both([&] { number(parts_[i].lines); });
        extension(i, true);
        both([&] { full_ += ')'; });
        return next;
    }

    /// "(" type SP subtype SP params SP id SP description SP encoding SP octets
    void basic(std::size_t i) {
        const PartFields& fields = fields_[i];
        full_ += '(';
        append_imap_upper(full_, fields.opaque ? "APPLICATION" : fields.type);
        full_ += ' ';
        append_imap_upper(full_, fields.opaque ? "OCTET-STREAM" : fields.subtype);
        full_ += ' ';
        parameters(i);
        full_ += ' ';
        text(fields.id);
        full_ += ' ';
        text(fields.description);
        full_ += ' ';
        append_imap_upper(full_, parts_[i].encoding);
        number(parts_[i].body_end - parts_[i].body_begin);
    }

    /// md5 (not of a multipart) SP disposition SP language SP location
    void extension(std::size_t i, bool md5) {
        const PartFields& fields = fields_[i];
        if (md5) {
            full_ += ' ';
            text(fields.md5);
        }
        full_ += ' ';
        disposition(fields.disposition);
        full_ += ' ';
        language(fields.language);
        full_ += ' ';
        text(fields.location);
    }

    void text(std::string_view raw) { append_imap_nstring(full_, unfold(raw, scratch_)); }

    void number(std::uint32_t value) {
        char digits[16];
        full_ += ' ';
        full_.append(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    }

    /// body-fld-param. A text without charset is US-ASCII (RFC 2046 §4.1.2), and clients expect to be told.
    void parameters(std::size_t i) {
        const PartFields& fields = fields_[i];
        bool needs_charset = !fields.opaque && text::equal_ci(fields.type, "text");
        auto type =
            fields.opaque || fields.default_type ? std::nullopt : parse_content_type(fields.content_type);
        if (!type) {
            full_ += needs_charset ? R"(("CHARSET" "us-ascii"))" : "NIL";
            return;
        }
        parameter_list(type->parameters, needs_charset);
    }

    void parameter_list(Lexer in, bool needs_charset) {
        full_ += '(';
        std::size_t begin = full_.size();
        ParameterReader reader{in};
        for (std::size_t count = 0; count < max_parameters && reader.next(); ++count) {
            if (full_.size() != begin) full_ += ' ';
            append_imap_upper(full_, reader.name);
            full_ += ' ';
            append_imap_string(full_, reader.value);
            needs_charset = needs_charset && !text::starts_with_ci(reader.name, "charset");
        }
        if (needs_charset) {
            if (full_.size() != begin) full_ += ' ';
            full_ += R"("CHARSET" "us-ascii")";
        }
        if (full_.size() == begin) {
            full_.pop_back();
            full_ += "NIL";
            return;
        }
        full_ += ')';
    }

    /// body-fld-dsp = "(" string SP body-fld-param ")" / nil
    void disposition(std::string_view raw) {
        Lexer in{raw};
        in.skip_cfws();
        std::string_view kind = in.token();
        if (kind.empty()) {
            full_ += "NIL";
            return;
        }
        full_ += '(';
        append_imap_upper(full_, kind);
        full_ += ' ';
        parameter_list(in, false);
        full_ += ')';
    }

    /// body-fld-lang = nstring / "(" string *(SP string) ")"; the field is a list with commas (RFC 3282 §2)
    void language(std::string_view raw) {
        Lexer in{raw};
        std::string_view tags[max_languages];
        unsigned count = 0;
        while (count < max_languages) {
            in.skip_cfws();
            while (in.take(',')) in.skip_cfws();
            std::string_view tag = in.token();
            if (tag.empty()) break;
            tags[count++] = tag;
        }
        if (count == 0) {
            full_ += "NIL";
            return;
        }
        if (count > 1) full_ += '(';
        for (unsigned i = 0; i < count; ++i) {
            if (i > 0) full_ += ' ';
            append_imap_string(full_, tags[i]);
        }
        if (count > 1) full_ += ')';
    }

    const std::vector<Part>& parts_;
    const std::vector<PartFields>& fields_;
    const std::vector<EnvelopeFields>& envelopes_;
    std::string& full_;
    std::string& brief_;
    std::string scratch_;
};

}  // namespace

void append_body_structure(const std::vector<Part>& parts, const std::vector<PartFields>& fields,
                           const std::vector<EnvelopeFields>& envelopes, std::string& full,
                           std::string& brief) {
    BodyWriter{parts, fields, envelopes, full, brief}.part(0);
}

}  // namespace postrider::mime
