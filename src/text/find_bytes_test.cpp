#include "text/find_bytes.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "text/ascii.h"

namespace postrider::text {
namespace {

TEST(FindBytes, FindsWhatStringViewFinds) {
    std::mt19937 random{7};
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 200, 'a');
        for (char& c : text) c = static_cast<char>('a' + random() % 3);
        std::string key(1 + random() % 5, 'a');
        for (char& c : key) c = static_cast<char>('a' + random() % 3);
        const std::size_t from = random() % 210;
        EXPECT_EQ(find_bytes(text, key, from), text.find(key, from));
    }
}

TEST(Ascii, CasesAreTurnedAtEveryPlaceAndOfLettersAlone) {
    std::mt19937 random{11};
    for (int round = 0; round < 2000; ++round) {
        std::string text(random() % 40, ' ');
        for (char& c : text) c = static_cast<char>(random());
        std::string above = text, below = text;
        for (char& c : above) c = upper(c);
        for (char& c : below) c = lower(c);
        EXPECT_EQ(to_upper(text), above);
        EXPECT_EQ(to_lower(text), below);
    }
}

}  // namespace
}  // namespace postrider::text
