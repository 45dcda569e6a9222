#include <algorithm>

#include "migration/file.h"
#include "migration/mbox_message.h"
#include "migration/sources.h"

/// mbox: a file is a folder.
namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

class MboxSource final : public Source {
public:
    MboxSource(fs::path root, Quoting quoting) : root_{std::move(root)}, quoting_{quoting} {}

    std::expected<std::vector<FoundFolder>, std::string> folders(const OnProblem& problem) override {
        std::vector<FoundFolder> found;
        std::error_code error;
        if (fs::is_directory(root_, error)) {
            nested(root_, "", 0, found, problem);
        } else {
            auto file = InFile::open(root_);
            if (!file) return std::unexpected(root_.string() + ": " + file.error());
            found.push_back(folder(root_, "INBOX", file->size()));
        }
        if (found.empty()) return std::unexpected(root_.string() + ": no mbox file is there");
        std::sort(found.begin(), found.end(), [](const FoundFolder& a, const FoundFolder& b) {
            return std::pair{a.path != "INBOX", a.path} < std::pair{b.path != "INBOX", b.path};
        });
        mark_subscribed(root_, found, problem);
        return found;
    }

    void look(FoundFolder& folder, const OnProblem& problem) override {
        auto file = InFile::open(folder.place);
        if (!file) return problem({folder.place, 0, file.error()});
        auto head = file->read(0, 256u << 10);
        if (!head || !is_from_line(head->substr(0, head->find('\n')))) return;
        const MboxMessage first = parse_mbox_message(*head, quoting_);
        folder.uid_validity = first.uid_validity;
        folder.uid_next = first.uid_validity != 0 ? first.last_uid + 1 : 0;
    }

    void read(FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
              const OnProblem& problem) override {
        constexpr std::size_t piece = 1u << 20;
        look(folder, problem);
        auto file = InFile::open(folder.place);
        if (!file) return problem({folder.place, 0, file.error()});
        std::string data;
        std::uint64_t offset = 0, line = 1;
        std::size_t scanned = 0;
        std::uint32_t last_uid = 0;
        bool at_end = false;
        auto more = [&]() -> bool {
            auto some = file->read(offset, piece);
            if (!some) return problem({folder.place, line, some.error()}), false;
            offset += some->size();
            at_end = some->size() < piece;
            data += *some;
            return true;
        };
        if (!more()) return;
        skip_to_first(folder, data, line, problem);
        std::size_t begin = 0;
        while (begin < data.size() || !at_end) {
            std::optional<std::size_t> end;
            while (!(end = mbox_message_end(std::string_view{data}.substr(begin), at_end, scanned))) {
                if (data.size() - begin > max_message_bytes) break;
                data.erase(0, begin);
                begin = 0;
                if (!more()) return;
            }
            if (!end) {
                problem({folder.place, line, "a message is too large, or no message follows"});
                return;
            }
            if (*end == 0) break;
            const std::string_view raw = std::string_view{data}.substr(begin, *end);
            MboxMessage parsed = parse_mbox_message(raw, quoting_);
            parsed.message.where = folder.place + ':' + std::to_string(line);
            if (parsed.message.uid <= last_uid) parsed.message.uid = 0;
            last_uid = std::max(last_uid, parsed.message.uid);
            if (!parsed.pseudo) {
                if (parsed.message.octets.empty())
                    problem({folder.place, line, "an empty message"});
                else if (!visit(std::move(parsed.message)))
                    return;
            }
            line += static_cast<std::uint64_t>(std::count(raw.begin(), raw.end(), '\n'));
            begin += *end;
            scanned = 0;
        }
    }

private:
    static FoundFolder folder(const fs::path& place, std::string path, std::uint64_t bytes) {
        FoundFolder found;
        found.path = std::move(path);
        found.place = place.string();
        found.messages = bytes / 8'192 + 1;  // a guess
        return found;
    }

    static void skip_to_first(const FoundFolder& folder, std::string& data, std::uint64_t& line,
                              const OnProblem& problem) {
        if (data.empty() || is_from_line(std::string_view{data}.substr(0, data.find('\n')))) return;
        problem({folder.place, 1, "does not begin with a message: skipped up to the next"});
        for (std::size_t at = 0; (at = data.find("\nFrom ", at)) != std::string::npos; ++at) {
            const std::string_view rest = std::string_view{data}.substr(at + 1);
            if (!is_from_line(rest.substr(0, rest.find('\n')))) continue;
            line += static_cast<std::uint64_t>(
                std::count(data.begin(), data.begin() + static_cast<std::ptrdiff_t>(at) + 1, '\n'));
            data.erase(0, at + 1);
            return;
        }
        data.clear();
    }

    void nested(const fs::path& directory, const std::string& path, int depth,
                std::vector<FoundFolder>& found, const OnProblem& problem) {
        auto names = names_in(directory);
        if (!names) return problem({directory.string(), 0, names.error()});
        if (depth > 20) return;
        for (const std::string& name : *names) {
            if (name.starts_with('.') || name.starts_with("dovecot") || name == "subscriptions"
                || name.ends_with(".lock") || found.size() >= max_found_folders)
                continue;
            std::string own = name.ends_with('/') ? name.substr(0, name.size() - 1) : name;
            const fs::path place = directory / own;
            if (!name.ends_with('/') && own.ends_with(".mbox")) own.resize(own.size() - 5);
            std::string below = path.empty() ? folder_name(own) : path + '/' + folder_name(own);
            if (depth == 0 && (own == "inbox" || own == "INBOX" || own == "Inbox")) below = "INBOX";
            if (name.ends_with('/')) {
                nested(place, below, depth + 1, found, problem);
                continue;
            }
            auto file = InFile::open(place);
            auto head = file ? file->read(0, 1'000) : std::unexpected(file.error());
            if (!head)
                problem({place.string(), 0, head.error()});
            else if (head->empty() || is_from_line(head->substr(0, head->find('\n'))))
                found.push_back(folder(place, std::move(below), file->size()));
            else
                problem({place.string(), 1, "not an mbox file"});
        }
    }

    fs::path root_;
    Quoting quoting_;
};

}  // namespace

std::unique_ptr<Source> mbox_source(const fs::path& path, Quoting quoting) {
    return std::make_unique<MboxSource>(path, quoting);
}

}  // namespace postrider::migration
