#include "admin/mail_layout.h"

#include <fmt/core.h>

#include <algorithm>

#include "admin/lookup.h"
#include "migration/file.h"

namespace postrider::admin {
namespace {

namespace fs = std::filesystem;

std::unexpected<Error> bad(const std::string& text) {
    return fail(Error::Kind::bad_value,
                fmt::format("layout: '{}' must be a path with %n (name) and %d (domain, unless --domain is "
                            "given) or %u (address), one in each component",
                            text));
}

}  // namespace

std::expected<MailLayout, Error> MailLayout::from(const std::string& text, bool domain_given) {
    MailLayout layout;
    std::string_view rest = text;
    bool local = false, domain = domain_given;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('/'), rest.size());
        const std::string_view part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (part.empty() || part == ".") continue;
        const std::size_t at = part.find('%');
        const char kind = at == std::string_view::npos ? ' ' : at + 1 < part.size() ? part[at + 1] : '?';
        if (part == ".." || (kind != ' ' && kind != 'd' && kind != 'n' && kind != 'u')
            || (kind != ' ' && part.find('%', at + 1) != std::string_view::npos))
            return bad(text);
        local = local || kind == 'n' || kind == 'u';
        domain = domain || kind == 'd' || kind == 'u';
        layout.parts_.emplace_back(part);
    }
    if (!local || !domain) return bad(text);
    return layout;
}

fs::path MailLayout::of(const fs::path& root, const std::string& local, const std::string& domain) const {
    fs::path path = root;
    for (std::string part : parts_) {
        if (const std::size_t at = part.find('%'); at != std::string::npos)
            part.replace(at, 2,
                         part[at + 1] == 'd'   ? domain
                         : part[at + 1] == 'n' ? local
                                               : local + '@' + domain);
        std::ranges::replace(part, '/', '_');  // a local part may hold what a file's name must not
        if (part.starts_with('.')) part[0] = '_';
        path /= part;
    }
    return path;
}

std::vector<MailLayout::Found> MailLayout::find(const fs::path& root, const std::string& domain) const {
    std::vector<Found> found;
    find(root, 0, {{}, {}, domain}, found);
    return found;
}

void MailLayout::find(const fs::path& at, std::size_t part, const Found& so_far,
                      std::vector<Found>& found) const {
    if (found.size() >= max_accounts) return;
    if (part == parts_.size()) {
        found.push_back({at, so_far.local, so_far.domain});
        return;
    }
    const std::string& pattern = parts_[part];
    const std::size_t percent = pattern.find('%');
    std::error_code error;
    if (percent == std::string::npos) {
        if (fs::exists(at / pattern, error)) find(at / pattern, part + 1, so_far, found);
        return;
    }
    auto names = migration::names_in(at);
    if (!names) return;
    const std::string_view before = std::string_view{pattern}.substr(0, percent),
                           behind = std::string_view{pattern}.substr(percent + 2);
    for (std::string name : *names) {
        if (name.ends_with('/')) name.pop_back();
        if (name.size() <= before.size() + behind.size() || !name.starts_with(before)
            || !name.ends_with(behind) || name.starts_with('.'))
            continue;
        const std::string value = name.substr(before.size(), name.size() - before.size() - behind.size());
        Found next = so_far;
        if (pattern[percent + 1] == 'd') next.domain = value;
        if (pattern[percent + 1] == 'n') next.local = value;
        if (pattern[percent + 1] == 'u') {
            const std::size_t sign = value.rfind('@');
            if (sign == std::string::npos) continue;
            next.local = value.substr(0, sign);
            next.domain = value.substr(sign + 1);
        }
        find(at / name, part + 1, next, found);
    }
}

}  // namespace postrider::admin
