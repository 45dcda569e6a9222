#include "settings/reader.h"

#include <gtest/gtest.h>

#include "settings/test_root.h"
#include "settings/writer.h"

namespace postrider::settings {
namespace {

using test::Mechanism;
using test::Root;

Loaded<Root> load_text(std::string_view text) {
    return load(test::root_table(), text, "f.cfg");
}

std::vector<std::string> messages(std::string_view text) {
    std::vector<std::string> all;
    for (const Diagnostic& one : load_text(text).found) all.push_back(one.text());
    return all;
}

using Messages = std::vector<std::string>;

TEST(Reader, SeveralListenersMayLeaveTheirPortsToTheSystem) {
    auto loaded = load_text(
        "Server { imap = { listeners = ( { address = 127.0.0.1:0 } { address = 127.0.0.1:0 } ) } }");
    EXPECT_TRUE(loaded.found.empty());
    EXPECT_EQ(loaded.values.imap.listeners.size(), 2u);
}

TEST(Reader, LeavesDefaultsWhereNothingIsSaid) {
    auto loaded = load_text("Server {}");
    EXPECT_TRUE(loaded.found.empty());
    EXPECT_EQ(loaded.values.imap.listeners.at(0).address, "127.0.0.1:143");
    EXPECT_EQ(loaded.values.server.log.rules.at(0), observe::catch_all_rule());
}

TEST(Reader, FillsStructsThroughTheirTables) {
    auto loaded = load_text(R"(Server {
        SERVERNAME = mx1.example.org
        services = (imap log)
        imap = {
            logLevel = 31 logType = system maxErrors = 0
            listeners = ( { address = 0.0.0.0:143 sslEnable = yes maxConnections = 5
                            allowRules = ( { ipSet = 10.0.0.0/8 enable = yes maxConnections = 0 } )
                            sslControl = { certFile = cert.pem allowedVersions = (tls1_3)
                                           certificates = ( { hostName = a.example certFile = a.pem } ) } }
                          { address = "[::]:143" idleTimeout = 60 } )
            greetingText = "hello you" plainConnAuthTypes = (plain) cache = 5 offset = -32768
        }
    })");
    for (const Diagnostic& one : loaded.found) ADD_FAILURE() << one.text();
    const Root& root = loaded.values;
    EXPECT_EQ(root.server.server_name, "mx1.example.org");
    EXPECT_EQ(root.server.services, (Set<Service>{Service::imap, Service::log}));
    EXPECT_EQ(root.imap.service.log.levels, 31U);
    EXPECT_EQ(root.imap.service.log.type, observe::LogType::system);
    EXPECT_EQ(root.imap.service.max_errors, 0U);
    ASSERT_EQ(root.imap.listeners.size(), 2U);
    const ListenerSettings& first = root.imap.listeners[0];
    EXPECT_TRUE(first.ssl_enable);
    EXPECT_EQ(first.idle_timeout, 1800s);  // the default of this set
    EXPECT_EQ(first.limits.max_connections, 5U);
    EXPECT_EQ(first.rules.allow.at(0).limits.max_connections, 0U);
    EXPECT_EQ(first.rules.allow.at(0).priority, 500U);
    EXPECT_EQ(first.ssl.allowed_versions, Set<TlsVersion>{TlsVersion::tls1_3});
    EXPECT_EQ(first.ssl.certificates.at(0).host_name, "a.example");
    EXPECT_EQ(root.imap.listeners[1].idle_timeout, 60s);
    EXPECT_EQ(root.imap.greeting, "hello you");
    EXPECT_EQ(root.imap.mechanisms, Set<Mechanism>{Mechanism::plain});
    EXPECT_EQ(root.imap.cache, std::chrono::minutes{5});
    EXPECT_EQ(root.imap.offset, -32768);
}

TEST(Reader, SaysWhatWasWrongAndWhatIsAllowed) {
    struct Case {
        std::string_view attribute, message;
    };
    constexpr Case cases[] = {
        {"maxErrors = 101", "f.cfg:1: error: imap.maxErrors: 101 is out of range (allowed: 0 to 100)"},
        {"maxErrors = 99999999999999999999",
         "f.cfg:1: error: imap.maxErrors: 99999999999999999999 is out of range (allowed: 0 to 100)"},
        {"maxErrors = many", "f.cfg:1: error: imap.maxErrors: \"many\" is not a number (allowed: 0 to 100)"},
        {"maxErrors = (1 2)",
         "f.cfg:1: error: imap.maxErrors: a set or object where one value belongs (allowed: 0 to 100)"},
        {"offset = 32768", "f.cfg:1: error: imap.offset: 32768 is out of range (allowed: -32768 to 32767)"},
        {"cache = 0", "f.cfg:1: error: imap.cache: 0 is out of range (allowed: 1 to 60 minutes)"},
        {"logType = paper",
         "f.cfg:1: error: imap.logType: \"paper\" is not one of the words (allowed: one of: internal system "
         "remote)"},
        {"logHost = here",
         "f.cfg:1: error: imap.logHost: \"here\" is not an IP:port (allowed: an IP:port such as 127.0.0.1:25 "
         "or "
         "[::1]:25)"},
        {"plainConnAuthTypes = (plain ntlm)",
         "f.cfg:1: error: imap.plainConnAuthTypes: \"ntlm\" is not one of the words (allowed: any of: plain "
         "login "
         "cram-md5 scram all)"},
        {"plainConnAuthTypes = (plain gssapi)",
         "f.cfg:1: warning: imap.plainConnAuthTypes: not in this build, left out: gssapi (allowed: any of: "
         "plain "
         "login cram-md5 scram all)"},
        {"listeners = yes",
         "f.cfg:1: error: imap.listeners: not a set of objects (allowed: ( { ... } ... ), at most 4 "
         "objects)"},
        {"serviceAccessControl = 5",
         "f.cfg:1: error: imap.serviceAccessControl: a value where an object belongs (allowed: { ... })"},
        {"listeners = ({address=1.1.1.1:1} {address=1.1.1.1:2} {address=1.1.1.1:3} {address=1.1.1.1:4} "
         "{address=1.1.1.1:5})",
         "f.cfg:1: error: imap.listeners: the set has 5 objects (allowed: ( { ... } ... ), at most 4 "
         "objects)"},
        {"listeners = ({address=1.1.1.1:1 enable=maybe})",
         "f.cfg:1: error: imap.listeners[1].enable: \"maybe\" is neither yes nor no (allowed: yes, no)"},
        {"listeners = ({address=1.1.1.1:1 denyRules = ({ipSet=x})})",
         "f.cfg:1: error: imap.listeners[1].denyRules[1].ipSet: \"x\" is not a set of IP addresses (allowed: "
         "an IP "
         "set such as 10.0.0.1-10.0.0.20, 10.0.0.0/255.0.0.0, 10.0.0.0/8 or 10.0.0.1)"},
        {"maxErrors = 1 MAXERRORS = 2",
         "f.cfg:1: warning: imap.MAXERRORS: given twice; the first one counts"},
        {"maxErors = 1", "f.cfg:1: warning: imap.maxErors: unknown name, ignored; did you mean maxErrors?"},
        {"colour = blue", "f.cfg:1: warning: imap.colour: unknown name, ignored"},
        {"userdbConnectorType = ldap",
         "f.cfg:1: warning: imap.userdbConnectorType: this setting is known, but has no effect in this "
         "build; "
         "ignored (accounts are always this server's own until LDAP is built)"},
        {"listeners = ({ enable = no })",
         "f.cfg:1: warning: imap.listeners[1]: address is missing, so the object is ignored (allowed: "
         "address = an "
         "IP:port such as 127.0.0.1:25 or [::1]:25)"},
        {"listeners = ({address=1.1.1.1:1} {address=\"1.1.1.1:1\"})",
         "f.cfg:1: warning: imap.listeners[2]: a second object with address = 1.1.1.1:1 is ignored; the "
         "first one "
         "counts"},
    };
    for (const Case& c : cases) {
        Messages found = messages("Server { imap = { " + std::string{c.attribute} + " } }");
        ASSERT_FALSE(found.empty()) << c.attribute;
        EXPECT_EQ(found[0], c.message) << c.attribute;
    }
    EXPECT_EQ(
        messages("Server { imap = { greetingsText = \"" + std::string(1025, 'x') + "\" } }"),
        Messages{"f.cfg:1: error: imap.greetingsText: the value has 1025 characters (allowed: at most 1024 "
                 "characters)"});
    EXPECT_EQ(
        messages("Server {\n\nserverName = \"a b\" }"),
        Messages{"f.cfg:3: error: serverName: \"a b\" is not a host name (allowed: a host name, at most 64 "
                 "characters)"});
}

TEST(Reader, NamesSectionsThatThisBuildDoesNotHave) {
    EXPECT_EQ(
        messages(
            "Server {\n webmail = {}\n userDb = { ldapConnectors = ({ name = x }) }\n maxIndexingThreads = 2 "
            "enableIOSynchronization = no }"),
        (Messages{"f.cfg:2: warning: webmail: this section is known, but what it sets up is not in this "
                  "build; ignored",
                  "f.cfg:3: warning: userDb: this section is known, but what it sets up is not in this "
                  "build; ignored",
                  "f.cfg:4: warning: maxIndexingThreads: this setting is known, but has no effect in this "
                  "build; ignored",
                  "f.cfg:4: warning: enableIOSynchronization: this setting is known, but has no effect in "
                  "this build; ignored (accepted mail is always synced to disk)"}));
}

TEST(Reader, KeepsTheFirstOfTwoAndTheDefaultOfWhatIsWrong) {
    auto loaded = load_text(R"(Server { imap = { maxErrors = 7 maxErrors = 8 maxAuthErrors = x
        listeners = ( { enable = no } { address = 1.2.3.4:1 idleTimeout = 5 } { address = 1.2.3.4:1 } ) } })");
    EXPECT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.values.imap.service.max_errors, 7U);
    EXPECT_EQ(loaded.values.imap.service.max_auth_errors, 5U);
    ASSERT_EQ(loaded.values.imap.listeners.size(), 1U);
    EXPECT_EQ(loaded.values.imap.listeners[0].idle_timeout, 5s);
}

TEST(Reader, TheFirstObjectOfAKeyThatIsValidWins) {
    auto loaded = load_text(R"(Server { domainStorageParams = (
        { domainName = "a..b" } { domainName = a.example activationLevel = 1 } { domainName = A.example } ) })");
    ASSERT_EQ(loaded.values.server.domains.size(), 1U);
    EXPECT_EQ(loaded.values.server.domains[0].activation_level, 1U);
}

TEST(Reader, TakesZeroBesideARangeOnlyWhereItSaysSo) {
    auto rules = [](std::string_view what) {
        return messages("Server { log = { rules = ( { priority = 1 " + std::string{what} + " } ) } }");
    };
    EXPECT_TRUE(rules("fileSize = 0 fileTime = 0").empty());
    EXPECT_EQ(rules("fileSize = 99"),
              Messages{"f.cfg:1: error: log.rules[1].fileSize: 99 is out of range (allowed: "
                       "0, 100 to 2097151 KB)"});
}

TEST(Reader, ASetMayBeEmptyOrOneWord) {
    auto loaded = load_text("Server { services = log imap = { listeners = () } }");
    EXPECT_TRUE(loaded.found.empty());
    EXPECT_EQ(loaded.values.server.services, Set<Service>{Service::log});
    EXPECT_TRUE(loaded.values.imap.listeners.empty());
}

class Sample : public testing::TestWithParam<std::pair<const char*, int>> {};

TEST_P(Sample, LoadsUnchanged) {
    auto text = load_file(std::string{TESTDATA} + "/config/" + GetParam().first);
    ASSERT_TRUE(text) << text.error();
    auto loaded = load_text(*text);
    EXPECT_TRUE(loaded.ok());
    EXPECT_EQ(static_cast<int>(loaded.found.size()), GetParam().second);  // only what is not in this build
    for (const Diagnostic& one : loaded.found) {
        EXPECT_NE(one.problem.find("in this build"), std::string::npos) << one.text();
    }
}

INSTANTIATE_TEST_SUITE_P(OfTheSpecification, Sample,
                         testing::Values(std::pair{"two-domains.cfg", 0}, std::pair{"im-webproxy.cfg", 2},
                                         std::pair{"im-mailserver.cfg", 3}));

TEST(Samples, TwoDomainsHaveTheirDisks) {
    auto text = load_file(std::string{TESTDATA} + "/config/two-domains.cfg");
    ASSERT_TRUE(text);
    auto loaded = load_text(*text);
    EXPECT_EQ(loaded.values.server.server_name, "mx1.example.org");
    ASSERT_EQ(loaded.values.server.domains.size(), 2U);
    EXPECT_EQ(loaded.values.server.domains[0].message_locations,
              (std::vector<std::string>{"/disk1/example.org", "/disk2/example.org"}));
    EXPECT_EQ(loaded.values.server.domains[1].object_location, "domains/example.net/objects");
    EXPECT_TRUE(loaded.found.empty());
}

TEST(Samples, AServiceThatIsNotBuiltIsNamed) {
    auto text = load_file(std::string{TESTDATA} + "/config/im-webproxy.cfg");
    ASSERT_TRUE(text);
    auto loaded = load_text(*text);
    EXPECT_EQ(loaded.found[0].text(),
              "f.cfg:3: warning: services: not in this build, left out: webmailProxy (allowed: any of: "
              "processing smtpIncoming smtpOutgoing pop3 imap log smtp cli rpop manageSieve)");
}

}  // namespace
}  // namespace postrider::settings
