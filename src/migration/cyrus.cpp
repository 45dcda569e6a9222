#include <algorithm>
#include <charconv>
#include <set>

#include "migration/cyrus_index.h"
#include "migration/cyrus_spool.h"
#include "migration/cyrus_subscriptions.h"
#include "migration/file.h"
#include "migration/sources.h"

/// Cyrus's spool of one user: messages are files "1.", "2." (their UIDs), folders are directories.
namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

class CyrusSource final : public Source {
public:
    CyrusSource(fs::path root, const SourceOptions& options)
        : root_{std::move(root)}, config_{options.cyrus_config}, user_{options.user} {}
    CyrusSource(std::vector<CyrusMailbox> mailboxes, const SourceOptions& options)
        : mailboxes_{std::move(mailboxes)}, config_{options.cyrus_config}, user_{options.user} {}

    std::expected<std::vector<FoundFolder>, std::string> folders(const OnProblem& problem) override {
        std::vector<FoundFolder> found;
        for (const CyrusMailbox& one : mailboxes_) {
            if (found.size() >= max_found_folders) break;
            FoundFolder& folder = found.emplace_back();
            folder.path = one.path;
            folder.place = one.place.string();
        }
        if (mailboxes_.empty()) nested(root_, "INBOX", 0, found, problem);
        if (found.empty()) return std::unexpected(root_.string() + ": no Cyrus mailbox is there");
        mark_subscribed(found, problem);
        return found;
    }

    void look(FoundFolder& folder, const OnProblem& problem) override {
        index_ = {};
        names_.clear();
        looked_at_ = folder.place;
        const fs::path place{folder.place};
        if (auto header = read_whole(place / "cyrus.header", 1u << 20))
            names_ = parse_cyrus_header(*header).flags;
        auto data = read_whole(place / "cyrus.index", max_index_bytes);
        auto index = data ? parse_cyrus_index(*data) : std::unexpected(data.error());
        if (!index && !fs::exists(place / "cyrus.header")) return;  // files alone
        if (!index)
            return problem({(place / "cyrus.index").string(), 0, index.error() + ": flags are not known"});
        index_ = std::move(*index);
        folder.uid_validity = index_.uid_validity;
        folder.uid_next = index_.uid_next;
    }

    void read(FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
              const OnProblem& problem) override {
        if (looked_at_ != folder.place) look(folder, problem);
        const std::set<std::uint32_t> uids = uids_in(folder.place, problem);
        for (const auto& [uid, known] : index_.messages)
            if (!known.gone && !uids.contains(uid))
                problem({folder.place + '/' + std::to_string(uid) + '.', 0,
                         "the index names it and it is not there"});
        for (std::uint32_t uid : uids) {
            auto known = index_.messages.find(uid);
            if (known != index_.messages.end() && known->second.gone) continue;
            const fs::path path = fs::path{folder.place} / (std::to_string(uid) + '.');
            auto file = InFile::open(path);
            auto octets = !file ? std::unexpected(file.error())
                          : file->size() > max_message_bytes
                              ? std::unexpected(std::string{"too large"})
                              : file->read(0, static_cast<std::size_t>(file->size()));
            if (octets && octets->empty()) octets = std::unexpected("empty");
            if (!octets) {
                problem({path.string(), 0, octets.error()});
                continue;
            }
            FoundMessage message;
            message.octets = with_crlf(std::move(*octets));
            message.uid = uid;
            message.where = path.string();
            message.internal_date = file->modified();
            if (known != index_.messages.end()) {
                message.flags = known->second.flags;
                message.internal_date = known->second.internal_date;
                for (std::size_t i = 0; i < names_.size() && i < known->second.user_flags.size(); ++i)
                    if (known->second.user_flags[i]) message.keywords.push_back(names_[i]);
            }
            if (!visit(std::move(message))) return;
        }
    }

private:
    /// Where nothing says it, all are.
    void mark_subscribed(std::vector<FoundFolder>& found, const OnProblem& problem) const {
        for (FoundFolder& folder : found) folder.subscribed = true;
        if (config_.empty()) return;
        auto inbox = std::ranges::find(found, "INBOX", &FoundFolder::path);
        const std::string& user = mailboxes_.empty() ? user_ : mailboxes_.front().user;
        auto paths = read_cyrus_subscriptions(
            config_, inbox == found.end() ? fs::path{} : fs::path{inbox->place}, user);
        if (!paths) return problem({config_.string(), 0, user + ": " + paths.error()});
        for (FoundFolder& folder : found) folder.subscribed = paths->contains(folder.path);
    }

    void nested(const fs::path& directory, const std::string& path, int depth,
                std::vector<FoundFolder>& found, const OnProblem& problem) {
        auto names = names_in(directory);
        if (!names) return problem({directory.string(), 0, names.error()});
        if (depth > 20 || found.size() >= max_found_folders) return;
        if (std::ranges::any_of(*names, [](const std::string& name) {
                return name == "cyrus.header" || uid_of_cyrus_file(name) != 0;
            })) {
            FoundFolder folder;
            folder.path = path;
            folder.place = directory.string();
            folder.messages = static_cast<std::uint64_t>(
                std::ranges::count_if(*names, [](const std::string& name) { return name.ends_with('.'); }));
            found.push_back(std::move(folder));
        }
        for (const std::string& name : *names) {
            if (!name.ends_with('/')) continue;
            std::string own = name.substr(0, name.size() - 1);
            const fs::path place = directory / own;
            std::ranges::replace(own, '^', '.');  // how it writes a '.' in a name
            nested(place, depth == 0 ? folder_name(own) : path + '/' + folder_name(own), depth + 1, found,
                   problem);
        }
    }

    static std::set<std::uint32_t> uids_in(const fs::path& place, const OnProblem& problem) {
        std::set<std::uint32_t> uids;
        auto names = names_in(place);
        if (!names) {
            problem({place.string(), 0, names.error()});
            return uids;
        }
        for (const std::string& name : *names) {
            const std::uint32_t uid = uid_of_cyrus_file(name);
            if (uid != 0 && uids.size() < max_found_messages) uids.insert(uid);
        }
        return uids;
    }

    fs::path root_;
    std::vector<CyrusMailbox> mailboxes_;  ///< in place of a root
    const fs::path config_;
    const std::string user_;
    std::string looked_at_;
    CyrusIndex index_;
    std::vector<std::string> names_;
};

}  // namespace

std::uint32_t uid_of_cyrus_file(std::string_view name) {
    std::uint32_t uid = 0;
    auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), uid);
    return error == std::errc{} && end + 1 == name.data() + name.size() && *end == '.' ? uid : 0;
}

std::unique_ptr<Source> cyrus_source(const fs::path& path, const SourceOptions& options) {
    return std::make_unique<CyrusSource>(path, options);
}

std::unique_ptr<Source> cyrus_spool_source(std::vector<CyrusMailbox> mailboxes,
                                           const SourceOptions& options) {
    return std::make_unique<CyrusSource>(std::move(mailboxes), options);
}

}  // namespace postrider::migration
