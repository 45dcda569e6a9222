#include <fmt/chrono.h>
#include <fmt/core.h>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "cli/wire/wildcard.h"
#include "settings/table.h"

namespace postrider::cli {

std::string date_text(Time time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string lines_of(std::string_view text) {
    std::string out;
    while (!text.empty()) {
        auto end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        for (char c : line)
            if (c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f)) out.push_back(c);
        out += "\r\n";
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

Reply show_of(Frame& frame, const Matched& given) {
    void* object = frame.values();
    if (object == nullptr) return error(frame.title() + " is gone");
    NamedValues values;
    for (const AttributePlace& place : attribute_places(frame.context(), object)) {
        if (place.row.secret) continue;
        std::string text = shown_value(place.row, place.object);
        if (auto wanted = given.maybe("param")) {
            if (settings::same_name(*wanted, place.row.name)) return ok(one_attribute(place.row.name, text));
            continue;
        }
        values.emplace_back(place.row.name, std::move(text));
    }
    if (given.has("param")) return error(fmt::format("there is no attribute {}", clean(given.text("param"))));
    return ok(attributes(frame.title(), values, Shown::child));
}

std::vector<directory::Directory::ValueChange> to_changes(const ValueChanges& changes) {
    std::vector<directory::Directory::ValueChange> all;
    for (const auto& [attribute, text] : changes) all.push_back({attribute, text});
    return all;
}

Step<std::vector<directory::ListedObject>> list_matching(Shell& shell, DomainId domain,
                                                         directory::ObjectKind kind,
                                                         const std::string& wildcard) {
    constexpr std::size_t page_size = 10'000;
    // What stands before the first wildcard narrows the search.
    std::string prefix = wildcard.substr(0, wildcard.find_first_of("*?"));
    std::vector<directory::ListedObject> all;
    std::string after;
    do {
        auto page = shell.directory().list(domain, kind, prefix, after, page_size);
        if (!page) return std::unexpected(page.error().what);
        for (directory::ListedObject& one : page->objects) {
            if (!matches_wildcard(wildcard, one.name)) continue;
            if (all.size() == max_rows)
                return std::unexpected("there are too many for one list: narrow it with a wildcard");
            all.push_back(std::move(one));
        }
        after = std::move(page->next);
    } while (!after.empty());
    return all;
}

}  // namespace postrider::cli
