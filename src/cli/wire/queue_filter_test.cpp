#include "cli/wire/queue_filter.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

std::expected<std::vector<FilterTerm>, std::string> filter(std::string_view line) {
    return parse_filter(*parse_words(line));
}

FilterSubject mail() {
    FilterSubject subject;
    subject.size = 200 * 1024;
    subject.age = 13 * 3600;
    subject.retries = 3;
    subject.next_schedule = 1167759300;  // 2 Jan 2007 17:35
    subject.status = "held";
    subject.sender = "Ann@Example.org";
    subject.message = "Connection timed out";
    subject.recipients = {"bob@example.net", "carl@example.com"};
    return subject;
}

bool holds(std::string_view line) {
    auto terms = filter(line);
    EXPECT_TRUE(terms) << line << ": " << (terms ? "" : terms.error());
    return terms && matches(*terms, mail());
}

TEST(QueueFilter, EveryTermOfTheSpecification) {
    for (const char* yes :
         {"size>100K", "size<1M", "size=204800", "age>12h", "age<1d", "age=46800", "retries>2", "retries<4",
          "retries=3", "status=hel", "sender=example", "sender!=bob", "recipient=CARL", "recipient!=dora",
          "next_schedule>\"2 Jan 2007 17:34\"", "next_schedule< \"3 Jan 2007\"", "message=timed",
          "message!=refused"})
        EXPECT_TRUE(holds(yes)) << yes;
    for (const char* no : {"size>1M", "age>2d", "retries=2", "status=pending", "sender!=ann",
                           "recipient!=bob", "next_schedule=\"2 Jan 2007 17:34\""})
        EXPECT_FALSE(holds(no)) << no;
}

TEST(QueueFilter, AllTermsMustHold) {
    EXPECT_TRUE(holds("size>100K age>12h recipient=bob"));
    EXPECT_FALSE(holds("size>100K age>12h recipient=dora"));
}

TEST(QueueFilter, WhatIsNoTermIsNamed) {
    for (const char* wrong :
         {"colour=red", "size", "size>x", "size>-1", "size>1X", "age!=3", "status>a", "next_schedule>soon",
          "sender!x", "size>99999999999999999999", "size>9223372036854775807G", "(a b)"})
        EXPECT_FALSE(filter(wrong)) << wrong;
}

TEST(QueueFilter, DatesMayNameAZone) {
    EXPECT_EQ(*parse_date("Wed, 20 Jun 2018 02:15:34 +0300"), 1529450134);
    EXPECT_EQ(*parse_date("20 Jun 2018"), 1529452800);
}

}  // namespace
}  // namespace postrider::cli
