#include "filter/spam/features.h"

#include <algorithm>
#include <cstring>

#include "filter/dnsbl/links.h"
#include "mime/address_list.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/searchable.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

/// Where a word stands is part of what it is. These numbers are in stored tables: never change one.
enum Place : std::uint64_t {
    in_text = 1,
    pair_in_text = 2,
    in_subject = 3,
    pair_in_subject = 4,
    sender_address = 5,
    sender_domain = 6,
    sender_name = 7,
    reply_domain = 8,
    mailer = 9,
    received = 10,
    content_type = 11,
    field_name = 12,
    link_domain = 13,
    attachment = 14,
    message_id_domain = 15,
    recipients = 16,
    list_id = 17,
    shape = 18,
};

std::uint64_t mix(std::uint64_t a) {
    a ^= a >> 32;
    a *= 0xd6e8feb86659fd93u;
    a ^= a >> 32;
    a *= 0xd6e8feb86659fd93u;
    return a ^ (a >> 32);
}

/// Each different number once, up to a limit: a table of twice the size at least.
class Collector {
public:
    explicit Collector(std::size_t limit) : limit_{limit} {
        std::size_t size = 64;
        while (size < limit * 2) size *= 2;
        seen_.assign(size, 0);
        out_.reserve(std::min<std::size_t>(limit, 1024));
    }
    void add(std::uint64_t feature) {
        if (out_.size() >= limit_) return;
        if (feature == 0) feature = 1;
        std::size_t at = feature & (seen_.size() - 1);
        while (seen_[at] != 0) {
            if (seen_[at] == feature) return;
            at = (at + 1) & (seen_.size() - 1);
        }
        seen_[at] = feature;
        out_.push_back(feature);
    }
    void add(std::string_view text, Place place) { add(feature_hash(text, place)); }
    bool full() const { return out_.size() >= limit_; }
    Features take() { return std::move(out_); }

private:
    std::size_t limit_;
    std::vector<std::uint64_t> seen_;
    Features out_;
};

class Reader {
public:
    Reader(std::string_view message, const std::vector<mime::Part>& parts, const FeatureLimits& limits)
        : message_{message}, parts_{parts}, limits_{limits}, out_{limits.max_features} {}

    Features read() {
        header();
        for (const mime::Part& part : parts_) structure(part);
        LinkLimits links;
        links.max_domains = 30;
        links.max_text = limits_.max_text;
        for (const std::string& domain : link_domains(message_, parts_, links)) out_.add(domain, link_domain);
        std::size_t left = limits_.max_text;
        mime::SearchLimits search{limits_.max_text, limits_.max_text};
        mime::each_text(
            message_, parts_,
            [&](std::string_view text) {
                text = text.substr(0, std::min(text.size(), left));
                left -= text.size();
                words(text, in_text, pair_in_text);
                return left != 0 && !out_.full();
            },
            search);
        return out_.take();
    }

private:
    void words(std::string_view text, Place alone, Place together) {
        std::uint64_t before = 0;
        each_word(text, scratch_, [&](std::string_view word) {
            const std::uint64_t hash = feature_hash(word, alone);
            out_.add(hash);
            if (together != 0 && before != 0) out_.add(mix(before * 3 + mix(hash) + together));
            before = hash;
        });
    }

    void addresses(std::string_view value, Place whole, Place domain, Place name) {
        for (const mime::Address& one : mime::parse_address_list(value, 3)) {
            const std::string its = text::to_lower(one.domain);
            if (whole != 0) out_.add(text::to_lower(one.local) + "@" + its, whole);
            out_.add(its, domain);
            if (name != 0) words(one.name, name, Place{});
        }
    }

    void header() {
        std::size_t received_lines = 0;
        const std::string_view block =
            message_.substr(0, std::min(mime::header_size(message_), limits_.max_header));
        mime::HeaderReader reader{block};
        for (mime::Field field; reader.next(field);) {
            const std::string name = text::to_lower(field.name.substr(0, 60));
            // What filters, this one among them, have said before must not be learned as a sign of its own.
            if (name.empty() || name.starts_with("x-axigen") || name.starts_with("x-spam")
                || name.starts_with("x-virus") || name.starts_with("x-rspam"))
                continue;
            out_.add(name, field_name);
            std::string unfolded;
            const std::string_view value = mime::unfold(field.value.substr(0, 2000), unfolded);
            if (name == "subject") {
                words(mime::decode_encoded_words(value), in_subject, pair_in_subject);
            } else if (name == "from") {
                addresses(value, sender_address, sender_domain, sender_name);
            } else if (name == "reply-to" || name == "return-path") {
                addresses(value, Place{}, reply_domain, Place{});
            } else if (name == "x-mailer" || name == "user-agent") {
                words(value, mailer, Place{});
            } else if (name == "received" && received_lines++ < 2) {
                words(value.substr(0, value.find(';')), received, Place{});
            } else if (name == "content-type") {
                out_.add(text::to_lower(value.substr(0, value.find(';'))), content_type);
                out_.add(text::to_lower(mime::find_parameter(value, "charset")), content_type);
            } else if (name == "message-id") {
                const auto at = value.rfind('@');
                if (at != value.npos) out_.add(text::to_lower(value.substr(at)), message_id_domain);
            } else if (name == "list-id") {
                words(value, list_id, Place{});
            } else if (name == "to" || name == "cc") {
                const auto many = static_cast<std::size_t>(std::ranges::count(value, ','));
                out_.add(many == 0 ? "one" : many < 5 ? "some" : "many", recipients);
            }
        }
    }

    void structure(const mime::Part& part) {
        out_.add(part.type + "/" + part.encoding, content_type);
        if (part.kind != mime::Part::leaf || part.type.starts_with("text/")) return;
        if (part.header_begin > message_.size() || part.body_begin < part.header_begin) return;
        const std::string_view head = message_.substr(part.header_begin, part.body_begin - part.header_begin);
        std::string name =
            mime::find_parameter(mime::find_field(head, "Content-Disposition").value_or(""), "filename");
        if (name.empty())
            name = mime::find_parameter(mime::find_field(head, "Content-Type").value_or(""), "name");
        if (auto dot = name.rfind('.'); dot != name.npos && name.size() - dot < 12)
            out_.add(text::to_lower(std::string_view{name}.substr(dot)), attachment);
    }

    std::string_view message_;
    const std::vector<mime::Part>& parts_;
    const FeatureLimits& limits_;
    Collector out_;
    std::string scratch_;
};

}  // namespace

std::uint64_t feature_hash(std::string_view text, std::uint64_t seed) {
    std::uint64_t hash = 0x9e3779b97f4a7c15u * (seed + 1) ^ text.size();
    while (text.size() >= 8) {
        std::uint64_t piece = 0;
        for (std::size_t i = 0; i < 8; ++i)
            piece |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
        hash = mix(hash ^ piece);
        text.remove_prefix(8);
    }
    std::uint64_t piece = 0;
    for (std::size_t i = 0; i < text.size(); ++i)
        piece |= std::uint64_t{static_cast<unsigned char>(text[i])} << (8 * i);
    hash = mix(hash ^ piece);
    return hash == 0 ? 1 : hash;
}

Features features_of(std::string_view message, const std::vector<mime::Part>& parts,
                     const FeatureLimits& limits) {
    return Reader{message, parts, limits}.read();
}

Features features_of(std::string_view message) {
    const mime::Description description = mime::describe(message);
    return features_of(message, description.parts);
}

}  // namespace postrider::filter
