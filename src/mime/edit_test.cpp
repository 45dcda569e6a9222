#include "mime/edit.h"

#include <gtest/gtest.h>

#include "mime/encoded_word.h"
#include "mime/header.h"

using namespace postrider::mime;

namespace {

const DateTime when{880127706, -360};

bool one_field(std::string_view line, std::string_view name) {
    HeaderReader reader{line};
    Field field;
    return reader.next(field) && field.name == name && field.bytes.size() == line.size()
           && line.ends_with("\r\n");
}

Repair repair_with(AddrSpec sender) {
    return {when, "abc.1", "mail.example.org", std::move(sender)};
}

}  // namespace

TEST(Received, IsAsRfc5321Section44Shows) {
    Trace trace{"client.example", "host.example", "192.0.2.1",  "mail.example.org", "ESMTPS",
                "2C2605",         "TLSv1.3 (x)",  std::nullopt, "bob@example.org",  when};
    std::string line = received_line(trace);
    EXPECT_TRUE(one_field(line, "Received")) << line;
    EXPECT_EQ(unfold(line),
              "Received: from client.example (host.example [192.0.2.1]) (using TLSv1.3 \\(x\\))"
              "\tby mail.example.org with ESMTPS id 2C2605 for <bob@example.org>;\tFri, 21 Nov 1997 09:55:06 "
              "-0600");
}

TEST(Received, TakesNothingFromOutsideUnchecked) {
    Trace trace{"evil\r\nSubject: x (", "", "2001:db8::1", "mail.example.org", "SMTP", "", "",
                std::nullopt,           "", when};
    std::string line = received_line(trace);
    EXPECT_TRUE(one_field(line, "Received")) << line;
    EXPECT_NE(line.find("from evilSubject:_x__ ([IPv6:2001:db8::1])"), line.npos) << line;
}

TEST(ReturnPath, HoldsTheAddressOrNothing) {
    EXPECT_EQ(return_path_line(*parse_addr_spec("a@x.test")), "Return-Path: <a@x.test>\r\n");
    EXPECT_EQ(return_path_line({}), "Return-Path: <>\r\n");
}

TEST(HeaderLine, FoldsAndEncodes) {
    EXPECT_EQ(header_line("Subject", "hello world"), "Subject: hello world\r\n");
    std::string text;
    for (int i = 0; i < 50; ++i) text += "word ";
    std::string line = header_line("Subject", text);
    EXPECT_TRUE(one_field(line, "Subject"));
    EXPECT_LE(line.find("\r\n"), 78u);
    line = header_line("Sub:ject", "caf\u00e9\r\nX: y");
    EXPECT_TRUE(one_field(line, "Subject"));
    EXPECT_EQ(decode_encoded_words(unfold(*find_field(line, "Subject"))), "caf\u00e9  X: y");
    EXPECT_TRUE(one_field(header_line("X", std::string(5000, 'x')), "X"));
}

TEST(Repair, AddsWhatASubmissionLacks) {
    AddrSpec alice{"alice", "example.org"};
    EXPECT_EQ(repair("Subject: x\r\n\r\nbody", repair_with(alice)),
              "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\nFrom: <alice@example.org>\r\nMessage-ID: "
              "<abc.1@mail.example.org>\r\n");
    EXPECT_EQ(repair("Date: x\r\nfrom: a@b\r\nMessage-Id: <x@y>\r\n\r\n", repair_with(alice)), "");
    EXPECT_EQ(repair("Date: x\r\nMessage-Id: <x@y>\r\n\r\n", repair_with({})), "");
    EXPECT_EQ(repair("Date:  \r\nFrom: a@b\r\nMessage-Id: <x@y>\r\n\r\n", repair_with(alice)),
              "Date: Fri, 21 Nov 1997 09:55:06 -0600\r\n");
}

TEST(Repair, ATextWithoutHeaderBecomesTheBody) {
    std::string text = "just some text\r\nmore\r\n";
    std::string lines = repair(text, repair_with({"alice", "example.org"}));
    EXPECT_TRUE(lines.ends_with("\r\n\r\n"));
    EXPECT_EQ(header_size(lines + text), lines.size());
    EXPECT_FALSE(repair("\r\nbody", repair_with({})).ends_with("\r\n\r\n"));
}
