#include "mailauth/canonical.h"
#include "mailauth/dkim.h"
#include "mailauth/domainkeys.h"
#include "mailauth/fuzz_dns.h"
#include "mailauth/key_record.h"
#include "mailauth/message_authentication.h"
#include "mailauth/signature.h"
#include "mailauth/tag_list.h"
#include "text/ascii.h"

using namespace postrider::mailauth;

namespace {

/// Relaxed form, octet by octet, as RFC 6376 §3.4.4 tells it.
std::string plain_relaxed(std::string_view body) {
    std::string out, line;
    std::string_view rest = body;
    while (!rest.empty()) {
        const std::size_t end = rest.find("\r\n");
        std::string_view content = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
        line.clear();
        for (char c : content) {
            if (!postrider::text::is_blank(c))
                line += c;
            else if (!line.ends_with(' '))
                line += ' ';
        }
        if (line.ends_with(' ')) line.pop_back();
        out += line + "\r\n";
    }
    while (out.ends_with("\r\n\r\n")) out.resize(out.size() - 2);
    return out == "\r\n" ? "" : out;
}

}  // namespace

/// The DNS up to an empty line, then a message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Crypto crypto;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t empty = std::min(text.find("\n\n"), text.size());
    const std::string_view lines = text.substr(0, empty);
    const std::string_view message = text.substr(std::min(empty + 2, text.size()));
    if (auto record = parse_key_record(lines)) require(record->octets.size() <= lines.size());
    if (auto tags = TagList::parse(lines)) require(tags->size() <= TagList::max_tags);

    DkimRules rules;
    rules.historic = size % 2 == 1;
    MessageInput input;
    input.client = "192.0.2.1";
    input.helo = "helo.example";
    input.reverse_path = "a@example.com";
    input.host = "mx.example";
    input.message = message;
    input.rules = rules;
    input.checks.domainkeys = input.checks.bimi = true;
    const auto result = settle<MessageAuthentication>(
        lines, [&](const Answers& answers) { return check_message(input, crypto, answers); });
    require(result.dkim.size() <= rules.max_signatures);
    for (const DkimVerdict& one : result.dkim)
        require((one.outcome == DkimOutcome::pass) == one.problem.empty());
    const std::string added = headers(result);
    for (std::size_t at = 0; at + 1 < added.size(); ++at)
        if (added[at] == '\n')
            require(added[at + 1] == '\t' || (added[at + 1] >= 'A' && added[at + 1] <= 'Z'));
    require(forged_fields(without_forged_fields(std::string{message}, "mx.example"), "mx.example").empty());

    BodyHashes hashes;
    const std::size_t relaxed = hashes.want(Canon::relaxed, Hash::sha256);
    hashes.run(message, crypto);
    require(hashes.digest(relaxed) == crypto.digest(Hash::sha256, plain_relaxed(message)));
    return 0;
}
