#include "migration/dbox_place.h"

#include "migration/file.h"
#include "migration/out_file.h"

namespace postrider::migration {

namespace fs = std::filesystem;

DovecotIndex dovecot_index_at(const fs::path& base, std::string_view extension, const OnProblem& problem) {
    std::string index;
    if (fs::exists(base)) {
        auto text = read_whole(base, max_index_bytes);
        if (text)
            index = std::move(*text);
        else
            problem({base.string(), 0, text.error()});
    }
    std::vector<std::string> logs;
    for (const char* suffix : {".log.2", ".log"}) {
        const fs::path log = base.string() + suffix;
        if (!fs::exists(log)) continue;
        auto text = read_whole(log, max_index_bytes);
        if (text)
            logs.push_back(std::move(*text));
        else
            problem({log.string(), 0, text.error()});
    }
    return read_dovecot_index(index, logs, extension, base.string(), problem);
}

std::uint32_t u32_at(std::string_view data, std::size_t at) {
    if (data.size() < at + 4) return 0;
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(data[at + i]);
    return value;
}

std::expected<void, std::string> remove_dovecot_index(const fs::path& base) {
    std::error_code error;
    for (const char* suffix : {"", ".cache", ".backup", ".log.2"}) {
        fs::remove(base.string() + suffix, error);
        if (error) return std::unexpected(base.string() + suffix + ": " + error.message());
    }
    return {};
}

std::expected<void, std::string> put_dovecot_log(const fs::path& base, std::string_view log) {
    if (auto ok = remove_dovecot_index(base); !ok) return ok;
    return put_file(base.string() + ".log", log);
}

}  // namespace postrider::migration
