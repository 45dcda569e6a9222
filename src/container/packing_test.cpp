#include "container/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "container/compress.h"
#include "container/mail_for_tests.h"

namespace postrider::container {
namespace {

void comes_back(const std::string& payload, bool expect_packed) {
    const auto packed = pack(payload);
    EXPECT_EQ(packed.has_value(), expect_packed);
    if (packed) {
        EXPECT_LT(packed->size(), payload.size());
        EXPECT_EQ(unpack(*packed, payload.size()), payload);
    }
}

TEST(Packing, AnAttachmentTakesThreeQuarters) {
    const std::string message = mail(200'000, 1, true);
    const auto packed = pack(message);
    ASSERT_TRUE(packed);
    EXPECT_LT(packed->size(), message.size() * 74 / 100);
    EXPECT_EQ(unpack(*packed, message.size()), message);
}

TEST(Packing, EveryLengthOfLineAndTailComesBack) {
    for (std::size_t line : {40U, 60U, 64U, 72U, 76U, 1000U})
        for (std::size_t size = 3000; size < 3120; ++size) {
            const std::string lines = base64(random_bytes(size, static_cast<unsigned>(size)), line);
            comes_back("head\r\n\r\n" + lines + "\r\ntail\r\n", true);
            comes_back(lines, true);
        }
}

TEST(Packing, SeveralRunsInOneMessageComeBack) {
    std::string message = "a\r\n";
    for (unsigned i = 0; i < 20; ++i)
        message += base64(random_bytes(2000 + i, i)) + "\r\n--b\r\n" + random_text(100, i) + "\r\n\r\n";
    comes_back(message, true);
}

TEST(Packing, WhatIsNotCanonicalStaysAsItIs) {
    const std::string lines = base64(random_bytes(3001, 1));
    std::string changed = lines;
    changed[lines.size() - 3] = 'Z';  // bits behind the last byte that are not zero
    comes_back(changed, true);        // all but the last line is
    comes_back(random_text(10'000, 1), false);
    comes_back(random_bytes(10'000, 1), false);
    comes_back("", false);
    std::string lf;
    for (char c : lines)
        if (c != '\r') lf += c;
    comes_back(lf, false);
    std::string holes = lines;
    for (std::size_t i = 50; i < holes.size(); i += 300) holes[i] = '-';
    comes_back(holes, false);
    comes_back(base64(random_bytes(100, 1)) + "\r\n" + random_text(5000, 1),
               false);  // too short to be worth it
}

TEST(Packing, RandomEditsComeBack) {
    std::mt19937 random{5};
    for (int round = 0; round < 500; ++round) {
        std::string message = mail(8000, static_cast<unsigned>(round), true);
        for (unsigned edits = random() % 6; edits > 0; --edits) {
            static constexpr std::string_view signs = "A=\r\n+ ";
            message[random() % message.size()] = signs[random() % signs.size()];
        }
        if (const auto packed = pack(message)) {
            ASSERT_EQ(unpack(*packed, message.size()), message);
        }
    }
}

TEST(Packing, TheStartOfAPackedFormGivesTheStartOfTheMessage) {
    const std::string message = mail(50'000, 3, true);
    const auto packed = pack(message);
    ASSERT_TRUE(packed);
    for (std::size_t size = 0; size < packed->size(); size += 997) {
        const auto head = unpack(packed->substr(0, size), message.size());
        ASSERT_TRUE(head);
        ASSERT_EQ(*head, message.substr(0, head->size()));
        EXPECT_GE(head->size() + 100, size);
    }
    EXPECT_EQ(unpack(*packed, 1000), message.substr(0, 1000));
}

TEST(Compression, TakesTheCodecThatPays) {
    std::string out;
    EXPECT_EQ(compress(out, mail(4000, 1), Codec::packed), Codec::zstd);
    EXPECT_EQ(compress(out, mail(40'000, 1, true), Codec::packed), Codec::packed);
    EXPECT_EQ(compress(out, mail(40'000, 1, true), Codec::zstd), Codec::zstd);
    EXPECT_EQ(compress(out, random_bytes(4000, 1), Codec::packed), Codec::raw);
    EXPECT_EQ(compress(out, random_bytes(1'000'000, 1), Codec::packed), Codec::raw);
    EXPECT_EQ(compress(out, mail(4000, 1), Codec::raw), Codec::raw);
    EXPECT_EQ(compress(out, "", Codec::packed), Codec::raw);
}

TEST(Compression, DamageIsNoticedNotSuffered) {
    const std::string message = mail(40'000, 1, true);
    std::string stored;
    const Codec codec = compress(stored, message, Codec::packed);
    EXPECT_EQ(decompress(stored, codec, static_cast<std::uint32_t>(message.size())), message);
    EXPECT_FALSE(decompress(stored, codec, 100));
    EXPECT_FALSE(decompress(stored, codec, static_cast<std::uint32_t>(message.size() + 1)));
    EXPECT_FALSE(decompress(stored.substr(0, 100), codec, static_cast<std::uint32_t>(message.size())));
    EXPECT_FALSE(decompress("x", Codec::raw, 2));
}

}  // namespace
}  // namespace postrider::container
