#include "filter/signing/signer.h"

#include <gtest/gtest.h>

#include <fstream>

#include "base/test_folder.h"
#include "dns/rdata.h"
#include "mailauth/arc.h"
#include "mailauth/dkim.h"

namespace postrider::filter {
namespace {

using namespace mailauth;

class Signing : public testing::Test {
protected:
    DkimKey key(std::string domain, std::string selector, KeyType type, std::string from = "",
                std::string until = "") {
        const std::string file = selector + ".pem";
        auto made = make_private_key(type, 1024).value();
        std::ofstream{folder_.path() / file} << made->pem();
        dns_[selector + "._domainkey." + domain] = key_record(*made);
        return {std::move(domain), std::move(selector), file, std::move(from), std::move(until), true};
    }
    std::vector<std::string> use(std::vector<DkimKey> keys) {
        settings_.keys = std::move(keys);
        return signer_.configure(settings_, folder_.path(), "mail.example.com", "example.com");
    }
    template <class T, class F>
    T settle(F check) {
        Answers known;
        for (;;) {
            auto step = check(known);
            if (T* done = std::get_if<T>(&step)) return std::move(*done);
            for (const Question& question : std::get<Questions>(step)) {
                dns::Answer answer;
                answer.outcome = dns::Outcome::no_name;
                if (auto at = dns_.find(question.name); at != dns_.end()) {
                    answer.outcome = dns::Outcome::found;
                    answer.records.push_back(dns::txt_rdata(at->second));
                }
                known.add(question, std::move(answer));
            }
        }
    }
    /// "selector:outcome" of each signature.
    std::string verdicts(const std::string& message) {
        std::string out;
        for (const DkimVerdict& one : settle<std::vector<DkimVerdict>>([&](const Answers& answers) {
                 return verify_dkim(message, clock_.now(), crypto_, answers);
             }))
            out += one.selector + ":" + std::string{word(one.outcome)} + " ";
        return out;
    }
    static queue::Envelope from_account() {
        queue::Envelope envelope;
        envelope.authenticated = "anna@example.com";
        envelope.client = "192.0.2.7";
        return envelope;
    }
    static queue::Envelope from_elsewhere() {
        queue::Envelope envelope;
        envelope.client = "198.51.100.1";
        return envelope;
    }

    TestFolder folder_;
    ManualClock clock_{*parse_day("2026-11-20")};
    observe::Metrics metrics_;
    Crypto crypto_;
    Signer signer_{clock_, {}, metrics_};
    SigningSettings settings_;
    std::map<std::string, std::string> dns_;
    const std::string letter_ =
        "Received: from x (x [192.0.2.7]) by mail.example.com; Fri, 20 Nov 2026 00:00:00 +0000\r\n"
        "From: Anna <anna@example.com>\r\nTo: b@example.org\r\nSubject: hello\r\n\r\nHi.\r\n";
};

TEST_F(Signing, TwoKeysMakeTwoSignatures) {
    EXPECT_TRUE(
        use({key("example.com", "r", KeyType::rsa), key("example.com", "e", KeyType::ed25519)}).empty());
    EXPECT_TRUE(signer_.active());
    EXPECT_EQ(verdicts(signer_.lines(from_account(), letter_) + letter_), "r:pass e:pass ");
}

TEST_F(Signing, WithoutAKeyNothingIsDone) {
    use({});
    EXPECT_FALSE(signer_.active());
    EXPECT_EQ(signer_.lines(from_account(), letter_), "");
    use({key("example.net", "n", KeyType::ed25519)});
    EXPECT_EQ(signer_.lines(from_account(), letter_), "");
    settings_.enable = false;
    use({key("example.com", "e", KeyType::ed25519)});
    EXPECT_EQ(signer_.lines(from_account(), letter_), "");
}

TEST_F(Signing, SubdomainsAreSignedForByTheNearestKey) {
    use({key("example.com", "e", KeyType::ed25519), key("m.example.com", "m", KeyType::ed25519)});
    std::string letter = letter_;
    letter.replace(letter.find("anna@example.com"), 16, "a@x.m.example.com");
    EXPECT_EQ(verdicts(signer_.lines(from_account(), letter) + letter), "m:pass ");
}

TEST_F(Signing, KeysChangeOnTheirDay) {
    use({key("example.com", "old", KeyType::ed25519, "", "2026-11-25"),
         key("example.com", "new", KeyType::ed25519, "2026-11-22")});
    EXPECT_EQ(verdicts(signer_.lines(from_account(), letter_) + letter_), "old:pass ");
    clock_.advance(std::chrono::hours{48});
    EXPECT_EQ(verdicts(signer_.lines(from_account(), letter_) + letter_), "new:pass ");
    EXPECT_EQ(parse_day("2026-02-30"), std::nullopt);
    EXPECT_EQ(parse_day("2026-2-3"), std::nullopt);
}

TEST_F(Signing, WhatCannotBeReadIsToldAndTheRestIsUsed) {
    DkimKey missing{"example.com", "x", "nothing.pem", "", "", true};
    DkimKey day = key("example.com", "d", KeyType::ed25519, "tomorrow");
    std::ofstream{folder_.path() / "bad.pem"} << "hello";
    DkimKey bad{"example.com", "b", "bad.pem", "", "", true};
    const auto problems = use({missing, day, bad, key("example.com", "e", KeyType::ed25519)});
    ASSERT_EQ(problems.size(), 3u);
    EXPECT_NE(problems[0].find("nothing.pem cannot be opened"), std::string::npos) << problems[0];
    EXPECT_EQ(signer_.keys()->all().size(), 1u);
}

TEST_F(Signing, MailFromElsewhereIsSealedAndNotSigned) {
    use({key("example.com", "e", KeyType::ed25519)});
    EXPECT_EQ(signer_.lines(from_elsewhere(), letter_), "");  // nothing was found out about it
    const std::string seen =
        "Authentication-Results: mail.example.com; spf=pass smtp.mailfrom=a@b.example; arc=none\r\n"
        + letter_;
    const std::string lines = signer_.lines(from_elsewhere(), seen);
    EXPECT_EQ(verdicts(lines + seen), "");
    auto verify = [&](const std::string& message) {
        return settle<ArcResult>(
            [&](const Answers& answers) { return verify_arc(message, crypto_, answers); });
    };
    const ArcResult result = verify(lines + seen);
    EXPECT_EQ(result.outcome, ArcOutcome::pass) << result.problem;
    EXPECT_EQ(result.claims, "mail.example.com; spf=pass smtp.mailfrom=a@b.example; arc=none");
    // What was in the message when it came is not what we say.
    const std::string forged = letter_ + "";
    const std::string below =
        "Received: from a by mail.example.com; x\r\nReceived: from b by c; x\r\n"
        "Authentication-Results: mail.example.com; arc=pass\r\n"
        + letter_;
    EXPECT_EQ(signer_.lines(from_elsewhere(), below), "");
}

}  // namespace
}  // namespace postrider::filter
