#include <cstdlib>
#include <set>

#include "filter/spam/count_table.h"
#include "filter/spam/signs.h"

/// Words are short and not empty, features bounded and each once, and what is learned can be unlearned to
/// nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    std::string scratch;
    filter::each_word(text, scratch, [](std::string_view word) {
        if (word.empty() || word.size() > 34) std::abort();
    });
    const auto parts = mime::describe(text).parts;
    const filter::Features features = filter::features_of(text, parts);
    if (features.size() > filter::FeatureLimits{}.max_features) std::abort();
    if (std::set<std::uint64_t>(features.begin(), features.end()).size() != features.size()) std::abort();
    filter::CountTable table{1 << 14};
    table.learn(features, filter::MailClass::spam);
    table.unlearn(features, filter::MailClass::spam);
    if (features.size() < 200 && table.used() != 0) std::abort();
    for (const filter::Sign& sign : filter::signs_of(text, parts, Time{}, {}))
        if (sign.name.empty() || sign.weight == 0) std::abort();
    return 0;
}
