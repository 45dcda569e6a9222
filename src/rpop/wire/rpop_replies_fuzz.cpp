#include <cstdint>
#include <cstdlib>

#include "rpop/wire/imap_reply.h"
#include "rpop/wire/multiline.h"
#include "rpop/wire/pop3_reply.h"

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}
bool inside(std::string_view part, std::string_view whole) {
    return part.empty()
           || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace

/// What a hostile server may send to the retriever: lines of POP3 and IMAP, and a multi-line answer, which
/// must come out the same whole and one octet at a time.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::rpop;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    if (auto status = parse_status(text)) require(inside(status->text, text));
    require(inside(apop_stamp(text), text));
    require(parse_sizes(text, 10).size() <= 10);
    for (const Listed& one : parse_uids(text, 10)) require(!one.uid.empty() && one.uid.size() <= 255);
    require(quoted_for_people(text).size() <= 200);
    if (auto reply = parse_imap(text)) {
        for (std::string_view part : {reply->tag, reply->word, reply->code, reply->text})
            require(inside(part, text));
    }
    if (auto fetched = parse_fetch(text)) require(!fetched->literal || *fetched->literal < size);
    auto numbers = parse_search(text, 10);
    for (std::size_t i = 1; i < numbers.size(); ++i) require(numbers[i - 1] < numbers[i]);
    literal_at_end(text);
    if (auto quoted = quote(text)) require(quoted->size() >= size + 2);

    Multiline whole{1000}, pieces{1000};
    std::size_t taken = whole.take(text), at = 0;
    while (at < size && !pieces.done() && !pieces.too_large()) at += pieces.take(text.substr(at, 1));
    require(whole.done() == pieces.done() && whole.too_large() == pieces.too_large());
    if (whole.too_large()) return 0;
    require(taken == at && whole.text() == pieces.text() && whole.text().size() <= 1000);
    for (std::size_t i = 0; i < whole.text().size(); ++i)
        if (whole.text()[i] == '\n') require(i > 0 && whole.text()[i - 1] == '\r');
    return 0;
}
