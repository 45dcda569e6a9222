#include "mime/header.h"

#include <gtest/gtest.h>

using namespace postrider::mime;

TEST(Header, FieldsComeWithNameValueAndBytes) {
    HeaderReader reader{"From: a@b\r\nSubject : long\r\n\ttext\r\nno field\r\nX:\r\n\r\nbody: x\r\n"};
    Field field;
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.name, "From");
    EXPECT_EQ(field.value, " a@b");
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.name, "Subject");
    EXPECT_EQ(unfold(field.value), "long\ttext");
    EXPECT_EQ(field.bytes, "Subject : long\r\n\ttext\r\n");
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.name, "");
    EXPECT_EQ(field.bytes, "no field\r\n");
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.name, "X");
    EXPECT_EQ(field.value, "");
    EXPECT_FALSE(reader.next(field));
}

TEST(Header, BareLfIsEndured) {
    EXPECT_EQ(find_field("A: 1\nB: 2\n 3\n\nC: 4\n", "b"), " 2\n 3");
    EXPECT_EQ(find_field("A: 1\nB: 2\n\nC: 4\n", "c"), std::nullopt);
    EXPECT_EQ(header_size("A: 1\n\nx"), 6u);
}

TEST(Header, EndsWithTheEmptyLineOrTheText) {
    EXPECT_EQ(header_size("A: 1\r\n\r\nbody"), 8u);
    EXPECT_EQ(header_size("\r\nbody"), 2u);
    EXPECT_EQ(header_size("A: 1\r\n"), 6u);
    EXPECT_EQ(header_size(""), 0u);
}

TEST(Header, AnMboxLineIsNoField) {
    HeaderReader reader{"From user@example.org Fri Feb 22 17:06:23 2008\r\nTo: x\r\n"};
    Field field;
    ASSERT_TRUE(reader.next(field));
    EXPECT_EQ(field.name, "");
}

TEST(Header, AllFieldsOfANameAreFoundInOrder) {
    EXPECT_EQ(find_fields("R: 1\r\nr: 2\r\nX: y\r\nR: 3\r\n", "R"),
              (std::vector<std::string_view>{" 1", " 2", " 3"}));
    EXPECT_EQ(find_fields("R: 1\r\nr: 2\r\n", "R", 1).size(), 1u);
}
