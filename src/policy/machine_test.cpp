#include "policy/machine.h"

#include <gtest/gtest.h>

namespace postrider::policy {
namespace {

std::shared_ptr<const Program> program(std::string_view text) {
    auto built = build(text);
    EXPECT_TRUE(built) << built.error().front().sentence();
    return built ? std::make_shared<const Program>(std::move(*built)) : nullptr;
}

/// Runs an event; methods that ask leave no result.
std::vector<Method> run(State& state, Event event, std::vector<Effect>* effects = nullptr) {
    Execution r{state, event};
    std::vector<Method> asked;
    while (auto method = r.next()) asked.push_back(*method);
    if (effects) *effects = r.effects();
    return asked;
}

bool holds(std::string_view condition, Var var, std::string_view value) {
    State state{
        program("event onEhlo { if (" + std::string{condition} + ") { set (smtpAction, \"reject\"); } }")};
    state.begin(Event::ehlo);
    state.provide(var, value);
    run(state, Event::ehlo);
    return state.get(Var::smtpAction) == "reject";
}

TEST(PolicyMachine, ComparatorsCompare) {
    struct {
        const char* condition;
        const char* value;
        bool holds;
    } cases[] = {
        {"is (ehloHost, \"Mail.Example\")", "mail.example", true},
        {"is (ehloHost, \"007\")", "7", true},
        {"is (ehloHost, \"\")", "", true},
        {"isCase (ehloHost, \"Mail\")", "mail", false},
        {"isCase (ehloHost, \"Mail\")", "Mail", true},
        {"greaterThan (ehloHost, \"-1\")", "0", true},
        {"greaterThan (ehloHost, \"5\")", "5", false},
        {"greaterThan (ehloHost, \"5\")", "", false},
        {"greaterThan (ehloHost, \"5\")", "99999999999999999999999", true},
        {"lessThan (ehloHost, \"5\")", " 4 ", true},
        {"contains (ehloHost, \"LIST\")", "mylists", true},
        {"containsCase (ehloHost, \"LIST\")", "mylists", false},
        {"matches (ehloHost, \"*.exa?ple\")", "a.EXAMPLE", true},
        {"matchesCase (ehloHost, \"*.exa?ple\")", "a.EXAMPLE", false},
        {"beginsWith (ehloHost, \"Dial\")", "dialup-1", true},
        {"endsWith (ehloHost, \".ORG\")", "a.org", true},
        {"endsWith (ehloHost, \".ORG\")", "org", false},
        {"not (is (ehloHost, \"a\"))", "b", true},
        {"anyOf (is (ehloHost, \"a\"), is (ehloHost, \"b\"))", "b", true},
        {"allOf (is (ehloHost, \"b\"), not (is (ehloHost, \"b\")))", "b", false},
        {"anyOf (allOf (is (ehloHost, \"b\"), is (ehloHost, \"c\")), is (ehloHost, \"b\"))", "b", true},
    };
    for (const auto& c : cases) EXPECT_EQ(holds(c.condition, Var::ehloHost, c.value), c.holds) << c.condition;
}

TEST(PolicyMachine, IpRangeKnowsSingleAddressesRangesMasksAndLengths) {
    struct {
        const char* set;
        const char* ip;
        bool holds;
    } cases[] = {
        {"10.0.0.0/255.255.255.0", "10.0.0.77", true},
        {"10.0.0.0/24", "10.0.1.1", false},
        {"10.0.0.5-10.0.0.9", "10.0.0.9", true},
        {"10.0.0.5", "10.0.0.5", true},
        {"192.0.2.1, 10.0.0.5", "10.0.0.5", true},
        {"2001:db8::/32", "2001:db8::1", true},
        {"10.0.0.5", "::ffff:10.0.0.5", true},
        {"10.0.0.0/8", "[10.0.0.5]", true},
        {"10.0.0.0/8", "nonsense", false},
        {"10.0.0.0/8", "", false},
    };
    for (const auto& c : cases)
        EXPECT_EQ(holds("ipRange (remoteSmtpIp, \"" + std::string{c.set} + "\")", Var::remoteSmtpIp, c.ip),
                  c.holds)
            << c.set << " " << c.ip;
}

TEST(PolicyMachine, ValuesExpandVariablesAndUnknownOnesAreEmpty) {
    State state{
        program("event onMailFrom { set (smtpExplanation, \"<%EHLOHOST%> 100%% %nobody%%mailFrom% 5% of\"); "
                "}")};
    state.begin(Event::mail_from);
    state.provide(Var::ehloHost, "mail.example");
    state.provide(Var::mailFrom, "a@b");
    run(state, Event::mail_from);
    EXPECT_EQ(state.get(Var::smtpExplanation), "<mail.example> 100% a@b 5% of");
}

TEST(PolicyMachine, SettingWhatCannotBeSetHasNoEffect) {
    State state{
        program("event onEhlo { set (remoteSmtpIp, \"1.1.1.1\"); set (remoteDelivery, \"all\"); set "
                "(deliveryDelay, \"9\"); if (is (remoteSmtpIp, \"x\")) { } }")};
    state.begin(Event::ehlo);
    state.provide(Var::remoteSmtpIp, "10.0.0.1");
    run(state, Event::ehlo);
    EXPECT_EQ(state.get(Var::remoteSmtpIp), "10.0.0.1");
    EXPECT_EQ(state.get(Var::remoteDelivery), "all");
    EXPECT_EQ(state.get(Var::deliveryDelay), "");
}

TEST(PolicyMachine, LaterStatementsOverrideEarlierOnesAndSayWhere) {
    State state{
        program("event onConnect {\n set (smtpAction, \"reject\");\n call (m); }\n"
                "method m {\n set (smtpAction, \"accept\"); }")};
    state.begin(Event::connect);
    run(state, Event::connect);
    EXPECT_EQ(state.get(Var::smtpAction), "accept");
    EXPECT_EQ(state.decided().line, 5u);
    EXPECT_EQ(state.program().blocks()[state.decided().block].name, "m");
}

TEST(PolicyMachine, AMethodThatAsksStopsTheRunUntilItIsDone) {
    State state{
        program("event onMailFrom { call (checkSPF); if (isCase (SPFResult, \"fail\")) { set (smtpAction, "
                "\"reject\"); set (smtpExplanation, \"SPF check failed for <%ehloHost%>: "
                "<%SPFExplanation%>\"); } }")};
    state.begin(Event::mail_from);
    state.provide(Var::ehloHost, "h");
    Execution r{state, Event::mail_from};
    ASSERT_EQ(r.next(), Method::checkSPF);
    state.assign(Var::SPFResult, "fail");
    state.assign(Var::SPFExplanation, "why");
    EXPECT_EQ(r.next(), std::nullopt);
    EXPECT_EQ(state.get(Var::smtpExplanation), "SPF check failed for <h>: <why>");
}

TEST(PolicyMachine, ReadingTheCountryLooksItUp) {
    State state{program("event onConnect { set (isGeoIPBanned_0, \"%isGeoIPBanned%\"); }")};
    state.begin(Event::connect);
    Execution r{state, Event::connect};
    ASSERT_EQ(r.next(), Method::checkGeoIP);
    state.assign(Var::isGeoIPBanned, "yes");
    EXPECT_EQ(r.next(), std::nullopt);
}

TEST(PolicyMachine, ChangesAreNotedInTheirOrder) {
    State state{
        program("event onHeadersReceived { set (headerName, \"X-A\"); set (headerValue, \"1\"); call "
                "(addHeader); set (headerValue, \"2\"); call (modifyHeader); }")};
    state.begin(Event::headers_received);
    std::vector<Effect> effects;
    EXPECT_TRUE(run(state, Event::headers_received, &effects).empty());
    ASSERT_EQ(effects.size(), 2u);
    EXPECT_EQ(effects[0].value, "1");
    EXPECT_EQ(effects[1].method, Method::modifyHeader);
    EXPECT_EQ(effects[1].value, "2");
}

TEST(PolicyMachine, WhatHoldsForOneRecipientDoesNotHoldForTheNext) {
    State state{
        program("event onEhlo { set (remoteDelivery, \"none\"); }\n"
                "event onRcptTo { if (is (currentRcpt, \"a@b\")) { set (remoteDelivery, \"all\"); set "
                "(remoteSmtpHost, \"[10.0.0.1]\"); set (seen_0, \"yes\"); } }\n"
                "event onDataReceived { if (is (seen_0, \"yes\")) { set (deliveryDelay, \"60\"); } }")};
    state.begin(Event::ehlo);
    run(state, Event::ehlo);
    state.begin(Event::mail_from);
    state.begin(Event::rcpt_to);
    state.provide(Var::currentRcpt, "a@b");
    run(state, Event::rcpt_to);
    EXPECT_EQ(state.get(Var::remoteDelivery), "all");
    state.begin(Event::rcpt_to);
    state.provide(Var::currentRcpt, "c@d");
    run(state, Event::rcpt_to);
    EXPECT_EQ(state.get(Var::remoteDelivery), "none");
    EXPECT_EQ(state.get(Var::remoteSmtpHost), "");
    state.begin(Event::data_received);
    run(state, Event::data_received);
    EXPECT_EQ(state.get(Var::deliveryDelay), "60");
    state.begin(Event::mail_from);  // of the next message
    EXPECT_EQ(state.get(Var::deliveryDelay), "");
    state.begin(Event::data_received);
    run(state, Event::data_received);
    EXPECT_EQ(state.get(Var::deliveryDelay), "");  // seen_0 belonged to the first
}

TEST(PolicyMachine, PlaceholdersOfReportsStayAsTheyAre) {
    State state{
        program("event onDeliveryFailure { set (ndrRcptMessage, \"%ndrrcptaddress%: %ndrRetryCount%\"); }")};
    state.begin(Event::delivery_failure);
    state.provide(Var::ndrRetryCount, "4");
    run(state, Event::delivery_failure);
    EXPECT_EQ(state.get(Var::ndrRcptMessage), "%ndrRcptAddress%: 4");
}

TEST(PolicyMachine, HeaderFieldsAreRead) {
    auto p = program(
        "event onHeadersReceived { if (contains (header_Reply_To, \"spam\")) { set (smtpAction, "
        "\"reject\"); } }");
    ASSERT_EQ(p->headers(), std::vector<std::string>{"Reply-To"});
    State state{p};
    state.begin(Event::headers_received);
    state.provide_header(0, "Spam@example.org");
    run(state, Event::headers_received);
    EXPECT_EQ(state.get(Var::smtpAction), "reject");
}

TEST(PolicyMachine, AScriptThatWouldRunTooLongIsStopped) {
    std::string text = "event onConnect { call (m0); }\n";
    for (int i = 0; i < 40; ++i)
        text += "method m" + std::to_string(i) + " { call (m" + std::to_string(i + 1) + "); call (m"
                + std::to_string(i + 1) + "); }\n";
    State state{program(text + "method m40 { set (a, \"%a%x%a%\"); }")};
    state.begin(Event::connect);
    std::vector<Step> trace;
    Execution r{state, Event::connect, &trace};
    while (r.next()) {
    }
    EXPECT_TRUE(r.exhausted());
    EXPECT_EQ(trace.back().kind, Step::Kind::stopped);
}

TEST(PolicyMachine, TheTraceSaysWhichLineDidWhat) {
    State state{
        program("event onConnect { call (m); }\nmethod m { set (smtpAction, \"reject\");\n set "
                "(smtpPort, \"1\"); call (addHeader); }")};
    state.begin(Event::connect);
    std::vector<Step> trace;
    Execution r{state, Event::connect, &trace};
    EXPECT_EQ(r.next(), std::nullopt);
    ASSERT_EQ(trace.size(), 3u);
    EXPECT_EQ(trace[0].name, "smtpAction");
    EXPECT_EQ(trace[0].line, 2u);
    EXPECT_EQ(trace[1].kind, Step::Kind::ignored);
    EXPECT_EQ(trace[2].kind, Step::Kind::ignored);
}

}  // namespace
}  // namespace postrider::policy
