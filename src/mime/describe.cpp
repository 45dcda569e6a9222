#include <algorithm>
#include <limits>

#include "mime/body_structure.h"
#include "mime/date.h"
#include "mime/description.h"
#include "mime/envelope.h"
#include "mime/header.h"
#include "mime/line_scan.h"
#include "mime/message_id.h"
#include "mime/parameters.h"
#include "mime/part_fields.h"
#include "mime/preview.h"
#include "mime/subject.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::uint32_t most_parts =
    30'000;  // Part::parent has 16 bits; a multipart without parts gets an empty one
constexpr std::size_t max_boundary = 16384;  // RFC 2046 §5.1.1 allows 70

/// The one pass. Every octet is looked at once: header lines field by field, bodies only for line starts with
/// "--" while a boundary is awaited.
class Pass {
public:
    Pass(std::string_view message, std::string_view prefix, const DescribeLimits& limits, Description& out)
        : message_{message.substr(0, std::numeric_limits<std::uint32_t>::max() - prefix.size())},
          prefix_{prefix},
          limits_{limits},
          parts_{out.parts} {}

    void run() {
        begin_part(0, 0, false);
        while (at_ < message_.size()) {
            if (!boundary_here() && !skip_to_dashes()) break;
            take_boundary();
        }
        close_down_to(0, offset(message_.size()), lines_);
    }

    std::vector<PartFields> fields;
    std::vector<EnvelopeFields> envelopes;

private:
    /// A part whose end was not seen yet.
    struct Open {
        std::uint16_t part = 0;
        std::uint16_t children = 0;
        bool digest = false;
        bool awaits = false;  ///< a multipart whose closing boundary did not come yet
        std::string boundary;
    };

    /// A boundary that stands at at_.
    struct Match {
        std::size_t open = 0;  ///< index in open_
        bool closing = false;
    };

    static std::uint32_t offset(std::size_t at) { return static_cast<std::uint32_t>(at); }

    /// Reads the header at at_; of a message/rfc822 also that of the message within, and so on.
    void begin_part(std::size_t parent, std::uint16_t number, bool digest) {
        bool is_message = parts_.empty();
        while (true) {
            std::size_t index = parts_.size();
            Part& part = parts_.emplace_back();
            fields.emplace_back();
            part.header_begin = offset(at_);
            part.parent = static_cast<std::uint16_t>(parent);
            part.number = number;
            if (is_message) {
                fields[index].envelope = static_cast<int>(envelopes.size());
                envelopes.emplace_back();
            }
            open_.push_back({static_cast<std::uint16_t>(index), 0, false, false, {}});
            floor_ = at_;
            in_header_ = true;
            bool header_over = index == 0 && read_prefix();
            if (header_over || read_header(index)) end_header(index);
            classify(index, digest);
            if (parts_[index].kind != Part::message) return;
            parent = index;
            number = 0;
            is_message = true;
            digest = false;
        }
    }

    /// The lines put before the message; true when they end in an empty line, which leaves the message no
    /// header.
    bool read_prefix() {
        HeaderReader reader{prefix_};
        for (Field field; reader.next(field);)
            if (!field.name.empty()) keep_field(field.name, field.value, fields[0], &envelopes[0]);
        return reader.position() < prefix_.size();
    }

    /// True when the header is over; false when a boundary cut it off.
    bool read_header(std::size_t index) {
        EnvelopeFields* envelope = fields[index].envelope < 0
                                       ? nullptr
                                       : &envelopes[static_cast<std::size_t>(fields[index].envelope)];
        const std::size_t begin = at_;
        while (at_ < message_.size()) {
            char c = message_[at_];
            if (c == '\n' || (c == '\r' && at_ + 1 < message_.size() && message_[at_ + 1] == '\n')) {
                at_ += c == '\n' ? 1 : 2;
                ++lines_;
                return true;
            }
            if (c == '-' && boundary_here()) return false;
            std::size_t field = at_;
            std::size_t end = next_line();
            while (at_ < message_.size() && text::is_blank(message_[at_])) end = next_line();
            if (at_ - begin > limits_.max_header_bytes) continue;
            keep(message_.substr(field, end - field), index, envelope);
        }
        return true;
    }

    /// Moves behind the line; gives where it ends without its line end.
    std::size_t next_line() {
        std::size_t lf = message_.find('\n', at_);
        if (lf == message_.npos) {
            at_ = message_.size();
            return at_;
        }
        at_ = lf + 1;
        ++lines_;
        return lf > 0 && message_[lf - 1] == '\r' ? lf - 1 : lf;
    }

    void keep(std::string_view field, std::size_t index, EnvelopeFields* envelope) {
        // Only names that begin like one of ours are worth a look for the colon.
        constexpr std::string_view firsts = "bcdfimrst";
        if (firsts.find(text::lower(field.front())) == firsts.npos) return;
        std::size_t colon = field.substr(0, 40).find(':');
        if (colon == field.npos || colon == 0) return;
        std::string_view name = field.substr(0, colon);
        while (!name.empty() && text::is_blank(name.back())) name.remove_suffix(1);
        if (!name.empty()) keep_field(name, field.substr(colon + 1), fields[index], envelope);
    }

    void end_header(std::size_t index) {
        in_header_ = false;
        floor_ = at_;
        parts_[index].body_begin = offset(at_);
        fields[index].lines_before = lines_;
    }

    /// Decides what the part is taken for (RFC 2045 §5.2, RFC 2046 §5.1.5) and whether something is to be
    /// found within.
    void classify(std::size_t index, bool digest) {
        PartFields& field = fields[index];
        Part& part = parts_[index];
        auto type = parse_content_type(field.content_type);
        std::string boundary;
        if (type && text::equal_ci(type->type, "multipart")) {
            boundary = boundary_of(*type);
            if (boundary.empty()) type.reset();  // a required parameter is missing: the type is invalid
        }
        field.default_type = !type;
        field.type = type ? type->type : digest ? "message" : "text";
        field.subtype = type ? type->subtype : digest ? "rfc822" : "plain";
        part.encoding = text::to_lower(encoding_token(field.encoding));
        part.type = text::to_lower(field.type);
        part.type += '/';
        part.type += text::to_lower(field.subtype);

        bool is_multipart = !boundary.empty();
        bool is_message = part.type == "message/rfc822" || part.type == "message/global";
        if (!is_multipart && !is_message) return;
        bool room = open_.size() <= limits_.max_depth && parts_.size() < part_limit();
        if (!room || (is_message && in_header_)) {
            field.opaque = true;
            part.type = "application/octet-stream";
            return;
        }
        part.kind = is_multipart ? Part::multipart : Part::message;
        if (is_message || in_header_) return;
        open_.back().boundary = std::move(boundary);
        open_.back().awaits = true;
        open_.back().digest = text::equal_ci(field.subtype, "digest");
        ++awaiting_;
    }

    static std::string boundary_of(const ContentType& type) {
        ParameterReader reader{type.parameters};
        for (std::size_t count = 0; count < max_parameters && reader.next(); ++count) {
            if (!text::equal_ci(reader.name, "boundary")) continue;
            std::string boundary{reader.value.substr(0, max_boundary + 1)};
            while (!boundary.empty() && text::is_space(boundary.back())) boundary.pop_back();
            return boundary.size() > max_boundary ? std::string{} : boundary;
        }
        return {};
    }

    std::size_t part_limit() const { return std::clamp(limits_.max_parts, 1u, most_parts); }

    /// Moves to the next line that begins with "--"; false when none of the open parts awaits one any more.
    bool skip_to_dashes() {
        if (awaiting_ == 0) {
            lines_ += count_lines(message_.substr(at_));
            at_ = message_.size();
            return false;
        }
        do at_ = find_dash_line(message_, at_, lines_);
        while (at_ < message_.size() && !boundary_here());
        return at_ < message_.size();
    }

    /// Is the line at at_ a boundary of an open multipart? The innermost one that fits counts. RFC 2046
    /// §5.1.1 lets text follow a boundary; we want the whole line, blanks aside, since nested boundaries
    /// exist of which one begins with the other.
    bool boundary_here() {
        if (awaiting_ == 0 || message_.size() - at_ < 3 || message_[at_] != '-' || message_[at_ + 1] != '-')
            return false;
        std::string_view line = message_.substr(at_ + 2, max_boundary + 200);
        line = line.substr(0, line.find('\n'));
        while (!line.empty() && text::is_space(line.back())) line.remove_suffix(1);
        for (std::size_t i = open_.size(); i-- > 0;) {
            const Open& open = open_[i];
            if (!open.awaits || !line.starts_with(open.boundary)) continue;
            std::string_view rest = line.substr(open.boundary.size());
            if (!rest.empty() && rest != "--") continue;
            if (rest.empty() && parts_.size() >= part_limit()) return false;  // goes into the part before
            match_ = {i, !rest.empty()};
            return true;
        }
        return false;
    }

    /// At a boundary line: ends what it ends, begins what it begins.
    void take_boundary() {
        Match match = match_;
        // The line end before a boundary belongs to it (RFC 2046 §5.1.1), unless the part has nothing before
        // it.
        std::size_t end = at_;
        std::uint32_t lines = lines_;
        if (end > floor_ && message_[end - 1] == '\n') {
            --end;
            --lines;
            if (end > floor_ && message_[end - 1] == '\r') --end;
        }
        close_down_to(match.open + 1, offset(end), lines);
        next_line();
        floor_ = at_;
        Open& open = open_[match.open];
        if (match.closing) {
            open.awaits = false;
            --awaiting_;
            return;
        }
        ++open.children;
        begin_part(open.part, open.children, open.digest);
    }

    /// Ends the open parts from the innermost down to open_[keep].
    void close_down_to(std::size_t keep, std::uint32_t end, std::uint32_t lines) {
        while (open_.size() > keep) {
            Open open = std::move(open_.back());
            open_.pop_back();
            Part& part = parts_[open.part];
            if (in_header_) {  // only the innermost can be cut off in its header
                part.body_begin = end;
                fields[open.part].lines_before = lines;
                in_header_ = false;
            }
            part.body_end = end;
            part.lines = lines - std::min(lines, fields[open.part].lines_before);
            if (open.awaits) --awaiting_;
            if (part.kind == Part::multipart && open.children == 0) add_empty_part(open.part);
        }
    }

    /// IMAP has no multipart without parts (RFC 9051 §9, body-type-mpart): an empty text stands for them.
    void add_empty_part(std::uint16_t parent) {
        Part part;
        part.header_begin = part.body_begin = part.body_end = parts_[parent].body_end;
        part.parent = parent;
        part.number = 1;
        part.type = "text/plain";
        part.encoding = "7bit";
        parts_.push_back(std::move(part));
        PartFields field;
        field.type = "text";
        field.subtype = "plain";
        field.default_type = true;
        fields.push_back(field);
    }

    std::string_view message_;
    std::string_view prefix_;
    const DescribeLimits& limits_;
    std::vector<Part>& parts_;
    std::vector<Open> open_;
    std::size_t at_ = 0;        ///< always at a line start, outside next_line()
    std::uint32_t lines_ = 0;   ///< LFs before at_
    std::size_t floor_ = 0;     ///< where the innermost part's content began: its end is not before
    std::size_t awaiting_ = 0;  ///< open multiparts that await a boundary
    bool in_header_ = false;    ///< of the innermost part
    Match match_;
};

/// The words that a Content-Disposition begins with.
bool is_disposition(std::string_view value, std::string_view kind) {
    Lexer in{value};
    in.skip_cfws();
    return text::equal_ci(in.token(), kind);
}

/// What people would call an attachment: said to be one, or a file that is neither shown text nor a picture
/// within a page nor a signature.
bool is_attachment(const Part& part, const PartFields& field, std::string_view parent_type) {
    if (part.kind == Part::multipart) return false;
    if (is_disposition(field.disposition, "attachment")) return true;
    if (is_disposition(field.disposition, "inline")) return false;
    if (part.kind == Part::message) return parent_type != "multipart/digest";
    if (part.type.starts_with("text/") || part.type.starts_with("message/")) return false;
    if (parent_type == "multipart/related" && field.id.data() != nullptr) return false;
    if (parent_type == "multipart/signed" || parent_type == "multipart/encrypted") return false;
    return true;
}

/// The part to take a preview from: the first plain text that is shown, else the first HTML.
std::size_t preview_part(const std::vector<Part>& parts, const std::vector<PartFields>& fields) {
    std::size_t html = parts.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        bool plain = parts[i].type == "text/plain";
        if (!plain && parts[i].type != "text/html") continue;
        if (parts[i].body_end == parts[i].body_begin || is_disposition(fields[i].disposition, "attachment"))
            continue;
        if (plain) return i;
        html = std::min(html, i);
    }
    return html;
}

std::string charset_of(const PartFields& field) {
    auto type = field.default_type ? std::nullopt : parse_content_type(field.content_type);
    if (!type) return "us-ascii";
    ParameterReader reader{type->parameters};
    for (std::size_t count = 0; count < max_parameters && reader.next(); ++count)
        if (text::equal_ci(reader.name, "charset")) return std::string{reader.value};
    return "us-ascii";
}

void describe_header(const EnvelopeFields& envelope, Description& out) {
    out.message_id = first_message_id(envelope.message_id).value_or("");
    BaseSubject subject = base_subject(envelope.subject);
    out.base_subject = std::move(subject.text);
    out.reply = subject.reply_or_forward;
    auto thread = first_message_id(envelope.references);
    if (!thread) thread = first_message_id(envelope.in_reply_to);
    out.thread_key = thread_key(thread ? *thread : out.message_id);
    if (auto date = parse_date(envelope.date)) out.sent = date->seconds;
    out.references = reference_keys(envelope.references, envelope.in_reply_to);
}

/// Makes offsets within the message offsets within prefix and message.
void move_behind(std::uint32_t prefix, std::vector<Part>& parts) {
    if (prefix == 0) return;
    for (Part& part : parts) {
        part.header_begin += prefix;
        part.body_begin += prefix;
        part.body_end += prefix;
    }
    parts[0].header_begin = 0;
}

}  // namespace

Description describe(std::string_view message, const DescribeLimits& limits, std::string_view prefix) {
    Description out;
    Pass pass{message, prefix, limits, out};
    pass.run();
    out.envelope.reserve(512);
    append_envelope(out.envelope, pass.envelopes.front());
    out.body_structure.reserve(128 * out.parts.size());
    out.body.reserve(96 * out.parts.size());
    append_body_structure(out.parts, pass.fields, pass.envelopes, out.body_structure, out.body);
    describe_header(pass.envelopes.front(), out);
    std::size_t shown = preview_part(out.parts, pass.fields);
    if (shown < out.parts.size()) {
        const Part& part = out.parts[shown];
        out.preview = preview_of(message.substr(part.body_begin, part.body_end - part.body_begin),
                                 part.encoding, charset_of(pass.fields[shown]), part.type == "text/html");
    }
    for (std::size_t i = 0; i < out.parts.size() && !out.has_attachment; ++i)
        out.has_attachment = is_attachment(out.parts[i], pass.fields[i], out.parts[out.parts[i].parent].type);
    move_behind(static_cast<std::uint32_t>(prefix.size()), out.parts);
    return out;
}

}  // namespace postrider::mime
