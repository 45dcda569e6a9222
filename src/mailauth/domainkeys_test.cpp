#include "mailauth/domainkeys.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mailauth/test_mail.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

const std::filesystem::path corpus = TESTDATA "/dkim/mail-dkim-corpus";

DomainKeyVerdict verify(const Zone& zone, std::string_view message, bool historic = false) {
    const Crypto crypto;
    DkimRules rules;
    rules.historic = historic;
    return zone.settle<DomainKeyVerdict>(
        [&](const Answers& answers) { return verify_domainkey(message, crypto, answers, rules); });
}

TEST(DomainKeys, AgreesWithMailDkimAboutItsCorpus) {
    Zone zone;
    std::istringstream records{read_file(corpus / "FAKE_DNS.dat")};
    for (std::string line; std::getline(records, line);) {
        const std::size_t blanks = line.find("  ");
        if (!line.empty() && line[0] != '#' && blanks != std::string::npos
            && dns::canonical_name(line.substr(0, blanks)))
            zone.txt(line.substr(0, blanks), line.substr(blanks + 2));
    }
    std::istringstream lines{read_file(corpus / "EXPECTED.txt")};
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words{line};
        std::string file, expected;
        words >> file >> expected;
        if (file.find("dk_") == std::string::npos) continue;
        const DomainKeyVerdict verdict = verify(zone, crlf(read_file(corpus / file)), true);
        std::string got = "invalid";
        if (verdict.status == DomainKeyStatus::good) got = "pass";
        if (verdict.status == DomainKeyStatus::bad) got = "fail";
        EXPECT_EQ(got, expected) << file << ' ' << word(verdict.status);
        ++count;
    }
    EXPECT_GE(count, 8u);
}

TEST(DomainKeys, WhatIsSignedVerifies) {
    const Crypto crypto;
    auto key = make_private_key(KeyType::rsa, 1024).value();
    Zone zone;
    zone.txt("s._domainkey.example.com", "k=rsa; p=" + text::encode_base64(key->public_octets()));
    const std::string message =
        "From: Anna <anna@mail.example.com>\r\nTo: b@example.org\r\nSubject: a  b\r\n c\r\nReceived: "
        "x\r\n\r\nHi  there\r\n\r\n\r\n";
    const std::string line = sign_domainkey(message, "example.com", "s", *key, crypto);
    EXPECT_EQ(verify(zone, line + message).status, DomainKeyStatus::good) << line;
    EXPECT_EQ(verify(zone, "X: y\r\n" + line + message + "\r\n").status, DomainKeyStatus::good);
    EXPECT_EQ(verify(zone, line + message + "more\r\n").status, DomainKeyStatus::bad);
    EXPECT_EQ(verify(zone, message).status, DomainKeyStatus::no_signature);
    EXPECT_EQ(verify(Zone{}, line + message).status, DomainKeyStatus::no_key);
    EXPECT_EQ(sign_domainkey(message, "example.net", "s", *key, crypto), "");
}

}  // namespace
}  // namespace postrider::mailauth
