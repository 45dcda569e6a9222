#include "admin/log_story.h"

#include <fmt/core.h>

#include <algorithm>
#include <deque>
#include <fstream>
#include <map>
#include <set>

#include "observe/line.h"
#include "text/ascii.h"

namespace postrider::admin {
namespace {

namespace fs = std::filesystem;

/// Sessions have numbers of their own, which begin again with each start of the server; queue entries keep
/// theirs for life.
constexpr std::string_view processing = "PROCESSING";
/// A session may wait long with much to say before it comes to the message; its latest lines matter.
constexpr std::size_t remembered_lines = 200;
/// Sessions that are open at once, as far as they are followed.
constexpr std::size_t remembered_sessions = 100'000;

bool contains(const std::string& lowered, const std::string& part) {
    return lowered.find(part) != std::string::npos;
}

std::string without_zeros(std::string_view id) {
    const auto first = id.find_first_not_of('0');
    return first == std::string_view::npos ? "0" : text::to_lower(id.substr(first));
}

/// "... enqueued with id 00A1B2", "Mail 00A1B2 to <...>", "Relaying mail 00A1B2 to ...": the entry that a
/// line of a session is about; "" for none.
std::string entry_named(std::string_view text) {
    for (std::string_view before : {"enqueued with id ", "Relaying mail ", "Mail "}) {
        const auto at = text.find(before);
        if (at == std::string_view::npos || (before == "Mail " && at != 0)) continue;
        std::string_view id = text.substr(at + before.size());
        id = id.substr(0, id.find_first_not_of("0123456789ABCDEF"));
        if (id.size() >= 6) return without_zeros(id);
    }
    return {};
}

/// What of a line is needed to know whose it is.
struct Line {
    std::string_view whole;
    std::string_view module;
    std::string id;  ///< of the entry or session, without leading zeros
    std::string_view text;
};

class Files {
public:
    static std::expected<Files, std::string> below(const fs::path& directory, std::optional<Time> since) {
        Files files;
        std::error_code error;
        std::vector<std::pair<fs::file_time_type, fs::path>> found;
        for (auto at = fs::recursive_directory_iterator{directory, error};
             !error && at != fs::recursive_directory_iterator{}; at.increment(error)) {
            if (!at->is_regular_file(error)) continue;
            const auto written = at->last_write_time(error);
            if (since && std::chrono::file_clock::to_sys(written) < *since) continue;
            found.emplace_back(written, at->path());
        }
        if (error)
            return std::unexpected(
                fmt::format("The log directory {} cannot be read: {}", directory.string(), error.message()));
        std::ranges::sort(found);
        for (auto& [when, path] : found) files.paths_.push_back(std::move(path));
        return files;
    }

    template <class Visit>
    void each_line(const StoryQuery& query, const Visit& visit) const {
        std::string raw;
        for (const fs::path& path : paths_) {
            std::ifstream in{path, std::ios::binary};
            while (std::getline(in, raw)) {
                auto parsed = observe::parse_line(raw);
                if (!parsed) continue;
                if (parsed->time
                    && ((query.since && *parsed->time < *query.since)
                        || (query.until && *parsed->time > *query.until)))
                    continue;
                visit(Line{raw, parsed->module, fmt::format("{:x}", parsed->id.value), parsed->text});
            }
        }
    }

private:
    std::vector<fs::path> paths_;
};

/// The lines of one session since it began or since its last message.
struct Stretch {
    std::deque<std::string> lines;
    std::string lowered;  ///< all of it
    void add(std::string_view line) {
        lines.emplace_back(line);
        lowered += text::to_lower(line) + '\n';
        if (lines.size() <= remembered_lines) return;
        lowered.erase(0, lines.front().size() + 1);
        lines.pop_front();
    }
};

class Search {
public:
    explicit Search(const StoryQuery& query) : query_{query} {
        for (const std::string* part : {&query.message_id, &query.sender, &query.recipient, &query.client})
            if (!part->empty()) parts_.push_back(text::to_lower(*part));
        if (!query.queue_id.empty()) wanted_id_ = without_zeros(query.queue_id);
    }

    /// First reading: which entries and which stretches of sessions are meant.
    void look(const Line& line) {
        if (line.module == processing) {
            // What a report, a redirection or a later attempt says may be what is looked for.
            if (line.id != "0" && wanted_id_.empty() && all_in(text::to_lower(line.whole)))
                take_entry(line.id);
            return;
        }
        if (line.id == "0") return;
        const std::string key = std::string{line.module} + ':' + line.id;
        if (line.text.find("connection accepted from") != std::string_view::npos) open_.erase(key);
        if (open_.size() >= remembered_sessions && !open_.contains(key)) open_.erase(open_.begin());
        Stretch& stretch = open_[key];
        stretch.add(line.whole);
        const bool taken = line.text.find("enqueued with id ") != std::string_view::npos;
        const bool over = line.text == "Connection closed";
        if (!taken && !over) return;
        finish(stretch, taken ? entry_named(line.text) : std::string{});
        open_.erase(key);
    }

    /// Those that go on while the log is read.
    void end() {
        for (auto& [key, stretch] : open_) finish(stretch, {});
        open_.clear();
        if (!wanted_id_.empty() && !at_.contains(wanted_id_)) take_entry(wanted_id_);
        while (stories_.size() > query_.max_stories) {
            at_.erase(without_zeros(stories_.front().queue_id));
            stories_.pop_front();
            ++dropped_;
        }
    }

    /// Second reading: what became of the entries.
    void follow(const Line& line) {
        std::string id = line.module == processing ? line.id : entry_named(line.text);
        auto at = at_.find(id);
        if (id.empty() || at == at_.end()) return;
        std::vector<std::string>& lines = stories_[at->second - dropped_].lines;
        if (lines.size() < max_story_lines && std::ranges::find(lines, line.whole) == lines.end())
            lines.emplace_back(line.whole);
    }

    std::vector<Story> stories() {
        std::vector<Story> out;
        for (Story& story : stories_) {
            // A date has a resolution of a second: what came first stays first.
            std::ranges::stable_sort(story.lines, {}, [](const std::string& l) { return l.substr(0, 19); });
            if (!story.lines.empty()) out.push_back(std::move(story));
        }
        return out;
    }

private:
    bool all_in(const std::string& lowered) const {
        return !parts_.empty() && std::ranges::all_of(parts_, [&](const std::string& part) {
            return contains(lowered, part);
        });
    }
    void finish(Stretch& stretch, const std::string& entry) {
        const bool meant = wanted_id_.empty() ? all_in(stretch.lowered) : entry == wanted_id_;
        if (!meant) return;
        Story& story = entry.empty() ? stories_.emplace_back() : take_entry(entry);
        story.lines.insert(story.lines.end(), std::make_move_iterator(stretch.lines.begin()),
                           std::make_move_iterator(stretch.lines.end()));
    }
    Story& take_entry(const std::string& id) {
        auto [at, fresh] = at_.try_emplace(id, stories_.size());
        if (fresh) {
            stories_.emplace_back();
            stories_.back().queue_id = fmt::format("{:0>6}", id);
            for (char& c : stories_.back().queue_id) c = text::upper(c);
        }
        return stories_[at->second];
    }

    const StoryQuery& query_;
    std::vector<std::string> parts_;
    std::string wanted_id_;
    std::map<std::string, Stretch> open_;
    std::deque<Story> stories_;
    std::map<std::string, std::size_t> at_;  ///< entry -> place among all stories that there were
    std::size_t dropped_ = 0;
};

}  // namespace

std::expected<std::vector<Story>, std::string> find_stories(const fs::path& directory,
                                                            const StoryQuery& query) {
    auto files = Files::below(directory, query.since);
    if (!files) return std::unexpected(files.error());
    Search search{query};
    files->each_line(query, [&](const Line& line) { search.look(line); });
    search.end();
    files->each_line(query, [&](const Line& line) { search.follow(line); });
    return search.stories();
}

}  // namespace postrider::admin
