#include "migration/found.h"

#include "migration/cyrus_spool.h"
#include "migration/file.h"
#include "migration/mbox_message.h"
#include "migration/sources.h"

namespace postrider::migration {
namespace {

constexpr struct {
    Format format;
    std::string_view word;
} formats[] = {{Format::maildir, "maildir"},
               {Format::mbox, "mbox"},
               {Format::sdbox, "sdbox"},
               {Format::mdbox, "mdbox"},
               {Format::cyrus, "cyrus"}};

/// One user's mailboxes; those who read for many read the spool once (cyrus_spool.h).
std::unique_ptr<Source> spool_source(const std::filesystem::path& path, const SourceOptions& options) {
    const std::string& user = options.user;
    auto all = read_cyrus_spool(path, [](const Problem&) {});
    if (!all) return cyrus_source(path / "uuid", options);  // which says why
    const std::string local = user.substr(0, user.rfind('@'));
    std::erase_if(*all, [&](const CyrusMailbox& one) { return one.user != user && one.user != local; });
    return all->empty() ? cyrus_source(path / user, options) : cyrus_spool_source(std::move(*all), options);
}

}  // namespace

std::string_view word(Format format) {
    for (const auto& one : formats)
        if (one.format == format) return one.word;
    return "";
}

std::optional<Format> format_of(std::string_view text) {
    for (const auto& one : formats)
        if (one.word == text) return one.format;
    return std::nullopt;
}

std::optional<Format> detect(const std::filesystem::path& path) {
    namespace fs = std::filesystem;
    std::error_code error;
    auto is = [&](const char* name) { return fs::is_directory(path / name, error); };
    if (!fs::is_directory(path, error)) {
        auto file = InFile::open(path);
        auto head = file ? file->read(0, 1'000) : std::unexpected(file.error());
        if (head && (head->empty() || is_from_line(head->substr(0, head->find('\n'))))) return Format::mbox;
        return std::nullopt;
    }
    if (is("cur") && is("new")) return Format::maildir;
    if (is("mailboxes")) return is("storage") ? Format::mdbox : Format::sdbox;
    if (fs::exists(path / "cyrus.header", error) || is_cyrus_spool(path)) return Format::cyrus;
    auto names = names_in(path);
    if (!names) return std::nullopt;
    for (const std::string& name : *names) {  // what its folders are
        if (!name.ends_with('/')) {
            if (uid_of_cyrus_file(name) != 0) return Format::cyrus;
            if (auto one = detect(path / name)) return one;
            continue;
        }
        const fs::path below = path / name.substr(0, name.size() - 1);
        if (fs::is_directory(below / "cur", error)) return Format::maildir;
        if (fs::exists(below / "cyrus.header", error)) return Format::cyrus;
    }
    return std::nullopt;
}

std::unique_ptr<Source> open_source(Format format, const std::filesystem::path& path,
                                    const SourceOptions& options) {
    switch (format) {
        case Format::maildir: return maildir_source(path);
        case Format::mbox: return mbox_source(path, options.quoting);
        case Format::sdbox:
        case Format::mdbox: return dbox_source(path, format, options.attachments);
        case Format::cyrus:
            return is_cyrus_spool(path) ? spool_source(path, options) : cyrus_source(path, options);
    }
    return nullptr;
}

}  // namespace postrider::migration
