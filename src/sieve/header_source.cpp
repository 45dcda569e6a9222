#include "sieve/header_source.h"

#include <fmt/format.h>

#include "sieve/machine.h"

namespace postrider::sieve {

bool is_field_name(std::string_view name) {
    if (name.empty() || name.size() > 900) return false;
    for (char c : name)
        if (c < 33 || c > 126 || c == ':') return false;
    return true;
}

void HeaderSource::tags(Args& args, bool with_index) {
    if (with_index) {
        index_ = args.number("index", Extension::index);
        if (index_ && *index_ == 0) args.invalid("\":index\" counts from 1");
        last_ = args.flag("last", Extension::index);
        if (last_ && !index_) args.wrong("\":last\" needs \":index\"");
    }
    mime_ = args.flag("mime", Extension::mime);
    any_child_ = args.flag("anychild", Extension::mime);
    if (any_child_ && !mime_) args.wrong("\":anychild\" needs \":mime\"");
}

void HeaderSource::names(Args& args) {
    names(args, args.list());
}

void HeaderSource::names(Args& args, TextList list) {
    for (TextTemplate& text : list) {
        Name name;
        if (text.constant()) {
            if (!is_field_name(text.source()))
                args.invalid(fmt::format("\"{}\" is no name of a header field", text.source()));
            name.hash = header_hash(text.source());
        }
        name.text = std::move(text);
        names_.push_back(std::move(name));
    }
}

std::size_t HeaderSource::nth(const Header& header, std::string_view name, std::uint32_t hash) const {
    std::vector<std::size_t> found;
    for (std::size_t at = header.find(name, hash, 0); at != Header::npos; at = header.find(name, hash, at + 1)) {
        found.push_back(at);
        if (!last_ && found.size() == *index_) return at;
    }
    if (!last_ || found.size() < *index_) return Header::npos;
    return found[found.size() - *index_];
}

Header& HeaderSource::message_header(Machine& machine) {
    return machine.message().header();
}

Header& HeaderSource::part_header(Machine& machine, std::size_t part) {
    if (part == 0) return machine.message().header();
    return machine.message().parts()[part].fields();
}

/// Which parts are looked at: the one that the loop is at, or the message, and perhaps all below it.
void HeaderSource::parts(Machine& machine, std::size_t& begin, std::size_t& end) const {
    begin = machine.part().value_or(0);
    end = begin + 1;
    if (!any_child_) return;
    auto& all = machine.message().parts();
    while (end < all.size() && all[end].parent >= begin && end != begin) ++end;
}

}  // namespace postrider::sieve
