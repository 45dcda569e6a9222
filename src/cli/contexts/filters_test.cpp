#include <fmt/core.h>
#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "cli/shell/fixture_for_tests.h"
#include "filter/chain/definitions.h"
#include "filter/scripts/script_store.h"

namespace postrider::cli {
namespace {

using Lines = std::vector<std::string>;

/// With filters, as a server has them.
class FilterShellTest : public ShellTest {
protected:
    void SetUp() override {
        ShellTest::SetUp();
        definitions = std::make_unique<filter::Definitions>(store->kv());
        scripts = std::make_unique<filter::ScriptStore>(store->kv());
        context->definitions = definitions.get();
        context->scripts = scripts.get();
        login();
    }
    void TearDown() override {
        ShellTest::TearDown();
        scripts.reset();
        definitions.reset();
    }
    filter::FilterDefinitions of(filter::DefinitionOwner::Kind kind, std::uint64_t id) {
        return definitions->get({kind, id}).value();
    }
    std::unique_ptr<filter::Definitions> definitions;
    std::unique_ptr<filter::ScriptStore> scripts;
};
using DefinitionKind = filter::DefinitionOwner::Kind;

TEST_F(FilterShellTest, TheServersFiltersAreSettings) {
    script({"CONFIG SERVER"});
    expect_ok("CONFIG FILTERS", "<server-filters#> ");
    expect_ok("ADD SocketFilter name ClamAV address inet://127.0.0.1:3310 protocolFile clam-av.afsl",
              "<server-filters-socketFilter#> ");
    script({"SET actionOnMatch discard maxConnections 4", "DONE"});
    expect_ok("ADD IntegratedFilter mine type externalCommand command /bin/true",
              "<server-filters-integratedFilter#> ");
    expect_ok("DONE", "<server-filters#> ");
    script({"ADD ScriptFilter sort file filters/s.sieve", "DONE",
            "ADD ActiveFilter 5 filterName ClamAV filterType socket", "SET applyOn (local relay)", "DONE",
            "ADD Blacklist eve@example.com"});
    say("LIST Filters");
    for (const char* part : {"List of Socket Filters:", "ClamAV | inet://127.0.0.1:3310 | clam-av.afsl",
                             "mine | yes    | externalCommand | /bin/true", "sort | sieve | filters/s.sieve",
                             "5        | ClamAV     | socket"})
        EXPECT_THAT(last.text, ::testing::HasSubstr(part));
    EXPECT_TRUE(live.configured.scanners.socket_filters.empty());
    expect_ok("COMMIT", "<server#> ");
    ASSERT_EQ(live.configured.scanners.socket_filters.size(), 1U);
    EXPECT_EQ(live.configured.scanners.socket_filters[0].max_connections, 4U);
    EXPECT_EQ(live.configured.scanners.filters.integrated_filters.size(), 1U);
    ASSERT_EQ(live.configured.chain.active.size(), 1U);
    EXPECT_TRUE(live.configured.chain.active[0].apply_on.has(filter::Applies::relay));
    EXPECT_EQ(
        context->anti_spam->lists().list(filter::ListOwner::server(), filter::ListColour::black)->size(), 1U);
    script({"CONFIG FILTERS", "REMOVE IntegratedFilter mine", "COMMIT"});
    EXPECT_TRUE(live.configured.scanners.filters.integrated_filters.empty());
}

TEST_F(FilterShellTest, TheServersFiltersHaveALogOfTheirOwn) {
    script({"CONFIG SERVER", "CONFIG FILTERS", "SET logLevel 3 logType internal"});
    EXPECT_EQ(slice("SHOW ATTR logLevel", 0, 2), Lines{"logLevel = 3"});
    expect_ok("ADD SocketFilter name AV address inet://127.0.0.1:3310 protocolFile clam-av.afsl",
              "<server-filters-socketFilter#> ");
    script({"DONE"});
    expect_error("SET logLevel 99");
    expect_ok("COMMIT", "<server#> ");
    EXPECT_EQ(live.configured.scanners.filters.log.levels, 3U);
    EXPECT_EQ(live.configured.scanners.socket_filters.size(), 1U);
}

TEST_F(FilterShellTest, AccountDefaultsHaveTheListsRulePagesAndPresetsToo) {
    script({"UPDATE Domain example.org", "CONFIG accountDefaultFilters", "ADD Blacklist eve@example.com"});
    expect_ok("ADD Preset name quiet", "<domain-accountDefaultFilters-preset#> ");
    expect_ok("ADD Filter spamFilter", "<domain-accountDefaultFilters-preset-filter#> ");
    script({"SET enabled no", "COMMIT", "COMMIT"});
    say("UPDATE WMFilterTemplate");
    say("keep;");
    script({".", "DONE"});
    const DomainId domain = directory->domain("example.org")->id;
    EXPECT_TRUE(definitions->presets(domain)->empty()) << "not before COMMIT";
    expect_ok("COMMIT");
    ASSERT_EQ(definitions->presets(domain)->size(), 1U);
    EXPECT_EQ(definitions->presets(domain)->front().name, "quiet");
    EXPECT_EQ(context->anti_spam->lists()
                  .list(filter::ListOwner::domain(domain), filter::ListColour::black)
                  ->size(),
              1U);
    EXPECT_TRUE(scripts->get(filter::ScriptOwner::of(domain), filter::template_script));
}

TEST_F(FilterShellTest, TheTemplateOfADomainIsReplacedFromAFile) {
    const auto file = std::filesystem::temp_directory_path() / fmt::format("template-{}.sieve", ::getpid());
    std::ofstream{file} << "nonsense";
    script({"EDIT Domain example.org", "SET wmFilterTemplatePath " + file.string()});
    expect_error("COMMIT");
    std::ofstream{file} << "discard;";
    expect_ok("COMMIT");
    std::filesystem::remove(file);
    const auto owner = filter::ScriptOwner::of(directory->domain("example.org")->id);
    EXPECT_EQ(*scripts->get(owner, filter::template_script), "discard;");
}

TEST_F(FilterShellTest, ADomainsFiltersAreNamedActivatedAndListed) {
    const DomainId domain = directory->domain("example.org")->id;
    script({"UPDATE Domain example.org", "CONFIG FILTERS"});
    expect_ok("ADD ScriptFilter name sort file filters/sort.sieve", "<domain-filters-scriptFilter#> ");
    expect_ok("DONE", "<domain-filters#> ");
    expect_ok("ADD ActiveFilter 20 filterName sort filterType script", "<domain-filters-activeFilter#> ");
    expect_ok("DONE");
    script({"ADD ActiveFilter priority 10", "SET filterName ClamAV filterType socket", "DONE"});
    EXPECT_TRUE(of(DefinitionKind::domain, domain.value()).empty());
    EXPECT_EQ(slice("LIST ScriptFilters", 5, 3), Lines{"sort | sieve | filters/sort.sieve"});
    EXPECT_EQ(slice("LIST ActiveFilters", 5, 3),
              (Lines{"10       | ClamAV     | socket", "20       | sort       | script"}));
    say("LIST Filters");
    for (const char* part : {"List of Script Filters:", "name | type  | file",
                             "List of Active Filters:", "priority | filterName | filterType"})
        EXPECT_THAT(last.text, ::testing::HasSubstr(part));
    EXPECT_EQ(slice("SHOW ActiveFilter 20 ATTR filterName", 0, 2), Lines{"filterName = \"sort\""});
    expect_error("REMOVE ScriptFilter sort");
    expect_ok("COMMIT", "<domain#> ");
    auto stored = of(DefinitionKind::domain, domain.value());
    ASSERT_EQ(stored.active.size(), 2U);
    EXPECT_EQ(stored.active[0].name, "ClamAV");
    EXPECT_EQ(stored.active[0].type, filter::FilterType::socket);
    script({"CONFIG FILTERS", "UPDATE ActiveFilter 10", "SET priority 30", "DONE", "REMOVE ActiveFilter 20",
            "REMOVE ScriptFilter sort", "COMMIT"});
    stored = of(DefinitionKind::domain, domain.value());
    ASSERT_EQ(stored.active.size(), 1U);
    EXPECT_EQ(stored.active[0].priority, 30U);
    EXPECT_TRUE(stored.scripts.empty());
}

TEST_F(FilterShellTest, WhatAFilterMustNotBeIsRefused) {
    script({"UPDATE Domain example.org", "CONFIG FILTERS", "ADD ScriptFilter name a file /etc/passwd"});
    expect_error("DONE");
    script({"SET file filters/a.sieve", "DONE", "ADD ActiveFilter 501 filterName a filterType script"});
    expect_error("DONE");
    script({"SET priority 7", "DONE"});
    expect_error("ADD ActiveFilter 7 filterName b filterType script");
    expect_error("ADD ActiveFilter seven");
    script({"BACK", "ADD Account name ann password s3cret", "CONFIG Filters",
            "ADD ActiveFilter 7 filterName ClamAV filterType socket"});
    expect_error("DONE");
}

TEST_F(FilterShellTest, AccountsClassesGroupsAndFolderRecipientsHaveTheirOwn) {
    script({"UPDATE Domain example.org",
            "ADD accountClass gold",
            "CONFIG Filters",
            "ADD ActiveFilter 1 filterName a filterType script",
            "DONE",
            "DONE",
            "COMMIT",
            "ADD Group name team",
            "CONFIG FILTERS",
            "ADD ActiveFilter 2 filterName b filterType script",
            "DONE",
            "DONE",
            "COMMIT",
            "ADD FolderRcpt name news",
            "SET mboxName News",
            "CONFIG FILTERS",
            "ADD ActiveFilter 3 filterName c filterType script",
            "DONE",
            "DONE",
            "COMMIT",
            "CONFIG accountDefaultFilters",
            "ADD ActiveFilter 4 filterName d filterType script",
            "DONE",
            "DONE",
            "COMMIT"});
    const DomainId domain = directory->domain("example.org")->id;
    auto number = [&](DefinitionKind kind, std::uint64_t id) {
        auto all = of(kind, id);
        return all.active.size() == 1 ? all.active[0].priority : 0;
    };
    EXPECT_EQ(number(DefinitionKind::account_class, directory->account_class(domain, "gold")->id.value()),
              1U);
    EXPECT_EQ(number(DefinitionKind::object, directory->object(domain, "team")->id.value()), 2U);
    EXPECT_EQ(number(DefinitionKind::object, directory->object(domain, "news")->id.value()), 3U);
    EXPECT_EQ(number(DefinitionKind::account_defaults, domain.value()), 4U);
    EXPECT_TRUE(definitions->any_of_objects());
}

TEST_F(FilterShellTest, RulePagesScriptsAreReplacedAndShown) {
    script({"UPDATE Domain example.org", "ADD Account name ann password s3cret", "CONFIG Filters"});
    say("UPDATE WMFilter");
    EXPECT_EQ(lines().size(), 2U) << "no prompt before the text: " << last.text;
    for (const char* line : {"require [\"fileinto\"];", "fileinto \"Lists\";"}) say(line);
    expect_ok(".", "<domain-account-filters#> ");
    EXPECT_EQ(slice("SHOW WMFilter", 0, 2), (Lines{"require [\"fileinto\"];", "fileinto \"Lists\";"}));
    say("UPDATE WAFilter");
    say("nonsense");
    expect_error(".");
    say("UPDATE WAFilter");
    say("discard;");
    script({".", "DONE", "COMMIT"});
    const AccountId ann = id_of("ann@example.org");
    EXPECT_TRUE(scripts->get(filter::ScriptOwner::of(ann), "wmFilter"));
    EXPECT_TRUE(scripts->get(filter::ScriptOwner::admin_of(ann), "WASieveAccount"));
    EXPECT_EQ(scripts->list(filter::ScriptOwner::of(ann))->size(), 1U) << "the owner sees the own one alone";
    EXPECT_EQ(scripts->running(filter::ScriptOwner::admin_of(ann))->size(), 1U);
}

TEST_F(FilterShellTest, OlderClientsUploadTheRulesOfAnAccountInItsOwnContext) {
    script({"UPDATE Domain example.org", "ADD Account name ann password s3cret"});
    say("UPLOAD WMFILTER");
    say("nonsense");
    expect_error(".");
    say("UPLOAD WMFILTER");
    EXPECT_EQ(lines().size(), 2U) << "no prompt before the text: " << last.text;
    for (const char* line : {"require [\"fileinto\"];", "fileinto \"Lists\";"}) say(line);
    expect_ok(".", "<domain-account#> ");
    script({"CONFIG Filters"});
    EXPECT_EQ(slice("SHOW WMFilter", 0, 2), (Lines{"require [\"fileinto\"];", "fileinto \"Lists\";"}));
    script({"DONE", "COMMIT"});
    EXPECT_TRUE(scripts->get(filter::ScriptOwner::of(id_of("ann@example.org")), "wmFilter"));
}

TEST_F(FilterShellTest, ATemplateIsGivenToThoseWhoHaveNoRulesOfTheirOwn) {
    ok("account add", {{"account", "ann@example.org"}});
    ok("account add", {{"account", "bob@example.org"}});
    const auto ann = filter::ScriptOwner::of(id_of("ann@example.org")),
               bob = filter::ScriptOwner::of(id_of("bob@example.org"));
    ASSERT_TRUE(scripts->put(bob, "wmFilter", "keep;"));
    script({"UPDATE Domain example.org", "CONFIG FILTERS"});
    say("UPDATE WMFilterTemplate");
    say("stop;");
    script({".", "SET propagateFilterTemplate"});
    EXPECT_EQ(slice("SHOW propagateFilterTemplate", 0, 2), Lines{"propagateFilterTemplate = yes"});
    expect_ok("COMMIT");
    EXPECT_EQ(*scripts->get(ann, "wmFilter"), "stop;\r\n");
    EXPECT_EQ(*scripts->get(bob, "wmFilter"), "keep;");
    script({"CONFIG FILTERS"});
    say("UPDATE WMFilterTemplate");
    say("discard;");
    script({".", "SET propagateFilterTemplate yes", "COMMIT"});
    EXPECT_EQ(*scripts->get(ann, "wmFilter"), "discard;\r\n") << "it had the template of before";
    EXPECT_EQ(*scripts->get(bob, "wmFilter"), "keep;");
}

TEST_F(FilterShellTest, PresetsAreSetsOfSwitches) {
    script({"UPDATE Domain example.org", "CONFIG FILTERS"});
    EXPECT_EQ(slice("LIST Presets", 5, 3).size(), 3U) << "off, weak and strong are built in";
    expect_ok("ADD Preset name weak", "<domain-filters-preset#> ");
    expect_ok("ADD Filter name ClamAV", "<domain-filters-preset-filter#> ");
    script({"SET enabled no", "COMMIT", "ADD Filter spamFilter", "COMMIT"});
    EXPECT_EQ(slice("LIST Filters", 5, 3), (Lines{"ClamAV     | no", "spamFilter | yes"}));
    expect_ok("COMMIT", "<domain-filters#> ");
    expect_error("ADD Preset weak");
    script({"ADD Preset custom"});
    expect_error("COMMIT");
    expect_ok("BACK");
    EXPECT_EQ(slice("LIST Presets w*", 5, 3), Lines{"weak | 2       | no"});
    expect_ok("COMMIT", "<domain#> ");
    const DomainId domain = directory->domain("example.org")->id;
    ASSERT_EQ(of(DefinitionKind::domain, domain.value()).presets.size(), 1U);
    script({"CONFIG FILTERS", "REMOVE Presets", "COMMIT"});
    EXPECT_TRUE(of(DefinitionKind::domain, domain.value()).empty());
}

}  // namespace
}  // namespace postrider::cli
