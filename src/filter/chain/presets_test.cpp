#include "filter/chain/presets.h"

#include <gtest/gtest.h>

namespace postrider::filter {
namespace {

using Kind = DefinitionOwner::Kind;

TEST(Presets, ThreeAreBuiltIn) {
    FilterDefinitions account;
    EXPECT_EQ(chosen_preset(account), "strong");
    EXPECT_EQ(switched_off_by(account, {}), nullptr);
    account.preset = "weak";
    auto off = switched_off_by(account, {});
    EXPECT_FALSE(runs(off.get(), spam_filter_name, false));
    EXPECT_TRUE(runs(off.get(), "Virus", true));
    account.preset = "OFF";
    off = switched_off_by(account, {});
    EXPECT_FALSE(runs(off.get(), "Virus", true));
    EXPECT_TRUE(runs(off.get(), "AV:ClamAV", false))
        << "a scanner that no preset names is nobody's to switch";
    account.switches = {{"Virus", true}};
    off = switched_off_by(account, {});
    EXPECT_TRUE(runs(off.get(), "Virus", true));
    EXPECT_EQ(chosen_preset(account), "custom");
}

TEST(Presets, ThoseOfADomainComeFirstAndSayWhatMayBeSwitched) {
    const std::vector<FilterPreset> domain{{"weak", {{"AV:Spam", false}, {"Virus", true}}}};
    EXPECT_TRUE(has_preset(domain, "Weak"));
    EXPECT_TRUE(has_preset(domain, "strong"));
    EXPECT_FALSE(has_preset(domain, "medium"));
    FilterDefinitions account;
    account.preset = "weak";
    auto off = switched_off_by(account, domain);
    EXPECT_FALSE(runs(off.get(), "AV:Spam", false));
    EXPECT_TRUE(runs(off.get(), spam_filter_name, false));
    EXPECT_TRUE(may_switch(domain, "AV:Spam", false));
    EXPECT_FALSE(may_switch(domain, "AV:ClamAV", false));
    EXPECT_TRUE(may_switch({}, spam_filter_name, false));
}

TEST(Definitions, ComeBackAsTheyWereAlsoFromBeforePresets) {
    FilterDefinitions all;
    all.scripts = {{"sort", ScriptFilter::Type::sieve, "filters/sort.sieve"}};
    insert(all, {20, "sort", FilterType::script, {Applies::local}});
    insert(all, {10, "AV", FilterType::socket, {Applies::local, Applies::relay}});
    EXPECT_EQ(all.active[0].name, "AV");
    all.presets = {{"mine", {{"AV", false}}}};
    all.preset = "mine";
    all.switches = {{"x", true}};
    EXPECT_EQ(decode_definitions(encode(all)), all);
    std::string old = encode({all.scripts, all.active, {}, {}, {}});
    old.resize(old.size() - 3);
    old[0] = 1;
    const auto read = decode_definitions(old);
    ASSERT_TRUE(read);
    EXPECT_EQ(read->active, all.active);
    EXPECT_TRUE(read->presets.empty());
    old[0] = 3;
    EXPECT_FALSE(decode_definitions(old));
}

TEST(Definitions, WhatIsWrongWithThemIsSaid) {
    FilterDefinitions all;
    all.scripts = {{"a", ScriptFilter::Type::sieve, "filters/a.sieve"}};
    EXPECT_EQ(fault(Kind::domain, all), "");
    for (const char* file : {"", "/etc/passwd", "filters/../x", "other/x"}) {
        all.scripts[0].file = file;
        EXPECT_NE(fault(Kind::domain, all), "") << file;
    }
    all.scripts.clear();
    insert(all, {1, "x", FilterType::socket, {}});
    EXPECT_EQ(fault(Kind::domain, all), "");
    EXPECT_NE(fault(Kind::account, all), "");
    insert(all, {1, "y", FilterType::script, {}});
    EXPECT_NE(fault(Kind::domain, all), "");
}

}  // namespace
}  // namespace postrider::filter
