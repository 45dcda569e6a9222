#include "imap/wire/urlauth.h"

#include "imap/wire/tokens.h"
#include "text/ascii.h"

namespace postrider::imap {

Parsed<std::vector<std::pair<std::string, std::string>>> parse_genurlauth(std::string_view args) {
    Cursor in{args};
    std::vector<std::pair<std::string, std::string>> urls;
    do {
        if (urls.size() == max_urls) in.fail("fewer URLs");
        std::string url = astring(in);
        in.need(" ");
        urls.emplace_back(std::move(url), text::to_upper(atom(in)));
    } while (in.ok() && in.take(" "));
    return in.finish(std::move(urls));
}

Parsed<std::vector<std::string>> parse_urlfetch(std::string_view args) {
    Cursor in{args};
    std::vector<std::string> urls;
    do {
        if (urls.size() == max_urls) in.fail("fewer URLs");
        urls.push_back(astring(in));
    } while (in.ok() && in.take(" "));
    return in.finish(std::move(urls));
}

Parsed<ResetKeyArgs> parse_resetkey(std::string_view args) {
    Cursor in{args};
    ResetKeyArgs reset;
    if (in.at_end()) return in.finish(std::move(reset));
    reset.mailbox = mailbox(in);
    while (in.ok() && in.take(" ")) {
        if (reset.mechanisms.size() == max_urls) in.fail("fewer mechanisms");
        reset.mechanisms.push_back(text::to_upper(atom(in)));
    }
    return in.finish(std::move(reset));
}

}  // namespace postrider::imap
