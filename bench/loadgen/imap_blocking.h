#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::bench {

/// A plain blocking IMAP connection for what is not measured (filling, counting) and for single large
/// answers. Throws std::runtime_error with the server's words when a command fails.
class BlockingImap {
public:
    /// @param password  as it shall stand in LOGIN: an atom or a quoted string
    BlockingImap(std::uint16_t port, const std::string& user, const std::string& password);
    ~BlockingImap();
    BlockingImap(BlockingImap&& other) noexcept;
    BlockingImap(const BlockingImap&) = delete;
    BlockingImap& operator=(const BlockingImap&) = delete;

    /// Runs one command; returns the untagged lines. For answers of moderate size without literals.
    std::vector<std::string> command(std::string_view words);
    /// As command(), but a NO is fine (the folder exists already).
    bool try_command(std::string_view words);

    std::uint64_t messages(std::string_view folder);

    /// Appends messages, many in one command where the server has MULTIAPPEND (RFC 3502).
    void append(std::string_view folder, const std::vector<std::string>& messages);

    struct Bulk {
        double seconds = 0;
        std::uint64_t octets = 0;
        std::uint64_t lines = 0;
    };
    /// Runs a command and only counts the answer's octets and lines until its tagged OK.
    Bulk bulk(std::string_view words);

private:
    std::string tag();
    void write_all(std::string_view octets);
    std::string read_line();
    /// Reads to the tagged reply; true for OK.
    bool finish(const std::string& tag, std::vector<std::string>& untagged, std::string& last);
    void wait_for_plus();

    int fd_ = -1;
    std::uint64_t tags_ = 0;
    bool literal_plus_ = false;
    bool multi_append_ = false;
    std::string buffer_;
    std::size_t begin_ = 0;
};

}  // namespace postrider::bench
