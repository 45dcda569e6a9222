#include "settings/writer.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "settings/commands.h"
#include "settings/manual.h"
#include "settings/reader.h"
#include "settings/test_root.h"

namespace postrider::settings {
namespace {

using test::Root;

class TemporaryFile {
public:
    explicit TemporaryFile(std::string_view text) {
        std::string name = "/tmp/postrider-config-XXXXXX";
        int fd = mkstemp(name.data());
        EXPECT_GE(fd, 0);
        EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
        ::close(fd);
        path_ = name;
    }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;
    ~TemporaryFile() { ::unlink(path_.c_str()); }
    const std::string& path() const { return path_; }

private:
    std::string path_;
};

TEST(Writer, WritesOnlyWhatIsNotTheDefault) {
    Root root;
    EXPECT_EQ(write(test::root_table(), root), "Server {\n}\n");
    root.server.primary_domain = "example.org";
    root.imap.service.log.levels = 31;
    root.imap.listeners[0].ssl.cert_file = "a b.pem";
    EXPECT_EQ(write(test::root_table(), root), R"(Server {
    primaryDomain = example.org
    imap = {
        logLevel = 31
        listeners = (
            {
                address = 127.0.0.1:143
                sslControl = {
                    certFile = "a b.pem"
                }
            }
        )
    }
}
)");
    root.imap.listeners.clear();
    EXPECT_NE(write(test::root_table(), root).find("listeners = ()"), std::string::npos);
}

TEST(Writer, WritesWhatTheReaderReadsBack) {
    Root root;
    root.server.services = {Service::imap};
    root.server.domains = {{"example.org", "d", "o", {"m 1", "m#2"}, false, true, 7, true}};
    root.imap.greeting = "say \"hi\" \\ there";
    root.imap.mechanisms = {};
    root.imap.listeners.push_back(test::imap_listener());
    root.imap.listeners[1].address = "[::1]:143";
    root.imap.listeners[1].rules.deny = {{"10.0.0.0/8", true, 3}};
    for (bool all : {false, true}) {
        WriteOptions options;
        options.all = all;
        options.comments = all;
        std::string text = write(test::root_table(), root, options);
        auto loaded = load(test::root_table(), text, "f");
        for (const Diagnostic& one : loaded.found) ADD_FAILURE() << one.text() << "\n" << text;
        EXPECT_EQ(write(test::root_table(), loaded.values, options), text);
        EXPECT_EQ(loaded.values.imap.greeting, root.imap.greeting);
        EXPECT_EQ(loaded.values.server.domains.at(0).message_locations,
                  root.server.domains[0].message_locations);
        EXPECT_TRUE(loaded.values.imap.mechanisms.empty());
    }
}

TEST(Writer, WritesAWordForSeveralValuesWhereNoOtherStandsForThem) {
    Root root;
    root.imap.mechanisms = {test::Mechanism::login, test::Mechanism::scram, test::Mechanism::scram_plus};
    std::string text = write(test::root_table(), root);
    EXPECT_NE(text.find("plainConnAuthTypes = (login scram)"), std::string::npos) << text;
    EXPECT_EQ(load(test::root_table(), text, "f").values.imap.mechanisms, root.imap.mechanisms);
}

TEST(Writer, WritesTheSamplesSoThatTheyReadTheSame) {
    for (const char* name : {"two-domains.cfg", "im-webproxy.cfg", "im-mailserver.cfg"}) {
        auto text = load_file(std::string{TESTDATA} + "/config/" + name);
        ASSERT_TRUE(text);
        auto first = load(test::root_table(), *text, name);
        std::string written = write(test::root_table(), first.values);
        auto second = load(test::root_table(), written, name);
        EXPECT_TRUE(second.found.empty());
        EXPECT_EQ(write(test::root_table(), second.values), written);
    }
}

TEST(SaveFile, ReplacesInOneStepAndKeepsTheMode) {
    TemporaryFile file{"old"};
    ASSERT_EQ(::chmod(file.path().c_str(), 0600), 0);
    ASSERT_TRUE(save_file(file.path(), "new"));
    EXPECT_EQ(load_file(file.path()), "new");
    struct stat status {};
    ASSERT_EQ(::stat(file.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U);
    EXPECT_FALSE(std::filesystem::exists(file.path() + ".new"));
}

TEST(SaveFile, LeavesTheOldFileWhenTheDiskRefuses) {
    auto saved = save_file("/no/such/directory/x.cfg", "new");
    ASSERT_FALSE(saved);
    EXPECT_EQ(saved.error(), "cannot create /no/such/directory/x.cfg.new: No such file or directory");
    EXPECT_EQ(load_file("/no/such/file").error(), "cannot open /no/such/file: No such file or directory");
    TemporaryFile file{"12345"};
    EXPECT_EQ(load_file(file.path(), 4).error(), file.path() + " is larger than 4 octets");
}

TEST(ConfigCheck, CountsErrorsAndWarnings) {
    TemporaryFile bad{"Server {\n imap = { maxErrors = 200 }\n x = 1\n}\n"};
    CommandResult result = config_check(test::root_table(), bad.path(), false);
    EXPECT_EQ(result.exit_code, 1);
    EXPECT_EQ(result.output,
              bad.path() + ":2: error: imap.maxErrors: 200 is out of range (allowed: 0 to 100)\n" + bad.path()
                  + ":3: warning: x: unknown name, ignored\n" + bad.path() + ": 1 error, 1 warning\n");
    TemporaryFile good{"Server {}"};
    result = config_check(test::root_table(), good.path(), false);
    EXPECT_EQ(result.exit_code, 0);
    EXPECT_EQ(result.output, good.path() + ": 0 errors, 0 warnings\n");
    EXPECT_EQ(config_check(test::root_table(), "/no/such", false).exit_code, 2);
}

TEST(ConfigCheck, SpeaksJson) {
    EXPECT_EQ(to_json({{Severity::error, "f", 3, "a", "\"x\"\t", ""}}, "f"),
              "{\"file\": \"f\", \"errors\": 1, \"warnings\": 0, \"found\": [{\"severity\": \"error\", "
              "\"line\": 3, "
              "\"key\": \"a\", \"problem\": \"\\\"x\\\"\\u0009\", \"allowed\": \"\"}]}\n");
}

TEST(ConfigShow, HidesSecretsUnlessAskedForThem) {
    TemporaryFile file{"Server { imap = { password = hidden maxErrors = 3 } }"};
    ShowOptions options;
    EXPECT_EQ(config_show(test::root_table(), file.path(), options).output,
              "Server {\n    imap = {\n        maxErrors = 3\n        password = \"***\"\n    }\n}\n");
    options.secrets = true;
    EXPECT_NE(config_show(test::root_table(), file.path(), options).output.find("hidden"), std::string::npos);
    options.key = "IMAP.maxErrors";
    EXPECT_EQ(config_show(test::root_table(), file.path(), options).output, "maxErrors = 3\n");
    options.key = "imap.nothing";
    EXPECT_EQ(config_show(test::root_table(), file.path(), options).exit_code, 2);
    TemporaryFile bad{"Server { imap = { maxErrors = x } }"};
    EXPECT_EQ(config_show(test::root_table(), bad.path(), {}).exit_code, 1);
}

TEST(ConfigDefaults, IsAFileThatLoadsAndMeansTheDefaults) {
    CommandResult result = config_defaults(test::root_table());
    auto loaded = load(test::root_table(), result.output, "defaults");
    for (const Diagnostic& one : loaded.found) ADD_FAILURE() << one.text();
    EXPECT_EQ(write(test::root_table(), loaded.values), "Server {\n}\n");
    EXPECT_NE(result.output.find("# Mistakes after which a session is closed; 0 for no limit. [0 to 100]\n"),
              std::string::npos);
}

TEST(Manual, HasEverySettingAndOneChapterPerTable) {
    std::string manual = manual_markdown(test::root_table());
    for (std::string_view part :
         {"\n## Server\n", "\n## listener\n", "\n## sslControl\n", "\n## rule\n", "\n## domain\n",
          "\n## imap\n",
          "| `maxErrors` | number | 0 to 100 | `20` | Mistakes after which a session is closed; 0 for no "
          "limit. |",
          "What a client sees \\| first. Also read as greetingText.", "Defaults here: idleTimeout = 1800.",
          "[listener](#listener)", "the host's name"}) {
        EXPECT_NE(manual.find(part), std::string::npos) << part;
    }
    EXPECT_EQ(manual.find("## allowRule"), manual.rfind("## allowRule"));
    EXPECT_EQ(manual.find("webmail"), std::string::npos);  // what is not built is not advertised
}

TEST(Manual, IsAlsoAManPage) {
    std::string page = manual_roff(test::root_table());
    EXPECT_TRUE(page.starts_with(".TH POSTRIDER.CFG 5 "));
    EXPECT_NE(page.find(".TP\n.B maxErrors\n(number: 0 to 100; default 20)\n.br\n"), std::string::npos);
    std::istringstream in{page};
    for (std::string line; std::getline(in, line);) {
        if (!line.starts_with('.')) continue;
        std::string macro = line.substr(0, line.find(' '));
        EXPECT_TRUE(macro == ".TH" || macro == ".SH" || macro == ".TP" || macro == ".PP" || macro == ".B"
                    || macro == ".br" || macro == ".BR")
            << line;
    }
}

}  // namespace
}  // namespace postrider::settings
