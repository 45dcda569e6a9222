#include "imap/wire/store.h"

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

/// store-modifiers = SP "(" "UNCHANGEDSINCE" SP mod-sequence-valzer ")"       RFC 7162 §7
std::optional<std::uint64_t> unchanged_since(Cursor& in) {
    if (!in.take("(")) return std::nullopt;
    in.need("UNCHANGEDSINCE ");
    std::uint64_t value = number64(in);
    in.need(") ");
    return value;
}

StoreArgs::Mode mode_of(Cursor& in) {
    if (in.take("+")) return StoreArgs::Mode::add;
    if (in.take("-")) return StoreArgs::Mode::remove;
    return StoreArgs::Mode::replace;
}

/// flag-list / (flag *(SP flag))
std::vector<std::string_view> store_flags(Cursor& in) {
    if (in.peek() == '(') return flag_list(in);
    std::vector<std::string_view> flags;
    do {
        if (flags.size() == max_list) in.fail("fewer flags");
        flags.push_back(flag(in));
    } while (in.take(" "));
    return flags;
}

}  // namespace

Parsed<StoreArgs> parse_store(std::string_view args) {
    Cursor in{args};
    StoreArgs store;
    store.set = sequence_set(in);
    in.need(" ");
    store.unchanged_since = unchanged_since(in);
    store.mode = mode_of(in);
    in.need("FLAGS");
    store.silent = in.take(".SILENT");
    in.need(" ");
    store.flags = store_flags(in);
    return in.finish(std::move(store));
}

}  // namespace postrider::imap
