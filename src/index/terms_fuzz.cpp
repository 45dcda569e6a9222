#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "index/runs.h"
#include "text/find_bytes.h"
#include "text/fold.h"

/// A key, a zero, a text: the terms and junctions of the text never miss the key, and are right where they
/// are said to be. The runs make up the text again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    using namespace postrider::index;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const std::size_t zero = bytes.find('\0');
    if (zero == std::string_view::npos) return 0;
    const std::string key = text::fold_unicode(bytes.substr(0, zero));
    const std::string folded = text::fold_unicode(bytes.substr(zero + 1));

    std::string again;
    JunctionCollector collector;
    for (std::string_view rest = folded; !rest.empty();) {
        const Run run = take_run(rest);
        again += run.text;
        if (ends_word(run)) collector.add(folded, folded.size() - rest.size());
    }
    std::vector<std::uint64_t> filter;
    collector.finish(filter);
    if (filter.empty() || filter.size() > folded.size() + 1) std::abort();
    if (again != folded) std::abort();

    std::vector<std::string_view> terms;
    each_term(folded, [&](std::string_view term) {
        if (term.empty() || term.size() > 64) std::abort();
        terms.push_back(term);
    });
    const Needle needle = analyse(key);
    if (!needle.usable) return 0;
    bool candidate = true;
    for (const Piece& piece : needle.pieces) {
        bool found = false;
        for (std::string_view term : terms) found = found || piece.in(term);
        candidate = candidate && found;
    }
    for (const Junction one : needle.junctions) candidate = candidate && may_have(filter, one);
    const bool truth = folded.find(key) != std::string::npos;
    if (truth && !candidate) std::abort();
    if (needle.exact && truth != candidate) std::abort();
    if (text::find_bytes(folded, key) != folded.find(key)) std::abort();
    return 0;
}
