#include <gtest/gtest.h>

#include "filter/milter/wire/request.h"
#include "filter/milter/wire/response.h"

namespace postrider::filter::milter {
namespace {

using namespace std::string_literals;

Packet only(const std::string& octets) {
    const Unpacked unpacked = unpack(octets, largest_packet);
    EXPECT_EQ(unpacked.state, Unpacked::State::packet);
    EXPECT_EQ(unpacked.size, octets.size());
    return unpacked.packet;
}

TEST(MilterPacket, ComesWholeOrNotYet) {
    std::string octets;
    pack(octets, 'H', {"example.org", std::string_view{"\0", 1}});
    EXPECT_EQ(octets, "\0\0\0\15Hexample.org\0"s);
    for (std::size_t i = 0; i < octets.size(); ++i)
        EXPECT_EQ(unpack(octets.substr(0, i), 100).state, Unpacked::State::more);
    EXPECT_EQ(only(octets).what, 'H');
    EXPECT_EQ(only(octets).data, "example.org\0"s);
}

TEST(MilterPacket, LengthsOfNothingAndOfTooMuchAreNonsense) {
    EXPECT_EQ(unpack("\0\0\0\0"s, 100).state, Unpacked::State::nonsense);
    EXPECT_EQ(unpack("\0\0\0\145"s, 100).state, Unpacked::State::nonsense);
    EXPECT_EQ(unpack("\377\377\377\377"s, largest_packet).state, Unpacked::State::nonsense);
}

TEST(MilterOptions, AreReadAsTheyAreWritten) {
    Options options = offer(6);
    options.macros[1] = std::vector<std::string>{"{tls_version}", "j"};
    const std::string octets = pack_options(options);
    const auto read = parse_options(only(octets).data);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->version, 6U);
    EXPECT_EQ(read->actions, options.actions);
    EXPECT_EQ(read->steps, options.steps);
    EXPECT_EQ(read->macros[1], options.macros[1]);
    EXPECT_FALSE(read->macros[0]);
    EXPECT_FALSE(parse_options(only(octets).data.substr(0, 11)));
    EXPECT_FALSE(parse_options(only(octets).data.substr(0, 20)));
}

TEST(MilterOptions, AnOlderFilterGetsWhatItsVersionKnows) {
    Options answered;
    answered.version = 2;
    answered.actions = may_add_headers;
    const Agreement agreed = agree(offer(6), answered);
    EXPECT_EQ(agreed.problem, "");
    EXPECT_NE(agreed.options.steps & no_data, 0U);
    EXPECT_NE(agreed.options.steps & no_unknown, 0U);
    answered.version = 6;
    EXPECT_EQ(agree(offer(6), answered).options.steps & no_data, 0U);
}

TEST(MilterOptions, WhatWasNotOfferedCannotBeAgreed) {
    Options answered = offer(6);
    answered.steps |= 0x40000000;
    EXPECT_NE(agree(offer(6), answered).problem, "");
    answered = offer(6);
    EXPECT_NE(agree(offer(2), answered).problem, "");
    answered.version = 1;
    EXPECT_NE(agree(offer(6), answered).problem, "");
    answered = offer(2);
    answered.actions = may_change_from;
    EXPECT_NE(agree(offer(2), answered).problem, "");
}

TEST(MilterRequest, EveryRequestIsReadAsItIsWritten) {
    std::string octets;
    put_connect(octets, {"client.example.org", "192.0.2.7", 4711});
    EXPECT_EQ(octets, "\0\0\0\41Cclient.example.org\0"s + "4\x12\x67" + "192.0.2.7\0"s);
    auto read = parse_request(only(octets));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->client.ip, "192.0.2.7");
    EXPECT_EQ(read->client.port, 4711);

    octets.clear();
    put_connect(octets, {"x", "2001:db8::1", 1});
    EXPECT_NE(octets.find("6\0\1IPv6:2001:db8::1\0"s), std::string::npos);
    EXPECT_EQ(parse_request(only(octets))->client.ip, "2001:db8::1");

    octets.clear();
    put_connect(octets, {"local", "", 0});
    EXPECT_EQ(octets, "\0\0\0\10Clocal\0U"s);
    EXPECT_TRUE(parse_request(only(octets)));

    octets.clear();
    put_macros(octets, Command::mail, {{"i", "20D2FB"}, {"{auth_authen}", "alice"}});
    read = parse_request(only(octets));
    EXPECT_EQ(read->before, Command::mail);
    EXPECT_EQ(read->macros, (Macros{{"i", "20D2FB"}, {"{auth_authen}", "alice"}}));

    octets.clear();
    put_path(octets, Command::mail, "<a@b>", {"SIZE=5", "BODY=8BITMIME"});
    read = parse_request(only(octets));
    EXPECT_EQ(read->name, "<a@b>");
    EXPECT_EQ(read->parameters, (std::vector<std::string>{"SIZE=5", "BODY=8BITMIME"}));
}

TEST(MilterRequest, FoldsBecomeLineFeedsAndTheBlankGoesUnlessAgreed) {
    std::string octets;
    put_header(octets, "Subject", " one\r\n two\r\n", 0);
    EXPECT_EQ(parse_request(only(octets))->value, "one\n two");
    octets.clear();
    put_header(octets, "Subject", " one\r\n two\r\n", leading_space);
    EXPECT_EQ(parse_request(only(octets))->value, " one\n two");
    octets.clear();
    put_header(octets, "X-\0-Y"s, "a\0b"s, 0);
    EXPECT_EQ(parse_request(only(octets))->value, "ab");
}

TEST(MilterResponse, EveryResponseIsReadAsItIsWritten) {
    Response response;
    response.answer = Answer::insert_header;
    response.index = 7;
    response.name = "X-A";
    response.value = "b\n c";
    std::string octets = pack_response(response);
    auto read = parse_response(only(octets));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->index, 7U);
    EXPECT_EQ(read->name, "X-A");
    EXPECT_EQ(read->value, "b\n c");
    for (const Answer answer :
         {Answer::accept, Answer::go_on, Answer::discard, Answer::progress, Answer::reject, Answer::skip,
          Answer::tempfail, Answer::shutdown, Answer::connection_failed}) {
        response = {};
        response.answer = answer;
        octets = pack_response(response);
        EXPECT_EQ(parse_response(only(octets))->answer, answer);
    }
}

TEST(MilterResponse, HalvesAreNoResponses) {
    EXPECT_FALSE(parse_response({'h', "X-A"}));
    EXPECT_FALSE(parse_response({'h', "X-A\0b"s}));
    EXPECT_FALSE(parse_response({'h', "X-A\0b\0c\0"s}));
    EXPECT_FALSE(parse_response({'i', "\0\0\0"s}));
    EXPECT_FALSE(parse_response({'+', ""}));
    EXPECT_FALSE(parse_response({'c', "x"}));
    EXPECT_FALSE(parse_response({'Z', ""}));
}

TEST(MilterReplyCode, IsSplitIntoItsParts) {
    const auto reply = parse_reply_code("550 5.7.1 No, thank you");
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->code, 550);
    EXPECT_EQ(reply->status, "5.7.1");
    EXPECT_EQ(reply->lines, std::vector<std::string>{"No, thank you"});
    const auto lines = parse_reply_code("451-4.7.0 One\r\n451 4.7.0 Two\r\n");
    ASSERT_TRUE(lines);
    EXPECT_EQ(lines->lines, (std::vector<std::string>{"One", "Two"}));
    EXPECT_EQ(parse_reply_code("550 4.7.1 x")->status, "") << "another class";
    EXPECT_EQ(parse_reply_code("550 4.7.1 x")->lines.front(), "4.7.1 x");
    EXPECT_EQ(parse_reply_code("550 a\x01\x7f\tb")->lines.front(), "ab");
}

TEST(MilterReplyCode, OthersAreNone) {
    for (const char* text : {"", "250 ok", "55", "550x", "abc", "550 a\r\n551 b", "350 x"})
        EXPECT_FALSE(parse_reply_code(text)) << text;
}

}  // namespace
}  // namespace postrider::filter::milter
