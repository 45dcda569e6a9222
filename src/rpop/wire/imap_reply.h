#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What an IMAP server says (RFC 3501 §7, RFC 9051 §7), read by a client that fetches. Pure.
namespace postrider::rpop {

/// One response. Its literals stand apart: the text still has their "{n}".
struct ImapReply {
    enum class Kind { untagged, tagged, continuation } kind = Kind::untagged;
    std::string_view tag;      ///< of a tagged one
    std::uint32_t number = 0;  ///< "* 12 EXISTS": 12
    std::string_view word;     ///< OK, NO, BAD, BYE, PREAUTH, EXISTS, FETCH, SEARCH, CAPABILITY ...
    std::string_view code;     ///< of OK and so on: what stands in [ ]; "UIDVALIDITY 12"
    std::string_view text;     ///< the rest
};
std::optional<ImapReply> parse_imap(std::string_view line);

/// The size of a literal that follows the line ("{12}", "{12+}" and "~{12}" at its end); nullopt: none does.
std::optional<std::uint64_t> literal_at_end(std::string_view line);

struct Fetched {
    std::uint32_t uid = 0;
    std::optional<std::uint64_t> size;   ///< RFC822.SIZE
    std::optional<std::size_t> literal;  ///< which literal is BODY[]
    std::optional<std::string> quoted;   ///< BODY[] as a quoted string, which short ones may be
};
/// What follows "* n FETCH ". Items that nobody asked for are passed over.
std::optional<Fetched> parse_fetch(std::string_view text);

/// Numbers of "* SEARCH", ascending, without doubles, at most `limit`.
std::vector<std::uint32_t> parse_search(std::string_view text, std::size_t limit);

/// "UIDVALIDITY 12": 12; nullopt when the code is another one.
std::optional<std::uint32_t> code_number(std::string_view code, std::string_view name);

bool has_word(std::string_view words, std::string_view word);  ///< among words with blanks between them

/// As a quoted string; nullopt when it has octets that only a literal may hold.
std::optional<std::string> quote(std::string_view text);

}  // namespace postrider::rpop
