#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::sieve {

/// The envelope that a message came with.
struct Envelope {
    std::string from;  ///< reverse path, "" = null
    std::string to;    ///< recipient as it was given, which may be an alias of the owner
    std::string auth;  ///< who has submitted it (RFC 5228 §5.4 "auth" of envelope extensions); "" = unknown
    std::string notify, orcpt, ret, envid;  ///< RFC 6009 §2, RFC 3461; "" = not given
    std::string by_time_absolute, by_time_relative, by_mode, by_trace;  ///< RFC 6009 §3; "" = not given
};

/// A text in the forms that comparators need; each is made when it is first asked for.
class Folded {
public:
    const std::string& ascii(std::string_view text);
    const std::string& unicode(std::string_view text);
    void clear();

private:
    std::string ascii_, unicode_;
    bool has_ascii_ = false, has_unicode_ = false;
};

/// One mailbox as the address test sees it. "user" and "detail" depend on the delimiters of the owner.
struct AddressText {
    std::string all, local, domain;  ///< UTF-8; as sent but for quotes
    Folded folded_all, folded_local, folded_domain;
};

/// All mailboxes of an address list, groups flattened; what has no domain stands as it is in `all` only.
std::vector<AddressText> read_addresses(std::string_view list);

/// One header field as tests see it.
struct HeaderField {
    std::uint32_t hash = 0;
    std::string_view name;
    std::string_view raw;    ///< value, folds included
    std::string_view bytes;  ///< the whole field with its line end
    bool added = false;      ///< by editheader, in front

    std::string_view text();  ///< unfolded, encoded words decoded, blanks at both ends gone: UTF-8
    Folded folded;
    std::vector<AddressText>& addresses();  ///< of an address list, at most 1,000

private:
    std::vector<AddressText> addresses_;
    bool has_addresses_ = false;
    // Offsets, not a view: fields move when others are removed.
    std::string decoded_;
    std::size_t text_begin_ = 0, text_size_ = 0;
    enum class TextIn : std::uint8_t { unknown, raw, decoded } text_in_ = TextIn::unknown;
};

std::uint32_t header_hash(std::string_view name);  ///< the same for all cases of A-Z

/// The fields of one header block, found by name without walking text again.
class Header {
public:
    void read(std::string_view block, bool added = false);
    std::deque<HeaderField>& fields() { return fields_; }

    /// The next field of this name at or behind index `at`; its index, or npos.
    std::size_t find(std::string_view name, std::uint32_t hash, std::size_t at) const;
    static constexpr std::size_t npos = static_cast<std::size_t>(-1);

private:
    std::deque<HeaderField> fields_;
};

/// One MIME part as body tests and loops see it.
struct MimePart {
    std::string_view header;  ///< with the empty line
    std::string_view body;    ///< transfer encoded, without the line end of the boundary
    std::string type;         ///< "text/plain", lower case
    std::string encoding;     ///< lower case
    std::uint16_t parent = 0;
    std::uint8_t kind = 0;  ///< mime::Part::Kind
    std::uint32_t begin = 0, body_begin = 0, end = 0;

    Header& fields();
    /// The body without its transfer encoding and, for text, as UTF-8; at most so many octets.
    const std::string& content(std::size_t limit = 4u << 20);
    const std::string& plain();  ///< content(), of HTML what a reader sees
    Folded folded;

private:
    std::unique_ptr<Header> fields_;
    std::unique_ptr<std::string> content_, plain_;
};

/// One form of a message that a script has changed.
struct Version {
    std::string prefix;                ///< header lines to stand before all else
    std::optional<std::string> whole;  ///< the whole message instead (prefix is empty then)
};

/// A message as a script reads and edits it. `message` must outlive it. Not for several threads.
class Message {
public:
    /// @param prefix   header lines that stand before the message's own (Received ...), may be ""
    /// @param message  header and body, CRLF line ends
    Message(std::string_view prefix, std::string_view message, Envelope envelope);
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    const Envelope& envelope() const { return envelope_; }
    Header& header() { return header_; }
    std::uint64_t size() const;
    std::string_view body();        ///< as it lies, behind the empty line
    std::vector<MimePart>& parts();  ///< [0] is the message itself; depth first
    Folded folded_body;              ///< of body()

    // What editheader, replace and enclose do.
    void add_field(std::string line, bool last);
    void remove_field(std::size_t index);
    void replace_part(std::size_t part, std::string text);  ///< header and body of a part, not the first
    void replace_body(std::string entity);  ///< the Content- fields of the header, and all that follows it
    void rewrite(std::string whole);        ///< all of it

    /// Takes up what replace_part() and replace_body() have left for later, unless it is held: parts() are new
    /// then. body() and all that looks at parts anew does it by itself.
    void settle();
    void hold() { ++held_; }  ///< somebody walks through parts()
    void release() { --held_; }
    void revert();  ///< as it came
    bool edited() const { return edited_; }
    /// The message as it is now. The first form is always the unchanged one.
    std::uint32_t version(std::vector<Version>& versions);
    std::string text();  ///< all of it as it is now

private:
    void read(std::string_view prefix, std::string_view message);

    std::string_view original_prefix_, original_;
    std::string_view prefix_, message_;  ///< what header_ and parts_ point into
    Envelope envelope_;
    Header header_;
    std::deque<std::string> kept_;  ///< texts that views point into
    std::vector<MimePart> parts_;
    bool has_parts_ = false;
    std::size_t header_size_ = 0;
    struct Splice {
        std::uint32_t begin, end;
        std::string text;
    };
    std::vector<Splice> splices_;
    std::optional<std::string> new_body_;
    unsigned held_ = 0;
    bool edited_ = false;      ///< differs from the original
    bool only_added_ = true;   ///< differs only by fields in front
    std::optional<std::uint32_t> current_version_;
};

}  // namespace postrider::sieve
