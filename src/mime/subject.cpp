#include "mime/subject.h"

#include "mime/encoded_word.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_raw = 8192;
constexpr std::size_t max_base = 1000;

/// Step 1: tabs and continuations become blanks, and blanks single.
std::string single_blanks(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
        if (text::is_space(c)) c = ' ';
        if (c != ' ' || !out.ends_with(' ')) out += c;
    }
    return out;
}

void skip_blanks(std::string_view& text) {
    while (text.starts_with(' ')) text.remove_prefix(1);
}

/// subj-blob = "[" *BLOBCHAR "]" *WSP
bool take_blob(std::string_view& text) {
    if (!text.starts_with('[')) return false;
    std::size_t end = text.find_first_of("[]", 1);
    if (end == std::string_view::npos || text[end] != ']') return false;
    text.remove_prefix(end + 1);
    skip_blanks(text);
    return true;
}

/// subj-refwd = ("re" / ("fw" ["d"])) *WSP [subj-blob] ":"
bool take_refwd(std::string_view& text) {
    std::string_view rest = text;
    if (text::starts_with_ci(rest, "re"))
        rest.remove_prefix(2);
    else if (text::starts_with_ci(rest, "fwd"))
        rest.remove_prefix(3);
    else if (text::starts_with_ci(rest, "fw"))
        rest.remove_prefix(2);
    else
        return false;
    skip_blanks(rest);
    take_blob(rest);
    if (!rest.starts_with(':')) return false;
    rest.remove_prefix(1);
    text = rest;
    return true;
}

/// Steps 3 to 5. Blobs are looked at once: either a "re:" follows them all, or they go one by one while
/// something stays.
void take_leaders(std::string_view& text, bool& marked) {
    while (true) {
        skip_blanks(text);
        std::string_view after = text;
        std::string_view last_blob = text;
        bool blobs = false;
        for (std::string_view before = after; take_blob(after); before = after) {
            last_blob = before;
            blobs = true;
        }
        if (take_refwd(after)) {
            text = after;
            marked = true;
            continue;
        }
        if (blobs) text = after.empty() ? last_blob : after;
        return;
    }
}

/// Step 2: subj-trailer = "(fwd)" / WSP
void take_trailers(std::string_view& text, bool& marked) {
    constexpr std::string_view mark = "(fwd)";
    while (true) {
        while (text.ends_with(' ')) text.remove_suffix(1);
        if (text.size() < mark.size() || !text::equal_ci(text.substr(text.size() - mark.size()), mark))
            return;
        text.remove_suffix(mark.size());
        marked = true;
    }
}

}  // namespace

BaseSubject base_subject(std::string_view raw) {
    std::string scratch;
    std::string decoded = decode_encoded_words(unfold(raw.substr(0, max_raw), scratch));
    std::string blanked = single_blanks(decoded);
    std::string_view base{blanked};
    BaseSubject result;
    while (true) {
        take_trailers(base, result.reply_or_forward);
        take_leaders(base, result.reply_or_forward);
        // Step 6: "[fwd:" subject "]"
        if (!text::starts_with_ci(base, "[fwd:") || !base.ends_with(']')) break;
        base.remove_prefix(5);
        base.remove_suffix(1);
        result.reply_or_forward = true;
    }
    result.text = text::truncate_utf8(base, max_base);
    return result;
}

}  // namespace postrider::mime
