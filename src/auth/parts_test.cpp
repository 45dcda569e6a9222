#include <gtest/gtest.h>

#include "auth/backoff.h"
#include "auth/credentials.h"
#include "auth/mechanism.h"
#include "auth/password_policy.h"
#include "auth/prepare.h"
#include "text/base64.h"

namespace postrider::auth {
namespace {

TEST(ScramKeys, AreThoseOfRfc5802AndRfc7677) {
    // The exchanges of RFC 5802 §5 and RFC 7677 §3, user "user", password "pencil": the proof must fit the
    // keys.
    struct Case {
        ScramHash hash;
        std::string_view salt, message, proof, signature;
    };
    const Case cases[] = {
        {ScramHash::sha1, "QSXCR+Q6sek8bf92",
         "n=user,r=fyko+d2lbbFgONRv9qkxdawL,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,"
         "i=4096,"
         "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j",
         "v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "rmF9pqV8S7suAoZWja4dJRkFsKQ="},
        {ScramHash::sha256, "W22ZaJ0SNY7soEsUEjb6gQ==",
         "n=user,r=rOprNGfwEbeRWgbNEkqO,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
         "s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096,c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
         "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
    };
    for (const Case& one : cases) {
        ScramKeys keys = make_scram(one.hash, "pencil", *text::decode_base64(one.salt), 4096);
        std::string proof = *text::decode_base64(one.proof);
        std::string signature = hmac(one.hash, keys.stored_key, one.message);
        for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ signature[i]);
        EXPECT_EQ(digest(one.hash, proof), keys.stored_key);
        EXPECT_EQ(text::encode_base64(hmac(one.hash, keys.server_key, one.message)), one.signature);
    }
}

TEST(Verifiers, SurviveTheirEncodingAndOpenOnlyWithTheKey) {
    Wanted wanted{true, true, std::string(32, 'k')};
    Verifiers made = make_verifiers("pencil", wanted);
    EXPECT_TRUE(check(*made.argon2, "pencil"));
    EXPECT_FALSE(check(*made.argon2, "Pencil"));
    auto read = decode_verifiers(encode(made));
    ASSERT_TRUE(read);
    EXPECT_EQ(*read, made);
    EXPECT_FALSE(outdated(*read, wanted));
    EXPECT_TRUE(outdated(*read, {true, false, wanted.secret_key}));
    EXPECT_EQ(unseal(wanted.secret_key, made.sealed)->text(), "pencil");
    EXPECT_FALSE(unseal(std::string(32, 'x'), made.sealed));
    made.sealed.back() ^= 1;
    EXPECT_FALSE(unseal(wanted.secret_key, made.sealed));
    EXPECT_EQ(encode(made).find("pencil"), std::string::npos);
}

TEST(Verifiers, OfALaterReleaseAreSkippedAndDamageIsSeen) {
    std::string bytes = encode(make_verifiers("x", {false, false, ""}));
    EXPECT_TRUE(decode_verifiers(bytes + std::string("\x63\x02zz")));
    EXPECT_TRUE(decode_verifiers(""));
    EXPECT_FALSE(decode_verifiers("\x02"));
    for (std::size_t cut = 2; cut < bytes.size(); ++cut)
        EXPECT_FALSE(decode_verifiers(bytes.substr(0, cut))) << cut;
}

TEST(Passwords, ArePreparedAsRfc4013Says) {
    auto prepared = [](std::string_view text) {
        auto made = prepare_password(text, true);
        return made ? made->text() : std::string{"refused"};
    };
    EXPECT_EQ(prepared("I\xc2\xadX"), "IX");  // RFC 4013 §3, examples 1 to 7
    EXPECT_EQ(prepared("user"), "user");
    EXPECT_EQ(prepared("USER"), "USER");
    EXPECT_EQ(prepared("\xc2\xaa"), "a");
    EXPECT_EQ(prepared("\xe2\x85\xa8"), "IX");
    EXPECT_EQ(prepared("\x07"), "refused");
    EXPECT_EQ(prepared("\xd8\xa7\x31"), "refused");
    EXPECT_EQ(prepared(std::string_view{"a\0b", 3}), "refused");
    EXPECT_EQ(prepared(""), "refused");
}

TEST(Policy, CountsCharactersAndKinds) {
    settings::AccountSettings rules;
    EXPECT_FALSE(password_fault(rules, "x"));
    rules.password_enforcement = true;
    rules.minimum_password_length = 4;
    rules.maximum_password_length = 6;
    EXPECT_TRUE(password_fault(rules, "\xc3\xa4\xc3\xb6\xc3\xbc"));  // three characters, six octets
    EXPECT_FALSE(password_fault(rules,
                                "\xc3\xa4\xc3\xb6\xc3\xbc"
                                "x"));
    EXPECT_TRUE(password_fault(rules, "sevenxx"));
    rules.required_password_characters = {settings::CharacterClass::digits,
                                          settings::CharacterClass::special};
    EXPECT_TRUE(password_fault(rules, "abc1"));
    EXPECT_TRUE(password_fault(rules, "abc-"));
    EXPECT_FALSE(password_fault(rules, "abc-1"));
}

TEST(Policy, RandomPasswordsHoldEveryKind) {
    settings::AccountSettings rules;
    rules.password_enforcement = true;
    using Class = settings::CharacterClass;
    rules.required_password_characters = {Class::lower, Class::upper, Class::digits, Class::special};
    for (int i = 0; i < 200; ++i) {
        std::string password = random_password(12);
        EXPECT_EQ(password.size(), 12u);
        EXPECT_FALSE(password_fault(rules, password)) << password;
    }
}

TEST(Mechanisms, AreOfferedAsTheListenerSays) {
    std::string_view all[] = {"ALL"}, few[] = {"plain", "scram-sha-256", "gssapi"}, none[] = {"none"},
                     bad[] = {"plain", "ntlm"};
    EXPECT_EQ(*mechanisms_from_words(all), Mechanisms::all());
    EXPECT_TRUE(mechanisms_from_words(none)->empty());
    EXPECT_EQ(mechanisms_from_words(bad).error(), "ntlm");
    LoginRules rules;
    rules.secure_types = *mechanisms_from_words(few);
    EXPECT_EQ(offered(rules, true, Mechanisms::all()).names(), "SCRAM-SHA-256-PLUS SCRAM-SHA-256 PLAIN");
    EXPECT_EQ(offered(rules, false, Mechanisms::all()).names(),
              "SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5 CRAM-MD5");
    EXPECT_FALSE(login_command_allowed(rules, false));
    rules.plain_allow_login = true;
    EXPECT_EQ(offered(rules, false, Mechanisms::all()).names(),
              "SCRAM-SHA-256 SCRAM-SHA-1 DIGEST-MD5 CRAM-MD5 PLAIN LOGIN");
    EXPECT_EQ(mechanism_named("scram-sha-1-plus"), Mechanism::scram_sha_1_plus);
    EXPECT_FALSE(mechanism_named("GSSAPI"));
}

class BackoffTest : public testing::Test {
protected:
    ManualClock clock{Time{} + std::chrono::hours{1000}};
    Backoff backoff{clock, {3, 6, std::chrono::seconds{600}, 1000}};
};

TEST_F(BackoffTest, DelaysGrowAndTheAccountIsRefusedForATime) {
    EXPECT_EQ(backoff.failed("192.0.2.1", 7).count(), 0);
    EXPECT_EQ(backoff.failed("192.0.2.1", 7).count(), 0);
    EXPECT_EQ(backoff.refused("192.0.2.1", 7).count(), 0);
    EXPECT_EQ(backoff.failed("192.0.2.1", 7).count(), 250);
    EXPECT_EQ(backoff.refused("192.0.2.1", 7).count(), 600);
    EXPECT_EQ(backoff.refused("192.0.2.2", 7).count(), 600);
    EXPECT_EQ(backoff.refused("192.0.2.1", 8).count(), 0);
    EXPECT_EQ(backoff.failed("192.0.2.1", 8).count(), 500);
    clock.advance(std::chrono::seconds{600});
    EXPECT_EQ(backoff.refused("192.0.2.1", 7).count(), 0);
    EXPECT_EQ(backoff.failed("192.0.2.1", 7).count(), 0);
}

TEST_F(BackoffTest, AnAddressThatGuessesAtManyIsRefusedAndAnIpv6NetworkIsOne) {
    for (std::uint64_t i = 0; i < 6; ++i) backoff.failed("2001:db8::" + std::to_string(i), 100 + i);
    EXPECT_GT(backoff.refused("2001:db8::ffff", 1).count(), 0);
    EXPECT_EQ(backoff.refused("2001:db8:0:1::1", 1).count(), 0);
    EXPECT_EQ(address_key("::ffff:192.0.2.1"), address_key("192.0.2.1"));
}

TEST_F(BackoffTest, TheOwnerStillComesInFromWhereHeCameInBefore) {
    backoff.succeeded("192.0.2.9", 7);
    for (int i = 0; i < 3; ++i) backoff.failed("192.0.2.1", 7);
    EXPECT_GT(backoff.refused("192.0.2.1", 7).count(), 0);
    EXPECT_EQ(backoff.refused("192.0.2.9", 7).count(), 0);
    backoff.succeeded("192.0.2.9", 7);
    EXPECT_EQ(backoff.refused("192.0.2.1", 7).count(), 0);
}

TEST_F(BackoffTest, OneGoodAccountDoesNotWashAnAddressClean) {
    for (std::uint64_t i = 0; i < 6; ++i) {
        backoff.failed("192.0.2.1", 100 + i);
        if (i >= 4) backoff.succeeded("192.0.2.1", 7);
    }
    EXPECT_GT(backoff.refused("192.0.2.1", 1).count(), 0);
}

TEST_F(BackoffTest, TheTablesAreBounded) {
    for (std::uint64_t i = 0; i < 20'000; ++i) {
        backoff.failed("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1", i);
        backoff.succeeded("10.0.0.1", i);
    }
    EXPECT_LE(backoff.tracked(), 3u * 1004);
}

}  // namespace
}  // namespace postrider::auth
