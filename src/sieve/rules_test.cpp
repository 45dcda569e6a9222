#include "sieve/rules.h"

#include <gtest/gtest.h>

#include "sieve/sieve.h"
#include "sieve/world_for_tests.h"

namespace postrider::sieve {
namespace {

using Of = Condition::Of;
using Op = Condition::Operator;
using Kind = RuleAction::Kind;

RuleSet everything() {
    RuleSet set;
    Absence absence;
    absence.from = "2026-11-20";
    absence.until = "2026-12-01";
    absence.own_domains = {"example.com", "example.org"};
    absence.internal = Absence::Answer{"Away", "Ask \"Bob\".\r\nBack soon."};
    absence.external = Absence::Answer{"", "I am away."};
    absence.addresses = {"ann@example.net"};
    set.absence = absence;
    Rule rule;
    rule.name = "All there is: \"quoted\" \\ and [brackets]";
    rule.all = false;
    for (auto op : {Op::contains, Op::does_not_contain, Op::matches, Op::does_not_match, Op::is, Op::is_not,
                    Op::begins_with, Op::does_not_begin_with, Op::ends_with, Op::does_not_end_with})
        for (auto of : {Of::subject, Of::from, Of::to, Of::cc, Of::to_or_cc})
            if (rule.conditions.size() < 40) rule.conditions.push_back({of, op, "", "a*\\\"b?"});
    rule.conditions.push_back({Of::header, Op::ends_with, "X-Thing", "*"});
    rule.conditions.push_back({Of::header, Op::is, "List-Id", ""});
    rule.conditions.push_back({Of::size, Op::at_least, "", "100000"});
    rule.conditions.push_back({Of::size, Op::at_most, "", "5"});
    rule.conditions.push_back({Of::spam_level, Op::at_least, "", "7"});
    rule.conditions.push_back({Of::virus_level, Op::at_most, "", "3"});
    rule.conditions.push_back({Of::date, Op::at_least, "", "2026-11-20"});
    rule.conditions.push_back({Of::attachment, Op::present, "", ""});
    rule.conditions.push_back({Of::attachment, Op::absent, "", ""});
    rule.actions = {{Kind::mark_read, "", "", 7},
                    {Kind::flag, "", "", 7},
                    {Kind::copy, "Archive/2026", "", 7},
                    {Kind::move, "Größe", "", 7},
                    {Kind::redirect, "bob@example.com", "", 7},
                    {Kind::redirect_copy, "eve@example.com", "", 7},
                    {Kind::reply, "Thanks.\r\n", "Got it", 3},
                    {Kind::keep, "", "", 7},
                    {Kind::discard, "", "", 7}};
    rule.stop = false;
    set.rules.push_back(rule);
    Rule off;
    off.name = "off";
    off.enabled = false;
    off.conditions = {{Of::subject, Op::contains, "", "x"}};
    off.actions = {{Kind::reject, "No, thanks.", "", 7}};
    set.rules.push_back(off);
    Rule every;
    every.name = "";
    every.actions = {{Kind::move, "All", "", 7}};
    set.rules.push_back(every);
    return set;
}

TEST(Rules, ComeBackFromTheirScript) {
    RuleSet rules = everything();
    ASSERT_EQ(check_rules(rules), "");
    std::string script = write_rules(rules);
    auto back = read_rules(script);
    ASSERT_TRUE(back) << script;
    EXPECT_EQ(*back, rules) << script;
}

TEST(Rules, TheirScriptCompilesInBothModes) {
    for (bool compatible : {false, true}) {
        Options options;
        options.compatible = compatible;
        auto compiled = compile(write_rules(everything()), options);
        ASSERT_TRUE(compiled) << compiled.error().front().shown() << "\n" << write_rules(everything());
    }
}

TEST(Rules, AScriptChangedByHandIsNotOurs) {
    std::string script = write_rules(everything());
    EXPECT_FALSE(read_rules(script + "keep;\r\n"));
    EXPECT_FALSE(read_rules("require \"fileinto\";\r\nfileinto \"x\";\r\n"));
    EXPECT_FALSE(read_rules(""));
    std::string changed = script;
    changed.replace(changed.find(":contains"), 9, ":is      ");
    EXPECT_FALSE(read_rules(changed));
    std::string lf;
    for (char c : script)
        if (c != '\r') lf += c;
    EXPECT_TRUE(read_rules(lf)) << "line ends are not a change";
}

TEST(Rules, TheFirstThatHoldsEndsTheRest) {
    RuleSet rules;
    Rule one{"one", true, true, {{Of::subject, Op::begins_with, "", "Inv*"}}, {{Kind::move, "Odd", "", 7}},
             true};
    Rule two{
        "two", true, true, {{Of::subject, Op::begins_with, "", "inv"}}, {{Kind::move, "Invoices", "", 7}},
        true};
    Rule three{"three", true, true, {}, {{Kind::move, "Rest", "", 7}}, true};
    rules.rules = {one, two, three};
    TestRun run{write_rules(rules), "From: a@example.com\r\nSubject: Invoice\r\n\r\nText\r\n"};
    EXPECT_EQ(run.actions(), "fileinto \"Invoices\"");
}

TEST(Rules, AbsenceAnswersInsideAndOutsideDifferently) {
    RuleSet rules;
    Absence absence;
    absence.own_domains = {"example.com"};
    absence.internal = Absence::Answer{"In", "inside"};
    absence.external = Absence::Answer{"Out", "outside"};
    rules.absence = absence;
    std::string mail = "From: x\r\nTo: ann@example.com\r\nSubject: s\r\n\r\nText\r\n";
    TestRun inside{write_rules(rules), mail, "bob@example.com"};
    ASSERT_EQ(inside.actions(), "vacation to bob@example.com; keep (implicit)");
    EXPECT_NE(inside.reply().find("inside"), std::string::npos);
    TestRun outside{write_rules(rules), mail, "eve@example.net"};
    EXPECT_NE(outside.reply().find("Subject: Out"), std::string::npos);
    rules.absence->internal.reset();
    TestRun silent{write_rules(rules), mail, "bob@example.com"};
    EXPECT_EQ(silent.actions(), "keep (implicit)");
    EXPECT_EQ(read_rules(write_rules(rules))->absence, rules.absence);
}

TEST(Rules, WhatCannotBeARuleIsTold) {
    auto wrong = [](Condition condition, RuleAction action) {
        RuleSet rules;
        rules.rules.push_back({"r", true, true, {condition}, {action}, true});
        return check_rules(rules);
    };
    Condition good{Of::subject, Op::contains, "", "x"};
    EXPECT_EQ(wrong(good, {Kind::keep, "", "", 7}), "");
    EXPECT_NE(wrong({Of::size, Op::at_least, "", "ten"}, {Kind::keep, "", "", 7}), "");
    EXPECT_NE(wrong({Of::size, Op::contains, "", "1"}, {Kind::keep, "", "", 7}), "");
    EXPECT_NE(wrong({Of::header, Op::is, "a b", "1"}, {Kind::keep, "", "", 7}), "");
    EXPECT_NE(wrong({Of::subject, Op::is, "", "a\r\nb"}, {Kind::keep, "", "", 7}), "");
    EXPECT_NE(wrong(good, {Kind::redirect, "nobody", "", 7}), "");
    EXPECT_NE(wrong(good, {Kind::move, "", "", 7}), "");
    EXPECT_NE(wrong(good, {Kind::reply, "x", "", 0}), "");
    EXPECT_NE(wrong(good, {Kind::reply, "a\rb", "", 7}), "");  // found by sieve_rules_fuzz
    RuleSet name;
    name.rules.push_back({"two\nlines", true, true, {}, {{Kind::keep, "", "", 7}}, true});
    EXPECT_NE(check_rules(name), "");
}

}  // namespace
}  // namespace postrider::sieve
