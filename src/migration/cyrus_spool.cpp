#include "migration/cyrus_spool.h"

#include <algorithm>

#include "migration/cyrus_index.h"
#include "migration/file.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

/// How it writes a '.' in a name, whose parts dots separate.
std::string with_dots(std::string text) {
    std::ranges::replace(text, '^', '.');
    return text;
}

}  // namespace

bool name_cyrus_mailbox(std::string_view name, CyrusMailbox& mailbox) {
    std::string domain;
    if (const std::size_t bang = name.find('!'); bang != std::string_view::npos) {
        domain = name.substr(0, bang);
        name.remove_prefix(bang + 1);
    }
    if (!name.starts_with("user.")) return false;
    name.remove_prefix(5);
    std::size_t end = std::min(name.find('.'), name.size());
    mailbox.user = with_dots(std::string{name.substr(0, end)});
    if (mailbox.user.empty()) return false;
    if (!domain.empty()) mailbox.user += '@' + domain;
    name.remove_prefix(end);
    mailbox.path = name.empty() ? "INBOX" : "";
    while (!name.empty()) {
        name.remove_prefix(1);
        end = std::min(name.find('.'), name.size());
        if (!mailbox.path.empty()) mailbox.path += '/';
        mailbox.path += folder_name(with_dots(std::string{name.substr(0, end)}));
        name.remove_prefix(end);
    }
    return true;
}

bool is_cyrus_spool(const fs::path& root) {
    std::error_code error;
    return fs::is_directory(root / "uuid", error) && !fs::exists(root / "cyrus.header", error);
}

std::expected<std::vector<CyrusMailbox>, std::string> read_cyrus_spool(const fs::path& root,
                                                                       const OnProblem& problem) {
    std::vector<CyrusMailbox> found;
    auto directories = [&](const fs::path& at) {
        std::vector<fs::path> below;
        auto names = names_in(at);
        if (!names) problem({at.string(), 0, names.error()});
        if (names)
            for (const std::string& name : *names)
                if (name.ends_with('/')) below.push_back(at / name.substr(0, name.size() - 1));
        return below;
    };
    if (auto names = names_in(root / "uuid"); !names)
        return std::unexpected((root / "uuid").string() + ": " + names.error());
    for (const fs::path& first : directories(root / "uuid"))
        for (const fs::path& second : directories(first))
            for (const fs::path& place : directories(second)) {
                if (found.size() >= max_cyrus_mailboxes) return std::unexpected("too many mailboxes");
                auto data = read_whole(place / "cyrus.header", 1u << 20);
                if (!data) {
                    problem({(place / "cyrus.header").string(), 0, data.error()});
                    continue;
                }
                const CyrusHeader header = parse_cyrus_header(*data);
                CyrusMailbox mailbox;
                if (header.type != "e" || !name_cyrus_mailbox(header.name, mailbox)) continue;
                mailbox.place = place;
                found.push_back(std::move(mailbox));
            }
    std::ranges::sort(found, {}, [](const CyrusMailbox& one) {
        return std::tuple{one.user, one.path != "INBOX", one.path};
    });
    return found;
}

}  // namespace postrider::migration
