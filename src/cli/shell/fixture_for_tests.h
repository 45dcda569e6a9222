#pragma once

#include <thread>

#include "admin/fixture_for_tests.h"
#include "cli/shell/shell.h"
#include "directory/folder_quotas.h"
#include "filter/chain/settings.h"
#include "filter/scan/settings.h"
#include "settings/table.h"

namespace postrider::cli {

struct TestRule {
    std::string sender;
    unsigned size = 0;
};
inline constexpr settings::Setting<TestRule> rule_rows[] = {
    {.name = "sender", .field = settings::field<&TestRule::sender>, .range = {0, 255}, .help = "Whose."},
    {.name = "maxSize", .field = settings::field<&TestRule::size>, .range = {0, 1000}, .help = "Size."},
};
inline settings::TableOf<TestRule> rule_table() {
    return {rule_rows, "rule", "A rule."};
}
struct TestProcessing {
    unsigned threads = 4;
    std::vector<TestRule> rules;  ///< without a key
};
inline constexpr settings::Setting<TestProcessing> processing_rows[] = {
    {.name = "deliveryThreads",
     .field = settings::field<&TestProcessing::threads>,
     .range = {1, 64},
     .help = "Threads."},
    {.name = "sizeRules",
     .field = settings::object_set<&TestProcessing::rules, rule_table>,
     .range = {0, 3},
     .help = "Rules."},
};
inline settings::TableOf<TestProcessing> processing_table() {
    return {processing_rows, "processing", "Processing."};
}

/// What a server's settings are made of, as far as this room needs it.
struct TestSettings {
    TestProcessing processing;
    settings::ServerSettings server;
    CliSettings cli;
    filter::ChainSettings chain;
    filter::ScannerSettings scanners;
};

inline constexpr settings::Setting<TestSettings> test_rows[] = {
    {.name = "cli", .field = settings::object<&TestSettings::cli, cli_table>, .help = "This service."},
    {.name = "processing",
     .field = settings::object<&TestSettings::processing, processing_table>,
     .help = "What happens to queued mail."},
    {.field = settings::inlined<&TestSettings::server, settings::server_table>},
    {.field = settings::inlined<&TestSettings::chain, filter::chain_table>},
    {.field = settings::inlined<&TestSettings::scanners, filter::scanner_table>},
};
inline settings::TableOf<TestSettings> test_table() {
    return {test_rows, "Server", "The whole server."};
}

/// A server that is nothing but its settings.
struct TestLive final : admin::LiveServer {
    std::vector<admin::ServiceState> services() const override { return {{"imap", imap, true, 3}}; }
    std::expected<void, std::string> start_service(std::string_view) override {
        return imap = true, std::expected<void, std::string>{};
    }
    std::expected<void, std::string> stop_service(std::string_view) override {
        return imap = false, std::expected<void, std::string>{};
    }
    settings::Table table() const override { return test_table(); }
    std::shared_ptr<void> settings() const override { return std::make_shared<TestSettings>(configured); }
    std::expected<admin::Applied, std::string> apply(const void* wanted) override {
        if (!refuse.empty()) return std::unexpected(refuse);
        configured = *static_cast<const TestSettings*>(wanted);
        ++applied;
        return admin::Applied{};
    }
    std::expected<admin::Applied, std::string> reload() override { return admin::Applied{}; }
    std::expected<void, std::string> save() override { return ++saved, std::expected<void, std::string>{}; }
    std::string configuration_file() const override { return file; }
    std::expected<void, std::string> upgrade() override { return {}; }

    directory::FolderQuotaBook& folder_quotas() override { return *quotas; }

    TestSettings configured;
    std::unique_ptr<directory::FolderQuotaBook> quotas;
    std::string refuse, file;
    int applied = 0, saved = 0;
    bool imap = true;
};

/// A session without a connection, logged in as admin unless the test logs in itself.
class ShellTest : public admin::AdminTest {
protected:
    void SetUp() override {
        admin::AdminTest::SetUp();
        context->live = &live;
        live.quotas = std::make_unique<directory::FolderQuotaBook>(store->kv());
        tree = std::make_unique<Tree>(test_table());
        backend = std::make_unique<Backend>(Backend{settings, *context, *tree, observe::Logger{}, jobs});
        auto set = authenticator->set_admin_password("admin", "secret");
        ASSERT_TRUE(set) << set.error().what;
        connect();
    }
    void TearDown() override { shell.reset(); }

    void connect() {
        shell = std::make_unique<Shell>(*backend, "127.0.0.1", false, SessionId{1});
        last = shell->greeting();
    }
    void login(const std::string& user = "admin", const std::string& password = "secret") {
        connect();
        say("USER " + user);
        say(password);
        ASSERT_TRUE(shell->logged_in()) << last.text;
    }
    /// The whole answer, prompt included.
    std::string say(std::string_view line) {
        last = shell->line(line);
        std::string text = last.text;
        while (last.again.count() > 0) {
            std::this_thread::sleep_for(std::chrono::milliseconds{1});
            last = shell->more();
            text += last.text;
        }
        last.text = std::move(text);
        return last.text;
    }
    /// Lines of the last answer, split at CRLF: the last is the prompt.
    std::vector<std::string> lines() const {
        std::vector<std::string> all;
        std::string_view rest = last.text;
        while (true) {
            auto end = rest.find("\r\n");
            all.emplace_back(rest.substr(0, end));
            if (end == rest.npos) return all;
            rest.remove_prefix(end + 2);
        }
    }
    /// As clients slice: [first:-last].
    std::vector<std::string> slice(std::string_view line, std::size_t first, std::size_t behind) {
        say(line);
        auto all = lines();
        if (all.size() < first + behind) return {"(too short) " + last.text};
        return {all.begin() + static_cast<std::ptrdiff_t>(first),
                all.end() - static_cast<std::ptrdiff_t>(behind)};
    }
    std::string status() const {
        auto all = lines();
        return all.size() < 2 ? std::string{} : all[all.size() - 2];
    }
    std::string prompt() const { return lines().back(); }

    void expect_ok(std::string_view line, std::string_view prompt_after = {}) {
        say(line);
        EXPECT_TRUE(status().starts_with("+OK: ")) << line << " -> " << last.text;
        if (prompt_after.empty()) return;
        EXPECT_EQ(prompt(), prompt_after) << line;
    }
    std::string expect_error(std::string_view line) {
        say(line);
        EXPECT_TRUE(status().starts_with("-ERR: ")) << line << " -> " << last.text;
        return status();
    }
    /// All lines of a script, which all succeed.
    void script(std::initializer_list<std::string_view> all) {
        for (std::string_view line : all) expect_ok(line);
    }

    TestLive live;
    CliSettings settings;
    Jobs jobs;
    std::unique_ptr<Tree> tree;
    std::unique_ptr<Backend> backend;
    std::unique_ptr<Shell> shell;
    Shell::Output last;
};

}  // namespace postrider::cli
