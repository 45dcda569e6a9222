#include "sieve/extensions.h"

#include <array>

namespace postrider::sieve {
namespace {

constexpr std::array<std::string_view, static_cast<std::size_t>(Extension::none)> names = {
    "fileinto",
    "reject",
    "ereject",
    "envelope",
    "encoded-character",
    "copy",
    "relational",
    "subaddress",
    "body",
    "variables",
    "vacation",
    "vacation-seconds",
    "spamtest",
    "spamtestplus",
    "virustest",
    "date",
    "index",
    "imap4flags",
    "editheader",
    "environment",
    "enotify",
    "ihave",
    "mailbox",
    "mboxmetadata",
    "servermetadata",
    "foreverypart",
    "mime",
    "extracttext",
    "replace",
    "enclose",
    "include",
    "duplicate",
    "extlists",
    "convert",
    "redirect-dsn",
    "redirect-deliverby",
    "envelope-dsn",
    "envelope-deliverby",
    "special-use",
    "fcc",
    "mailboxid",
    "imapsieve",
    "regex",
    "comparator-i;octet",
    "comparator-i;ascii-casemap",
    "comparator-i;ascii-numeric",
    "comparator-i;unicode-casemap",
};

}  // namespace

std::string_view name_of(Extension extension) {
    return names[bit(extension)];
}

std::optional<Extension> find_extension(std::string_view name) {
    for (std::size_t i = 0; i < names.size(); ++i)
        if (names[i] == name) return static_cast<Extension>(i);
    return std::nullopt;
}

ExtensionSet storable_extensions() {
    ExtensionSet set = all_extensions();
    set.set(bit(Extension::imapsieve));
    return set;
}

ExtensionSet all_extensions() {
    ExtensionSet set;
    for (std::size_t i = 0; i < names.size(); ++i) set.set(i);
    set.reset(bit(Extension::imapsieve));
    return set;
}

std::string list_extensions(const ExtensionSet& set) {
    std::string list;
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (!set.test(i)) continue;
        if (!list.empty()) list += ' ';
        list += names[i];
    }
    return list;
}

}  // namespace postrider::sieve
