#include "sieve/action.h"

#include <fmt/format.h>

#include "sieve/flags.h"

namespace postrider::sieve {
namespace {

/// One line, however long and strange the text is.
std::string shown(std::string_view text, std::size_t most = 200) {
    std::string out;
    for (char c : text.substr(0, most)) out += static_cast<unsigned char>(c) < 32 || c == 127 ? ' ' : c;
    if (text.size() > most) out += "...";
    return out;
}

std::string with_flags(const Flags& flags) {
    return flags.empty() ? std::string{} : fmt::format(", flags {}", shown(join_flags(flags)));
}

struct Describe {
    std::string operator()(const Keep& keep) const {
        return fmt::format("keep{}{}", keep.implicit ? " (implicit)" : "", with_flags(keep.flags));
    }
    std::string operator()(const FileInto& file) const {
        std::string text = fmt::format("fileinto \"{}\"", shown(file.mailbox));
        if (file.mailbox_id) text += fmt::format(" (id {})", shown(*file.mailbox_id));
        if (file.special_use) text += fmt::format(" (special use {})", shown(*file.special_use));
        if (file.copy) text += ", copy";
        if (file.create) text += ", create";
        return text + with_flags(file.flags);
    }
    std::string operator()(const Redirect& redirect) const {
        std::string to = redirect.list.empty() ? (redirect.addresses.empty() ? "" : redirect.addresses.front())
                                               : "list " + redirect.list;
        return fmt::format("redirect to {}{}", shown(to), redirect.copy ? ", copy" : "");
    }
    std::string operator()(const Reject& reject) const {
        return fmt::format("{} \"{}\"", reject.extended ? "ereject" : "reject", shown(reject.reason));
    }
    std::string operator()(const Discard&) const { return "discard"; }
    std::string operator()(const VacationReply& reply) const { return fmt::format("vacation to {}", shown(reply.to)); }
    std::string operator()(const Notification& notification) const {
        return fmt::format("notify {}", shown(notification.uri));
    }
    std::string operator()(const SetFlags& set) const { return fmt::format("flags {}", shown(join_flags(set.flags))); }
};

}  // namespace

std::string describe(const Action& action) {
    return std::visit(Describe{}, action.what);
}

}  // namespace postrider::sieve
