#include "mime/envelope.h"

#include "mime/address_list.h"
#include "mime/header.h"
#include "mime/imap_string.h"

namespace postrider::mime {
namespace {

class EnvelopeWriter {
public:
    EnvelopeWriter(std::string& out, const EnvelopeFields& fields) : out_{out}, fields_{fields} {}

    void write() {
        out_ += '(';
        text(fields_.date);
        out_ += ' ';
        text(fields_.subject);
        std::size_t from = out_.size();
        addresses(&EnvelopeFields::from);
        std::size_t from_size = out_.size() - from;
        // RFC 9051 §7.5.2: Sender and Reply-To that are absent or empty are those of From.
        for (auto field : {&EnvelopeFields::sender, &EnvelopeFields::reply_to})
            if (!addresses(field)) out_.replace(out_.size() - 4, 4, out_, from, from_size);
        addresses(&EnvelopeFields::to);
        addresses(&EnvelopeFields::cc);
        addresses(&EnvelopeFields::bcc);
        out_ += ' ';
        text(fields_.in_reply_to);
        out_ += ' ';
        text(fields_.message_id);
        out_ += ')';
    }

private:
    /// Absent: NIL; present and empty: "".
    void text(std::string_view raw) {
        if (raw.data() == nullptr)
            out_ += "NIL";
        else
            append_imap_string(out_, unfold(raw, scratch_));
    }

    /// " NIL" or " (" addresses ")"; false for NIL.
    bool addresses(std::string_view EnvelopeFields::*field) {
        out_ += " (";
        unsigned count = 0;
        list(fields_.*field, count);
        for (const auto& [continued, raw] : fields_.more)
            if (continued == field) list(raw, count);
        if (count == 0) {
            out_.pop_back();
            out_ += "NIL";
            return false;
        }
        out_ += ')';
        return true;
    }

    void list(std::string_view raw, unsigned& count) {
        using Item = AddressReader::Item;
        AddressReader reader{raw};
        bool in_group = false;
        for (Item item = reader.next(); item != Item::end; item = reader.next()) {
            if (++count > max_envelope_addresses && !in_group) return;
            switch (item) {
                case Item::mailbox:
                    if (count <= max_envelope_addresses) mailbox(reader);
                    break;
                case Item::group_begin:
                    in_group = true;
                    out_ += "(NIL NIL ";
                    append_imap_string(out_, reader.name);
                    out_ += " NIL)";
                    break;
                case Item::group_end:
                    in_group = false;
                    out_ += "(NIL NIL NIL NIL)";
                    break;
                case Item::end: break;
            }
        }
    }

    /// NIL as mailbox or host would mean group syntax: what is absent becomes "".
    void mailbox(const AddressReader& reader) {
        out_ += '(';
        append_imap_nstring(out_, reader.name);
        out_ += ' ';
        append_imap_nstring(out_, reader.route);
        out_ += ' ';
        append_imap_string(out_, reader.local);
        out_ += ' ';
        append_imap_string(out_, reader.domain);
        out_ += ')';
    }

    std::string& out_;
    const EnvelopeFields& fields_;
    std::string scratch_;
};

}  // namespace

void append_envelope(std::string& out, const EnvelopeFields& fields) {
    EnvelopeWriter{out, fields}.write();
}

}  // namespace postrider::mime
