#include "filter/milter/visit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "filter/milter/test_milter.h"
#include "net/run_task.h"
#include "observe/memory_log.h"

namespace postrider::filter::milter {
namespace {

using testing::HasSubstr;
using Kind = Decision::Kind;
constexpr std::string_view mail_text = "Received: x\r\nSubject: hello\r\n there\r\n\r\nbody\r\n";

/// Runs steps of a session one after the other on one thread.
class MilterVisit : public testing::Test {
protected:
    MilterVisit() : connections{nullptr, metrics} {
        session.client = {"client.example.org", "192.0.2.7", 4711};
        session.host = "mail.example.org";
        session.log = log.logger();
        visit = std::make_unique<Visit>(connections, session);
    }
    /// @param patience  in which it answers: short where it does not
    static MilterSettings at(const std::string& url, FailureMode mode = FailureMode::tempfail,
                             std::chrono::seconds patience = std::chrono::seconds{60}) {
        MilterSettings settings;
        settings.name = "test";
        settings.address = url;
        settings.on_failure = mode;
        settings.command_timeout = settings.content_timeout = patience;
        settings.idle_timeout = std::chrono::seconds{600};
        return settings;
    }
    Decision connected() { return net::run_task(context, visit->connected()); }
    Decision helo(std::string name = "client") {
        return net::run_task(context, visit->helo(std::move(name)));
    }
    Decision mail(std::string path = "<alice@example.org>") {
        return net::run_task(context, visit->mail(std::move(path), {"SIZE=100"}));
    }
    Decision rcpt(std::string path) { return net::run_task(context, visit->rcpt(std::move(path), {})); }
    Decision data() { return net::run_task(context, visit->data()); }
    Content content(std::string_view text = mail_text) {
        return net::run_task(context, visit->message(text));
    }
    void close() { net::run_task(context, visit->close()); }
    Content whole() {
        connected();
        helo();
        mail();
        rcpt("<bob@example.org>");
        data();
        return content();
    }

    net::asio::io_context context{1};
    observe::Metrics metrics;
    observe::MemoryLog log;
    Connections connections;
    Visit::Session session;
    std::unique_ptr<Visit> visit;
};

const ScriptedMilter::Handler agrees = [](const Request&) { return ScriptedMilter::Answers{}; };

TEST_F(MilterVisit, AFilterSeesTheSessionStepByStep) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{agrees, wants};
    visit->add(at(milter.url()));
    visit->macro("i", "20D2FB");
    visit->macro("{tls_version}", "TLSv1.3");
    EXPECT_EQ(whole().decision.kind, Kind::none);
    close();
    EXPECT_TRUE(milter.hears("K"));
    EXPECT_THAT(
        milter.heard(),
        testing::ElementsAre(
            "O",
            "DC j=mail.example.org _=client.example.org [192.0.2.7] v=Postrider {daemon_name}=postrider "
            "{client_addr}=192.0.2.7 {client_name}=client.example.org {client_port}=4711",
            "C client.example.org 192.0.2.7", "DH {tls_version}=TLSv1.3", "H client",
            "DM i=20D2FB {mail_addr}=alice@example.org {mail_host}=example.org",
            "M <alice@example.org> SIZE=100",
            "DR i=20D2FB {rcpt_addr}=bob@example.org {rcpt_host}=example.org", "R <bob@example.org>",
            "DT i=20D2FB", "T", "L Received:x", "L Subject:hello\n there", "DN i=20D2FB", "N", "B body\r\n",
            "DE i=20D2FB", "E", "K"));
}

TEST_F(MilterVisit, StepsThatItDoesNotWantAreNotShownAndSilentOnesNotWaitedFor) {
    Options wants;
    wants.steps = no_connect | no_helo | no_rcpt | no_body | no_unknown | silent_header | silent_eoh
                  | silent_mail | silent_data | leading_space;
    wants.macros[2] = std::vector<std::string>{"j"};
    wants.macros[5] = std::vector<std::string>{};
    ScriptedMilter milter{agrees, wants};
    visit->add(at(milter.url()));
    whole();
    EXPECT_THAT(milter.heard(),
                testing::ElementsAre("O", "DM j=mail.example.org", "M <alice@example.org> SIZE=100", "T",
                                     "L Received: x", "L Subject: hello\n there", "N", "E"));
}

TEST_F(MilterVisit, ChangesAreMadeAtTheEnd) {
    Options wants = offer(6);
    wants.steps = 0;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command != Command::body_end) return answers;
                              using M = ScriptedMilter;
                              answers = {M::say(Answer::progress),
                                         M::say(Answer::insert_header, "X-Top", "1", 0),
                                         M::say(Answer::change_header, "Subject", "changed", 1),
                                         M::say(Answer::add_recipient, "<carol@example.org>"),
                                         M::say(Answer::delete_recipient, "<bob@example.org>"),
                                         M::say(Answer::change_from, "<new@example.org>"),
                                         M::say(Answer::quarantine, "", "odd"),
                                         M::say(Answer::accept)};
                              return answers;
                          },
                          wants};
    visit->add(at(milter.url()));
    const Content changed = whole();
    EXPECT_EQ(changed.decision.kind, Kind::none);
    EXPECT_EQ(changed.message, "X-Top: 1\r\nReceived: x\r\nSubject: changed\r\n\r\nbody\r\n");
    ASSERT_EQ(changed.recipients.size(), 2U);
    EXPECT_EQ(changed.recipients[0].address, "carol@example.org");
    EXPECT_EQ(changed.sender, "new@example.org");
    EXPECT_EQ(changed.quarantine, "odd");
}

TEST_F(MilterVisit, TheSecondFilterSeesWhatTheFirstHasMade) {
    Options wants = offer(6);
    wants.steps = 0;
    const auto adds = [](std::string name) {
        return [name](const Request& request) {
            ScriptedMilter::Answers answers;
            if (request.command == Command::body_end)
                answers = {ScriptedMilter::say(Answer::add_header, name, "1"),
                           ScriptedMilter::say(Answer::go_on)};
            return answers;
        };
    };
    ScriptedMilter first{adds("X-One"), wants}, second{adds("X-Two"), wants};
    visit->add(at(first.url()));
    visit->add(at(second.url()));
    EXPECT_EQ(whole().message,
              "Received: x\r\nSubject: hello\r\n there\r\nX-One: 1\r\nX-Two: 1\r\n\r\nbody\r\n");
    EXPECT_TRUE(second.heard("L X-One:1"));
}

TEST_F(MilterVisit, ARefusedRecipientConcernsHimAlone) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{
        [](const Request& request) {
            ScriptedMilter::Answers answers;
            if (request.command == Command::rcpt && request.name == "<bad@example.org>")
                answers = {ScriptedMilter::say(Answer::reply_code, "", "550 5.1.1 Not here")};
            return answers;
        },
        wants};
    visit->add(at(milter.url()));
    connected();
    helo();
    mail();
    const Decision bad = rcpt("<bad@example.org>");
    EXPECT_EQ(bad.kind, Kind::reject);
    EXPECT_EQ(bad.code, 550);
    EXPECT_EQ(bad.status, "5.1.1");
    EXPECT_EQ(bad.lines.front(), "Not here");
    EXPECT_EQ(rcpt("<bob@example.org>").kind, Kind::none);
    EXPECT_EQ(content().decision.kind, Kind::none);
}

TEST_F(MilterVisit, ARefusalOfTheConnectionHoldsForAllCommands) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command == Command::connect)
                                  answers = {ScriptedMilter::say(Answer::tempfail)};
                              return answers;
                          },
                          wants};
    visit->add(at(milter.url()));
    EXPECT_EQ(connected().kind, Kind::tempfail);
    EXPECT_EQ(helo().code, 451);
    EXPECT_EQ(mail().kind, Kind::tempfail);
    EXPECT_EQ(content().decision.kind, Kind::tempfail);
}

TEST_F(MilterVisit, AnAcceptedMessageIsShownNoFurtherAndTheNextOneIs) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command == Command::mail && request.name == "<alice@example.org>")
                                  answers = {ScriptedMilter::say(Answer::accept)};
                              return answers;
                          },
                          wants};
    visit->add(at(milter.url()));
    whole();
    EXPECT_FALSE(milter.heard("R <bob@example.org>"));
    EXPECT_TRUE(milter.hears("A"));
    mail("<other@example.org>");
    rcpt("<bob@example.org>");
    EXPECT_TRUE(milter.heard("R <bob@example.org>"));
}

TEST_F(MilterVisit, ADiscardedMessageIsTakenAndDropped) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command == Command::rcpt)
                                  answers = {ScriptedMilter::say(Answer::discard)};
                              return answers;
                          },
                          wants};
    visit->add(at(milter.url()));
    connected();
    helo();
    mail();
    EXPECT_FALSE(rcpt("<bob@example.org>").refuses());
    EXPECT_EQ(content().decision.kind, Kind::discard);
    EXPECT_EQ(mail().kind, Kind::none) << "the next message is another one";
}

TEST_F(MilterVisit, ConnectionsServeTheNextSession) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{agrees, wants};
    for (int i = 0; i < 3; ++i) {
        visit = std::make_unique<Visit>(connections, session);
        visit->add(at(milter.url()));
        EXPECT_EQ(whole().decision.kind, Kind::none);
        close();
    }
    EXPECT_EQ(milter.connections(), 1);
}

TEST_F(MilterVisit, OneThatCannotServeAnotherSessionOnItsConnectionGetsANewOneEachTime) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{agrees, wants};
    milter.deaf_after_quit_nc = true;
    for (int i = 0; i < 4; ++i) {
        visit = std::make_unique<Visit>(connections, session);
        visit->add(at(milter.url(), FailureMode::tempfail, std::chrono::seconds{3}));
        EXPECT_EQ(whole().decision.kind, Kind::none);
        close();
    }
    EXPECT_EQ(milter.connections(), 4);
    EXPECT_TRUE(log.contains("does not serve a second session"));
    EXPECT_FALSE(log.contains("fails"));
}

TEST_F(MilterVisit, AnOldFilterIsTalkedToInItsVersion) {
    Options wants;
    wants.version = 2;
    wants.steps = 0;
    ScriptedMilter milter{agrees, wants};
    visit->add(at(milter.url()));
    EXPECT_EQ(whole().decision.kind, Kind::none);
    close();
    EXPECT_FALSE(milter.heard("T"));
    EXPECT_TRUE(milter.hears("Q"));
}

TEST_F(MilterVisit, AFilterThatIsAddedLateIsShownWhatHasHappened) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command == Command::rcpt && request.name == "<bad@example.org>")
                                  answers = {ScriptedMilter::say(Answer::reject)};
                              return answers;
                          },
                          wants};
    connected();
    helo();
    mail();
    rcpt("<bad@example.org>");
    rcpt("<bob@example.org>");
    EXPECT_TRUE(visit->add(at(milter.url())));
    EXPECT_FALSE(visit->add(at(milter.url())));
    const Content seen = content();
    EXPECT_EQ(seen.decision.kind, Kind::none);
    ASSERT_EQ(seen.recipients.size(), 1U);
    EXPECT_EQ(seen.recipients[0].address, "bad@example.org");
    EXPECT_FALSE(seen.recipients[0].add);
    EXPECT_TRUE(milter.heard("M <alice@example.org> SIZE=100"));
}

TEST_F(MilterVisit, AFurtherFilterCatchesUpAloneAndSeesWhatTheFirstHasMade) {
    Options wants = offer(6);
    wants.steps = 0;
    ScriptedMilter first{[](const Request& request) {
                             ScriptedMilter::Answers answers;
                             if (request.command == Command::body_end)
                                 answers = {ScriptedMilter::say(Answer::insert_header, "X-First", "1", 0),
                                            ScriptedMilter::say(Answer::accept)};
                             return answers;
                         },
                         wants};
    ScriptedMilter second{agrees, wants};
    visit->add(at(first.url()));
    connected();
    helo();
    mail();
    rcpt("<bob@example.org>");
    EXPECT_TRUE(visit->add(at(second.url())));
    EXPECT_EQ(net::run_task(context, visit->catch_up()).kind, Kind::none);
    EXPECT_TRUE(second.heard("R <bob@example.org>"));
    data();
    ScriptedMilter third{agrees, wants};
    const Content made = content();
    ASSERT_TRUE(made.message);
    EXPECT_TRUE(visit->add(at(third.url())));
    net::run_task(context, visit->catch_up());
    EXPECT_EQ(content(*made.message).decision.kind, Kind::none);
    EXPECT_TRUE(third.heard("L X-First:1"));
    const auto all = first.heard();
    EXPECT_EQ(std::ranges::count(all, "M <alice@example.org> SIZE=100"), 1) << "once, whoever else is asked";
    EXPECT_EQ(std::ranges::count(all, "E"), 1);
}

TEST_F(MilterVisit, MailOfWhoHasLoggedInIsNotShownToThoseThatSkipIt) {
    Options wants;
    wants.steps = 0;
    ScriptedMilter milter{agrees, wants};
    MilterSettings settings = at(milter.url());
    settings.skip_authenticated = true;
    visit->add(settings);
    visit->macro("{auth_authen}", "alice@example.org");
    whole();
    EXPECT_FALSE(milter.heard("M <alice@example.org> SIZE=100"));
    EXPECT_FALSE(milter.heard("E"));
    visit->macro("{auth_authen}", "");
    mail();
    EXPECT_TRUE(milter.heard("M <alice@example.org> SIZE=100")) << "another message, of nobody";
}

TEST_F(MilterVisit, RefusedRecipientsAreShownToThoseThatAskForThem) {
    Options wants;
    wants.steps = rejected_rcpt;
    ScriptedMilter milter{agrees, wants};
    Options others;
    others.steps = 0;
    ScriptedMilter other{agrees, others};
    visit->add(at(milter.url()));
    visit->add(at(other.url()));
    connected();
    helo();
    mail();
    net::run_task(context, visit->refused_rcpt("<no@example.org>", {}, "5.1.1", "No such user"));
    EXPECT_TRUE(milter.heard("DR {rcpt_addr}=No such user {rcpt_host}=5.1.1 {rcpt_mailer}=error"))
        << testing::PrintToString(milter.heard());
    EXPECT_TRUE(milter.heard("R <no@example.org>"));
    EXPECT_FALSE(other.heard("R <no@example.org>"));
    EXPECT_EQ(rcpt("<bob@example.org>").kind, Kind::none);
    EXPECT_TRUE(milter.heard("DR {rcpt_addr}=bob@example.org {rcpt_host}=example.org"));
}

TEST_F(MilterVisit, WhatFailsIsTreatedAsConfigured) {
    std::string gone;
    {
        ScriptedMilter milter{agrees};
        gone = milter.url();
    }
    visit->add(at(gone, FailureMode::accept));
    EXPECT_EQ(whole().decision.kind, Kind::none);
    EXPECT_TRUE(log.contains("Milter test fails (passed over)"));
    visit = std::make_unique<Visit>(connections, session);
    visit->add(at(gone, FailureMode::reject));
    EXPECT_EQ(connected().code, 554);
    EXPECT_EQ(mail().code, 554);
    visit = std::make_unique<Visit>(connections, session);
    visit->add(at(gone, FailureMode::tempfail));
    EXPECT_EQ(connected().code, 451);
}

/// A filter that answers the negotiation and then does something it must not.
TEST_F(MilterVisit, NonsenseIsAFailureAndNothingIsLost) {
    const std::string negotiation = [] {
        Response options = ScriptedMilter::say(Answer::options);
        options.options = offer(6);
        options.options.steps = 0;
        return pack_response(options);
    }();
    const std::pair<std::string, std::string> cases[] = {
        {"a change before the end", pack_response(ScriptedMilter::say(Answer::add_header, "X-A", "b"))},
        {"an unknown answer", std::string{"\0\0\0\1Z", 5}},
        {"an empty packet", std::string{"\0\0\0\0", 4}},
        {"a packet of 4 GB", std::string{"\xff\xff\xff\xff"
                                         "c",
                                         5}},
        {"a second negotiation", negotiation},
        {"a reply that is none", pack_response(ScriptedMilter::say(Answer::reply_code, "", "250 fine"))},
        {"half an answer, and the end", std::string{"\0\0\0\10y55", 7}},
        {"nothing, for too long", ""},
    };
    for (const auto& [what, octets] : cases) {
        ScriptedScanner milter{[&](ScannerEnd& end, int) {
            end.hear(17);
            end.say(negotiation);
            end.hear(20);
            end.say(octets);
            if (octets.empty()) end.hear_all();
        }};
        visit = std::make_unique<Visit>(connections, session);
        const std::chrono::seconds patience{octets.empty() ? 1 : 60};
        visit->add(at(milter.url(), FailureMode::tempfail, patience));
        EXPECT_EQ(connected().kind, Kind::tempfail) << what;
        visit.reset();
    }
}

TEST_F(MilterVisit, AnswersThatWereNotNegotiatedAreNonsense) {
    Options wants;
    wants.steps = 0;
    wants.actions = may_add_headers;
    ScriptedMilter milter{[](const Request& request) {
                              ScriptedMilter::Answers answers;
                              if (request.command == Command::body_end)
                                  answers = {
                                      ScriptedMilter::say(Answer::delete_recipient, "<bob@example.org>"),
                                      ScriptedMilter::say(Answer::go_on)};
                              return answers;
                          },
                          wants};
    visit->add(at(milter.url()));
    EXPECT_EQ(whole().decision.kind, Kind::tempfail);
    EXPECT_TRUE(log.contains("a change that was not negotiated"));
}

}  // namespace
}  // namespace postrider::filter::milter
