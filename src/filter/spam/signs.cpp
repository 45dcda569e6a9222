#include "filter/spam/signs.h"

#include <algorithm>
#include <array>

#include "filter/dnsbl/links.h"
#include "filter/dnsbl/names.h"
#include "mime/address_list.h"
#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/preview.h"
#include "mime/searchable.h"
#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

namespace postrider::filter {
namespace {

constexpr std::size_t most_text = 32u << 10;

std::string domain_of(std::string_view domain) {
    const auto labels = text::to_alabels(domain);
    return labels ? registered_domain(*labels) : std::string{};
}

/// A word of both Latin and Cyrillic letters: written to look like another. (Greek among Latin is science.)
bool has_mixed_word(std::string_view text) {
    if (text::is_ascii(text)) return false;  // nearly always
    enum Script { none, latin, other };
    Script word = none;
    while (!text.empty()) {
        const char32_t c = text::take_code_point(text);
        Script script = none;
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) script = latin;
        if (c >= 0x400 && c < 0x530) script = other;
        if (script == none) {
            if (c < 0x80 || c == 0xa0 || c == 0x2019) word = none;
        } else if (word != none && word != script) {
            return true;
        } else {
            word = script;
        }
    }
    return false;
}

/// Characters that nobody sees, in the middle of words.
std::size_t invisible(std::string_view text) {
    if (text::is_ascii(text)) return 0;
    std::size_t many = 0;
    for (std::string_view mark : {"\xe2\x80\x8b", "\xe2\x80\x8c", "\xe2\x81\xa0", "\xef\xbb\xbf"})
        for (std::size_t at = text.find(mark); at != text.npos; at = text.find(mark, at + mark.size()))
            if (at > 0 && text::is_alpha(text[at - 1]) && at + mark.size() < text.size()
                && text::is_alpha(text[at + mark.size()]))
                ++many;
    return many;
}

bool is_shouting(std::string_view subject) {
    std::size_t capitals = 0, letters = 0;
    for (char c : subject) {
        if (!text::is_alpha(c)) continue;
        ++letters;
        if (c >= 'A' && c <= 'Z') ++capitals;
    }
    return letters >= 10 && capitals * 10 >= letters * 9;
}

bool is_program(std::string_view name) {
    constexpr std::string_view programs[] = {".exe", ".scr", ".pif", ".com", ".bat", ".cmd", ".vbs", ".vbe",
                                             ".js",  ".jse", ".wsf", ".wsh", ".hta", ".jar", ".lnk", ".msi",
                                             ".ps1", ".cpl", ".iso", ".img", ".vhd", ".one"};
    const std::string lower = text::to_lower(text::trim(name));
    return std::ranges::any_of(programs, [&](std::string_view end) { return lower.ends_with(end); });
}

/// Links whose text names another host than the one they lead to.
bool has_forged_link(std::string_view html) {
    constexpr std::size_t longest_tag = 2000, longest_words = 300;
    for (std::size_t at = html.find("<a"); at != html.npos; at = html.find("<a", at + 2)) {
        const std::string_view tag = html.substr(at, longest_tag);
        const std::size_t close = tag.find('>');
        if (close == tag.npos) continue;
        const std::string_view words = html.substr(at + close + 1, longest_words);
        const std::size_t end = words.find("</");
        if (end == words.npos) continue;
        const auto to = link_hosts(tag.substr(0, close), 1);
        const auto shown = link_hosts(words.substr(0, end), 1);
        if (to.empty() || shown.empty()) continue;
        const std::string real = domain_of(to.front()), claimed = domain_of(shown.front());
        if (!real.empty() && !claimed.empty() && real != claimed) return true;
    }
    return false;
}

class Signs {
public:
    Signs(std::string_view message, const std::vector<mime::Part>& parts, Time now,
          const Surroundings& around)
        : message_{message},
          head_{message.substr(0, mime::header_size(message))},
          parts_{parts},
          now_{now},
          around_{around} {}

    std::vector<Sign> find() {
        if (is_test_message(message_)) return {{"test-message", 20}};
        header();
        body();
        surroundings();
        return std::move(out_);
    }

private:
    void add(std::string_view name, double weight) { out_.push_back({name, weight}); }

    std::string decoded(std::string_view name) const {
        auto raw = mime::find_field(head_, name);
        return raw ? mime::decode_encoded_words(mime::unfold(*raw)) : std::string{};
    }

    void header() {
        const auto from_field = mime::find_fields(head_, "From", 2);
        std::string from_domain;
        if (from_field.size() != 1) {
            add(from_field.empty() ? "no-from" : "two-from", 1.5);
        } else {
            const auto from = mime::parse_address_list(from_field.front(), 2);
            if (from.empty() || from.front().domain.empty()) {
                add("broken-from", 1.5);
            } else {
                from_domain = domain_of(from.front().domain);
                display_name(from.front().name, from_domain);
            }
        }
        if (auto reply = mime::find_field(head_, "Reply-To"); reply && !from_domain.empty()) {
            const auto to = mime::parse_address_list(*reply, 1);
            if (!to.empty() && !to.front().domain.empty() && domain_of(to.front().domain) != from_domain
                && !mime::find_field(head_, "List-Id"))
                add("reply-elsewhere", 0.6);
        }
        if (auto date = mime::find_field(head_, "Date"); !date) {
            add("no-date", 0.9);
        } else if (const auto when = mime::parse_date(mime::unfold(*date))) {
            const auto off = now_ - Time{std::chrono::seconds{when->seconds}};
            if (off < -std::chrono::hours{24} || off > std::chrono::hours{24 * 30}) add("wrong-date", 0.9);
        } else {
            add("broken-date", 1.0);
        }
        if (auto id = mime::find_field(head_, "Message-ID"); !id)
            add("no-message-id", 0.6);
        else if (id->find('@') == id->npos)
            add("broken-message-id", 0.8);
        const std::string subject = decoded("Subject");
        if (is_shouting(subject)) add("shouting-subject", 1.0);
        if (has_mixed_word(subject)) add("mixed-script", 1.5);
        if (invisible(subject) != 0) add("hidden-characters", 1.5);
        if (!mime::find_field(head_, "To") && !mime::find_field(head_, "Cc")
            && !mime::find_field(head_, "List-Id"))
            add("no-recipients", 0.5);
        if (mime::find_field(head_, "In-Reply-To") && mime::find_field(head_, "References"))
            add("an-answer", -0.7);
    }

    /// "Bank <x@elsewhere>" cannot be told; but a name that is an address of another domain is meant to
    /// mislead.
    void display_name(std::string_view name, const std::string& domain) {
        const auto at = name.find('@');
        if (at == name.npos || at == 0) return;
        std::size_t end = at + 1;
        while (end < name.size()
               && (text::is_alpha(name[end]) || text::is_digit(name[end]) || name[end] == '.'
                   || name[end] == '-'))
            ++end;
        const std::string claimed = domain_of(name.substr(at + 1, end - at - 1));
        if (!claimed.empty() && claimed != domain) add("name-is-another-address", 2.0);
    }

    void body() {
        bool plain = false, html = false, image = false;
        for (const mime::Part& part : parts_) {
            if (part.kind != mime::Part::leaf) continue;
            if (part.type == "text/plain" || part.type.empty()) plain = true;
            if (part.type.starts_with("image/")) image = true;
            if (part.type == "text/html") {
                html = true;
                look_at_html(part);
            }
            attachment(part);
        }
        if (html && !plain) add("html-alone", 0.4);
        std::size_t words = 0;
        bool mixed = false;
        std::size_t hidden = 0;
        mime::SearchLimits limits{most_text, most_text};
        mime::each_text(
            message_, parts_,
            [&](std::string_view text) {
                text = text.substr(0, most_text);
                words += text.size();
                mixed = mixed || has_mixed_word(text);
                hidden += invisible(text);
                return true;
            },
            limits);
        if (mixed) add("mixed-script", 1.2);
        if (hidden > 2) add("hidden-characters", 1.5);
        if (image && html && words < 200) add("image-instead-of-text", 0.9);
        bool address_link = false;
        LinkLimits link_limits;
        link_limits.max_domains = 10;
        link_limits.max_text = most_text;
        for (const std::string& domain : link_domains(message_, parts_, link_limits))
            address_link = address_link || settings::parse_ip(domain).has_value();
        if (address_link) add("link-to-an-address", 1.5);
    }

    void look_at_html(const mime::Part& part) {
        if (part.body_end > message_.size() || part.body_begin > part.body_end || looked_) return;
        looked_ = true;
        const std::string html = mime::decode_content(
            message_.substr(part.body_begin, part.body_end - part.body_begin), part.encoding, most_text);
        const std::string lower = text::to_lower(html);
        if (has_forged_link(lower)) add("forged-link", 1.8);
        if (lower.find("<form") != lower.npos) add("form", 1.0);
        if (lower.find("font-size:0") != lower.npos || lower.find("font-size: 0") != lower.npos)
            add("hidden-text", 0.8);
    }

    void attachment(const mime::Part& part) {
        if (part.header_begin > message_.size() || part.body_begin < part.header_begin) return;
        const std::string_view head = message_.substr(part.header_begin, part.body_begin - part.header_begin);
        std::string name =
            mime::find_parameter(mime::find_field(head, "Content-Disposition").value_or(""), "filename");
        if (name.empty())
            name = mime::find_parameter(mime::find_field(head, "Content-Type").value_or(""), "name");
        if (!program_ && is_program(name)) {
            program_ = true;
            add("program-attached", 2.5);
        }
    }

    void surroundings() {
        using Known = Surroundings::Known;
        if (around_.dmarc_passed == Known::no)
            add("dmarc-fails", 2.0);
        else if (around_.dmarc_passed == Known::yes)
            add("dmarc-passes", -0.6);
        if (around_.spf_passed == Known::no) add("spf-fails", 1.0);
        if (around_.dkim_passed == Known::no) add("dkim-fails", 0.6);
        if (around_.reverse_dns == Known::no) add("no-reverse-dns", 0.8);
        if (around_.listed != 0) add("listed", 1.5 * std::min(around_.listed, 4U));
        if (around_.sender_known) add("sender-is-known", -3.0);
    }

    std::string_view message_, head_;
    const std::vector<mime::Part>& parts_;
    const Time now_;
    const Surroundings& around_;
    std::vector<Sign> out_;
    bool looked_ = false, program_ = false;
};

}  // namespace

bool is_test_message(std::string_view message) {
    // In two pieces, so that this file is not taken for one.
    constexpr std::string_view first = "XJS*C4JDBQADN1.NSBN3*2IDNEN*";
    constexpr std::string_view second = "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
    for (std::size_t at = message.find(first); at != message.npos; at = message.find(first, at + 1))
        if (message.substr(at + first.size()).starts_with(second)) return true;
    return false;
}

std::vector<Sign> signs_of(std::string_view message, const std::vector<mime::Part>& parts, Time now,
                           const Surroundings& around) {
    return Signs{message, parts, now, around}.find();
}

}  // namespace postrider::filter
