#include "mailstore/folded_texts.h"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace postrider::mailstore {
namespace {

TEST(FoldedTexts, KeepEachTextOnceFindPiecesAndKnowTheOrder) {
    std::mt19937 random{20261120};
    FoldedTexts texts;
    std::map<std::string, FoldedTexts::Id> model{{"", FoldedTexts::empty}};
    auto any = [&](std::size_t most) {
        std::string text(random() % (most + 1), ' ');
        for (char& c : text) c = random() % 20 ? static_cast<char>('A' + random() % 3) : '\xc3';
        return text;
    };
    for (int step = 0; step < 60; ++step) {
        for (int i = 0; i < 30; ++i) {
            std::string text = any(random() % 4 ? 6 : 40);
            if (random() % 30 == 0) text += '\0' + any(3);
            const FoldedTexts::Id id = texts.add(text);
            const auto [at, fresh] = model.try_emplace(text, id);
            ASSERT_EQ(at->second, id);
            ASSERT_EQ(texts.at(id), text);
        }
        ASSERT_EQ(texts.size(), model.size());
        const std::string piece = any(3) + 'B';
        const auto found = texts.containing(piece);
        for (const auto& [text, id] : model)
            ASSERT_EQ(found[id], text.find(piece) != std::string::npos) << piece << " in " << text;
        if (random() % 3) continue;
        texts.rank();
        std::uint32_t rank = 0;
        for (const auto& [text, id] : model) ASSERT_EQ(texts.rank_of(id), rank++) << text;
    }
    EXPECT_EQ(texts.rank_of(texts.add("something new")), UINT32_MAX) << "not before rank()";
    EXPECT_GT(texts.memory(), model.size() * 12);
}

}  // namespace
}  // namespace postrider::mailstore
