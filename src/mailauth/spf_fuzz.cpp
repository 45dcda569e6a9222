#include "mailauth/fuzz_dns.h"
#include "mailauth/spf.h"
#include "mailauth/spf_record.h"

using namespace postrider::mailauth;

/// Three lines: client, helo, sender; then the DNS.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view rest{reinterpret_cast<const char*>(data), size};
    auto line = [&] {
        const std::string_view one = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(one.size() + 1, rest.size()));
        return std::string{one};
    };
    SpfRequest request;
    request.client = line();
    request.helo = line();
    request.sender = line();
    request.host = "mx.example";
    const SpfResult result =
        settle<SpfResult>(rest, [&](const Answers& answers) { return check_spf(request, answers); });
    for (char c : result.explanation) require(c >= ' ' && c <= '~');
    require(result.explanation.empty() || result.outcome == SpfOutcome::fail);
    require(result.outcome == SpfOutcome::none || !result.domain.empty());
    const std::string field = received_spf(result, request);  // one field, whatever was said
    for (std::size_t at = 0; at + 2 < field.size(); ++at)
        if (field[at] == '\n') require(field[at + 1] == '\t');
    require(field.ends_with("\r\n"));
    if (is_spf_record(rest)) {
        if (auto record = parse_spf(rest))
            for (const SpfTerm& term : record->terms)
                require(term.text.data() >= rest.data()
                        && term.text.data() + term.text.size() <= rest.data() + rest.size());
    }
    return 0;
}
