#include "mailauth/arc.h"
#include "mailauth/fuzz_dns.h"
#include "mailauth/test_mail.h"

using namespace postrider::mailauth;

/// The DNS up to an empty line, then a message. What we seal on top of it either is a chain that passes, if
/// it passed or there was none, or one that does not.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const Crypto crypto;
    static const auto key = read_private_key(ed25519_seed).value();
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    const std::size_t empty = std::min(text.find("\n\n"), text.size());
    const std::string lines{text.substr(0, empty)};
    const std::string message{text.substr(std::min(empty + 2, text.size()))};
    const ArcResult before = settle<ArcResult>(
        lines, [&](const Answers& answers) { return verify_arc(message, crypto, answers); });
    require(before.sets <= 50 && (before.outcome == ArcOutcome::fail) == !before.problem.empty());
    if (before.outcome == ArcOutcome::pass) return 0;
    const std::string set = seal_arc(message, before, "mx.example; none",
                                     {.domain = "example.org", .selector = "e", .key = key, .fields = {}},
                                     postrider::Time{}, crypto);
    if (set.empty()) return 0;
    const ArcResult after = settle<ArcResult>(std::string{ed25519_public}, [&](const Answers& answers) {
        return verify_arc(set + message, crypto, answers);
    });
    require(after.outcome == (before.outcome == ArcOutcome::none ? ArcOutcome::pass : ArcOutcome::fail));
    return 0;
}
