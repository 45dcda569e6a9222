#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// Writing a `dovecot.index.log` that says all there is to say of a folder. Dovecot makes its index from it,
/// as it does of new folders. Pure.
namespace postrider::migration {

class DovecotLog {
public:
    /// @param made  seconds since 1970; also the log's identity
    explicit DovecotLog(std::uint32_t made);

    /// Offsets in the index's header.
    static constexpr std::uint16_t uid_validity_at = 24, next_uid_at = 28, log_tail_at = 64;
    void header(std::uint16_t offset, std::uint32_t value);

    /// What an extension is; records() are of the one that was named last.
    struct Extension {
        std::string_view name;
        std::string_view header;
        std::uint16_t record_size = 0, record_align = 0;
        std::uint16_t flags = 0;
    };
    void extension(const Extension& what);
    /// UIDs, ascending, with what the extension keeps of each.
    void records(std::span<const std::pair<std::uint32_t, std::string>> all);

    /// UIDs, ascending, with flags as mailstore::Flag. Before next_uid_at is set.
    void append(std::span<const std::pair<std::uint32_t, std::uint8_t>> messages);
    void keyword(std::string_view name, std::span<const std::uint32_t> uids);

    /// Says that nothing is to be done any more for what stands here.
    void settle();
    const std::string& text() const { return text_; }

private:
    void record(std::uint32_t type, std::string data);
    std::string text_;
};

}  // namespace postrider::migration
