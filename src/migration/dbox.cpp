#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "migration/dbox_file.h"
#include "migration/dbox_place.h"
#include "migration/decompress.h"
#include "migration/file.h"
#include "migration/sources.h"

/// Dovecot's sdbox and mdbox: folders are mailboxes/Work/Old/dbox-Mails; flags are in an index there,
/// messages in files "u.UID" there (sdbox) or in storage/m.N for all folders (mdbox), where a map tells which
/// is which.
namespace postrider::migration {
namespace {

namespace fs = std::filesystem;

/// An sdbox's files have the folder's id and the message's UID behind the name that the message knows.
std::expected<std::string, std::string> read_attachment(const fs::path& path, std::uint32_t uid) {
    std::error_code error;
    if (uid == 0 || fs::exists(path, error)) return read_whole(path, max_message_bytes);
    const std::string begin = path.filename().string() + '-', end = '-' + std::to_string(uid);
    if (auto names = names_in(path.parent_path()))
        for (const std::string& name : *names)
            if (name.starts_with(begin) && name.ends_with(end))
                return read_whole(path.parent_path() / name, max_message_bytes);
    return std::unexpected("it is not there");
}

/// The message with those parts that lie in files below `attachments`.
std::expected<std::string, std::string> put_together(std::string octets, std::string_view external,
                                                     const fs::path& attachments, std::uint32_t uid) {
    if (attachments.empty())
        return std::unexpected("its attachments are kept elsewhere: say where with --attachments");
    auto parts = parse_external_parts(external);
    if (!parts) return std::unexpected(parts.error());
    std::string whole;
    std::size_t taken = 0;
    for (const ExternalPart& part : *parts) {
        if (part.offset < whole.size() || part.offset - whole.size() > octets.size() - taken
            || part.offset + part.size > max_message_bytes)
            return std::unexpected("an attachment is said to lie beyond its end");
        const auto before = static_cast<std::size_t>(part.offset) - whole.size();
        whole.append(octets, taken, before);
        taken += before;
        auto file = read_attachment(attachments / part.path, uid);
        if (!file) return std::unexpected("its attachment " + part.path + ": " + file.error());
        const std::string encoded = encoded_part(part, std::move(*file));
        if (encoded.size() != part.size)
            return std::unexpected("its attachment " + part.path + " is not as large as it should be");
        whole += encoded;
    }
    whole.append(octets, taken);
    return whole;
}

/// A message of that file whose header begins there. @param uid  of a file that holds no other
std::expected<FoundMessage, std::string> message_at(const InFile& file, const DboxFileHeader& shape,
                                                    std::uint64_t offset, const fs::path& attachments,
                                                    std::uint32_t uid) {
    constexpr std::size_t max_metadata = 64u << 10;
    auto header = file.read(offset, shape.message_header);
    if (!header) return std::unexpected(header.error());
    auto size = parse_dbox_message_header(*header);
    if (!size) return std::unexpected(size.error());
    if (*size > max_message_bytes) return std::unexpected("too large");
    auto octets = file.read(offset + shape.message_header, static_cast<std::size_t>(*size));
    if (!octets) return std::unexpected(octets.error());
    if (octets->size() != *size) return std::unexpected("cut off");
    auto rest = file.read(offset + shape.message_header + *size, max_metadata);
    if (!rest) return std::unexpected(rest.error());
    auto metadata = parse_dbox_metadata(*rest);
    if (!metadata) return std::unexpected(metadata.error());
    if (metadata->whole && *metadata->whole > max_message_bytes) return std::unexpected("too large");
    octets = decompressed(std::move(*octets), max_message_bytes);
    if (octets && !metadata->external.empty())
        octets = put_together(std::move(*octets), metadata->external, attachments, uid);
    if (!octets) return std::unexpected(octets.error());
    if (metadata->whole && octets->size() != *metadata->whole)
        return std::unexpected("it is not as large as it should be");
    if (octets->empty()) return std::unexpected("empty");
    FoundMessage message;
    message.octets = with_crlf(std::move(*octets));
    message.internal_date = metadata->received;
    return message;
}

class DboxSource final : public Source {
public:
    DboxSource(fs::path root, Format format, fs::path attachments)
        : root_{std::move(root)}, format_{format}, attachments_{std::move(attachments)} {}

    std::expected<std::vector<FoundFolder>, std::string> folders(const OnProblem& problem) override {
        std::vector<FoundFolder> found;
        nested(root_ / "mailboxes", "", 0, found, problem);
        if (found.empty()) return std::unexpected((root_ / "mailboxes").string() + ": no folders are there");
        std::sort(found.begin(), found.end(), [](const FoundFolder& a, const FoundFolder& b) {
            return std::pair{a.path != "INBOX", a.path} < std::pair{b.path != "INBOX", b.path};
        });
        mark_subscribed(root_, found, problem);
        if (format_ == Format::mdbox)
            map_ = dovecot_index_at(root_ / "storage" / "dovecot.map.index", "map", problem);
        return found;
    }

    void look(FoundFolder& folder, const OnProblem& problem) override {
        index_ = dovecot_index_at(fs::path{folder.place} / "dovecot.index",
                                  format_ == Format::mdbox ? "mdbox" : "", problem);
        looked_at_ = folder.place;
        folder.uid_validity = index_.uid_validity;
        folder.uid_next = index_.uid_next;
        if (format_ == Format::mdbox) folder.messages = index_.messages.size();
    }

    void read(FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
              const OnProblem& problem) override {
        if (looked_at_ != folder.place) look(folder, problem);
        if (format_ == Format::mdbox)
            read_many(visit, problem);
        else
            read_singles(folder, visit, problem);
    }

private:
    void nested(const fs::path& directory, const std::string& path, int depth,
                std::vector<FoundFolder>& found, const OnProblem& problem) {
        auto names = names_in(directory);
        if (!names) return problem({directory.string(), 0, names.error()});
        if (depth > 20) return;
        for (const std::string& name : *names) {
            if (!name.ends_with('/') || found.size() >= max_found_folders) continue;
            const std::string own = name.substr(0, name.size() - 1);
            if (own == "dbox-Mails") {
                FoundFolder folder;
                folder.path = path;
                folder.place = (directory / own).string();
                if (auto files = names_in(directory / own); files && format_ == Format::sdbox)
                    folder.messages = static_cast<std::uint64_t>(std::ranges::count_if(
                        *files, [](const std::string& file) { return file.starts_with("u."); }));
                if (!path.empty()) found.push_back(std::move(folder));
                continue;
            }
            nested(directory / own, path.empty() ? folder_name(own) : path + '/' + folder_name(own),
                   depth + 1, found, problem);
        }
    }

    void put_flags(FoundMessage& message, std::uint32_t uid, const IndexedMessage& known) const {
        message.uid = uid;
        message.flags = known.flags;
        for (std::size_t i = 0; i < known.keywords.size(); ++i)
            if (known.keywords[i] && !index_.keywords[i].empty())
                message.keywords.push_back(index_.keywords[i]);
    }

    void read_singles(const FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
                      const OnProblem& problem) {
        auto names = names_in(folder.place);
        if (!names) return problem({folder.place, 0, names.error()});
        std::set<std::uint32_t> uids;
        for (const std::string& name : *names) {
            if (const std::uint32_t uid = uid_of_sdbox_file(name); uid != 0) uids.insert(uid);
        }
        for (const auto& [uid, known] : index_.messages)
            if (!uids.contains(uid))
                problem({folder.place + "/u." + std::to_string(uid), 0,
                         "the index names it and it is not there"});
        for (std::uint32_t uid : uids) {
            auto known = index_.messages.find(uid);
            // A file that an intact index does not name was expunged, or is just being stored.
            const bool unknown = known == index_.messages.end();
            if (unknown && index_.complete && index_.uid_validity != 0 && uid < index_.uid_next) continue;
            const fs::path path = fs::path{folder.place} / ("u." + std::to_string(uid));
            auto file = InFile::open(path);
            if (!file) {
                problem({path.string(), 0, file.error()});
                continue;
            }
            auto head = file->read(0, 1'000);
            auto shape = head ? parse_dbox_file_header(*head) : std::unexpected(head.error());
            auto message = shape ? message_at(*file, *shape, shape->size, attachments_, uid)
                                 : std::unexpected(shape.error());
            if (!message) {
                problem({path.string(), 0, message.error()});
                continue;
            }
            message->uid = uid;
            if (!unknown) put_flags(*message, uid, known->second);
            message->where = path.string();
            if (!visit(std::move(*message))) return;
        }
    }

    void read_many(const std::function<bool(FoundMessage&&)>& visit, const OnProblem& problem) {
        for (const auto& [uid, known] : index_.messages) {
            const std::uint32_t map_uid = u32_at(known.extension, 0);
            auto place = map_.messages.find(map_uid);
            if (place == map_.messages.end() || place->second.extension.size() < 12) {
                problem({looked_at_, uid, "the map does not say where this message (by its UID) is"});
                continue;
            }
            const std::uint32_t number = u32_at(place->second.extension, 0),
                                offset = u32_at(place->second.extension, 4);
            const fs::path path = root_ / "storage" / ("m." + std::to_string(number));
            const InFile* file = open_many(number, path, problem);
            if (!file) continue;
            auto message = message_at(*file, shape_, offset, attachments_, 0);
            if (!message) {
                problem({path.string(), offset, message.error()});
                continue;
            }
            put_flags(*message, uid, known);
            message->where = path.string() + ':' + std::to_string(offset);
            if (!visit(std::move(*message))) return;
        }
    }

    /// The one of the last call is kept open.
    const InFile* open_many(std::uint32_t number, const fs::path& path, const OnProblem& problem) {
        if (open_number_ == number) return open_ ? &*open_ : nullptr;
        open_number_ = number;
        open_.reset();
        auto file = InFile::open(path);
        auto head = file ? file->read(0, 1'000) : std::unexpected(file.error());
        auto shape = head ? parse_dbox_file_header(*head) : std::unexpected(head.error());
        if (!shape) {
            problem({path.string(), 0, shape.error()});
            return nullptr;
        }
        shape_ = *shape;
        open_.emplace(std::move(*file));
        return &*open_;
    }

    fs::path root_;
    Format format_;
    fs::path attachments_;
    DovecotIndex map_, index_;
    std::string looked_at_;
    std::optional<std::uint32_t> open_number_;
    std::optional<InFile> open_;
    DboxFileHeader shape_;
};

}  // namespace

std::uint32_t uid_of_sdbox_file(std::string_view name) {
    std::uint32_t uid = 0;
    if (!name.starts_with("u.")) return 0;
    auto [end, error] = std::from_chars(name.data() + 2, name.data() + name.size(), uid);
    return error == std::errc{} && end == name.data() + name.size() ? uid : 0;
}

std::unique_ptr<Source> dbox_source(const fs::path& path, Format format, const fs::path& attachments) {
    return std::make_unique<DboxSource>(path, format, attachments);
}

}  // namespace postrider::migration
