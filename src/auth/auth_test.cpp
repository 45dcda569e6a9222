#include "auth/auth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "auth/credentials.h"
#include "auth/crypto.h"
#include "auth/gsasl_client.h"
#include "directory/test_directory.h"
#include "observe/memory_log.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::auth {
namespace {

using directory::Service;
using directory::SettingsLevel;

constexpr std::string_view password = "pencil-Ä-and 7 words";

class AuthTest : public testing::Test {
protected:
    AuthTest() {
        alice =
            auth.create_account(t.domain, named("alice"), password, Authenticator::Policy::ignore).value();
    }

    static directory::NewAccount named(std::string name) {
        directory::NewAccount account;
        account.name = std::move(name);
        return account;
    }
    static AuthOptions options() {
        AuthOptions options;
        options.secret_key = std::string(32, 'k');
        return options;
    }
    Context context(Service service = Service::imap) {
        Context made;
        made.service = service;
        made.peer_ip = "192.0.2.1";
        made.log = log.logger();
        return made;
    }
    Verdict login(std::string_view name, std::string_view with) {
        return auth.authenticate_plain(context(), name, with).verdict;
    }
    SaslSession::Step sasl(GsaslClient& client, Mechanism mechanism, bool initial, Context from) {
        auto session = auth.start(from, mechanism);
        return client.run(*session, name(mechanism), initial);
    }
    GsaslClient client(std::string user = "alice@example.org", std::string with = std::string{password}) {
        GsaslClient made;
        made.user = std::move(user);
        made.password = std::move(with);
        return made;
    }

    directory::TestDirectory t;
    observe::Metrics metrics;
    observe::MemoryLog log;
    Authenticator auth{*t.directory, t.clock, metrics, options()};
    AccountId alice;
};

TEST_F(AuthTest, TheRightPasswordLogsInAndIsLogged) {
    std::vector<Verdict> events;
    auth.on_security_event([&](const SecurityEvent& event) { events.push_back(event.verdict); });
    Outcome outcome = auth.authenticate_plain(context(), "Alice", password);
    ASSERT_EQ(outcome.verdict, Verdict::ok);
    EXPECT_EQ(outcome.account->id, alice);
    EXPECT_TRUE(log.contains("Account 'alice@example.org' has logged in"));
    EXPECT_EQ(login("alice@example.org", "wrong"), Verdict::bad_credentials);
    EXPECT_EQ(login("nobody@example.org", password), Verdict::bad_credentials);
    EXPECT_THAT(events,
                testing::ElementsAre(Verdict::ok, Verdict::bad_credentials, Verdict::bad_credentials));
    for (const std::string& line : log.lines()) EXPECT_EQ(line.find("pencil"), std::string::npos) << line;
}

TEST_F(AuthTest, TheSecondLoginNeedsNoArgon2UntilThePasswordChanges) {
    auto& runs = metrics.counter("auth.argon2", "");
    EXPECT_EQ(login("alice", password), Verdict::ok);
    EXPECT_EQ(login("alice", password), Verdict::ok);
    EXPECT_EQ(runs.value(), 1u);
    EXPECT_EQ(login("alice", "wrong"), Verdict::bad_credentials);
    EXPECT_EQ(login("alice", "wrong"), Verdict::bad_credentials);
    EXPECT_EQ(runs.value(), 3u);
    ASSERT_TRUE(auth.set_password(alice, "another one", Authenticator::Policy::ignore));
    EXPECT_EQ(login("alice", password), Verdict::bad_credentials);
    EXPECT_EQ(login("alice", "another one"), Verdict::ok);
}

TEST_F(AuthTest, WhatTellsOfAnAccountIsSaidOnlyAfterTheRightPassword) {
    ASSERT_TRUE(t.directory->change_account(alice, {.enabled = false}));
    EXPECT_EQ(login("alice", password), Verdict::disabled);
    EXPECT_EQ(login("alice", "wrong"), Verdict::bad_credentials);
    ASSERT_TRUE(t.directory->change_account(alice, {.enabled = true, .must_change_password = true}));
    Outcome outcome = auth.authenticate_plain(context(), "alice", password);
    EXPECT_EQ(outcome.verdict, Verdict::must_change_password);
    EXPECT_TRUE(outcome.account);
    Context webmail = context();
    webmail.can_change_password = true;
    EXPECT_TRUE(auth.authenticate_plain(webmail, "alice", password).ok());
    ASSERT_TRUE(t.directory->change_account(alice, {.must_change_password = false}));
    ASSERT_TRUE(t.directory->set_value(SettingsLevel::account(alice), "services", "(pop3)"));
    EXPECT_EQ(login("alice", password), Verdict::service_not_allowed);
    EXPECT_TRUE(auth.authenticate_plain(context(Service::pop3), "alice", password).ok());
    ASSERT_TRUE(t.directory->change_domain(t.domain, {.enabled = false}));
    EXPECT_EQ(login("alice", password), Verdict::disabled);
}

TEST_F(AuthTest, Pop3MayNameAFolder) {
    Outcome outcome = auth.authenticate_plain(context(Service::pop3), "alice+Work", password);
    ASSERT_TRUE(outcome.ok());
    EXPECT_EQ(outcome.folder, "Work");
    EXPECT_EQ(login("alice+Work", password), Verdict::bad_credentials);
}

TEST_F(AuthTest, NulAndEmptyAreMalformed) {
    EXPECT_EQ(login("", password), Verdict::malformed);
    EXPECT_EQ(login(std::string_view{"alice\0x", 7}, password), Verdict::malformed);
    EXPECT_EQ(login("alice", std::string_view{"a\0b", 3}), Verdict::malformed);
    EXPECT_EQ(login("alice", std::string(2000, 'x')), Verdict::malformed);
    EXPECT_EQ(login("alice", ""), Verdict::bad_credentials);
    EXPECT_EQ(login("alice", "\xff\xfe"), Verdict::bad_credentials);
}

TEST_F(AuthTest, PasswordsAreTheSameInEveryNormalForm) {
    std::string decomposed{"pencil-A\xcc\x88-and 7 words"};
    EXPECT_EQ(login("alice", decomposed), Verdict::ok);  // NFKC of RFC 4013 §2.2
    EXPECT_EQ(login("alice",
                    "pencil-\xc3\x84-and\xc2\xa0"
                    "7 words"),
              Verdict::ok);  // no-break space: §2.1
}

TEST_F(AuthTest, ThePlainMessageOfRfc4616) {
    auto session = auth.start(context(), Mechanism::plain);
    auto step = session->begin(std::nullopt);
    ASSERT_EQ(step.kind, SaslSession::Step::challenge);
    EXPECT_EQ(step.data, "");
    std::string message = std::string("alice@example.org") + '\0' + "alice" + '\0' + std::string{password};
    step = session->step(message);
    EXPECT_EQ(step.kind, SaslSession::Step::done);
    EXPECT_EQ(session->step(message).outcome.verdict, Verdict::malformed);  // once is enough

    std::string other = std::string("postmaster") + '\0' + "alice" + '\0' + std::string{password};
    EXPECT_EQ(auth.start(context(), Mechanism::plain)->begin(other).outcome.verdict, Verdict::not_authorized);
    for (std::string bad : {std::string{}, std::string{"x"}, std::string("\0x", 2), std::string("\0\0\0", 3),
                            std::string("\0a\0b\0", 5)})
        EXPECT_EQ(auth.start(context(), Mechanism::plain)->begin(bad).outcome.verdict, Verdict::malformed);
}

TEST_F(AuthTest, EveryMechanismWithGnuSaslAsTheOtherSide) {
    struct Case {
        Mechanism mechanism;
        bool client_first;
    };
    for (Case one : {Case{Mechanism::plain, true}, Case{Mechanism::login, false},
                     Case{Mechanism::cram_md5, false}, Case{Mechanism::digest_md5, false},
                     Case{Mechanism::scram_sha_1, true}, Case{Mechanism::scram_sha_256, true},
                     Case{Mechanism::scram_sha_1_plus, true}, Case{Mechanism::scram_sha_256_plus, true}}) {
        SCOPED_TRACE(name(one.mechanism));
        Context from = context();
        from.peer_ip = "192.0.2." + std::to_string(100 + static_cast<int>(one.mechanism));
        from.secure = true;
        from.binding.exporter = std::string(32, 'e');
        bool plus = name(one.mechanism).ends_with("-PLUS");
        for (bool initial : {false, true}) {
            if (initial && !one.client_first) continue;
            auto good = client();
            good.exporter = plus ? from.binding.exporter : "";
            auto step = sasl(good, one.mechanism, initial, from);
            EXPECT_EQ(step.kind, SaslSession::Step::done) << step.outcome.what;
            EXPECT_TRUE(good.satisfied);
            EXPECT_TRUE(step.outcome.account && step.outcome.account->id == alice);
        }
        auto wrong = client("alice@example.org", "wrong");
        wrong.exporter = plus ? from.binding.exporter : "";
        EXPECT_EQ(sasl(wrong, one.mechanism, one.client_first, from).outcome.verdict,
                  Verdict::bad_credentials);
        auto unknown = client("nobody@example.org");
        unknown.exporter = plus ? from.binding.exporter : "";
        EXPECT_EQ(sasl(unknown, one.mechanism, one.client_first, from).outcome.verdict,
                  Verdict::bad_credentials);
        if (plus) {  // somebody in the middle: another channel
            auto middle = client();
            middle.exporter = std::string(32, 'm');
            EXPECT_EQ(sasl(middle, one.mechanism, true, from).outcome.verdict, Verdict::bad_credentials);
        }
    }
}

TEST_F(AuthTest, TlsUniqueBindsTls12) {
    Context from = context();
    from.secure = true;
    from.binding.unique = "finished bytes";
    auto good = client();
    good.unique = from.binding.unique;
    EXPECT_EQ(sasl(good, Mechanism::scram_sha_256_plus, true, from).kind, SaslSession::Step::done);
}

/// A SCRAM client that binds to the server's certificate, which GNU SASL's does not (RFC 5929 §4).
SaslSession::Step bind_to_end_point(SaslSession& session, ScramHash hash, std::string_view user,
                                    std::string_view secret, std::string_view certificate_hash,
                                    std::string* server_signature = nullptr) {
    const std::string header = "p=tls-server-end-point,,";
    const std::string bare = "n=" + std::string{user} + ",r=fyko+d2lbbFgONRv9qkxdawL";
    auto step = session.begin(header + bare);
    if (step.kind != SaslSession::Step::challenge) return step;
    const std::string server_first = step.data;
    auto field = [&](std::string_view name) {
        std::string text = server_first.substr(server_first.find(name) + name.size());
        return text.substr(0, text.find(','));
    };
    const std::string salted = pbkdf2(hash, secret, text::decode_base64(field(",s=")).value(),
                                      static_cast<unsigned>(std::stoul(field(",i="))));
    const std::string client_key = hmac(hash, salted, "Client Key");
    const std::string without_proof = "c=" + text::encode_base64(header + std::string{certificate_hash}) + ","
                                      + server_first.substr(0, server_first.find(",s="));
    const std::string auth_message = bare + "," + server_first + "," + without_proof;
    std::string proof = hmac(hash, digest(hash, client_key), auth_message);
    for (std::size_t i = 0; i < proof.size(); ++i) proof[i] = static_cast<char>(proof[i] ^ client_key[i]);
    if (server_signature != nullptr)
        *server_signature =
            "v=" + text::encode_base64(hmac(hash, hmac(hash, salted, "Server Key"), auth_message));
    return session.step(without_proof + ",p=" + text::encode_base64(proof));
}

TEST_F(AuthTest, ScramBindsToTheServersCertificate) {
    Context from = context();
    from.secure = true;
    from.binding.server_endpoint = std::string(32, 'c');
    for (auto [mechanism, hash] : {std::pair{Mechanism::scram_sha_256_plus, ScramHash::sha256},
                                   std::pair{Mechanism::scram_sha_1_plus, ScramHash::sha1}}) {
        auto session = auth.start(from, mechanism);
        std::string signature;
        auto step = bind_to_end_point(*session, hash, "alice@example.org", password,
                                      from.binding.server_endpoint, &signature);
        ASSERT_EQ(step.kind, SaslSession::Step::challenge) << step.outcome.what;
        EXPECT_EQ(step.data, signature);
        step = session->step("");
        ASSERT_EQ(step.kind, SaslSession::Step::done);
        EXPECT_EQ(step.outcome.account->id, alice);

        session = auth.start(from, mechanism);  // somebody in the middle, with a certificate of their own
        step = bind_to_end_point(*session, hash, "alice@example.org", password, std::string(32, 'm'));
        EXPECT_EQ(step.outcome.verdict, Verdict::bad_credentials);
        session = auth.start(from, mechanism);
        step = bind_to_end_point(*session, hash, "alice@example.org", "wrong", from.binding.server_endpoint);
        EXPECT_EQ(step.outcome.verdict, Verdict::bad_credentials);
        session = auth.start(from, mechanism);
        step =
            bind_to_end_point(*session, hash, "nobody@example.org", password, from.binding.server_endpoint);
        EXPECT_EQ(step.outcome.verdict, Verdict::bad_credentials);
    }
    auto session = auth.start(from, Mechanism::scram_sha_256_plus);
    EXPECT_EQ(session->begin("p=tls-server-end-point,,n=,r=x").outcome.verdict, Verdict::malformed);
}

TEST_F(AuthTest, AClientThatWouldHaveBoundButSawNoPlusIsRefused) {
    // RFC 5802 §6: "y" says that the client can bind and believes that we cannot; we can, so somebody cut the
    // offer.
    Context from = context();
    from.secure = true;
    from.binding.exporter = std::string(32, 'e');
    auto session = auth.start(from, Mechanism::scram_sha_256);
    auto step = session->begin("y,,n=alice@example.org,r=fyko+d2lbbFgONRv9qkxdawL");
    EXPECT_EQ(step.kind, SaslSession::Step::failed);
    session = auth.start(from, Mechanism::scram_sha_256);
    EXPECT_EQ(session->begin("n,,n=alice@example.org,r=fyko+d2lbbFgONRv9qkxdawL").kind,
              SaslSession::Step::challenge);
}

TEST_F(AuthTest, ScramShowsAnUnknownAccountTheSameSaltEachTime) {
    auto salt_for = [&](std::string_view user) {
        auto session = auth.start(context(), Mechanism::scram_sha_256);
        auto step = session->begin("n,,n=" + std::string{user} + ",r=abc");
        EXPECT_EQ(step.kind, SaslSession::Step::challenge);
        return step.data.substr(step.data.find(",s="));
    };
    EXPECT_EQ(salt_for("nobody@example.org"), salt_for("nobody@example.org"));
    EXPECT_NE(salt_for("nobody@example.org"), salt_for("nobody2@example.org"));
    EXPECT_EQ(salt_for("alice@example.org").size(), salt_for("nobody@example.org").size());
    EXPECT_EQ(salt_for("alice@example.org"), salt_for("alice@example.org"));
}

TEST_F(AuthTest, ScramActsForItselfOnly) {
    auto self = client();
    self.authzid = "ALICE@example.org";
    EXPECT_EQ(sasl(self, Mechanism::scram_sha_256, true, context()).kind, SaslSession::Step::done);
    auto other = client();
    other.authzid = "postmaster@example.org";
    EXPECT_EQ(sasl(other, Mechanism::scram_sha_256, true, context()).outcome.verdict,
              Verdict::not_authorized);
}

TEST_F(AuthTest, DigestTakesABareNameInItsRealm) {
    auto bare = client("alice");
    bare.realm = "example.org";
    EXPECT_EQ(sasl(bare, Mechanism::digest_md5, false, context()).kind, SaslSession::Step::done);
}

TEST_F(AuthTest, NothingBehindAMessageIsRead) {
    const std::string_view behind =
        "username=\"alice\",realm=\"example.org\",nonce=\"n\",cnonce=\"c\",nc=00000001,qop=auth,"
        "digest-uri=\"imap/mail.example.org\",response=0123456789abcdef0123456789abcdef";
    auto session = auth.start(context(), Mechanism::digest_md5);
    ASSERT_EQ(session->begin(std::nullopt).kind, SaslSession::Step::challenge);
    EXPECT_EQ(session->step(behind.substr(0, 0)).outcome.verdict, Verdict::malformed);
}

TEST_F(AuthTest, AnEmptyAnswerCannotKeepAnExchangeGoingForever) {
    auto session = auth.start(context(), Mechanism::cram_md5);
    auto step = session->begin(std::nullopt);
    for (int i = 0; i < 20 && step.kind == SaslSession::Step::challenge; ++i) step = session->step("");
    EXPECT_EQ(step.outcome.verdict, Verdict::malformed);
}

TEST_F(AuthTest, ApopChecksTheDigestOfTheTimestamp) {
    std::string stamp = "<1896.697170952@dbc.mtview.ca.us>";
    std::string digest = text::to_hex(md5(stamp + std::string{password}));
    EXPECT_TRUE(auth.authenticate_apop(context(Service::pop3), "alice", stamp, digest).ok());
    digest[0] = digest[0] == '0' ? '1' : '0';
    EXPECT_EQ(auth.authenticate_apop(context(Service::pop3), "alice", stamp, digest).verdict,
              Verdict::bad_credentials);
    EXPECT_EQ(auth.authenticate_apop(context(Service::pop3), "nobody", stamp, digest).verdict,
              Verdict::bad_credentials);
    EXPECT_EQ(auth.authenticate_apop(context(Service::pop3), "alice", stamp, "short").verdict,
              Verdict::malformed);
}

TEST_F(AuthTest, WithoutAKeyNoSecretIsKeptAndItsMechanismsAreNotOffered) {
    AuthOptions keyless;
    Authenticator other{*t.directory, t.clock, metrics, keyless};
    EXPECT_FALSE(other.available().has(Mechanism::cram_md5));
    EXPECT_FALSE(other.available().has(Mechanism::digest_md5));
    EXPECT_FALSE(other.apop_available());
    EXPECT_EQ(other.start(context(), Mechanism::cram_md5), nullptr);
    EXPECT_TRUE(decode_verifiers(*other.make_credentials("x"))->sealed.empty());
}

TEST_F(AuthTest, ALoginMakesTheVerifiersThatAreNewlyWanted) {
    AuthOptions bare;
    bare.mechanisms = {Mechanism::plain};
    Authenticator before{*t.directory, t.clock, metrics, bare};
    ASSERT_TRUE(before.set_password(alice, password, Authenticator::Policy::ignore));
    auto stored = [&] { return *decode_verifiers(t.directory->credentials(alice)->bytes); };
    EXPECT_FALSE(stored().scram_sha_256);
    auto early = client();
    EXPECT_EQ(sasl(early, Mechanism::scram_sha_256, true, context()).outcome.verdict,
              Verdict::bad_credentials);
    EXPECT_EQ(login("alice", password), Verdict::ok);
    EXPECT_TRUE(stored().scram_sha_256);
    EXPECT_FALSE(stored().sealed.empty());
    auto late = client();
    EXPECT_EQ(sasl(late, Mechanism::scram_sha_256, true, context()).kind, SaslSession::Step::done);
}

TEST_F(AuthTest, TooManyFailuresAreRefusedEvenWithTheRightPassword) {
    for (int i = 0; i < 10; ++i) EXPECT_EQ(login("alice", "wrong"), Verdict::bad_credentials);
    Outcome outcome = auth.authenticate_plain(context(), "alice", password);
    EXPECT_EQ(outcome.verdict, Verdict::backed_off);
    EXPECT_EQ(outcome.answer(), Answer::bad_credentials);
    EXPECT_GT(outcome.retry_after.count(), 0);
    t.clock.advance(std::chrono::seconds{601});
    EXPECT_EQ(login("alice", password), Verdict::ok);
}

TEST_F(AuthTest, AnAdministratorLogsIn) {
    EXPECT_EQ(auth.authenticate_admin(context(), "admin", "anything").verdict, Verdict::bad_credentials);
    ASSERT_TRUE(auth.set_admin_password("admin", "top secret"));
    EXPECT_TRUE(auth.authenticate_admin(context(), "Admin", "top secret").ok());
    EXPECT_EQ(auth.authenticate_admin(context(), "admin", "wrong").verdict, Verdict::bad_credentials);
    EXPECT_EQ(auth.authenticate_admin(context(), "eve", "wrong").verdict, Verdict::bad_credentials);
}

TEST_F(AuthTest, TheOwnerChangesThePasswordWithinThePolicy) {
    ASSERT_TRUE(t.directory->set_value(SettingsLevel::account(alice), "passwordEnforcementEnabled", "yes"));
    ASSERT_TRUE(t.directory->set_value(SettingsLevel::account(alice), "requiredPasswordCharacters",
                                       "(upper digits)"));
    EXPECT_FALSE(auth.change_password(context(), alice, "wrong", "Long enough 1"));
    EXPECT_FALSE(auth.change_password(context(), alice, password, "short"));
    EXPECT_FALSE(auth.change_password(context(), alice, password, "no digits or upper"));
    ASSERT_TRUE(auth.change_password(context(), alice, password, "Long enough 1"));
    EXPECT_EQ(login("alice", "Long enough 1"), Verdict::ok);
    ASSERT_TRUE(t.directory->set_value(SettingsLevel::account(alice), "passUnchangeable", "yes"));
    EXPECT_FALSE(auth.change_password(context(), alice, "Long enough 1", "Long enough 2"));
}

TEST_F(AuthTest, ARandomPasswordLogsIn) {
    auto made = auth.create_random_password(t.domain, named("bob"));
    ASSERT_TRUE(made);
    EXPECT_EQ(made->password.size(), 16u);
    EXPECT_EQ(login("bob", made->password), Verdict::ok);
    EXPECT_NE(Authenticator::random_password(), Authenticator::random_password());
}

TEST_F(AuthTest, ARandomPasswordBeginsWithALetterSoThatProgramsTakeItAsAnArgument) {
    for (int i = 0; i < 500; ++i) {
        const std::string made = Authenticator::random_password();
        EXPECT_TRUE(text::is_alpha(made.front())) << made;
        EXPECT_EQ(made.size(), 16u);
    }
}

TEST_F(AuthTest, AliasLoginsCanBeSwitchedOff) {
    ASSERT_TRUE(t.directory->add_account_alias(alice, "sales"));
    EXPECT_EQ(login("sales", password), Verdict::ok);
    AuthOptions strict;
    strict.allow_alias_logins = false;
    Authenticator other{*t.directory, t.clock, metrics, strict};
    EXPECT_EQ(other.authenticate_plain(context(), "sales", password).verdict, Verdict::bad_credentials);
    EXPECT_TRUE(other.authenticate_plain(context(), "alice", password).ok());
}

TEST_F(AuthTest, ManyAtOnceAreTurnedAwayNotQueuedWithoutEnd) {
    AuthOptions narrow;
    narrow.argon2_slots = 1;
    narrow.argon2_waiting = 1;
    Authenticator other{*t.directory, t.clock, metrics, narrow};
    std::atomic<int> busy{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 8; ++i)
        threads.emplace_back([&, i] {
            Context from = context();
            from.peer_ip = "198.51.100." + std::to_string(i);
            if (other.authenticate_plain(from, "user" + std::to_string(i), "x").verdict
                == Verdict::unavailable)
                ++busy;
        });
    for (std::thread& thread : threads) thread.join();
    EXPECT_GT(busy, 0);
}

}  // namespace
}  // namespace postrider::auth
