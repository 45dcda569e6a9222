#include "relay/security.h"

#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <unistd.h>

#include <cstdio>
#include <filesystem>

#include "relay/session/bare_report.h"
#include "relay/test_world.h"

namespace postrider::relay {
namespace {

/// A mail host's own certificate, and what a TLSA record says of it.
class Certificate {
public:
    explicit Certificate(const std::string& name) {
        char folder[] = "/tmp/postrider-relay-XXXXXX";
        folder_ = ::mkdtemp(folder);
        file = folder_ + "/cert.pem";
        EXPECT_TRUE(net::write_self_signed_certificate(file, {name}));
        net::TlsOptions options;
        options.cert_file = file;
        context = net::TlsContext::server(options);
    }
    ~Certificate() { std::filesystem::remove_all(folder_); }
    std::string tlsa(bool right = true) const {
        std::FILE* in = std::fopen(file.c_str(), "r");
        X509* certificate = nullptr;
        while (in && !certificate && !std::feof(in))
            certificate = PEM_read_X509(in, nullptr, nullptr, nullptr);
        if (in) std::fclose(in);
        unsigned char* der = nullptr;
        const int size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
        std::string digest(32, '\0');
        SHA256(der, static_cast<std::size_t>(size), reinterpret_cast<unsigned char*>(digest.data()));
        OPENSSL_free(der);
        X509_free(certificate);
        if (!right) digest[0] = static_cast<char>(digest[0] ^ 1);
        return dns::tlsa_rdata({3, 1, 1, digest});
    }

    std::string file;
    std::shared_ptr<net::TlsContext> context;

private:
    std::string folder_;
};

class FixedPolicy final : public StsPolicies {
public:
    net::Task<StsPolicy> policy(std::string) override { co_return what; }
    StsPolicy what;
};

class Attempts final : public TlsAttempts {
public:
    void note(const TlsAttempt& attempt) override {
        std::lock_guard lock{mutex_};
        results.push_back(attempt.result);
    }
    std::vector<std::string> results;

private:
    std::mutex mutex_;
};

/// One message to example.net by one host with TLS.
struct Scene {
    explicit Scene(MailHost::Manners manners = {}, bool dnssec = false)
        : host{"127.0.0.2", std::move(manners), 0, cert.context} {
        world.settings.port = host.port();
        world.attempts = &attempts;
        world.sts = &sts;
        world.settings.dane = true;
        if (dnssec) world.use = &world.secure;
        dns::FakeResolver& to = *world.use;
        to.add("example.net", dns::Type::mx, dns::mx_rdata(10, "mx.example.net"));
        to.add("mx.example.net", dns::Type::a, dns::address_rdata("127.0.0.2"));
    }
    std::string tlsa_name() const { return "_" + std::to_string(host.port()) + "._tcp.mx.example.net"; }
    std::string go(const std::function<void(queue::Envelope&)>& more = {}) {
        world.outbound.add("example.net", {"b@example.net"}, 1, more);
        world.start();
        EXPECT_TRUE(world.outbound.quiet());
        world.stop();
        const std::string down = world.outbound.why_down("example.net");
        return down.empty() ? world.outbound.fate(1) : "down " + down.substr(0, 5);
    }

    Certificate cert{"mx.example.net"};
    MailHost host;
    Attempts attempts;
    FixedPolicy sts;
    World world;
};

TEST(Security, UsesTlsWhereItIsOffered) {
    Scene scene;
    EXPECT_EQ(scene.go(), "sent 2.0.0");
    EXPECT_EQ(scene.host.secure_messages, 1);
    EXPECT_EQ(scene.attempts.results, std::vector<std::string>{""});
}

TEST(Security, SendsInTheOpenWhenOptionalTlsIsBroken) {
    const MailHost::Manners all[] = {{{"STARTTLS", "454 not now\r\n"}},
                                     {{"STARTTLS", "drop"}},
                                     {{"STARTTLS", "garbage"}},
                                     {{"handshake", "broken"}}};
    for (const MailHost::Manners& broken : all) {
        SCOPED_TRACE(broken.begin()->second);
        Scene scene{broken};
        EXPECT_EQ(scene.go(), "sent 2.0.0");
        EXPECT_EQ(scene.host.secure_messages, 0);
    }
}

TEST(Security, DoesWhatTheAdministratorSays) {
    Scene none;
    none.world.settings.tls_policy = TlsPolicy::none;
    EXPECT_EQ(none.go(), "sent 2.0.0");
    EXPECT_EQ(none.host.secure_messages, 0);
    Scene encrypt;
    encrypt.world.settings.tls_policy = TlsPolicy::encrypt;
    EXPECT_EQ(encrypt.go(), "sent 2.0.0");
    Scene broken{{{"STARTTLS", "454 not now\r\n"}}};
    broken.world.settings.tls_policy = TlsPolicy::encrypt;
    EXPECT_TRUE(broken.go().starts_with("down 4."));
    EXPECT_EQ(broken.host.messages, 0);
    Scene verify;  // nobody knows who has signed that
    verify.world.settings.tls_policy = TlsPolicy::verify;
    EXPECT_EQ(verify.go(), "down 4.7.5");
    Scene known;
    known.world.settings.tls_policy = TlsPolicy::verify;
    known.world.settings.ca_file = known.cert.file;
    EXPECT_EQ(known.go(), "sent 2.0.0");
}

TEST(Security, BelievesTlsaRecordsThatAreSecureAndNoOthers) {
    Scene right{{}, true};
    right.world.secure.add(right.tlsa_name(), dns::Type::tlsa, right.cert.tlsa());
    EXPECT_EQ(right.go(), "sent 2.0.0");
    EXPECT_EQ(right.host.secure_messages, 1);
    Scene wrong{{}, true};
    wrong.world.secure.add(wrong.tlsa_name(), dns::Type::tlsa, wrong.cert.tlsa(false));
    EXPECT_EQ(wrong.go(), "down 4.7.5");
    EXPECT_EQ(wrong.attempts.results, std::vector<std::string>{"validation-failure"});
    Scene insecure;
    insecure.world.dns.add(insecure.tlsa_name(), dns::Type::tlsa, insecure.cert.tlsa(false));
    EXPECT_EQ(insecure.go(), "sent 2.0.0");
    Scene bogus{{}, true};  // RFC 7672 §2.1.2: no answer is not the same as none
    bogus.world.secure.set(bogus.tlsa_name(), dns::Type::tlsa, dns::Outcome::bogus);
    EXPECT_EQ(bogus.go(), "down 4.7.5");
    Scene unusable{{{"STARTTLS", "454 not now\r\n"}}, true};  // §2.2: then with anybody, but with TLS
    unusable.world.secure.add(unusable.tlsa_name(), dns::Type::tlsa,
                              dns::tlsa_rdata({0, 0, 1, std::string(32, 'x')}));
    EXPECT_TRUE(unusable.go().starts_with("down"));
    EXPECT_EQ(unusable.host.messages, 0);
}

TEST(Security, HoldsAnMtaStsPolicyThatIsEnforced) {
    Scene listed;
    listed.sts.what.mode = StsPolicy::Mode::enforce;
    listed.sts.what.mx = {"*.example.net"};
    listed.world.settings.ca_file = listed.cert.file;
    EXPECT_EQ(listed.go(), "sent 2.0.0");
    Scene other;
    other.sts.what.mode = StsPolicy::Mode::enforce;
    other.sts.what.mx = {"mail.example.org"};
    other.world.settings.ca_file = other.cert.file;
    EXPECT_EQ(other.go(), "down 4.7.5");
    EXPECT_EQ(other.host.connections, 0);
    Scene untrusted;
    untrusted.sts.what.mode = StsPolicy::Mode::enforce;
    untrusted.sts.what.mx = {"mx.example.net"};
    EXPECT_EQ(untrusted.go(), "down 4.7.5");
    EXPECT_EQ(untrusted.attempts.results, std::vector<std::string>{"certificate-not-trusted"});
    Scene testing;
    testing.sts.what.mode = StsPolicy::Mode::testing;
    testing.sts.what.mx = {"mx.example.net"};
    EXPECT_EQ(testing.go(), "sent 2.0.0");
    EXPECT_EQ(testing.attempts.results, std::vector<std::string>{"certificate-not-trusted"});
}

TEST(Security, ReturnsMailThatRequiresTlsWhereItIsNotSure) {
    const auto require_tls = [](queue::Envelope& envelope) { envelope.require_tls = true; };
    Scene unsure;  // RFC 8689 §4.2.1: neither DNSSEC nor MTA-STS
    EXPECT_EQ(unsure.go(require_tls), "permanent 5.7.10");
    Scene deaf{{}, true};
    deaf.world.settings.ca_file = deaf.cert.file;
    EXPECT_EQ(deaf.go(require_tls), "permanent 5.7.30") << "the host does not offer it";
    Scene good{{}, true};
    good.world.settings.ca_file = good.cert.file;
    good.host.extensions = "REQUIRETLS\r\n250 PIPELINING\r\n";
    EXPECT_EQ(good.go(require_tls), "sent 2.0.0");
    const auto said = good.host.commands();
    EXPECT_TRUE(
        std::ranges::any_of(said, [](const std::string& line) { return line.ends_with(" REQUIRETLS"); }));
    Scene anyhow;  // §5
    anyhow.sts.what.mode = StsPolicy::Mode::enforce;
    anyhow.sts.what.mx = {"mail.example.org"};
    anyhow.world.bodies[1] = "TLS-Required: No\r\nSubject: your policy is broken\r\n\r\n";
    EXPECT_EQ(anyhow.go(), "sent 2.0.0");
}

TEST(Security, LooksForAHostThatOffersRequireTls) {
    Scene scene{{}, true};
    MailHost second{"127.0.0.3", {}, scene.host.port(), scene.cert.context};
    second.extensions = "REQUIRETLS\r\n250 PIPELINING\r\n";
    dns::FakeResolver& dns = scene.world.secure;
    dns.add("example.net", dns::Type::mx, dns::mx_rdata(20, "mx2.example.net"));
    dns.add("mx2.example.net", dns::Type::a, dns::address_rdata("127.0.0.3"));
    dns.add(scene.tlsa_name(), dns::Type::tlsa, scene.cert.tlsa());
    dns.add("_" + std::to_string(second.port()) + "._tcp.mx2.example.net", dns::Type::tlsa,
            scene.cert.tlsa());
    EXPECT_EQ(scene.go([](queue::Envelope& envelope) { envelope.require_tls = true; }), "sent 2.0.0");
    EXPECT_EQ(scene.host.messages, 0);
    EXPECT_EQ(second.secure_messages, 1);
}

TEST(Security, SendsAReportWithoutWhatItQuotesWhereRequireTlsIsNotToBeHad) {
    const std::string report =
        "Subject: Permanent failure notice\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=\"b\"\r\n\r\n"
        "--b\r\n\r\nSorry\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nAction: failed\r\n"
        "\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\nSubject: secret\r\n\r\n--b--\r\n";
    const auto bounce = [](queue::Envelope& envelope) {
        envelope.reverse_path = {};
        envelope.require_tls = true;
    };
    Scene deaf;
    deaf.world.bodies[1] = report;
    EXPECT_EQ(deaf.go(bounce), "sent 2.0.0");
    EXPECT_EQ(deaf.host.secure_messages, 1);
    for (const std::string& line : deaf.host.lines()) EXPECT_EQ(line.find("secret"), std::string::npos);
    for (const std::string& line : deaf.host.commands())
        EXPECT_EQ(line.find("REQUIRETLS"), std::string::npos);
    Scene good{{}, true};
    good.world.settings.ca_file = good.cert.file;
    good.host.extensions = "REQUIRETLS\r\n250 PIPELINING\r\n";
    good.world.bodies[1] = report;
    EXPECT_EQ(good.go(bounce), "sent 2.0.0");
    EXPECT_TRUE(std::ranges::count(good.host.lines(), "Subject: secret") == 1);
}

TEST(BareReport, IsWhatComesBeforeTheThirdPart) {
    const std::string header = "Content-Type: multipart/report; boundary=b\r\n\r\n";
    EXPECT_EQ(*bare_report(header + "pre\r\n--b\r\n\r\n1\r\n--b \r\n\r\n--bb\r\n--b\r\n\r\n3\r\n--b--\r\n"),
              header + "pre\r\n--b\r\n\r\n1\r\n--b \r\n\r\n--bb\r\n--b--\r\n");
    EXPECT_FALSE(bare_report(header + "--b\r\n\r\n1\r\n--b\r\n\r\n2\r\n--b--\r\n"));
    EXPECT_FALSE(bare_report(header));
    EXPECT_FALSE(bare_report("Subject: --b\r\n\r\n--b\r\n--b\r\n--b\r\n"));
}

TEST(Security, KnowsWhatAPatternOfAPolicyMeans) {
    StsPolicy policy;
    policy.mx = {"mail.example.org", "*.example.net"};
    EXPECT_TRUE(sts_allows(policy, "MAIL.example.org"));
    EXPECT_TRUE(sts_allows(policy, "mx1.example.net"));
    EXPECT_FALSE(sts_allows(policy, "a.mx1.example.net"));
    EXPECT_FALSE(sts_allows(policy, "example.net"));
    EXPECT_FALSE(sts_allows(policy, "other.example.org"));
}

}  // namespace
}  // namespace postrider::relay
