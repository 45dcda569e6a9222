#include "screening/header_edits.h"

#include <algorithm>

#include "mime/edit.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::screening {
namespace {

using policy::Method;

struct Line {
    std::string_view name;
    std::string text;  ///< the whole field
    bool gone = false;
};

/// field-name = 1*ftext, RFC 5322 §3.6.8
bool good_name(std::string_view name) {
    return !name.empty() && name.size() <= 200
           && std::ranges::all_of(name, [](char c) { return c > 32 && c < 127 && c != ':'; });
}

}  // namespace

bool is_header_edit(Method method) {
    switch (method) {
        case Method::addHeader:
        case Method::addIfNotExistsHeader:
        case Method::removeFirstHeader:
        case Method::removeHeader:
        case Method::modifyHeader:
        case Method::modifyIfExistsHeader: return true;
        default: return false;
    }
}

std::string edit_header(std::string_view message, const std::vector<policy::Effect>& edits) {
    std::vector<Line> lines;
    mime::HeaderReader reader{message};
    for (mime::Field field; reader.next(field);) lines.push_back({field.name, std::string{field.bytes}});
    const std::string_view rest = message.substr(reader.position());
    std::vector<std::pair<std::string, std::string>> added;  // name and field, in the order of the script

    for (const policy::Effect& edit : edits) {
        if (!is_header_edit(edit.method) || !good_name(edit.name)) continue;
        const auto same = [&](const Line& line) {
            return !line.gone && text::equal_ci(line.name, edit.name);
        };
        const auto same_added = [&](const auto& one) { return text::equal_ci(one.first, edit.name); };
        const auto first_added = std::ranges::find_if(added, same_added);
        const auto first = std::ranges::find_if(lines, same);
        const bool exists = first_added != added.end() || first != lines.end();
        const auto made = [&] { return mime::header_line(edit.name, edit.value); };
        switch (edit.method) {
            case Method::addIfNotExistsHeader:
                if (!exists) added.emplace_back(edit.name, made());
                break;
            case Method::modifyHeader:
            case Method::modifyIfExistsHeader:
                if (first_added != added.end())
                    first_added->second = made();
                else if (first != lines.end())
                    first->text = made();
                else if (edit.method == Method::modifyHeader)
                    added.emplace_back(edit.name, made());
                break;
            case Method::removeFirstHeader:
                if (first_added != added.end())
                    added.erase(first_added);
                else if (first != lines.end())
                    first->gone = true;
                break;
            case Method::removeHeader:
                std::erase_if(added, same_added);
                for (Line& line : lines)
                    if (same(line)) line.gone = true;
                break;
            default: added.emplace_back(edit.name, made()); break;
        }
    }

    std::string out;
    out.reserve(message.size() + added.size() * 80);
    for (const auto& [name, field] : added) out.append(field);
    for (const Line& line : lines)
        if (!line.gone) out.append(line.text);
    // A text without any header at all: its first line must not become part of ours.
    if (lines.empty() && !out.empty() && !rest.starts_with("\r\n")) out.append("\r\n");
    out.append(rest);
    return out;
}

}  // namespace postrider::screening
