#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mime/lexer.h"

/// Address lists of header fields (RFC 5322 §3.4 with §4.4), as lenient as mail is.
namespace postrider::mime {

/// Walks an address list without building one: the words of one address at a time, as sent but for quotes,
/// escapes, comments and line ends. Any text gives some list; each step takes time linear in what it reads.
class AddressReader {
public:
    enum class Item { mailbox, group_begin, group_end, end };

    explicit AddressReader(std::string_view value) : in_{value} {}

    /// The next item; its words are in the members below until the next call.
    Item next();

    std::string
        name;  ///< display name or group name; the comment of "a@b (Name)"; encoded words stay encoded
    std::string route;  ///< obsolete source route "@a,@b", mostly ""
    std::string local;
    std::string domain;  ///< as sent; "" when there is none

private:
    void clear();
    void add_word(std::string_view word, bool blank_before);
    void angle_address();
    void domain_name();
    void split_local();

    Lexer in_;
    std::string word_;
    std::string comment_;
    std::size_t local_begin_ = 0;  ///< where in `name` the words begin that may be a local part
    bool in_group_ = false;
    bool group_ends_ = false;
};

/// One mailbox for people to read: everything in UTF-8.
struct Address {
    std::string name;  ///< encoded words decoded
    std::string local;
    std::string domain;
    std::string group;  ///< of the group that it stands in, decoded; "" when in none
};

/// At most `limit` mailboxes of a raw field value. Groups are flattened; an empty group gives nothing.
std::vector<Address> parse_address_list(std::string_view value, std::size_t limit = 10'000);

}  // namespace postrider::mime
