#include "imap/session/object_id.h"

#include <charconv>

namespace postrider::imap {
namespace {

void put_hex(std::string& out, std::uint64_t value) {
    char digits[16];
    auto end = std::to_chars(digits, digits + sizeof digits, value, 16).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

}  // namespace

void put_mailbox_id(std::string& out, AccountId account, const mailstore::FolderInfo& folder) {
    out += 'F';
    put_hex(out, account.value());
    out += '-';
    put_hex(out, folder.uid_validity);
}

void put_email_id(std::string& out, std::uint64_t email_id) {
    out += 'M';
    put_hex(out, email_id);
}

void put_thread_id(std::string& out, std::uint64_t thread_key) {
    if (thread_key == 0) {
        out += "NIL";
        return;
    }
    out += "(T";
    put_hex(out, thread_key);
    out += ')';
}

std::uint64_t read_object_id(std::string_view id, char letter) {
    if (id.size() < 2 || id.front() != letter || id[1] == '0') return 0;
    std::uint64_t value = 0;
    const char* end = id.data() + id.size();
    auto read = std::from_chars(id.data() + 1, end, value, 16);
    for (char c : id.substr(1))
        if (c >= 'A' && c <= 'F') return 0;  // ids are told apart by case
    return read.ec == std::errc{} && read.ptr == end ? value : 0;
}

}  // namespace postrider::imap
