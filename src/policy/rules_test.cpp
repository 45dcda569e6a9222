#include "policy/rules.h"

#include <gtest/gtest.h>

#include <random>

#include "policy/program.h"

namespace postrider::policy {
namespace {

Rule office_relay() {
    Rule rule;
    rule.name = "Office_Relay";
    rule.conditions = {{"remoteSmtpIp", Comparator::ip_range, false, "10.0.0.0/255.255.255.0"}};
    rule.actions = {{"remoteDelivery", {"all"}}};
    return rule;
}

std::string text_of(const RuleModel& model) {
    auto script = to_script(model);
    EXPECT_TRUE(script) << script.error().front();
    return script ? write(*script) : "";
}

TEST(PolicyRules, WriteTheScriptThatTheWizardWrites) {
    RuleModel model;
    model.settings["WA_Acceptance_basic"] = {{Var::maxDataSize, "10240"}, {Var::allowStartTLS, "yes"}};
    model.spf.fail = Verdict::reject;
    model.rules = {office_relay()};
    EXPECT_EQ(
        text_of(model),
        "event onEhlo {\n\tcall (WA_Acceptance_basic);\n\tcall (Office_Relay);\n}\n"
        "event onMailFrom {\n\tcall (checkSPF);\n\tcall (WA_AntiSpam_SPF_Fail);\n}\n"
        "method WA_Acceptance_basic {\n\tset (maxDataSize, \"10240\");\n\tset (allowStartTLS, \"yes\");\n}\n"
        "method WA_AntiSpam_SPF_Fail {\n\tif (anyOf (isCase (SPFResult, \"fail\"))) {\n"
        "\t\tset (smtpAction, \"reject\");\n\t\tset (smtpExplanation, \"SPF check failed for <%ehloHost%>: "
        "<%SPFExplanation%>\");\n\t}\n}\n"
        "method Office_Relay {\n\tif (anyOf (ipRange (remoteSmtpIp, \"10.0.0.0/255.255.255.0\"))) {\n"
        "\t\tset (remoteDelivery, \"all\");\n\t}\n}\n");
}

TEST(PolicyRules, TheEarliestEventThatKnowsAllIsFound) {
    struct {
        std::vector<RuleCondition> conditions;
        RuleAction action;
        Event event;
    } cases[] = {
        {{}, {"reject", {"no"}}, Event::connect},
        {{{"mailFrom", Comparator::is, false, ""}}, {"reject", {"no"}}, Event::mail_from},
        {{{"mailFrom", Comparator::is, false, ""}, {"header_Subject", Comparator::contains, false, "x"}},
         {"reject", {"no"}},
         Event::headers_received},
        {{{"remoteSmtpIp", Comparator::is, false, "::1"}},
         {"addHeader", {"X", "y"}},
         Event::headers_received},
        {{{"mailFromDomain", Comparator::is, false, "a"}}, {"delay", {"60"}}, Event::data_received},
        {{{"mailFromDomain", Comparator::is, false, "a"}}, {"routeLogin", {"u", "p"}}, Event::relay},
        {{{"SPFResult", Comparator::is, false, "fail"}}, {"reject", {"no"}}, Event::mail_from},
        {{}, {"ndrSubject", {"x"}}, Event::delivery_failure},
    };
    for (const auto& c : cases) {
        Rule rule;
        rule.conditions = c.conditions;
        rule.actions = {c.action};
        EXPECT_EQ(event_of(rule), c.event) << c.action.kind;
    }
    Rule late;
    late.conditions = {{"header_Subject", Comparator::is, false, "x"}};
    late.actions = {{"remoteDelivery", {"all"}}};
    EXPECT_FALSE(event_of(late));
}

TEST(PolicyRules, TheReferenceShapeIsReadBack) {
    auto script = parse(R"(
event onConnect {
	set (allowedCountries_0, " ");
	set (isGeoIPBanned_0, "%isGeoIPBanned%");
	call (WA_Acceptance_basic_banner);
}
event onEhlo {
	call (WA_Acceptance_basic);
	call (WA_Routing_basic_delivery);
}
event onRelay { call (WA_Routing_basic); }
event onTemporaryDeliveryFailure { call (WA_Processing_temporary_ndr); }
method WA_Acceptance_basic_banner { set (smtpGreeting, "hi"); }
method WA_Acceptance_basic {
	set (maxDataSize, "10240");
	set (maxReceivedHeaders, "30");
	set (maxRcptCount, "1000");
	set (allowStartTLS, "yes");
}
method WA_Routing_basic_delivery { set (remoteDelivery, "auth"); }
method WA_Routing_basic { set (remoteSMTPHost, ""); }
method WA_Processing_temporary_ndr {
	if ( allOf ( greaterThan (ndrRemainingRetryCount, "-1"), is (ndrRetryCount, "4") ) ) { set (sendNdr, "yes"); }
}
method Sleeping { set (smtpAction, "reject"); set (smtpExplanation, "no"); }
)");
    ASSERT_TRUE(script) << script.error().sentence();
    auto model = to_model(*script);
    ASSERT_TRUE(model) << model.error().front();
    EXPECT_EQ(model->settings["WA_Acceptance_basic"][Var::maxRcptCount], "1000");
    EXPECT_EQ(model->temporary_ndr_after, "4");
    ASSERT_EQ(model->rules.size(), 1u);
    EXPECT_FALSE(model->rules[0].enabled);
    EXPECT_EQ(model->rules[0].actions[0].kind, "reject");
}

TEST(PolicyRules, WhatTheTablesCannotHoldIsSaidWithItsLine) {
    auto script = parse(
        "event onConnect { call (a); }\n"
        "method a { if (is (smtpPort, \"25\")) { set (smtpAction, \"accept\"); } else { set "
        "(smtpAction, \"reject\"); } }");
    auto model = to_model(*script);
    ASSERT_FALSE(model);
    auto other = parse("event onConnect { set (smtpAction, \"reject\"); }");
    model = to_model(*other);
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().front(), "the event onConnect (line 1) has no place in the tables");
}

TEST(PolicyRules, AnEventThatIsNoneIsNotPassedOverBecauseItIsEmpty) {
    EXPECT_EQ(to_model(*parse("event ont { }")).error().front(), "the event ont (line 1) does not exist");
    EXPECT_TRUE(to_model(*parse("event onConnect { }")));
}

TEST(PolicyRules, AModelThatIsWrongIsNotWritten) {
    RuleModel model;
    model.rules.push_back(office_relay());
    model.rules.push_back(office_relay());
    model.rules.push_back(office_relay());
    model.rules[2].name = "WA_mine";
    auto script = to_script(model);
    ASSERT_FALSE(script);
    EXPECT_EQ(script.error().size(), 2u);
}

/// Models made by chance come back as they were, and their scripts compile.
TEST(PolicyRules, EveryModelSurvivesTheWayThereAndBack) {
    std::mt19937 random{42};
    auto pick = [&](std::size_t n) { return random() % n; };
    int written = 0;
    for (int round = 0; round < 3000; ++round) {
        RuleModel model;
        for (const Page& page : pages())
            if (pick(3) == 0)
                for (Var var : page.variables)
                    if (pick(2) == 0)
                        model.settings[std::string{page.method}][var] = "value \"" + std::to_string(pick(9));
        for (std::size_t i = pick(3); i > 0; --i)
            model.relay_exceptions.push_back({"10.0." + std::to_string(i) + ".0/24", pick(2) == 0});
        for (Verdict* verdict : {&model.spf.fail, &model.spf.error, &model.spf.none, &model.spf_ehlo.fail,
                                 &model.spf_ehlo.none, &model.reverse_dns, &model.sender_mx})
            *verdict = static_cast<Verdict>(pick(4));
        const bool checked = model.spf != RuleModel::Spf{} || model.spf_ehlo != RuleModel::Spf{}
                             || model.reverse_dns != Verdict{} || model.sender_mx != Verdict{};
        if (checked && pick(2) == 0) model.excluded = "192.0.2.0/24 2001:db8::1";
        if (pick(2) == 0) {
            model.countries = pick(2) == 0 ? RuleModel::Countries::allow : RuleModel::Countries::ban;
            model.country_codes = "DE CH";
            if (pick(2) == 0) model.country_excluded = "10.0.0.1";
        }
        if (pick(2) == 0) model.temporary_ndr_after = "4";
        for (std::size_t i = pick(4); i > 0; --i) {
            Rule rule;
            rule.name = "rule_" + std::to_string(i);
            rule.enabled = pick(4) != 0;
            rule.match = static_cast<Rule::Match>(pick(3));
            for (std::size_t n = rule.match == Rule::Match::every_mail ? 0 : 1 + pick(3); n > 0; --n) {
                const ConditionKind& kind = condition_kinds()[pick(condition_kinds().size())];
                RuleCondition c{std::string{kind.variable}, kind.comparators[pick(kind.comparators.size())],
                                pick(2) == 0, ""};
                c.value = c.comparator == Comparator::ip_range ? "10.0.0.1" : "7";
                if (c.variable == header_prefix) c.variable += "Subject";
                rule.conditions.push_back(std::move(c));
            }
            for (std::size_t n = 1 + pick(3); n > 0; --n) {
                const ActionKind& kind = action_kinds()[pick(action_kinds().size())];
                rule.actions.push_back(
                    {std::string{kind.name}, std::vector<std::string>(kind.arguments.size(), "9")});
            }
            if (event_of(rule)) model.rules.push_back(std::move(rule));
        }
        auto script = to_script(model);
        ASSERT_TRUE(script) << script.error().front();
        const std::string text = write(*script);
        auto built = build(text);
        ASSERT_TRUE(built) << built.error().front().sentence() << "\n" << text;
        auto back = to_model(*parse(text));
        ASSERT_TRUE(back) << back.error().front() << "\n" << text;
        ASSERT_EQ(*back, model) << text;
        written += static_cast<int>(model.rules.size());
    }
    EXPECT_GT(written, 500);
}

}  // namespace
}  // namespace postrider::policy
