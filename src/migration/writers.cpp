#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <set>
#include <unordered_map>

#include "migration/cyrus_writer.h"
#include "migration/dbox_place.h"
#include "migration/dbox_writer.h"
#include "migration/exporter.h"
#include "migration/file.h"
#include "migration/maildir_files.h"
#include "migration/mbox_message.h"
#include "migration/out_file.h"
#include "migration/sources.h"

/// One folder in each format that is written.
namespace postrider::migration {
namespace {

namespace fs = std::filesystem;
using mailstore::FolderInfo;
using mailstore::Item;
using Done = std::expected<void, std::string>;

Done make(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return std::unexpected(directory.string() + ": " + error.message());
    return {};
}

/// In Maildir++ dots separate folders: one within a name becomes '_'.
fs::path maildir_of(const fs::path& root, const FolderInfo& folder, const OnProblem& problem) {
    if (folder.path == "INBOX") return root;
    std::string path = folder.path;
    if (path.find('.') != std::string::npos) {
        std::ranges::replace(path, '.', '_');
        problem({folder.path, 0, "a '.' in its name is written as '_'"});
    }
    return root / ('.' + name_on_disk(path, '.'));
}

class MaildirWriter final : public FolderWriter {
public:
    MaildirWriter(fs::path place, const FolderInfo& folder, OnProblem problem)
        : place_{std::move(place)}, folder_{folder}, problem_{std::move(problem)} {}

    Done open(bool below_root) {
        for (const char* part : {"cur", "new", "tmp"})
            if (auto ok = make(place_ / part); !ok) return ok;
        if (below_root)
            if (auto ok = put_file(place_ / "maildirfolder", ""); !ok) return ok;
        auto names = names_in(place_ / "cur");
        if (!names) return std::unexpected((place_ / "cur").string() + ": " + names.error());
        for (const std::string& name : *names) there_[std::string{parse_maildir_name(name).base}] = name;
        if (fs::exists(place_ / "dovecot-keywords"))
            if (auto text = read_whole(place_ / "dovecot-keywords", 1u << 20))
                keywords_ = parse_keywords(*text, "", [](const Problem&) {});
        return {};
    }

    std::expected<bool, std::string> present(const Item& item,
                                             const std::vector<std::string>& keywords) override {
        const std::string base = base_of(item);
        auto at = there_.find(base);
        if (at == there_.end()) return false;
        uids_ += fmt::format("{} :{}\n", item.uid.value(), base);
        wanted_.insert(base);
        const std::string name = base + suffix(item, keywords);
        if (name != at->second
            && ::rename((place_ / "cur" / at->second).c_str(), (place_ / "cur" / name).c_str()) != 0)
            return std::unexpected((place_ / "cur" / name).string() + ": " + std::strerror(errno));
        return true;
    }

    Done write(const Item& item, std::string octets, const std::vector<std::string>& keywords) override {
        const std::string base = base_of(item);
        uids_ += fmt::format("{} :{}\n", item.uid.value(), base);
        return put_file_through(place_ / "tmp" / base, place_ / "cur" / (base + suffix(item, keywords)),
                                with_lf(std::move(octets)), item.internal_date);
    }

    Done finish() override {
        auto gone = remove_files(place_ / "cur", [&](const std::string& name) {
            const std::string base{parse_maildir_name(name).base};
            return base.find(our_mark) != std::string::npos && there_.contains(base)
                   && !wanted_.contains(base);
        });
        if (!gone) return std::unexpected(gone.error());
        removed_ = *gone;
        if (!keywords_.empty()) {
            std::string text;
            for (std::size_t i = 0; i < keywords_.size(); ++i)
                if (!keywords_[i].empty()) text += fmt::format("{} {}\n", i, keywords_[i]);
            if (auto ok = put_file(place_ / "dovecot-keywords", text); !ok) return ok;
        }
        const std::string list =
            fmt::format("3 V{} N{} G{:016x}{:016x}\n", folder_.uid_validity, folder_.uid_next.value(),
                        folder_.id.value(), folder_.uid_validity);
        if (auto ok = put_file(place_ / "dovecot-uidlist", list + uids_); !ok) return ok;
        // What Dovecot has noted since an earlier run is about files that may have other names now.
        std::error_code error;
        fs::remove(place_ / "dovecot.index.log", error);
        if (auto ok = remove_dovecot_index(place_ / "dovecot.index"); !ok) return ok;
        return sync_files(place_);
    }

private:
    static constexpr std::string_view our_mark = ".postrider,";

    /// The same at every run. W is the size with CRLF line ends.
    std::string base_of(const Item& item) const {
        return fmt::format("{}.M{:x}V{}U{}{}W={}", item.internal_date, item.email_id, folder_.uid_validity,
                           item.uid.value(), our_mark, item.size);
    }

    std::string suffix(const Item& item, const std::vector<std::string>& keywords) {
        std::uint32_t letters = 0;
        bool passed = false;
        for (const std::string& keyword : keywords) {
            if (keyword == "$Forwarded")
                passed = true;  // not all that read Maildir know the one for the other
            auto at = std::find(keywords_.begin(), keywords_.end(), keyword);
            const auto index = static_cast<std::size_t>(at - keywords_.begin());
            if (index >= 26) {
                if (lost_.insert(keyword).second)
                    problem_(
                        {folder_.path, 0, "keyword " + keyword + " is left out: Maildir has 26 in a folder"});
                continue;
            }
            if (at == keywords_.end()) keywords_.push_back(keyword);
            letters |= std::uint32_t{1} << index;
        }
        return maildir_suffix(item.flags.system, passed, letters);
    }

    fs::path place_;
    const FolderInfo folder_;
    OnProblem problem_;
    std::unordered_map<std::string, std::string> there_;  ///< base -> name, of an earlier run
    std::vector<std::string> keywords_;
    std::set<std::string> lost_, wanted_;
    std::string uids_;
};

/// Written anew under another name, then put in place: a folder is there whole or as it was.
class MboxWriter final : public FolderWriter {
public:
    MboxWriter(fs::path place, const FolderInfo& folder) : place_{std::move(place)}, folder_{folder} {}
    ~MboxWriter() override {
        if (fd_ < 0) return;
        ::close(fd_);
        ::unlink((place_.string() + ".new").c_str());
    }

    Done open() {
        if (auto ok = make(place_.parent_path()); !ok) return ok;
        fd_ = ::open((place_.string() + ".new").c_str(),
                     O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd_ < 0) return failed();
        return {};
    }
    std::expected<bool, std::string> present(const Item&, const std::vector<std::string>&) override {
        return false;
    }
    Done write(const Item& item, std::string octets, const std::vector<std::string>& keywords) override {
        std::string base;
        if (first_) {
            base = fmt::format("{} {:010}", folder_.uid_validity, folder_.uid_next.value() - 1);
            for (const std::string& keyword : folder_.keywords) base += ' ' + keyword;
        }
        first_ = false;
        buffer_ += mbox_text(octets, item.flags.system, keywords, item.internal_date, item.uid.value(), base);
        if (buffer_.size() < (1u << 20)) return {};
        return flush();
    }
    Done finish() override {
        if (auto ok = flush(); !ok) return ok;
        if (::fsync(fd_) != 0) return failed();
        if (::close(fd_) != 0) return fd_ = -1, failed();
        fd_ = -1;
        if (::rename((place_.string() + ".new").c_str(), place_.c_str()) != 0) return failed();
        return sync_files(place_.parent_path());
    }

private:
    std::unexpected<std::string> failed() const {
        return std::unexpected(place_.string() + ": " + std::strerror(errno));
    }
    Done flush() {
        for (std::size_t at = 0; at < buffer_.size();) {
            const ssize_t n = ::write(fd_, buffer_.data() + at, buffer_.size() - at);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) return failed();
            at += static_cast<std::size_t>(n);
        }
        buffer_.clear();
        return {};
    }

    fs::path place_;
    const FolderInfo folder_;
    int fd_ = -1;
    bool first_ = true;
    std::string buffer_;
};

template <class Writer, class... Arguments>
std::expected<std::unique_ptr<FolderWriter>, std::string> opened(std::unique_ptr<Writer> writer,
                                                                 Arguments... arguments) {
    if (auto ok = writer->open(arguments...); !ok) return std::unexpected(ok.error());
    return writer;
}

/// Formats whose folders have nothing in common.
class SimpleTarget final : public ExportTarget {
public:
    SimpleTarget(ExportFormat format, fs::path root) : format_{format}, root_{std::move(root)} {}

    Opened folder(const FolderInfo& folder, const OnProblem& problem) override {
        if (format_ == ExportFormat::maildir) {
            fs::path place = maildir_of(root_, folder, problem);
            const bool below = place != root_;
            return opened(std::make_unique<MaildirWriter>(std::move(place), folder, problem), below);
        }
        if (format_ == ExportFormat::mbox)
            return opened(
                std::make_unique<MboxWriter>(root_ / (name_on_disk(folder.path, '/') + ".mbox"), folder));
        std::string path = folder.path;
        std::ranges::replace(path, '.', '^');
        return opened(std::make_unique<CyrusWriter>(path == "INBOX" ? root_ : root_ / name_on_disk(path, '/'),
                                                    folder, problem));
    }

private:
    ExportFormat format_;
    fs::path root_;
};

}  // namespace

std::expected<std::unique_ptr<ExportTarget>, std::string> export_target(ExportFormat format,
                                                                        const fs::path& root) {
    switch (format) {
        case ExportFormat::sdbox: return sdbox_target(root);
        case ExportFormat::mdbox: return mdbox_target(root);
        default: return std::make_unique<SimpleTarget>(format, root);
    }
}

}  // namespace postrider::migration
