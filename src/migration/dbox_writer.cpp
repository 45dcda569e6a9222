#include "migration/dbox_writer.h"

#include <fmt/core.h>

#include <algorithm>
#include <map>

#include "base/codec.h"
#include "migration/dbox_place.h"
#include "migration/dovecot_log.h"
#include "migration/file.h"
#include "migration/mdbox_storage.h"
#include "migration/out_file.h"
#include "migration/sources.h"

namespace postrider::migration {
namespace {

namespace fs = std::filesystem;
using mailstore::FolderInfo;
using mailstore::Item;
using Done = std::expected<void, std::string>;

constexpr std::size_t message_header = 30;

Done make(const fs::path& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error) return std::unexpected(directory.string() + ": " + error.message());
    return {};
}

/// A message with its header and what is known of it. The id must be 128 bits of hexadecimal digits; V is the
/// size with CRLF line ends.
std::string dbox_message(const Item& item, std::string octets, std::string_view folder = {}) {
    const std::string text = with_lf(std::move(octets));
    std::string out = fmt::format("\x01\x02N {:8} {:016X}\n", "", text.size());
    out += text;
    out += fmt::format("\n\x01\x03\nR{:x}\nG{:016x}{:016x}\nV{:x}\n",
                       static_cast<std::uint64_t>(item.internal_date), item.email_id,
                       static_cast<std::uint64_t>(item.uid.value()), item.size);
    if (!folder.empty()) out += fmt::format("B{}\n", folder);
    return out + '\n';
}

std::string le32(std::uint32_t value) {
    std::string out;
    for (int i = 0; i < 4; ++i) out.push_back(static_cast<char>(value >> (8 * i)));
    return out;
}

/// What a folder's index says.
class FolderLog {
public:
    explicit FolderLog(const FolderInfo& folder) : folder_{folder} {}

    void add(const Item& item, const std::vector<std::string>& keywords, std::string extension = {}) {
        messages_.emplace_back(item.uid.value(), item.flags.system);
        if (!extension.empty()) extensions_.emplace_back(item.uid.value(), std::move(extension));
        for (const std::string& keyword : keywords) keywords_[keyword].push_back(item.uid.value());
    }
    bool has(std::uint32_t uid) const {
        return std::ranges::binary_search(messages_, uid, {}, &std::pair<std::uint32_t, std::uint8_t>::first);
    }

    /// @param kind  the name of the header that every folder of such a store has
    /// @param first  what it begins with: the map's validity in an mdbox
    std::string text(std::string_view kind, std::uint32_t first) const {
        DovecotLog log{folder_.uid_validity};
        std::string header = le32(first);
        put_be(header, std::uint64_t{folder_.id.value()});  // 128 bits that name the folder
        put_be(header, std::uint64_t{folder_.uid_validity});
        header += le32(0);
        log.extension({kind, header, 0, 0, 0});
        log.header(DovecotLog::uid_validity_at, folder_.uid_validity);
        log.append(messages_);
        if (!extensions_.empty()) {
            log.extension({"mdbox", {}, 8, 4, 1});
            log.records(extensions_);
        }
        for (const auto& [name, uids] : keywords_) log.keyword(name, uids);
        const std::uint32_t behind = messages_.empty() ? 1 : messages_.back().first + 1;
        log.header(DovecotLog::next_uid_at, std::max(folder_.uid_next.value(), behind));
        return log.text();
    }

private:
    const FolderInfo folder_;
    std::vector<std::pair<std::uint32_t, std::uint8_t>> messages_;
    std::vector<std::pair<std::uint32_t, std::string>> extensions_;
    std::map<std::string, std::vector<std::uint32_t>> keywords_;
};

fs::path place_of(const fs::path& root, const FolderInfo& folder) {
    return root / "mailboxes" / name_on_disk(folder.path, '/') / "dbox-Mails";
}

DovecotIndex earlier(const fs::path& place, std::string_view extension) {
    return dovecot_index_at(place / "dovecot.index", extension, [](const Problem&) {});
}

class SdboxWriter final : public FolderWriter {
public:
    SdboxWriter(fs::path place, const FolderInfo& folder)
        : place_{std::move(place)}, folder_{folder}, log_{folder} {}

    Done open() {
        if (auto ok = make(place_); !ok) return ok;
        known_ = earlier(place_, "").uid_validity == folder_.uid_validity;
        if (known_) return {};
        return put_dovecot_log(place_ / "dovecot.index", log_.text("dbox-hdr", 0));
    }

    std::expected<bool, std::string> present(const Item& item,
                                             const std::vector<std::string>& keywords) override {
        std::error_code error;
        if (!known_ || fs::file_size(file_of(item), error) < item.size / 2 || error) return false;
        log_.add(item, keywords);
        return true;
    }
    Done write(const Item& item, std::string octets, const std::vector<std::string>& keywords) override {
        log_.add(item, keywords);
        const std::string head =
            fmt::format("2 M{:x} C{:x}\n", message_header, static_cast<std::uint64_t>(item.save_date));
        return put_file(file_of(item), head + dbox_message(item, std::move(octets)));
    }
    Done finish() override {
        auto names = names_in(place_);
        if (!names) return std::unexpected(place_.string() + ": " + names.error());
        for (const std::string& name : *names) {
            const std::uint32_t uid = uid_of_sdbox_file(name);
            if (uid == 0 || log_.has(uid)) continue;
            std::error_code error;
            fs::remove(place_ / name, error);
            if (error) return std::unexpected((place_ / name).string() + ": " + error.message());
            ++removed_;
        }
        if (auto ok = put_dovecot_log(place_ / "dovecot.index", log_.text("dbox-hdr", 0)); !ok) return ok;
        return sync_files(place_);
    }

private:
    fs::path file_of(const Item& item) const { return place_ / fmt::format("u.{}", item.uid.value()); }

    fs::path place_;
    const FolderInfo folder_;
    FolderLog log_;
    bool known_ = false;  ///< what lies there are messages of this folder
};

class SdboxTarget final : public ExportTarget {
public:
    explicit SdboxTarget(fs::path root) : root_{std::move(root)} {}
    Opened folder(const FolderInfo& folder, const OnProblem&) override {
        auto writer = std::make_unique<SdboxWriter>(place_of(root_, folder), folder);
        if (auto ok = writer->open(); !ok) return std::unexpected(ok.error());
        return writer;
    }

private:
    fs::path root_;
};

class MdboxWriter final : public FolderWriter {
public:
    MdboxWriter(fs::path place, const FolderInfo& folder, MdboxStorage& storage)
        : place_{std::move(place)}, folder_{folder}, log_{folder}, storage_{storage} {}

    Done open() {
        if (auto ok = make(place_); !ok) return ok;
        const DovecotIndex index = earlier(place_, "mdbox");
        if (index.uid_validity != folder_.uid_validity) return {};
        for (const auto& [uid, message] : index.messages)
            if (message.extension.size() >= 4) known_[uid] = u32_at(message.extension, 0);
        return {};
    }
    std::expected<bool, std::string> present(const Item& item,
                                             const std::vector<std::string>& keywords) override {
        auto at = known_.find(item.uid.value());
        if (at == known_.end() || !storage_.has(at->second)) return false;
        note(item, keywords, at->second);
        return true;
    }
    Done write(const Item& item, std::string octets, const std::vector<std::string>& keywords) override {
        auto number = storage_.add(dbox_message(item, std::move(octets), name_on_disk(folder_.path, '/')));
        if (!number) return std::unexpected(number.error());
        note(item, keywords, *number);
        if (!storage_.due()) return {};
        hand_over();  // so far
        return storage_.flush();
    }
    Done finish() override {
        hand_over();
        return storage_.due() ? storage_.flush() : Done{};
    }

private:
    void note(const Item& item, const std::vector<std::string>& keywords, std::uint32_t number) {
        log_.add(item, keywords, le32(number) + le32(static_cast<std::uint32_t>(item.save_date)));
    }
    void hand_over() {
        storage_.later(place_ / "dovecot.index", log_.text("mdbox-hdr", storage_.validity()));
    }

    fs::path place_;
    const FolderInfo folder_;
    FolderLog log_;
    MdboxStorage& storage_;
    std::map<std::uint32_t, std::uint32_t> known_;  ///< UID -> number in the map, of an earlier run
};

class MdboxTarget final : public ExportTarget {
public:
    explicit MdboxTarget(const fs::path& root) : root_{root}, storage_{root / "storage"} {}
    Done open() { return storage_.open(); }
    Opened folder(const FolderInfo& folder, const OnProblem&) override {
        auto writer = std::make_unique<MdboxWriter>(place_of(root_, folder), folder, storage_);
        if (auto ok = writer->open(); !ok) return std::unexpected(ok.error());
        return writer;
    }
    Done finish() override { return storage_.flush(); }

private:
    fs::path root_;
    MdboxStorage storage_;
};

}  // namespace

std::unique_ptr<ExportTarget> sdbox_target(const fs::path& root) {
    return std::make_unique<SdboxTarget>(root);
}

std::expected<std::unique_ptr<ExportTarget>, std::string> mdbox_target(const fs::path& root) {
    auto target = std::make_unique<MdboxTarget>(root);
    if (auto ok = target->open(); !ok) return std::unexpected(ok.error());
    return target;
}

}  // namespace postrider::migration
