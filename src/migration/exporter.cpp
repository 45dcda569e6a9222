#include "migration/exporter.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "mailstore/uid_set.h"
#include "migration/file.h"
#include "migration/out_file.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;
using mailstore::MailError;

constexpr std::uint32_t piece = 500;  // messages read at one moment of the store

class Export {
public:
    Export(mailstore::Account& account, ExportFormat format, const fs::path& root,
           const ExportOptions& options, const OnImported& progress)
        : account_{account}, format_{format}, root_{root}, options_{options}, progress_{progress} {}

    mailstore::Result<ExportReport> run() {
        std::error_code error;
        fs::create_directories(root_, error);
        if (error) return failed(root_.string() + ": " + error.message());
        if (auto ok = claim(); !ok) return failed(ok.error());
        auto target = export_target(format_, root_);
        if (!target) return failed(target.error());
        auto folders = account_.folders();
        if (!folders) return std::unexpected(folders.error());
        std::erase_if(*folders, [&](const mailstore::FolderInfo& folder) {
            const std::string& only = options_.folder;
            return !folder.selectable || folder.kind != mailstore::FolderKind::mail
                   || (!only.empty() && folder.path != only && !folder.path.starts_with(only + '/'));
        });
        if (folders->empty() && !options_.folder.empty())
            return std::unexpected(
                mailstore::Failure{MailError::no_such_folder, "no such folder: " + options_.folder});
        for (const auto& folder : *folders) expected_ += folder.messages;
        for (const auto& one : *folders)
            if (auto ok = folder(**target, one); !ok) return std::unexpected(ok.error());
        if (auto ok = empty_the_gone(**target, *folders); !ok) return failed(ok.error());
        if (auto ok = (*target)->finish(); !ok) return failed(ok.error());
        if (auto ok = subscriptions(*folders); !ok) return failed(ok.error());
        return std::move(report_);
    }

private:
    static std::unexpected<mailstore::Failure> failed(std::string what) {
        return std::unexpected(mailstore::Failure{MailError::storage, std::move(what)});
    }

    /// What lies there is an export of this account, or becomes one. Dovecot's stores are rewritten in part,
    /// so that one which is in use must not be taken for it. Files of mboxes are all written anew, and each
    /// that is not one would be taken for a folder.
    std::expected<void, std::string> claim() {
        if (format_ == ExportFormat::mbox) return {};
        const fs::path mark =
            root_ / (format_ == ExportFormat::maildir ? "postrider-export" : ".postrider-export");
        const std::string own = fmt::format("account {} {}\n", account_.id().value(), word(format_));
        auto text = read_whole(mark, 1'000);
        if (text && *text == own) return {};
        if (text)
            return std::unexpected(root_.string() + ": holds the export of another account or format ("
                                   + text->substr(0, text->find('\n')) + ')');
        const bool dbox = format_ == ExportFormat::sdbox || format_ == ExportFormat::mdbox;
        if (dbox && (fs::exists(root_ / "mailboxes") || fs::exists(root_ / "storage")))
            return std::unexpected(root_.string()
                                   + ": holds a Dovecot store already; say an empty directory");
        return put_file(mark, own);
    }

    mailstore::Result<> folder(ExportTarget& target, const mailstore::FolderInfo& info) {
        progress_(info.path, done_, std::max(expected_, done_));
        auto writer = target.folder(info, on_problem_);
        if (!writer) return failed(writer.error());
        ++report_.folders;
        for (std::uint32_t from = 1; from != 0;) {
            auto view = account_.view(info.id);
            if (!view) return std::unexpected(view.error());
            std::vector<mailstore::Item> items;
            std::uint32_t next = 0;
            auto ok =
                (*view)->each_item({{Uid{from}, mailstore::highest_uid}}, [&](const mailstore::Item& item) {
                    if (items.size() == piece) {
                        next = item.uid.value();
                        return false;
                    }
                    items.push_back(item);
                    items.back().prefix = {};
                    return true;
                });
            if (!ok) return ok;
            for (const mailstore::Item& item : items)
                if (ok = message(**writer, **view, info, item); !ok) return ok;
            from = next;
        }
        if (auto ok = (*writer)->finish(); !ok) return failed(ok.error());
        report_.removed += (*writer)->removed();
        return {};
    }

    /// Folders that an earlier run has written and that are gone here, deleted or renamed, lose what it wrote
    /// in them. What is noted for the next run: id, UIDVALIDITY, UIDNEXT, path.
    std::expected<void, std::string> empty_the_gone(ExportTarget& target,
                                                    const std::vector<mailstore::FolderInfo>& folders) {
        const fs::path list = list_of_folders();
        std::string noted;
        for (const auto& one : folders)
            noted += fmt::format("{} {} {} {}\n", one.id.value(), one.uid_validity, one.uid_next.value(),
                                 one.path);
        std::string before;
        if (fs::exists(list)) {
            auto text = read_whole(list, max_index_bytes);
            if (!text) return std::unexpected(list.string() + ": " + text.error());
            before = std::move(*text);
        }
        for (std::string_view rest = before; !rest.empty();) {
            const std::string_view line = rest.substr(0, rest.find('\n'));
            rest.remove_prefix(std::min(line.size() + 1, rest.size()));
            auto gone = noted_folder(line);
            if (!gone
                || std::ranges::find(folders, gone->path, &mailstore::FolderInfo::path) != folders.end())
                continue;
            if (!options_.folder.empty()) {  // not looked at this time
                noted += fmt::format("{}\n", line);
                continue;
            }
            auto writer = target.folder(*gone, on_problem_);
            if (!writer) return std::unexpected(writer.error());
            if (auto ok = (*writer)->finish(); !ok) return ok;
            report_.removed += (*writer)->removed();
            ++report_.emptied;
        }
        return put_file(list, noted);
    }

    /// Where no program takes it for a folder: Dovecot keeps its own files of mboxes in `.imap`.
    fs::path list_of_folders() const {
        if (format_ != ExportFormat::mbox)
            return root_ / (format_ == ExportFormat::maildir ? "postrider-folders" : ".postrider-folders");
        std::error_code error;
        fs::create_directory(root_ / ".imap", error);  // put_file() says what is wrong
        return root_ / ".imap" / "postrider-folders";
    }

    static std::optional<mailstore::FolderInfo> noted_folder(std::string_view line) {
        mailstore::FolderInfo folder;
        std::uint32_t numbers[3] = {};
        for (std::uint32_t& number : numbers) {
            auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), number);
            if (error != std::errc{} || end == line.data() + line.size() || *end != ' ') return std::nullopt;
            line.remove_prefix(static_cast<std::size_t>(end - line.data()) + 1);
        }
        folder.id = FolderId{numbers[0]};
        folder.uid_validity = numbers[1];
        folder.uid_next = Uid{numbers[2]};
        folder.path = line;
        if (folder.path.empty()) return std::nullopt;
        return folder;
    }

    mailstore::Result<> message(FolderWriter& writer, mailstore::FolderView& view,
                                const mailstore::FolderInfo& info, const mailstore::Item& item) {
        std::vector<std::string> keywords;
        const auto& table = view.info().keywords;
        for (std::size_t bit = 0; bit < table.size(); ++bit)
            if (item.flags.keyword(bit)) keywords.push_back(table[bit]);
        if (++done_ % 64 == 0) progress_(info.path, done_, std::max(expected_, done_));
        auto there = writer.present(item, keywords);
        if (!there) return failed(there.error());
        if (*there) {
            ++report_.present;
            return {};
        }
        auto octets = view.message(item);
        if (!octets) {
            if (octets.error().kind == MailError::storage) return std::unexpected(octets.error());
            on_problem_({info.path, item.uid.value(), octets.error().what});  // damaged: the others go on
            return {};
        }
        ++report_.messages;
        report_.bytes += octets->size();
        auto ok = writer.write(item, std::move(*octets), keywords);
        if (!ok) return failed(ok.error());
        return {};
    }

    std::expected<void, std::string> subscriptions(const std::vector<mailstore::FolderInfo>& folders) {
        if (format_ == ExportFormat::cyrus) return {};
        std::string text;
        if (format_ == ExportFormat::mbox) {
            for (const auto& folder : folders)
                if (folder.subscribed) text += folder.path + ".mbox\n";
            return put_file(root_ / ".subscriptions", text);
        }
        text = "V\t2\n\n";  // components separated by tabs
        for (const auto& folder : folders)
            if (folder.subscribed) text += name_on_disk(folder.path, '\t') + '\n';
        return put_file(root_ / "subscriptions", text);
    }

    mailstore::Account& account_;
    const ExportFormat format_;
    const fs::path& root_;
    const ExportOptions& options_;
    const OnImported& progress_;
    ExportReport report_;
    const OnProblem on_problem_ = [this](Problem one) {
        ++report_.problems;
        if (report_.first_problems.size() < max_problems) report_.first_problems.push_back(std::move(one));
    };
    std::uint64_t expected_ = 0, done_ = 0;
};

constexpr struct {
    ExportFormat format;
    std::string_view word;
} formats[] = {{ExportFormat::maildir, "maildir"},
               {ExportFormat::mbox, "mbox"},
               {ExportFormat::sdbox, "sdbox"},
               {ExportFormat::mdbox, "mdbox"},
               {ExportFormat::cyrus, "cyrus"}};

}  // namespace

std::string_view word(ExportFormat format) {
    for (const auto& one : formats)
        if (one.format == format) return one.word;
    return "";
}

std::optional<ExportFormat> export_format_of(std::string_view text) {
    for (const auto& one : formats)
        if (one.word == text) return one.format;
    return std::nullopt;
}

mailstore::Result<ExportReport> export_mail(mailstore::Account& account, ExportFormat format,
                                            const fs::path& root, const ExportOptions& options,
                                            const OnImported& progress) {
    return Export{account, format, root, options, progress}.run();
}

}  // namespace postrider::migration
