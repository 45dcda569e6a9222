#include "mailauth/dkim.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mailauth/canonical.h"
#include "mailauth/key_record.h"
#include "mailauth/tag_list.h"
#include "mailauth/test_mail.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

const std::filesystem::path data = TESTDATA "/dkim";

std::vector<DkimVerdict> verify(const Zone& zone, std::string_view message, DkimRules rules = {},
                                Time now = at_time(1528637909)) {
    const Crypto crypto;
    return zone.settle<std::vector<DkimVerdict>>(
        [&](const Answers& answers) { return verify_dkim(message, now, crypto, answers, rules); });
}

std::string outcomes(const std::vector<DkimVerdict>& verdicts) {
    std::string out;
    for (const DkimVerdict& one : verdicts) {
        if (!out.empty()) out += ' ';
        out += word(one.outcome);
    }
    return out;
}

Zone corpus_zone() {
    Zone zone;
    std::istringstream lines{read_file(data / "mail-dkim-corpus/FAKE_DNS.dat")};
    for (std::string line; std::getline(lines, line);) {
        const std::size_t blanks = line.find("  ");
        if (line.empty() || line[0] == '#' || blanks == std::string::npos) continue;
        if (dns::canonical_name(line.substr(0, blanks)))
            zone.txt(line.substr(0, blanks), line.substr(blanks + 2));
    }
    return zone;
}

/// What Mail::DKIM calls it: pass, fail, invalid, none. The best of several signatures.
std::string in_their_words(const std::vector<DkimVerdict>& verdicts) {
    if (verdicts.empty()) return "none";
    bool failed = false;
    for (const DkimVerdict& one : verdicts) {
        if (one.outcome == DkimOutcome::pass) return "pass";
        failed = failed || one.outcome == DkimOutcome::fail;
    }
    return failed ? "fail" : "invalid";
}

TEST(DkimVerify, AgreesWithMailDkimAboutItsCorpus) {
    const Zone zone = corpus_zone();
    DkimRules historic;
    historic.historic = true;
    std::istringstream lines{read_file(data / "mail-dkim-corpus/EXPECTED.txt")};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string file, expected;
        words >> file >> expected;
        if (file.empty() || file[0] == '#' || file.find("dk_") != std::string::npos) continue;  // DomainKeys
        const std::string message = crlf(read_file(data / "mail-dkim-corpus" / file));
        const auto verdicts = verify(zone, message, historic, at_time(1200000000));
        std::string problems;
        for (const DkimVerdict& one : verdicts) problems += one.problem + "; ";
        EXPECT_EQ(in_their_words(verdicts), expected) << file << ": " << problems;
        ++count;
    }
    EXPECT_GT(count, 25u);
}

TEST(DkimVerify, BelievesTheMessagesOfMailAuth) {
    for (std::string_view name : {"001.txt", "003.txt", "005.txt"}) {
        const std::string file = read_file(data / "mail-auth" / name);
        const std::size_t empty = file.find("\n\n");
        Zone zone;
        std::istringstream records{file.substr(0, empty)};
        for (std::string line; std::getline(records, line);) {
            const std::size_t blank = line.find(' ');
            zone.txt(line.substr(0, blank), line.substr(blank + 1));
        }
        const auto verdicts = verify(zone, crlf(file.substr(empty + 2)));
        ASSERT_FALSE(verdicts.empty()) << name;
        for (const DkimVerdict& one : verdicts)
            EXPECT_EQ(one.outcome, DkimOutcome::pass) << name << one.problem;
    }
}

TEST(DkimVerify, BelievesTheExampleOfRfc8463) {
    Zone zone;
    zone.txt("brisbane._domainkey.football.example.com", ed25519_public);
    std::string rsa = read_file(data / "dkimpy/test.txt");
    rsa.resize(rsa.find_last_not_of('\n') + 1);
    zone.txt("test._domainkey.football.example.com", rsa);
    EXPECT_EQ(outcomes(verify(zone, crlf(read_file(data / "dkimpy/rfc6376.signed.msg")))), "pass pass");
}

const std::string letter =
    "From: Joe SixPack <joe@football.example.com>\r\n"
    "To: Suzie Q <suzie@shopping.example.net>\r\n"
    "Subject: Is dinner ready?\r\n"
    "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
    "\r\n"
    "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

class Signed : public testing::Test {
protected:
    void SetUp() override {
        rsa_ = make_private_key(KeyType::rsa, 2048).value();
        ed_ = read_private_key(ed25519_seed).value();
        zone_.txt("r._domainkey.example.com",
                  "v=DKIM1; k=rsa; p=" + text::encode_base64(rsa_->public_octets()));
        zone_.txt("e._domainkey.example.com", ed25519_public);
    }
    std::vector<DkimSigner> both(Canon header = Canon::relaxed, Canon body = Canon::relaxed) const {
        DkimSigner rsa{.domain = "example.com",
                       .selector = "r",
                       .key = rsa_,
                       .identity = "",
                       .header = header,
                       .body = body};
        DkimSigner ed = rsa;
        ed.selector = "e";
        ed.key = ed_;
        return {rsa, ed};
    }
    Crypto crypto_;
    Zone zone_;
    std::shared_ptr<const PrivateKey> rsa_, ed_;
};

TEST_F(Signed, BothSignaturesVerifyInEveryForm) {
    for (Canon header : {Canon::simple, Canon::relaxed})
        for (Canon body : {Canon::simple, Canon::relaxed})
            for (std::string_view text : {std::string_view{letter},
                                          std::string_view{letter}.substr(0, letter.find("\r\n\r\n") + 4)}) {
                const std::string lines = sign_dkim(text, both(header, body), at_time(1528637000), crypto_);
                const auto verdicts = verify(zone_, lines + std::string{text});
                EXPECT_EQ(outcomes(verdicts), "pass pass") << lines << verdicts[0].problem;
                EXPECT_EQ(verdicts[0].key_bits, 2048u);
                EXPECT_EQ(verdicts[1].algorithm, "ed25519-sha256");
                EXPECT_FALSE(verdicts[0].partial);
            }
}

TEST_F(Signed, LinesAreFoldedAndLAndMimeAreNeverWritten) {
    const std::string lines = sign_dkim(letter, both(), at_time(1528637000), crypto_);
    std::istringstream in{lines};
    for (std::string line; std::getline(in, line);) EXPECT_LE(line.size(), 79u) << line;
    EXPECT_EQ(lines.find(" l="), std::string::npos);
    EXPECT_EQ(lines, sign_dkim(letter, both(), at_time(1528637000), crypto_));  // deterministic
    EXPECT_TRUE(
        lines.starts_with("DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.com; s=r;\r\n"))
        << lines;
}

TEST_F(Signed, AFieldThatIsAddedLaterBreaksTheSignature) {
    const std::string message = sign_dkim(letter, both(), at_time(1528637000), crypto_) + letter;
    EXPECT_EQ(outcomes(verify(zone_, "X-Seen: yes\r\n" + message)), "pass pass");
    for (std::string_view name : {"From", "To", "Cc", "Subject", "Reply-To", "Date", "Content-Type"})
        EXPECT_EQ(outcomes(verify(zone_, std::string{name} + ": x\r\n" + message)), "fail fail") << name;
}

TEST_F(Signed, WhatRelaxedFormsForgiveIsForgiven) {
    const std::string message = sign_dkim(letter, both(), at_time(1528637000), crypto_) + letter;
    std::string changed = message;
    changed.replace(changed.find("game.  Are"), 10, "game. \t Are");
    changed.replace(changed.find("Subject: Is"), 11, "SUBJECT :\r\n\tIs");
    EXPECT_EQ(outcomes(verify(zone_, changed + "\r\n \r\n")), "pass pass");
    changed.replace(changed.find("lost"), 4, "won!");
    const auto verdicts = verify(zone_, changed);
    EXPECT_EQ(outcomes(verdicts), "fail fail");
    EXPECT_EQ(verdicts[0].problem, "the body has changed");
}

TEST_F(Signed, AMessageWithoutFromIsNotSigned) {
    EXPECT_EQ(sign_dkim(crlf(read_file(data / "dkimpy/test_nofrom.message")), both(), at_time(1), crypto_),
              "");
}

TEST_F(Signed, AnExpiredSignatureIsNotBelieved) {
    auto signers = both();
    signers.pop_back();
    signers[0].valid_for = 1h;
    const std::string message = sign_dkim(letter, signers, at_time(1528637000), crypto_) + letter;
    EXPECT_EQ(outcomes(verify(zone_, message, {}, at_time(1528637000 + 3599))), "pass");
    EXPECT_EQ(outcomes(verify(zone_, message, {}, at_time(1528637000 + 3601))), "policy");
}

TEST_F(Signed, ManySignaturesAreNotAllLookedAt) {
    std::string message = sign_dkim(letter, both(), at_time(1528637000), crypto_) + letter;
    for (int i = 0; i < 50; ++i) message.insert(0, "DKIM-Signature: v=1\r\n");
    EXPECT_EQ(verify(zone_, message).size(), 10u);
}

TEST_F(Signed, KeysAreReadAndRefusedAsTheyShould) {
    const std::string message = sign_dkim(letter, both(), at_time(1528637000), crypto_) + letter;
    struct Case {
        std::string_view record, problem;
        DkimOutcome outcome = DkimOutcome::permerror;
    };
    const std::string p = text::encode_base64(rsa_->public_octets());
    const std::string right = "v=DKIM1; p=" + p;
    for (const auto& [record, problem] : std::vector<std::pair<std::string, std::string>>{
             {"v=DKIM1; p=", "the key is revoked"},
             {"v=DKIM1; p=!!", "p= of the key record is not base64"},
             {"v=DKIM1; p=AAAA", "the key is broken"},
             {"v=DKIM2; p=" + p, "the key record is of another version"},
             {"p=" + p + "; v=DKIM1", "v= of the key record is not its first tag"},
             {"k=ed25519; p=" + p, "the key is of another type"},
             {"h=sha1; p=" + p, "the key is not for this hash"},
             {"s=tlsrpt; p=" + p, "the key is not for mail"},
             {"nonsense", "the key record is no list of tags"}}) {
        Zone zone;
        zone.txt("r._domainkey.example.com", record);
        const auto verdicts = verify(zone, message);
        EXPECT_EQ(verdicts[0].outcome, DkimOutcome::permerror) << record;
        EXPECT_EQ(verdicts[0].problem, problem);
        EXPECT_EQ(verdicts[1].problem, "there is no key of this name");
    }
    Zone zone;
    zone.fail("r._domainkey.example.com", dns::Type::txt);
    EXPECT_EQ(verify(zone, message)[0].outcome, DkimOutcome::temperror);
    Zone strict;
    strict.txt("r._domainkey.example.com", right + "; t=y:s");
    EXPECT_TRUE(verify(strict, message)[0].testing);
    EXPECT_EQ(verify(strict, message)[0].outcome, DkimOutcome::pass);
}

TEST(DkimVerify, Sha1AndShortKeysAreNotBelieved) {
    const Zone zone = corpus_zone();
    const auto verdicts = verify(zone, crlf(read_file(data / "mail-dkim-corpus/goodkey_1.txt")));
    ASSERT_FALSE(verdicts.empty());
    EXPECT_EQ(verdicts[0].outcome, DkimOutcome::permerror);
    EXPECT_EQ(verdicts[0].problem, "rsa-sha1 is not believed any more");
}

TEST(DkimKeys, ThoseOfDkimpySignAndTheirRecordsVerify) {
    const Crypto crypto;
    struct Case {
        std::string key, record, message, outcome;
    };
    for (const Case& one : {Case{"test.private", "test.txt", "test.message", "pass"},
                            Case{"test.private", "test_bad.txt", "test.message", "permerror"},
                            Case{"test.private", "badk.txt", "test.message", "permerror"},
                            Case{"test2.private", "test2.txt", "test2.message", "pass"},
                            Case{"ed25519test.key", "ed25519test.dns", "ed25519test.msg", "pass"},
                            Case{"ed25519test.key", "eximtest.dns", "ed25519test.msg", "fail"}}) {
        auto key = read_private_key(read_file(data / "dkimpy" / one.key));
        ASSERT_TRUE(key) << one.key << key.error();
        Zone zone;
        std::string record = read_file(data / "dkimpy" / one.record);
        while (record.ends_with('\n')) record.pop_back();
        zone.txt("s._domainkey.example.com", record);
        const std::string message = crlf(read_file(data / "dkimpy" / one.message));
        const std::string line = sign_dkim(
            message,
            {{.domain = "example.com", .selector = "s", .key = *key, .identity = "@sub.example.com"}},
            at_time(1528637000), crypto);
        EXPECT_EQ(word(verify(zone, line + message).at(0).outcome), one.outcome)
            << one.key << ' ' << one.record;
    }
}

TEST(DkimKeys, AreWrittenAndReadAgain) {
    for (auto type : {KeyType::rsa, KeyType::ed25519}) {
        auto key = make_private_key(type, 1024).value();
        auto again = read_private_key(key->pem());
        ASSERT_TRUE(again) << again.error();
        EXPECT_EQ((*again)->public_octets(), key->public_octets());
        EXPECT_EQ((*again)->type(), type);
    }
    EXPECT_FALSE(read_private_key("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"));
    EXPECT_FALSE(read_private_key("hello"));
    EXPECT_FALSE(make_private_key(KeyType::rsa, 512));
}

/// l= leaves something out: that is told, and what is beyond may change.
TEST(DkimVerify, TellsThatPartOfTheBodyIsNotSigned) {
    const Crypto crypto;
    auto key = read_private_key(ed25519_seed).value();
    BodyHashes hashes;
    const std::size_t number = hashes.want(Canon::relaxed, Hash::sha256, 5);
    hashes.run("Hi.\r\n", crypto);
    std::string field =
        "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed; d=example.com; s=e; l=5; h=From; bh="
        + text::encode_base64(hashes.digest(number)) + "; b=";
    std::string input = "from:a@example.com\r\n";
    append_canonical(input, field + "\r\n", Canon::relaxed);
    input.resize(input.size() - 2);
    field += text::encode_base64(key->sign(Hash::sha256, crypto.digest(Hash::sha256, input))) + "\r\n";
    Zone zone;
    zone.txt("e._domainkey.example.com", ed25519_public);
    const std::string header = field + "From: a@example.com\r\n\r\n";
    auto verdicts = verify(zone, header + "Hi.\r\n");
    EXPECT_EQ(outcomes(verdicts), "pass");
    EXPECT_FALSE(verdicts[0].partial);
    verdicts = verify(zone, header + "Hi.\r\nBuy!\r\n");
    EXPECT_EQ(outcomes(verdicts), "pass");
    EXPECT_TRUE(verdicts[0].partial);
    EXPECT_EQ(outcomes(verify(zone, header + "Hi\r\n")), "fail");
}

TEST(BodyForms, AreThoseOfRfc6376Section34) {
    const Crypto crypto;
    struct Case {
        std::string_view body, relaxed, simple;
    };
    for (const Case& one :
         {Case{" C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n", " C \r\nD \t E\r\n"},  // §3.4.5
          Case{"", "", "\r\n"}, Case{"\r\n\r\n", "", "\r\n"}, Case{" \t\r\n \r\n", "", " \t\r\n \r\n"},
          Case{"a", "a\r\n", "a\r\n"}, Case{"a \r b\n c\t\r\n", "a \r b\n c\r\n", "a \r b\n c\t\r\n"},
          Case{"\r\n\r\nx\t\ty", "\r\n\r\nx y\r\n", "\r\n\r\nx\t\ty\r\n"},
          Case{"x  \r\n\r\n\r\ny", "x\r\n\r\n\r\ny\r\n", "x  \r\n\r\n\r\ny\r\n"}}) {
        BodyHashes hashes;
        const std::size_t relaxed = hashes.want(Canon::relaxed, Hash::sha256);
        const std::size_t simple = hashes.want(Canon::simple, Hash::sha256);
        hashes.run(one.body, crypto);
        EXPECT_EQ(hashes.digest(relaxed), crypto.digest(Hash::sha256, one.relaxed)) << one.body;
        EXPECT_EQ(hashes.digest(simple), crypto.digest(Hash::sha256, one.simple)) << one.body;
        EXPECT_EQ(hashes.length(relaxed), one.relaxed.size());
    }
}

TEST(TagLists, AreStrict) {
    for (std::string_view wrong : {"", ";", "a", "a=1; a=2", "=1", "1a=2", "a=1;;b=2", "a=\x01"})
        EXPECT_FALSE(TagList::parse(wrong)) << wrong;
    auto list = TagList::parse(" a = 1 2\r\n\t3 ;b=;C=x=y; ");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->find("a"), "1 2\r\n\t3");
    EXPECT_EQ(list->find("b"), "");
    EXPECT_EQ(list->find("C"), "x=y");
    EXPECT_FALSE(list->find("c"));
}

}  // namespace
}  // namespace postrider::mailauth
