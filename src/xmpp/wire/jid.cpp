#include "xmpp/wire/jid.h"

#include <algorithm>

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::xmpp {
namespace {

constexpr std::size_t max_part = 1023;

bool is_part(std::string_view part, std::string_view without) {
    if (part.empty() || part.size() > max_part || !text::valid_utf8(part)) return false;
    return std::ranges::none_of(part, [&](char c) {
        return static_cast<unsigned char>(c) < 0x20 || c == 0x7f || without.find(c) != without.npos;
    });
}

}  // namespace

std::optional<Jid> parse_jid(std::string_view text) {
    Jid jid;
    // §3.2: the first "/" is cut off before the first "@" is looked for.
    if (const std::size_t slash = text.find('/'); slash != text.npos) {
        jid.resource = text.substr(slash + 1);
        if (!is_part(jid.resource, "")) return std::nullopt;
        text = text.substr(0, slash);
    }
    if (const std::size_t at = text.find('@'); at != text.npos) {
        jid.local = text.substr(0, at);
        if (!is_part(jid.local, " \"&'/:<>@")) return std::nullopt;
        text.remove_prefix(at + 1);
    }
    if (text.ends_with('.')) text.remove_suffix(1);
    if (!is_part(text, " \"&'/<>@")) return std::nullopt;
    jid.domain = text::to_lower(text);
    return jid;
}

}  // namespace postrider::xmpp
