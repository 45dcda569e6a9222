#include "mime/binary.h"

#include <gtest/gtest.h>

#include "mime/section.h"

namespace postrider::mime {
namespace {

using namespace std::string_literals;

TEST(Binary, IsWhatLinesCannotCarry) {
    EXPECT_FALSE(needs_binary(""));
    EXPECT_FALSE(needs_binary("a\r\n\r\nb"));
    EXPECT_FALSE(needs_binary("\xff\xfe\r\n"));
    EXPECT_FALSE(needs_binary(std::string(998, 'x') + "\r\n"));
    for (const std::string& octets :
         {"a\0b"s, "a\nb"s, "a\rb"s, "a\r"s, "\n"s, "\r\n\r"s, std::string(999, 'x')})
        EXPECT_TRUE(needs_binary(octets)) << octets.size();
}

TEST(Binary, ALeafBecomesBase64AndReadsBackTheSame) {
    std::string content;
    for (int i = 0; i < 256; ++i) content += static_cast<char>(i);
    const std::string head = "Subject: x\r\nContent-Type: application/octet-stream\r\n";
    const std::string text =
        encode_binary(head + "content-transfer-encoding: BINARY\r\nX: y\r\n\r\n" + content);
    EXPECT_EQ(text.substr(0, text.find("\r\n\r\n")),
              head.substr(0, head.size()) + "Content-Transfer-Encoding: base64\r\nX: y");
    EXPECT_FALSE(needs_binary(text));
    EXPECT_EQ(read_binary(text, describe(text).parts, {1}).value(), content);
}

TEST(Binary, OnlyPartsThatNeedItChange) {
    const std::string message =
        "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
        "binary\r\n\r\npreamble\r\n--b\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\nplain enough\r\n--b\r\n"
        "Content-Type: image/png\r\nContent-Transfer-Encoding:\r\n binary\r\n\r\n\0\n\r\xff\r\n--b\r\n"
        "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: binary\r\n\r\n"
        "Content-Transfer-Encoding: binary\r\n\r\n\0\r\n--b--\r\nepilogue\r\n"s;
    const std::string text = encode_binary(message);
    EXPECT_EQ(text,
              "Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "
              "8bit\r\n\r\npreamble\r\n--b\r\n"
              "Content-Transfer-Encoding: binary\r\n\r\nplain enough\r\n--b\r\n"
              "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\nAAoN/w==\r\n--b\r\n"
              "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
              "Content-Transfer-Encoding: base64\r\n\r\nAA==\r\n--b--\r\nepilogue\r\n");
}

TEST(Binary, WhatNeedsNothingStaysAsItIs) {
    for (const std::string& message :
         {""s, "Subject: x\r\n\r\nbody\r\n"s, "Content-Transfer-Encoding: binary\r\n\r\nbody\r\n"s,
          "Subject: x\r\n\r\nNUL without the label: \0\r\n"s})
        EXPECT_EQ(encode_binary(message), message);
}

}  // namespace
}  // namespace postrider::mime
