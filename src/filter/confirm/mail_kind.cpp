#include "filter/confirm/mail_kind.h"

#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

/// Local parts behind which nobody reads (RFC 2142, RFC 3834 §2, and custom).
bool is_nobody(std::string_view local) {
    for (std::string_view name :
         {"mailer-daemon", "postmaster", "noreply", "no-reply", "donotreply", "do-not-reply", "bounce",
          "bounces", "listserv", "majordomo", "root", "nobody"})
        if (text::equal_ci(local, name)) return true;
    for (std::string_view front : {"owner-", "bounce-", "bounces-", "bounce+", "bounces+", "noreply-",
                                   "no-reply-", "prvs=", "srs0=", "srs1=", "srs0+", "srs1+"})
        if (text::starts_with_ci(local, front)) return true;
    const auto ends = [&](std::string_view end) {
        return local.size() > end.size() && text::equal_ci(local.substr(local.size() - end.size()), end);
    };
    return ends("-request") || ends("-bounces") || ends("-owner") || ends("-noreply") || ends("-relay");
}

}  // namespace

std::optional<std::string_view> never_answer(const mime::AddrSpec& reverse_path, std::string_view header) {
    if (reverse_path.null()) return "it has no sender";
    if (is_nobody(reverse_path.local)) return "nobody reads what is sent to its sender";
    mime::HeaderReader reader{header};
    for (mime::Field field; reader.next(field);) {
        const std::string_view value = text::trim(field.value);
        if (text::equal_ci(field.name, "Auto-Submitted")) {
            if (!text::starts_with_ci(value, "no")) return "a program has sent it";
        } else if (text::equal_ci(field.name, "Precedence")) {
            for (std::string_view bulk : {"bulk", "list", "junk", "auto_reply"})
                if (text::starts_with_ci(value, bulk)) return "it is sent in bulk";
        } else if (text::starts_with_ci(field.name, "List-") || text::equal_ci(field.name, "Mailing-List")
                   || text::equal_ci(field.name, "X-Mailman-Version")) {
            return "it comes from a list";
        } else if (text::equal_ci(field.name, "X-Auto-Response-Suppress")) {
            if (!text::equal_ci(value, "none")) return "it wants no automatic answer";
        } else if (text::equal_ci(field.name, "X-Autoreply") || text::equal_ci(field.name, "X-Autorespond")
                   || text::equal_ci(field.name, "Feedback-ID")) {
            return "a program has sent it";
        }
    }
    return std::nullopt;
}

}  // namespace postrider::filter
