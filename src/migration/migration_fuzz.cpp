#include <cstdint>
#include <cstdlib>
#include <string>

#include "migration/cyrus_index.h"
#include "migration/cyrus_subscriptions.h"
#include "migration/dbox_file.h"
#include "migration/decompress.h"
#include "migration/dovecot_index.h"
#include "migration/file.h"
#include "migration/maildir_files.h"
#include "migration/mbox_message.h"
#include "migration/out_file.h"

using namespace postrider;
using namespace postrider::migration;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void mbox(std::string_view data) {
    // In pieces of any size the file falls into the same messages, and all of it is in some message.
    std::size_t whole_at = 0, scanned = 0;
    while (whole_at < data.size()) {
        scanned = 0;
        const std::string_view rest = data.substr(whole_at);
        auto end = mbox_message_end(rest, true, scanned);
        require(end && *end > 0 && *end <= rest.size());
        const MboxMessage parsed = parse_mbox_message(rest.substr(0, *end), Quoting::rd);
        const std::string& octets = parsed.message.octets;
        if (!octets.empty()) {
            // What is written is read back with its flags and UID.
            const FoundMessage& found = parsed.message;
            const std::string text = mbox_text(octets, found.flags, {}, 1'700'000'000, found.uid, "");
            scanned = 0;
            auto again_end = mbox_message_end(text, true, scanned);
            require(again_end == text.size());
            const MboxMessage again = parse_mbox_message(text, Quoting::rd);
            require(again.message.flags == found.flags && again.message.uid == found.uid);
            require(again.message.internal_date == 1'700'000'000);
        }
        whole_at += *end;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
    std::size_t problems = 0;
    const OnProblem problem = [&](const Problem&) { ++problems; };
    switch (data[0] % 10) {
        case 0: mbox(text); break;
        case 1: {
            const UidList list = parse_uidlist(text, "f", problem);
            for (const auto& [name, uid] : list.uids)
                require(uid != 0 && uid < list.uid_next + (uid == 0xffffffff));
            (void)parse_keywords(text, "f", problem);
            for (const std::string& name : parse_subscriptions(text, '.'))
                require(name.size() <= 4 * text.size() + 4);
            break;
        }
        case 2: {
            const MaildirName name = parse_maildir_name(text);
            const std::string again =
                std::string{name.base} + maildir_suffix(name.flags, name.passed, name.letters);
            const MaildirName same = parse_maildir_name(again);
            require(same.flags == name.flags && same.letters == name.letters && same.passed == name.passed);
            break;
        }
        case 3: {
            const std::size_t half = text.size() / 2;
            const DovecotIndex index = read_dovecot_index(
                text.substr(0, half), {std::string{text.substr(half)}}, "mdbox", "f", problem);
            for (const auto& [uid, message] : index.messages) {
                require(uid != 0 && (uid < index.uid_next || uid == 0xffffffff));
                require(message.keywords.size() <= index.keywords.size());
            }
            break;
        }
        case 4: {
            const DovecotIndex index = read_dovecot_index("", {std::string{text}}, "map", "f", problem);
            for (const auto& [uid, message] : index.messages)
                require(message.keywords.size() <= index.keywords.size());
            break;
        }
        case 5:
            if (auto header = parse_dbox_file_header(text)) require(header->size <= text.size());
            (void)parse_dbox_message_header(text);
            (void)parse_dbox_metadata(text);
            break;
        case 6:
            if (auto index = parse_cyrus_index(text))
                for (const auto& [uid, message] : index->messages)
                    require(uid < index->uid_next || uid == 0xffffffff);
            require(parse_cyrus_header(text).flags.size() <= 128);
            if (auto paths = parse_cyrus_subscriptions(text, "a"))
                for (const std::string& path : *paths) require(path.size() <= 4 * text.size() + 8);
            break;
        case 7: {
            const std::string crlf = with_crlf(std::string{text});
            require(with_crlf(crlf) == crlf);
            require(with_crlf(with_lf(crlf)) == crlf);
            break;
        }
        case 8: {
            constexpr std::size_t limit = 1u << 20;
            auto plain = decompressed(std::string{text}, limit);
            require(!plain || plain->size() <= limit || *plain == text);
            break;
        }
        case 9:
            if (auto parts = parse_external_parts(text))
                for (const ExternalPart& part : *parts) {
                    require(!part.path.empty() && part.path[0] != '/');
                    require(part.base64_line == 0 || part.base64_line % 4 == 0);
                    (void)encoded_part(part, std::string{text.substr(0, 100)});
                }
            break;
    }
    return 0;
}
