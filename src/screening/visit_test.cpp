#include "screening/visit.h"

#include <gtest/gtest.h>

#include <fstream>

#include "directory/test_directory.h"
#include "dns/fake_resolver.h"
#include "net/run_task.h"
#include "observe/memory_log.h"

namespace postrider::screening {
namespace {

using Action = Decision::Action;

/// A screening with a policy of its own, and one visit.
class Visits : public testing::Test {
protected:
    void open(std::string_view script, ScreeningSettings with = {}) {
        settings = std::move(with);
        settings.policy_file = "policy.script";
        write(script);
        Screening::Parts parts{dns,     *house.directory, *house.store,       house.clock,
                               metrics, log.logger(),     "mail.example.org", house.folder.path()};
        auto made = Screening::open(std::move(parts), settings, std::chrono::minutes{10});
        ASSERT_TRUE(made) << made.error();
        screening = std::move(*made);
    }
    void write(std::string_view script) {
        std::ofstream{std::filesystem::path{house.folder.path()} / "policy.script"} << script;
    }
    std::unique_ptr<Visit> visit(std::string ip = "192.0.2.9") {
        Client client;
        client.ip = std::move(ip);
        client.local_ip = "192.0.2.25";
        client.local_port = 25;
        return screening->visit(client);
    }
    template <class T>
    T run(net::Task<T> task) {
        return net::run_task(std::move(task));
    }
    Decision hello(Visit& v, std::string host = "client.example") {
        std::string greeting;
        Decision said = run(v.connected(allow, greeting));
        if (said.refuses()) return said;
        Visit::Mechanisms mechanisms;
        return run(v.ehlo(std::move(host), true, false, allow, mechanisms));
    }
    Decision mail(Visit& v, std::string_view sender, std::string account = "") {
        Visit::Mail mail;
        mail.sender = mime::parse_addr_spec(sender).value_or(mime::AddrSpec{});
        mail.account = std::move(account);
        return run(v.mail(std::move(mail), allow));
    }
    Decision rcpt(Visit& v, std::string_view address) {
        Visit::Rcpt rcpt;
        rcpt.address = *mime::parse_addr_spec(address);
        return run(v.rcpt(std::move(rcpt), allow, route, wishes));
    }
    void txt(std::string_view name, std::string_view text) {
        dns.add(name, dns::Type::txt, dns::txt_rdata(text));
    }

    directory::TestDirectory house;
    dns::FakeResolver dns;
    observe::Metrics metrics;
    observe::MemoryLog log{"SMTP-IN"};
    ScreeningSettings settings;
    std::unique_ptr<Screening> screening;
    Allowances allow;
    Wishes wishes;
    std::string route;
};

TEST_F(Visits, ThereIsNoneWhereNothingIsAsked) {
    ScreeningSettings off;
    off.authentication.enable = false;
    open("", off);
    EXPECT_EQ(visit(), nullptr);
    open("");
    EXPECT_EQ(visit("127.0.0.1"), nullptr);
    EXPECT_NE(visit(), nullptr);
}

TEST_F(Visits, EachEventDecidesWithItsCode) {
    open(R"(event onConnect { if (is (remoteSmtpIp, "192.0.2.1")) { set (smtpAction, "reject"); } }
        event onMailFrom { set (smtpAction, "tmpreject"); set (smtpExplanation, "not
now"); })");
    auto turned_away = visit("192.0.2.1");
    EXPECT_EQ(hello(*turned_away).code, 554);
    auto v = visit();
    EXPECT_FALSE(hello(*v).refuses());
    const Decision said = mail(*v, "a@b.example");
    EXPECT_EQ(said.code, 451);
    EXPECT_EQ(said.text, "not now");
    EXPECT_TRUE(log.contains("Set smtp action to TMPREJECT (policy, onMailFrom line 2)"));
}

TEST_F(Visits, AllowancesAreChangedForTheSessionAndForOneRecipient) {
    open(
        R"(event onEhlo { set (maxDataSize, "5"); set (remoteDelivery, "none"); set (allowDSN, "no"); set (maxRcptCount, "lots"); }
        event onRcptTo { if (is (currentRcpt, "a@far.example")) { set (remoteDelivery, "all"); set (remoteSmtpHost, "[10.0.0.1]"); } })");
    auto v = visit();
    hello(*v);
    EXPECT_EQ(allow.max_data_size, 5u);
    EXPECT_FALSE(allow.allow_dsn);
    EXPECT_EQ(allow.max_rcpt_count, 1000u);
    mail(*v, "a@b.example");
    rcpt(*v, "a@far.example");
    EXPECT_EQ(allow.remote_delivery, Who::all);
    EXPECT_EQ(route, "[10.0.0.1]");
    rcpt(*v, "b@far.example");
    EXPECT_EQ(allow.remote_delivery, Who::none);
    EXPECT_EQ(route, "");
}

TEST_F(Visits, SpfIsAskedAndItsErrorsHaveConsequencesUnlessTheScriptSaysOtherwise) {
    txt("fail.example", "v=spf1 -all");
    txt("broken.example", "v=spf1 nonsense");
    open(R"(event onMailFrom { call (checkSPF); if (isCase (SPFResult, "fail")) { set (smtpAction, "reject");
        set (smtpExplanation, "%SPFResult% for <%ehloHost%>"); } })");
    auto v = visit();
    hello(*v);
    EXPECT_EQ(mail(*v, "a@fail.example").text, "fail for <client.example>");
    const Decision broken = mail(*v, "a@broken.example");
    EXPECT_EQ(broken.code, 550);
    EXPECT_EQ(broken.status, "5.7.24");
    EXPECT_EQ(mail(*v, "a@none.example").action, Action::none);
    EXPECT_EQ(mail(*v, "a@fail.example", "user@example.org").action, Action::none);  // has logged in
}

TEST_F(Visits, SettingsAloneRejectToo) {
    txt("fail.example", "v=spf1 -all");
    ScreeningSettings s;
    s.authentication.spf_fail = Consequence::reject;
    s.dns.lists.push_back({"list.example"});
    s.dns.sender_mx = filter::ListAction::tmpreject;
    s.dns.exclusions = {"192.0.2.77"};
    dns.add("9.2.0.192.list.example", dns::Type::a, dns::address_rdata("127.0.0.2"));
    open("", s);
    auto listed = visit("192.0.2.9");
    hello(*listed);
    EXPECT_EQ(mail(*listed, "a@b.example").code, 550);
    auto v = visit("192.0.2.10");
    hello(*v);
    EXPECT_EQ(mail(*v, "a@fail.example").code, 451);  // no MX either; asked in the same rounds
    EXPECT_EQ(mail(*v, "a@fail.example", "user@example.org").action, Action::none);
    EXPECT_EQ(mail(*v, "").action, Action::none);
}

TEST_F(Visits, DmarcRejectsAndMarks) {
    txt("_dmarc.strict.example", "v=DMARC1; p=reject");
    txt("_dmarc.careful.example", "v=DMARC1; p=quarantine");
    open("");
    auto v = visit();
    hello(*v);
    mail(*v, "a@other.example");
    EXPECT_EQ(run(v->message("From: a@strict.example\r\n\r\nx\r\n", allow, wishes)).code, 550);
    mail(*v, "a@other.example");
    EXPECT_EQ(run(v->message("From: a@careful.example\r\n\r\nx\r\n", allow, wishes)).action, Action::none);
    ASSERT_TRUE(wishes.message);
    EXPECT_NE(wishes.message->find("X-AxigenSpam-Level: 8"), std::string::npos);
    EXPECT_NE(wishes.prefix.find("dmarc=fail"), std::string::npos);
    EXPECT_EQ(wishes.prefix.find("\n\r\n"), std::string::npos);
}

TEST_F(Visits, ForgedResultsOfOursAreTakenOut) {
    open("");
    auto v = visit();
    hello(*v);
    mail(*v, "a@other.example");
    run(v->message("Authentication-Results: mail.example.org; spf=pass\r\nFrom: a@other.example\r\n\r\nx\r\n",
                   allow, wishes));
    ASSERT_TRUE(wishes.message);
    EXPECT_EQ(*wishes.message, "From: a@other.example\r\n\r\nx\r\n");
}

TEST_F(Visits, APolicyWithErrorsDoesNotComeIntoForce) {
    open("event onMailFrom { set (smtpAction, \"reject\"); }");
    write("event onMailFrom {\n set (smtpAction; }");
    auto kept = screening->reload_policy();
    ASSERT_FALSE(kept);
    EXPECT_NE(kept.error().find("line 2"), std::string::npos);
    auto v = visit();
    hello(*v);
    EXPECT_EQ(mail(*v, "a@b.example").code, 550);
    auto refused = screening->replace_policy("event onNowhere { }");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().front().line, 1u);
    ASSERT_TRUE(screening->replace_policy("event onMailFrom { set (smtpAction, \"tmpreject\"); }"));
    EXPECT_EQ(mail(*v, "a@b.example").code, 550);  // a session keeps what it began with
    auto later = visit();
    hello(*later);
    EXPECT_EQ(mail(*later, "a@b.example").code, 451);
}

TEST_F(Visits, AScriptThatRunsTooLongRefusesForNow) {
    std::string script = "event onMailFrom { call (m0); }\n";
    for (int i = 0; i < 30; ++i)
        script += "method m" + std::to_string(i) + " { call (m" + std::to_string(i + 1) + "); call (m"
                  + std::to_string(i + 1) + "); }\n";
    open(script + "method m30 { set (a, \"%a%x\"); }");
    auto v = visit();
    hello(*v);
    EXPECT_EQ(mail(*v, "a@b.example").code, 451);
    EXPECT_TRUE(log.contains("was stopped"));
}

}  // namespace
}  // namespace postrider::screening
