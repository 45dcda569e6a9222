#include <algorithm>

#include "migration/decompress.h"
#include "migration/file.h"
#include "migration/maildir_files.h"
#include "migration/sources.h"

/// Maildir and Maildir++: INBOX in the directory itself, folders in ".Work.Old" beside it; or folders in
/// directories of their own (Dovecot's LAYOUT=fs).
namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

class MaildirSource final : public Source {
public:
    explicit MaildirSource(fs::path root) : root_{std::move(root)} {}

    std::expected<std::vector<FoundFolder>, std::string> folders(const OnProblem& problem) override {
        auto names = names_in(root_);
        if (!names) return std::unexpected(root_.string() + ": " + names.error());
        std::vector<FoundFolder> found;
        if (is_maildir(root_)) found.push_back(folder_in(root_, "INBOX"));
        for (const std::string& name : *names) {
            if (!name.ends_with('/') || !name.starts_with('.') || name.size() < 3) continue;
            const fs::path place = root_ / name.substr(0, name.size() - 1);
            if (!is_maildir(place)) continue;
            std::string path = path_of(name.substr(1, name.size() - 2), '.');
            if (path.starts_with("INBOX/")) path.erase(0, 6);
            found.push_back(folder_in(place, std::move(path)));
        }
        nested(root_, "", 0, found);
        if (found.empty()) return std::unexpected(root_.string() + ": no Maildir is there");
        if (found.size() > max_found_folders) {
            problem({root_.string(), 0, "too many folders"});
            found.resize(max_found_folders);
        }
        mark_subscribed(root_, found, problem);
        return found;
    }

    void look(FoundFolder& folder, const OnProblem& problem) override {
        list_ = read_list(folder.place, problem);
        looked_at_ = folder.place;
        folder.uid_validity = list_.uid_validity;
        folder.uid_next = list_.uid_next;
    }

    void read(FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
              const OnProblem& problem) override {
        if (looked_at_ != folder.place) look(folder, problem);
        const fs::path place{folder.place};
        std::vector<std::string> keywords;
        if (fs::exists(place / "dovecot-keywords")) {
            auto text = read_whole(place / "dovecot-keywords", 1u << 20);
            if (text)
                keywords = parse_keywords(*text, (place / "dovecot-keywords").string(), problem);
            else
                problem({(place / "dovecot-keywords").string(), 0, text.error()});
        }
        struct File {
            std::uint32_t uid;
            bool fresh;
            std::string name;
        };
        std::vector<File> files;
        for (const char* where : {"cur", "new"}) {
            auto names = names_in(place / where);
            if (!names) {
                problem({(place / where).string(), 0, names.error()});
                continue;
            }
            for (std::string& name : *names) {
                if (name.ends_with('/') || name.starts_with('.') || files.size() >= max_found_messages)
                    continue;
                auto uid = list_.uids.find(std::string{parse_maildir_name(name).base});
                files.push_back(
                    {uid == list_.uids.end() ? 0 : uid->second, where[0] == 'n', std::move(name)});
            }
        }
        std::stable_sort(files.begin(), files.end(), [](const File& a, const File& b) {
            return a.uid - 1 < b.uid - 1;  // those without a UID (0) come last
        });
        for (const File& one : files)
            if (!message(place / (one.fresh ? "new" : "cur") / one.name, one.uid, keywords, visit, problem))
                return;
    }

private:
    static bool is_maildir(const fs::path& directory) {
        std::error_code error;
        return fs::is_directory(directory / "cur", error) && fs::is_directory(directory / "new", error);
    }

    static std::string path_of(std::string_view name, char separator) {
        std::string path;
        while (true) {
            const std::size_t end = std::min(name.find(separator), name.size());
            path += folder_name(name.substr(0, end));
            if (end == name.size()) return path;
            path += '/';
            name.remove_prefix(end + 1);
        }
    }

    static FoundFolder folder_in(const fs::path& place, std::string path) {
        FoundFolder folder;
        folder.path = std::move(path);
        folder.place = place.string();
        std::error_code error;
        for (const char* where : {"cur", "new"})
            for (fs::directory_iterator at{place / where, error}; !error && at != fs::directory_iterator{};
                 at.increment(error))
                ++folder.messages;
        return folder;
    }

    void nested(const fs::path& directory, const std::string& path, int depth,
                std::vector<FoundFolder>& found) {
        auto names = names_in(directory);
        if (!names || depth > 20) return;
        for (const std::string& name : *names) {
            if (!name.ends_with('/') || name.starts_with('.') || name == "cur/" || name == "new/"
                || name == "tmp/" || found.size() > max_found_folders)
                continue;
            const std::string own = name.substr(0, name.size() - 1);
            const std::string below = path.empty() ? folder_name(own) : path + '/' + folder_name(own);
            if (is_maildir(directory / own) && (depth > 0 || below != "INBOX" || !is_maildir(root_)))
                found.push_back(folder_in(directory / own, below));
            nested(directory / own, below, depth + 1, found);
        }
    }

    static UidList read_list(const fs::path& place, const OnProblem& problem) {
        for (const char* name : {"dovecot-uidlist", "courierimapuiddb"}) {
            if (!fs::exists(place / name)) continue;
            auto text = read_whole(place / name, max_index_bytes);
            if (text) return parse_uidlist(*text, (place / name).string(), problem);
            problem({(place / name).string(), 0, text.error()});
        }
        return {};
    }

    /// Dovecot gives flags to what is still in new/, too.
    static bool message(const fs::path& path, std::uint32_t uid, const std::vector<std::string>& keywords,
                        const std::function<bool(FoundMessage&&)>& visit, const OnProblem& problem) {
        auto file = InFile::open(path);
        if (!file) return problem({path.string(), 0, file.error()}), true;
        if (file->size() == 0) return problem({path.string(), 0, "empty"}), true;
        if (file->size() > max_message_bytes) return problem({path.string(), 0, "too large"}), true;
        auto octets = file->read(0, static_cast<std::size_t>(file->size()));
        if (!octets) return problem({path.string(), 0, octets.error()}), true;
        octets = decompressed(std::move(*octets), max_message_bytes);
        if (!octets) return problem({path.string(), 0, octets.error()}), true;
        const std::string name = path.filename().string();
        const MaildirName parsed = parse_maildir_name(name);
        FoundMessage found;
        found.octets = with_crlf(std::move(*octets));
        found.flags = parsed.flags;
        if (parsed.passed) found.keywords.emplace_back("$Forwarded");
        for (std::size_t i = 0; i < keywords.size(); ++i)
            if ((parsed.letters >> i & 1) && !keywords[i].empty()
                && !(parsed.passed && keywords[i] == "$Forwarded"))
                found.keywords.push_back(keywords[i]);
        found.internal_date = file->modified();
        found.uid = uid;
        found.where = path.string();
        return visit(std::move(found));
    }

    fs::path root_;
    std::string looked_at_;
    UidList list_;
};

}  // namespace

void mark_subscribed(const fs::path& root, std::vector<FoundFolder>& found, const OnProblem& problem) {
    std::vector<std::string> names;
    bool any = false;
    struct List {
        const char* name;
        char separator;
    };
    for (const List& list : {List{"subscriptions", '/'}, List{"subscriptions", '.'},
                             List{"courierimapsubscribed", '.'}, List{".subscriptions", '/'}}) {
        std::error_code error;
        if (!fs::exists(root / list.name, error)) continue;
        any = true;
        auto text = read_whole(root / list.name, 4u << 20);
        if (!text) {
            problem({(root / list.name).string(), 0, text.error()});
            continue;
        }
        auto some = parse_subscriptions(*text, list.separator);
        names.insert(names.end(), some.begin(), some.end());
    }
    std::sort(names.begin(), names.end());
    for (FoundFolder& folder : found)
        folder.subscribed = !any || std::binary_search(names.begin(), names.end(), folder.path);
}

std::unique_ptr<Source> maildir_source(const fs::path& path) {
    return std::make_unique<MaildirSource>(path);
}

}  // namespace postrider::migration
