#include "imap/session/special_use.h"

#include "text/ascii.h"

namespace postrider::imap {

using mailstore::SpecialUse;

std::string_view name(SpecialUse use) {
    switch (use) {
        case SpecialUse::none: break;
        case SpecialUse::all: return "\\All";
        case SpecialUse::archive: return "\\Archive";
        case SpecialUse::drafts: return "\\Drafts";
        case SpecialUse::flagged: return "\\Flagged";
        case SpecialUse::junk: return "\\Junk";
        case SpecialUse::sent: return "\\Sent";
        case SpecialUse::trash: return "\\Trash";
    }
    return "";
}

std::optional<SpecialUse> special_use_named(std::string_view wanted) {
    for (SpecialUse use :
         {SpecialUse::archive, SpecialUse::drafts, SpecialUse::junk, SpecialUse::sent, SpecialUse::trash})
        if (text::equal_ci(name(use), wanted)) return use;
    return std::nullopt;
}

}  // namespace postrider::imap
