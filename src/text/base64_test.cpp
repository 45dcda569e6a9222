#include "text/base64.h"

#include <gtest/gtest.h>

using namespace postrider::text;

TEST(Base64, EncodesTheVectorsOfRfc4648) {
    const std::pair<const char*, const char*> cases[] = {{"", ""},
                                                         {"f", "Zg=="},
                                                         {"fo", "Zm8="},
                                                         {"foo", "Zm9v"},
                                                         {"foob", "Zm9vYg=="},
                                                         {"fooba", "Zm9vYmE="},
                                                         {"foobar", "Zm9vYmFy"}};
    for (auto [plain, coded] : cases) {
        EXPECT_EQ(encode_base64(plain), coded);
        EXPECT_EQ(decode_base64(coded), plain);
        EXPECT_EQ(decode_base64_lenient(coded), plain);
        EXPECT_EQ(decode_base64url(encode_base64url(plain)), plain);
    }
}

TEST(Base64, StrictDecodingRefusesWhatIsNotExact) {
    for (const char* text :
         {"Z", "Zg", "Zg=", "Zg===", "Zh==", "Zm9=", "Zm 9v", "Zm9v\r\n", "=Zm9", "Zm-v", "===="})
        EXPECT_EQ(decode_base64(text), std::nullopt) << text;
}

TEST(Base64, UrlAlphabetNeedsNoPadding) {
    EXPECT_EQ(encode_base64url("\xfb\xff"), "-_8");
    EXPECT_EQ(decode_base64url("-_8"), "\xfb\xff");
    EXPECT_EQ(decode_base64url("-_8="), "\xfb\xff");
    EXPECT_EQ(decode_base64url("+/8="), std::nullopt);
}

TEST(Base64, LinesAre76CharactersLong) {
    std::string bytes(100, 'x');
    std::string lines = encode_base64_lines(bytes);
    EXPECT_EQ(lines.find("\r\n"), 76u);
    EXPECT_TRUE(lines.ends_with("\r\n"));
    EXPECT_EQ(decode_base64_lenient(lines), bytes);
    EXPECT_EQ(encode_base64_lines(""), "");
    EXPECT_EQ(encode_base64_lines(std::string(57, 'x')).size(), 78u);
}

TEST(Base64, LenientDecodingSkipsRubbishAndGoesOnAfterPadding) {
    EXPECT_EQ(decode_base64_lenient("Z m*9\r\nv"), "foo");
    EXPECT_EQ(decode_base64_lenient("Zg==Zm9v"), "ffoo");
    EXPECT_EQ(decode_base64_lenient("Zm9vYg"), "foob");
    EXPECT_EQ(decode_base64_lenient("Zm9vY"), "foo");
    EXPECT_EQ(decode_base64_lenient("===="), "");
}

TEST(Base64, LenientDecodingKeepsItsLimit) {
    std::string text = encode_base64_lines(std::string(1000, 'y'));
    for (std::size_t limit : {0u, 1u, 2u, 3u, 56u, 57u, 58u, 999u, 1000u, 2000u}) {
        std::string out = "before";
        decode_base64_lenient(text, out, limit);
        EXPECT_EQ(out, "before" + std::string(std::min<std::size_t>(limit, 1000), 'y')) << limit;
    }
}
