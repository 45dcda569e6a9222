#include "migration/cyrus_subscriptions.h"

#include "migration/cyrus_spool.h"
#include "migration/file.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

constexpr char between = '\x1f';
constexpr std::size_t max_subscriptions_bytes = 16u << 20;

/// Octets that would end a key or a line stand behind 0xff, with their highest bit set.
std::string decoded(std::string_view key) {
    std::string plain;
    for (std::size_t i = 0; i < key.size(); ++i) {
        if (key[i] == '\xff' && i + 1 < key.size()) {
            ++i;
            plain += key[i] == '\xff' ? '\xff' : static_cast<char>(key[i] & 0x7f);
        } else {
            plain += key[i];
        }
    }
    return plain;
}

/// "INBOX", 0x1f, "Work", 0x1f, "Old".
std::string path_of(std::string_view name) {
    name.remove_prefix(std::min<std::size_t>(name.size(), std::string_view{"INBOX"}.size()));
    std::string path;
    while (!name.empty()) {
        name.remove_prefix(1);
        const std::size_t end = std::min(name.find(between), name.size());
        if (!path.empty()) path += '/';
        path += folder_name(name.substr(0, end));
        name.remove_prefix(end);
    }
    return path.empty() ? "INBOX" : path;
}

/// In a directory whose subdirectories are named by a letter of what lies in them.
std::expected<std::string, std::string> read_hashed(const fs::path& directory, const std::string& file) {
    auto names = names_in(directory);
    if (names)
        for (const std::string& name : *names) {
            std::error_code error;
            if (!name.ends_with('/')) continue;
            const fs::path path = directory / name.substr(0, name.size() - 1) / file;
            if (fs::exists(path, error)) return read_whole(path, max_subscriptions_bytes);
        }
    return std::unexpected("no list of subscriptions is there");
}

}  // namespace

std::expected<std::set<std::string>, std::string> parse_cyrus_subscriptions(std::string_view database,
                                                                            const std::string& user) {
    if (database.starts_with("\xa1\x02\x8b\x0d"))
        return std::unexpected(
            "subscriptions are no flat database: cvt_cyrusdb FILE skiplist NEW flat (or twoskip)");
    std::set<std::string> paths;
    while (!database.empty()) {
        const std::string_view line = database.substr(0, database.find('\n'));
        database.remove_prefix(std::min(line.size() + 1, database.size()));
        const std::size_t tab = line.find('\t');
        if (tab == std::string_view::npos || line.starts_with(between)) continue;  // "VER" says the form
        std::string key = decoded(line.substr(0, tab));
        if (key == "NINBOX" || key.starts_with(std::string{"NINBOX"} + between)) {
            paths.insert(path_of(std::string_view{key}.substr(1)));
            continue;
        }
        CyrusMailbox mailbox;
        if (!name_cyrus_mailbox(key, mailbox)) continue;
        if (mailbox.user == user || mailbox.user == user.substr(0, user.rfind('@')))
            paths.insert(mailbox.path);
    }
    return paths;
}

std::expected<std::set<std::string>, std::string> read_cyrus_subscriptions(const fs::path& config,
                                                                           const fs::path& inbox,
                                                                           const std::string& user) {
    const std::string local = user.substr(0, user.rfind('@'));
    const std::string domain = local.size() < user.size() ? user.substr(local.size() + 1) : std::string{};
    const fs::path id = inbox.filename(), second = inbox.parent_path().filename(),
                   first = inbox.parent_path().parent_path().filename();
    std::error_code error;
    const fs::path by_id = config / "user" / "uuid" / first / second / id / "sub.db";
    std::expected<std::string, std::string> text = std::unexpected(std::string{});
    if (fs::exists(by_id, error)) text = read_whole(by_id, max_subscriptions_bytes);
    if (!text && !domain.empty() && domain.find('/') == std::string::npos)
        if (auto names = names_in(config / "domain"))
            for (const std::string& name : *names)
                if (name.ends_with('/') && !text)
                    text = read_hashed(config / "domain" / name.substr(0, name.size() - 1) / domain / "user",
                                       local + ".sub");
    if (!text && local.find('/') == std::string::npos) text = read_hashed(config / "user", local + ".sub");
    if (!text) return std::unexpected(text.error());
    return parse_cyrus_subscriptions(*text, user);
}

}  // namespace postrider::migration
