#include "mailauth/arc.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mailauth/auth_results.h"
#include "mailauth/tag_list.h"
#include "mailauth/test_mail.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

using nlohmann::json;
const std::filesystem::path data = TESTDATA "/arc";

Zone zone_of(const json& records) {
    Zone zone;
    for (const auto& [name, text] : records.items()) zone.txt(name, text.get<std::string>());
    return zone;
}

ArcResult verify(const Zone& zone, std::string_view message) {
    const Crypto crypto;
    return zone.settle<ArcResult>(
        [&](const Answers& answers) { return verify_arc(message, crypto, answers); });
}

TEST(ArcVerify, PassesTheWholeArcTestSuite) {
    std::size_t count = 0;
    for (const json& scenario : json::parse(read_file(data / "validation.json"))) {
        const Zone zone = zone_of(scenario.at("txt-records"));
        for (const auto& [name, test] : scenario.at("tests").items()) {
            const ArcResult result = verify(zone, crlf(test.at("message").get<std::string>()));
            // "" where the suite does not say: a newest seal with cv=fail. RFC 8617 §5.2 step 2 says fail.
            std::string expected =
                text::to_lower(test.at("cv").is_null() ? "" : test.at("cv").get<std::string>());
            if (expected.empty()) expected = name == "cv_empty" ? "none" : "fail";
            EXPECT_EQ(word(result.outcome), expected)
                << name << " (" << test.at("description") << "): " << result.problem;
            ++count;
        }
    }
    EXPECT_EQ(count, 127u);
}

/// As the suite's signers do: what the message's own Authentication-Results of this host say.
std::string results_of(std::string_view message, std::string_view host) {
    AuthResults all;
    all.host = host;
    for (std::string_view value : mime::find_fields(message, "Authentication-Results")) {
        auto one = parse_auth_results(value);
        if (!one || one->host != host) continue;
        all.results.insert(all.results.end(), one->results.begin(), one->results.end());
    }
    return auth_results_text(all);
}

std::map<std::string, std::string> tags_of(std::string_view value) {
    std::map<std::string, std::string> out;
    const std::string unfolded = mime::unfold(value);
    std::string_view rest = unfolded;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find(';'), rest.size());
        const std::string_view part = rest.substr(0, end);
        rest.remove_prefix(std::min(end + 1, rest.size()));
        if (const std::size_t equals = part.find('='); equals != std::string_view::npos)
            out[std::string{text::trim(part.substr(0, equals))}] = without_space(part.substr(equals + 1));
    }
    return out;
}

TEST(ArcSeal, MakesTheSignaturesOfTheSuite) {
    const Crypto crypto;
    std::size_t count = 0;
    for (const json& scenario : json::parse(read_file(data / "signing.json"))) {
        const Zone zone = zone_of(scenario.at("txt-records"));
        auto key = read_private_key(scenario.at("privatekey").get<std::string>());
        ASSERT_TRUE(key) << key.error();
        for (const auto& [name, test] : scenario.at("tests").items()) {
            const std::string message = crlf(test.at("message").get<std::string>());
            ArcSealer sealer{.domain = scenario.at("domain"),
                             .selector = scenario.at("sel"),
                             .key = *key,
                             .fields = {},
                             .fold = false};
            for (std::string_view field : colon_list(test.at("sig-headers").get_ref<const std::string&>()))
                sealer.fields.emplace_back(field);
            const ArcResult chain = verify(zone, message);
            const std::string lines =
                seal_arc(message, chain, results_of(message, test.at("srv-id").get<std::string>()), sealer,
                         at_time(std::stoll(test.at("t").get<std::string>())), crypto);
            ASSERT_FALSE(lines.empty()) << name;
            EXPECT_EQ(tags_of(*mime::find_field(lines, "ARC-Message-Signature")),
                      tags_of(test.at("AMS").get<std::string>()))
                << name;
            EXPECT_EQ(tags_of(*mime::find_field(lines, "ARC-Seal")),
                      tags_of(test.at("AS").get<std::string>()))
                << name;
            EXPECT_EQ(without_space(*mime::find_field(lines, "ARC-Authentication-Results")),
                      without_space(test.at("AAR").get<std::string>()))
                << name;
            EXPECT_EQ(word(verify(zone, lines + message).outcome), "pass") << name;
            ++count;
        }
    }
    EXPECT_GE(count, 9u);
}

class Chain : public testing::Test {
protected:
    void SetUp() override {
        sealer_.domain = "example.org";
        sealer_.selector = "e";
        sealer_.key = read_private_key(ed25519_seed).value();
        zone_.txt("e._domainkey.example.org", ed25519_public);
    }
    std::string seal(const std::string& message) {
        const std::string lines = seal_arc(message, verify(zone_, message), "mx.example.org; spf=pass",
                                           sealer_, at_time(1700000000), crypto_);
        return lines.empty() ? "" : lines + message;
    }
    Crypto crypto_;
    Zone zone_;
    ArcSealer sealer_;
    std::string message_ =
        "From: a@example.com\r\nTo: b@example.net\r\nSubject: hello\r\nDate: Fri, 20 Nov 2026 16:00:00 "
        "+0000\r\n\r\nHi.\r\n";
};

TEST_F(Chain, GrowsToFiftySetsAndNoFurther) {
    std::string message = message_;
    for (unsigned i = 1; i <= 50; ++i) {
        message = seal(message);
        ASSERT_FALSE(message.empty());
    }
    const ArcResult result = verify(zone_, message);
    EXPECT_EQ(result.outcome, ArcOutcome::pass) << result.problem;
    EXPECT_EQ(result.sets, 50u);
    EXPECT_EQ(result.oldest_pass, 0u);
    EXPECT_EQ(seal(message), "");
}

TEST_F(Chain, TellsSinceWhenTheMessageIsAsItIs) {
    std::string message = seal(message_);
    message.insert(message.find("Subject: ") + 9, "[list] ");
    EXPECT_EQ(verify(zone_, message).outcome, ArcOutcome::fail);
    const std::size_t at = message.find("[list] ");
    message.erase(at, 7);
    std::string twice = seal(message);
    EXPECT_EQ(verify(zone_, twice).oldest_pass, 0u);
    EXPECT_EQ(verify(zone_, twice).claims, "mx.example.org; spf=pass");
    EXPECT_EQ(verify(zone_, twice).sealer, "example.org");
}

TEST_F(Chain, AListThatChangesAndSealsIsTheOldestThatPasses) {
    std::string message = seal(message_);
    const ArcResult before = verify(zone_, message);
    message.insert(message.find("Subject: ") + 9, "[list] ");
    const std::string lines =
        seal_arc(message, before, "list.example.org; arc=pass", sealer_, at_time(1700000001), crypto_);
    const ArcResult result = verify(zone_, lines + message);
    EXPECT_EQ(result.outcome, ArcOutcome::pass) << result.problem;
    EXPECT_EQ(result.oldest_pass, 2u);
}

/// Found by arc_fuzz.
TEST_F(Chain, WhatBeginsWithAContinuationCannotBeSealed) {
    EXPECT_EQ(seal(" gang,\r\n\r\nThis is a test.\r\n"), "");
    EXPECT_EQ(seal("\tgang\r\n"), "");
}

TEST_F(Chain, AFailedChainIsSealedOnceAsFailed) {
    std::string message = seal(message_);
    message.replace(message.find("Hi."), 3, "Ho.");
    EXPECT_EQ(verify(zone_, message).outcome, ArcOutcome::fail);
    const std::string sealed = seal(message);
    EXPECT_NE(sealed.find("cv=fail"), std::string::npos);
    EXPECT_EQ(verify(zone_, sealed).outcome, ArcOutcome::fail);
    EXPECT_EQ(seal(sealed), "");
}

TEST_F(Chain, WithoutTheDnsItFailsForNow) {
    const std::string message = seal(message_);
    Zone down;
    down.fail("e._domainkey.example.org", dns::Type::txt);
    const ArcResult result = verify(down, message);
    EXPECT_EQ(result.outcome, ArcOutcome::fail);
    EXPECT_TRUE(result.temporary);
}

}  // namespace
}  // namespace postrider::mailauth
