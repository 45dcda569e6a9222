#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailstore/types.h"

/// Mailboxes as other servers leave them on disk: what is found there, whatever its format.
namespace postrider::migration {

inline constexpr std::uint64_t max_message_bytes = 256u << 20;
inline constexpr std::uint64_t max_index_bytes = 256u << 20;   ///< of one file that lists messages
inline constexpr std::size_t max_found_folders = 20'000;       ///< of one account
inline constexpr std::size_t max_found_messages = 10'000'000;  ///< of one folder

/// What could not be read. It is skipped, and the rest goes on.
struct Problem {
    std::string file;
    std::uint64_t line = 0;  ///< of a text file, from 1; or the octet of a binary one; 0: all of it
    std::string what;
};
using OnProblem = std::function<void(Problem)>;

struct FoundMessage {
    std::string octets;      ///< CRLF line ends, without what only the format put there
    std::uint8_t flags = 0;  ///< mailstore::Flag
    std::vector<std::string> keywords;
    std::optional<std::int64_t> internal_date;  ///< seconds since 1970
    std::uint32_t uid = 0;                      ///< 0: not known
    std::string where;                          ///< file, for people
};

struct FoundFolder {
    std::string path;  ///< UTF-8, components separated by '/'; "INBOX"
    bool subscribed = false;
    std::uint32_t uid_validity = 0;  ///< 0: not known; after read() at the latest
    std::uint32_t uid_next = 0;      ///< 0: not known; after read() at the latest
    std::uint64_t messages = 0;      ///< an estimate, for progress
    std::string place;               ///< the source's own
};

/// One account's mail in one format. Reads only; not thread-safe.
class Source {
public:
    virtual ~Source() = default;
    /// INBOX first, then by path. The error is that nothing can be read at all.
    virtual std::expected<std::vector<FoundFolder>, std::string> folders(const OnProblem& problem) = 0;
    /// Sets uid_validity and uid_next as far as they are known without reading messages.
    virtual void look(FoundFolder& folder, const OnProblem& problem) = 0;
    /// Calls visit for each message, in ascending order of UIDs as far as these are known, the others behind.
    /// visit returns false to stop.
    virtual void read(FoundFolder& folder, const std::function<bool(FoundMessage&&)>& visit,
                      const OnProblem& problem) = 0;
};

enum class Format : std::uint8_t { maildir, mbox, sdbox, mdbox, cyrus };
std::string_view word(Format format);
std::optional<Format> format_of(std::string_view word);
/// What lies there, as far as that can be told.
std::optional<Format> detect(const std::filesystem::path& path);

/// How lines that begin with "From " were guarded (mbox only).
enum class Quoting : std::uint8_t {
    rd,    ///< ">From " for "From ", ">>From " for ">From ": one '>' is taken away
    o,     ///< ">From " for "From " alone
    none,  ///< not at all: Content-Length tells where a message ends
};

struct SourceOptions {
    Quoting quoting = Quoting::rd;
    std::filesystem::path attachments{};   ///< Dovecot's mail_attachment_dir; "" for none
    std::filesystem::path cyrus_config{};  ///< Cyrus's configdirectory, for subscriptions; "" for none
    std::string
        user{};  ///< address of whose mail is wanted where that of all lies together (Cyrus since 3.6)
};
std::unique_ptr<Source> open_source(Format format, const std::filesystem::path& path,
                                    const SourceOptions& options = {});

}  // namespace postrider::migration
