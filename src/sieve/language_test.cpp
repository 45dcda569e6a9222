#include <gtest/gtest.h>

#include "sieve/rules.h"
#include "sieve/world_for_tests.h"

/// The language by its RFCs' examples, and what it must not do.
namespace postrider::sieve {
namespace {

const std::string coyote =
    "Date: Tue, 1 Apr 1997 09:06:31 -0800 (PST)\r\nFrom: coyote@desert.example.org\r\n"
    "To: roadrunner@acme.example.com\r\nSubject: I have a present for you\r\n\r\n"
    "Look, I'm sorry about the whole anvil thing.\r\n";

std::string actions(const std::string& script, const std::string& mail = coyote) {
    return TestRun{script, mail, "coyote@desert.example.org"}.actions();
}

TEST(Language, KeepsWhatNoCommandTouches) {
    EXPECT_EQ(actions(""), "keep (implicit)");
    EXPECT_EQ(actions("stop;"), "keep (implicit)");
    EXPECT_EQ(actions("discard;"), "discard");
    EXPECT_EQ(
        actions("require [\"fileinto\",\"copy\"]; fileinto :copy \"a\"; discard; fileinto :copy \"b\";"),
        "fileinto \"a\", copy; discard; fileinto \"b\", copy");
}

TEST(Language, Rfc5228Section9) {
    std::string script = R"(
require ["fileinto"];
if header :is "Sender" "owner-ietf-mta-filters@imc.org" { fileinto "filter"; }
elsif address :DOMAIN :is ["From", "To"] "example.com" { keep; }
elsif anyof (NOT address :all :contains ["To", "Cc", "Bcc"] "me@example.com",
             header :matches "subject" ["*make*money*fast*", "*university*dipl*mas*"]) { fileinto "spam"; }
else { fileinto "personal"; }
)";
    EXPECT_EQ(actions(script), "fileinto \"spam\"") << "it is not addressed to me";
    EXPECT_EQ(actions(script, "From: a@example.com\r\n\r\n"), "keep");
    EXPECT_EQ(actions(script, "From: a@b.c\r\nTo: me@example.net\r\nSubject: make money fast\r\n\r\n"),
              "fileinto \"spam\"");
    EXPECT_EQ(actions(script, "Sender: owner-ietf-mta-filters@imc.org\r\n\r\n"), "fileinto \"filter\"");
}

TEST(Language, WildcardsTakeAsLittleAsPossible) {
    // RFC 5229 §3.2.
    std::string script = R"x(require ["variables", "fileinto"];
if header :matches "List-ID" "*<*@*" { fileinto "${1}|${2}|${3}"; }
if header :matches "Subject" ["*(fw*)", "*[?]*-*"] { fileinto "S${0}:${1}:${2}:${3}:${4}"; })x";
    EXPECT_EQ(actions(script, "List-ID: Knitting <knit@a@b.c>\r\nSubject: a[x]b-c-d\r\n\r\n"),
              "fileinto \"Knitting |knit|a@b.c>\"; fileinto \"Sa[x]b-c-d:a:x:b:c-d\"");
}

TEST(Language, WildcardsOfManyStarsEndSoon) {
    std::string text(50'000, 'a'), pattern;
    for (int i = 0; i < 200; ++i) pattern += "*a";
    EXPECT_EQ(
        actions("if header :matches \"X\" \"" + pattern + "b\" { discard; }", "X: " + text + "\r\n\r\n"),
        "keep (implicit)");
}

TEST(Language, UnicodeCapturesAreOfTheSource) {
    EXPECT_EQ(actions("require [\"variables\",\"fileinto\",\"comparator-i;unicode-casemap\"];"
                      "if header :comparator \"i;unicode-casemap\" :matches \"Subject\" \"*\u00c4?ger*\""
                      "{ fileinto \"${1}/${2}/${3}\"; }",
                      "Subject: Gro\u00df\u00e4rger \u00e4rGER \u00dc\r\n\r\n"),
              "fileinto \"Gro\u00df/r/ \u00e4rGER \u00dc\"");
}

TEST(Language, RelationalComparesNumbers) {
    // RFC 5231 §8.
    EXPECT_EQ(
        actions("require [\"relational\",\"comparator-i;ascii-numeric\"];"
                "if address :count \"gt\" :comparator \"i;ascii-numeric\" [\"to\"] [\"1\"] { discard; }",
                "To: a@b, c@d\r\n\r\n"),
        "discard");
    EXPECT_EQ(
        actions(
            "require [\"relational\",\"comparator-i;ascii-numeric\"];"
            "if header :value \"lt\" :comparator \"i;ascii-numeric\" [\"x-priority\"] [\"3\"] { discard; }",
            "X-Priority: 2\r\n\r\n"),
        "discard");
}

TEST(Language, VersionsOfAnEditedMessageAreThoseOfTheirMoment) {
    TestRun run{
        "require [\"editheader\",\"fileinto\"]; fileinto \"a\"; addheader \"X-One\" \"1\"; fileinto \"b\";"
        "deleteheader \"Subject\"; keep;",
        "Subject: s\r\nFrom: x@y\r\n\r\nText\r\n"};
    ASSERT_EQ(run.result.actions.size(), 3u);
    EXPECT_EQ(run.message_of(0), "Subject: s\r\nFrom: x@y\r\n\r\nText\r\n");
    EXPECT_EQ(run.result.versions[run.result.actions[1].version].prefix, "X-One: 1\r\n");
    EXPECT_EQ(run.message_of(2), "X-One: 1\r\nFrom: x@y\r\n\r\nText\r\n");
}

TEST(Language, ARuntimeErrorKeepsTheMessageAsItCame) {
    TestRun run{
        "require [\"editheader\",\"fileinto\",\"variables\"]; addheader \"X\" \"1\"; fileinto \"a\";"
        "set \"x\" \"nobody\"; redirect \"${x}\";",
        coyote};
    EXPECT_EQ(run.actions(), "keep (implicit)");
    EXPECT_NE(run.error().find("nobody"), std::string::npos);
    EXPECT_EQ(run.result.actions[0].version, 0u);
    EXPECT_EQ(run.final_text, coyote);
    EXPECT_EQ(run.result.error->kind, ProblemKind::runtime);
}

TEST(Language, RejectStandsAlone) {
    EXPECT_EQ(actions("require \"reject\"; reject \"no\";"), "reject \"no\"");
    TestRun both{"require [\"reject\",\"fileinto\"]; fileinto \"a\"; reject \"no\";", coyote};
    EXPECT_TRUE(both.result.error);
    TestRun twice{"require \"ereject\"; ereject \"a\"; ereject \"b\";", coyote};
    EXPECT_TRUE(twice.result.error);
}

TEST(Language, LimitsEndWhatGoesOnTooLong) {
    RunLimits few;
    few.max_redirects = 2;
    TestRun redirects{"redirect \"a@x.example\"; redirect \"b@x.example\"; redirect \"c@x.example\";",
                      coyote,
                      "x@y.z",
                      {},
                      {},
                      few};
    EXPECT_EQ(redirects.actions(), "keep (implicit)");
    EXPECT_TRUE(redirects.result.error);
    TestRun again{"redirect \"a@x.example\"; redirect \"a@x.example\"; redirect \"a@x.example\";",
                  coyote,
                  "x@y.z",
                  {},
                  {},
                  few};
    EXPECT_EQ(again.actions(), "redirect to a@x.example") << "the same address once";
    few.max_steps = 50;
    std::string script;
    for (int i = 0; i < 60; ++i) script += "if true { keep; }\r\n";
    EXPECT_TRUE((TestRun{script, coyote, "x@y.z", {}, {}, few}.result.error));
    std::string grow = "require \"variables\"; set \"a\" \"0123456789\";";
    for (int i = 0; i < 30; ++i) grow += "set \"a\" \"${a}${a}${a}${a}\";";
    EXPECT_FALSE((TestRun{grow, coyote}.result.error)) << "values are cut";
}

TEST(Language, NestingAndSizeHaveLimits) {
    std::string deep;
    for (int i = 0; i < 100; ++i) deep += "if true { ";
    EXPECT_FALSE(compile(deep));
    std::string tests = "if ";
    for (int i = 0; i < 10'000; ++i) tests += "not ";
    EXPECT_FALSE(compile(tests + "true { keep; }"));
    EXPECT_FALSE(compile(std::string(2u << 20, ' ')));
    std::string many;
    for (int i = 0; i < 30'000; ++i) many += "keep;";
    EXPECT_FALSE(compile(many));
}

TEST(Language, ProblemsSayWhereAndOfWhatKind) {
    auto kind_of = [](const std::string& script) {
        auto compiled = compile(script);
        return compiled ? std::string{"none"} : compiled.error().front().shown();
    };
    EXPECT_EQ(kind_of("keep;\n  \"open"),
              "[Syntax Error] line 2, column 3: the string that begins here does not end");
    EXPECT_TRUE(kind_of("if true keep;").starts_with("[Parse Error]")
                || kind_of("if true keep;").starts_with("[Semantic"));
    EXPECT_TRUE(kind_of("fileinto \"x\";").starts_with("[Semantic Error] line 1, column 1"));
    EXPECT_TRUE(kind_of("redirect \"nobody\";").starts_with("[Validation Error]"));
    EXPECT_TRUE(kind_of("{").starts_with("[Parse Error]"));
    EXPECT_TRUE(kind_of("require \"nonsense\";").starts_with("[Semantic Error]"));
}

TEST(Language, EditheaderCannotMakeTwoFields) {
    TestRun run{
        "require [\"editheader\",\"encoded-character\"]; addheader \"X\" \"a${hex:0d 0a}Bcc: "
        "eve@example.com\"; keep;",
        "From: x@y\r\n\r\n"};
    EXPECT_EQ(run.final_text.find("\r\nBcc:"), std::string::npos);
}

TEST(Language, ReceivedFieldsStay) {
    TestRun run{"require \"editheader\"; deleteheader \"Received\"; deleteheader \"Auto-Submitted\"; keep;",
                "Received: x\r\nAuto-Submitted: no\r\n\r\n"};
    EXPECT_EQ(run.final_text, "Received: x\r\nAuto-Submitted: no\r\n\r\n");
}

TEST(Language, ReplaceAndEncloseMakeWholeMessages) {
    // RFC 5703 §5 and §6.
    std::string mail =
        "From: x@y.example\r\nSubject: s\r\nContent-Type: multipart/mixed; "
        "boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
        "\r\none\r\n--b\r\nContent-Type: application/x-danger\r\n\r\ntwo\r\n--b--\r\n";
    TestRun part{
        "require [\"foreverypart\",\"mime\",\"replace\"]; foreverypart {"
        " if header :mime :contenttype :is \"Content-Type\" \"application/x-danger\" { replace \"gone\"; } }",
        mail};
    EXPECT_NE(part.final_text.find("gone\r\n\r\n--b--"), std::string::npos) << part.final_text;
    EXPECT_EQ(part.final_text.find("two"), std::string::npos);
    EXPECT_NE(part.final_text.find("one\r\n--b"), std::string::npos);
    EXPECT_EQ(part.message_of(0), part.final_text);
    TestRun all{"require \"replace\"; replace :subject \"new\" \"body\";", mail};
    EXPECT_NE(all.final_text.find("Original-Subject: s\r\n"), std::string::npos);
    EXPECT_NE(all.final_text.find("Subject: new\r\n"), std::string::npos);
    EXPECT_TRUE(all.final_text.ends_with("\r\n\r\nbody\r\n")) << all.final_text;
    TestRun wrapped{"require \"enclose\"; enclose :subject \"Warning\" \"Take care\";", mail};
    EXPECT_NE(wrapped.final_text.find("message/rfc822\r\n\r\n" + mail), std::string::npos);
    EXPECT_NE(wrapped.final_text.find("Subject: Warning\r\n"), std::string::npos);
}

TEST(Language, ConvertMakesHtmlPlain) {
    // RFC 6558.
    std::string mail = "Content-Type: text/html\r\nSubject: s\r\n\r\n<p>Hello <b>you</b></p>\r\n";
    TestRun run{
        "require [\"convert\",\"fileinto\"]; if convert \"text/html\" \"text/plain\" [\"\"] { fileinto "
        "\"c\"; }",
        mail};
    EXPECT_EQ(run.actions(), "fileinto \"c\"");
    EXPECT_NE(run.final_text.find("text/plain"), std::string::npos);
    EXPECT_EQ(run.final_text.find("<b>"), std::string::npos);
    TestRun no{
        "require [\"convert\",\"fileinto\"]; if convert \"image/tiff\" \"image/jpeg\" [\"pix-x=320\"] { "
        "fileinto \"c\"; }",
        mail};
    EXPECT_EQ(no.actions(), "keep (implicit)");
}

TEST(Language, ConvertReadsDocumentsThatTheEnvironmentCanRead) {
    const std::string mail =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: application/pdf\r\n"
        "Content-Disposition: attachment\r\n\r\nnothing < more\r\n--b\r\nContent-Type: "
        "application/zip\r\n\r\nPK\r\n"
        "--b--\r\n";
    TestRun plain{"require \"convert\"; convert \"application/pdf\" \"text/plain\" [\"\"];", mail};
    EXPECT_NE(plain.final_text.find("It says nothing < more"), std::string::npos) << plain.final_text;
    EXPECT_NE(plain.final_text.find("Content-Disposition: attachment"), std::string::npos);
    EXPECT_EQ(plain.final_text.find("application/pdf"), std::string::npos);
    EXPECT_NE(plain.final_text.find("application/zip"), std::string::npos);
    TestRun html{"require \"convert\"; convert \"application/pdf\" \"text/html\" [\"\"];", mail};
    EXPECT_NE(html.final_text.find("nothing &lt; more"), std::string::npos) << html.final_text;
    TestRun none{
        "require [\"convert\",\"fileinto\"]; if convert \"application/zip\" \"text/plain\" [\"\"] { fileinto "
        "\"c\"; }",
        mail};
    EXPECT_EQ(none.actions(), "keep (implicit)");
}

TEST(Language, RedirectTakesNewEnvelopes) {
    // RFC 6009 §4 and §5, RFC 6134 §2.5.
    TestRun run{
        "require [\"redirect-dsn\",\"redirect-deliverby\",\"copy\"]; redirect :copy :notify \"never\" :ret "
        "\"full\""
        " :bytimerelative 600 :bymode \"notify\" :bytrace \"a@b.example\";",
        coyote};
    const auto& redirect = std::get<Redirect>(run.result.actions.front().what);
    EXPECT_EQ(redirect.notify, "NEVER");
    EXPECT_EQ(redirect.ret, "FULL");
    EXPECT_EQ(redirect.deliver_by->seconds, 600);
    EXPECT_TRUE(redirect.deliver_by->trace);
    SmallWorld world;
    world.lists[":family"] = {"c@d.example", "e@f.example", "nobody"};
    TestRun list{"require \"extlists\"; redirect :list \":family\";", coyote, "x@y.z", {}, world};
    EXPECT_EQ(std::get<Redirect>(list.result.actions.front().what).addresses,
              (std::vector<std::string>{"c@d.example", "e@f.example"}));
}

TEST(Language, DuplicateMarksOnceAndOnlyAfterSuccess) {
    // RFC 7352.
    std::string script =
        "require [\"duplicate\",\"fileinto\"]; if duplicate :handle \"h\" { discard; } if duplicate :handle "
        "\"h\" { discard; }";
    std::string mail = "Message-ID: <1@x>\r\n\r\n";
    TestRun first{script, mail};
    ASSERT_EQ(first.result.marks.size(), 1u);
    EXPECT_EQ(first.actions(), "keep (implicit)");
    SmallWorld world;
    world.seen.insert(first.result.marks.front().key);
    EXPECT_EQ((TestRun{script, mail, "x@y.z", {}, world}.actions()), "discard");
    TestRun failing{"require [\"duplicate\",\"ihave\"]; if duplicate { keep; } error \"stop\";", mail};
    EXPECT_TRUE(failing.result.marks.empty());
}

TEST(Language, SpamAndVirusLevels) {
    // RFC 5235.
    std::string script =
        "require [\"spamtestplus\",\"virustest\",\"fileinto\",\"relational\",\"comparator-i;ascii-numeric\"];"
        "if spamtest :value \"eq\" :comparator \"i;ascii-numeric\" \"0\" { fileinto \"untested\"; }"
        "elsif spamtest :percent :value \"ge\" :comparator \"i;ascii-numeric\" \"50\" { fileinto \"spam\"; }"
        "if virustest :value \"eq\" :comparator \"i;ascii-numeric\" \"5\" { discard; }";
    EXPECT_EQ(actions(script), "fileinto \"untested\"");
    SmallWorld world;
    world.spam = 9;
    world.virus = 5;
    EXPECT_EQ((TestRun{script, coyote, "x@y.z", {}, world}.actions()), "fileinto \"spam\"; discard");
}

TEST(Language, FlagsGoWithWhatIsFiled) {
    // RFC 5232; RFC 6785 for messages that lie already.
    EXPECT_EQ(actions("require [\"imap4flags\",\"fileinto\"]; addflag \"\\\\Seen $A \\\\Recent\"; fileinto "
                      "\"a\"; keep :flags \"\\\\Flagged\";"),
              "fileinto \"a\", flags \\Seen $A; keep, flags \\Flagged");
    Options options;
    options.allowed.set(bit(Extension::imapsieve));
    SmallWorld world;
    world.set_flags = {"\\Seen"};
    world.items["imap.cause"] = "FLAG";
    TestRun run{
        "require [\"imapsieve\",\"environment\",\"imap4flags\"]; if environment :is \"imap.cause\" \"FLAG\""
        " { addflag \"\\\\Flagged\"; }",
        coyote, "x@y.z", options, world};
    EXPECT_EQ(run.actions(), "flags \\Seen \\Flagged; keep (implicit), flags \\Seen \\Flagged");
    EXPECT_FALSE(compile("require \"imapsieve\";")) << "only where a script runs on IMAP events";
}

TEST(Language, FoldersByIdAndSpecialUse) {
    TestRun run{
        "require [\"fileinto\",\"special-use\",\"mailboxid\",\"mailbox\"]; fileinto :specialuse \"\\\\Junk\" "
        ":create \"Spam\";"
        "fileinto :mailboxid \"F1\" \"Other\";",
        coyote};
    const auto& junk = std::get<FileInto>(run.result.actions[0].what);
    EXPECT_EQ(junk.special_use, "\\Junk");
    EXPECT_TRUE(junk.create);
    EXPECT_EQ(std::get<FileInto>(run.result.actions[1].what).mailbox_id, "F1");
}

TEST(Language, CompatibleModeIsStricter) {
    Options options;
    options.compatible = true;
    auto wrong = [&](const std::string& script) { return !compile(script, options).has_value(); };
    EXPECT_TRUE(wrong("if address :is \"Reply-To\" \"x\" { keep; }"));
    EXPECT_TRUE(wrong("require [\"relational\"]; if header :count \"ge\" \"To\" \"1\" { keep; }"));
    EXPECT_TRUE(wrong("if size :over 5000M { keep; }"));
    EXPECT_TRUE(
        wrong("require \"comparator-i;ascii-numeric\"; if header :contains :comparator \"i;ascii-numeric\" "
              "\"X\" \"1\" { keep; }"));
    EXPECT_TRUE(wrong("require \"envelope\"; if envelope \"auth\" \"x\" { keep; }"));
    std::string mail = "From: a@b.example\r\nTo: ann@example.com\r\nMessage-ID: <1@x>\r\n\r\n";
    TestRun twice{"require \"vacation\"; vacation :days 99 \"one\"; vacation \"two\";", mail, "a@b.example",
                  options};
    EXPECT_EQ(twice.actions(), "vacation to a@b.example; keep (implicit)");
    EXPECT_EQ(std::get<VacationReply>(twice.result.actions.front().what).interval,
              std::chrono::hours{45 * 24});
    EXPECT_EQ(twice.reply().find("References"), std::string::npos);
    EXPECT_FALSE(twice.result.warnings.empty());
    TestRun strict{"require \"vacation\"; vacation \"one\"; vacation \"two\";", mail, "a@b.example"};
    EXPECT_TRUE(strict.result.error);
}

TEST(Vacation, AnswersPeopleOnly) {
    auto answered = [](const std::string& fields, const std::string& from = "bob@example.net") {
        return TestRun{"require \"vacation\"; vacation \"away\";", fields + "Subject: s\r\n\r\nText\r\n",
                       from}
                   .actions()
               != "keep (implicit)";
    };
    std::string to = "From: bob@example.net\r\nTo: ann@example.com\r\n";
    EXPECT_TRUE(answered(to));
    EXPECT_TRUE(answered(to + "Auto-Submitted: no\r\n"));
    EXPECT_FALSE(answered(to, "")) << "null reverse path";
    EXPECT_FALSE(answered("From: bob@example.net\r\nTo: list@example.com\r\n"))
        << "not addressed to the owner";
    EXPECT_FALSE(answered(to, "MAILER-DAEMON@example.net"));
    EXPECT_FALSE(answered(to, "owner-list@example.net"));
    EXPECT_FALSE(answered(to, "list-request@example.net"));
    EXPECT_FALSE(answered(to, "ann@example.com")) << "oneself";
    EXPECT_FALSE(answered(to + "List-Id: <l.example.net>\r\n"));
    EXPECT_FALSE(answered(to + "Auto-Submitted: auto-replied\r\n"));
    EXPECT_FALSE(answered(to + "Precedence: bulk\r\n"));
    EXPECT_FALSE(answered(to + "X-Auto-Response-Suppress: OOF, DR\r\n"));
}

TEST(Vacation, TheAnswerIsOneThreadWithWhatItAnswers) {
    std::string mail =
        "From: Bob <bob@example.net>\r\nTo: Ann <ann@example.com>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
        "Message-ID: <2@x>\r\nReferences: <0@x> <1@x>\r\n\r\n";
    TestRun run{"require \"vacation\"; vacation \"Bin weg \u2026\";", mail};
    std::string reply = run.reply();
    EXPECT_NE(reply.find("In-Reply-To: <2@x>\r\n"), std::string::npos) << reply;
    EXPECT_NE(reply.find("References: <0@x>\r\n <1@x>\r\n <2@x>\r\n"), std::string::npos) << reply;
    EXPECT_NE(reply.find("Auto-Submitted: auto-replied"), std::string::npos);
    EXPECT_NE(reply.find("From: \"Ann\" <ann@example.com>"), std::string::npos) << reply;
    EXPECT_NE(reply.find("quoted-printable"), std::string::npos);
    SmallWorld world;
    world.answered_keys.insert(std::get<VacationReply>(run.result.actions.front().what).key);
    EXPECT_EQ(
        (TestRun{"require \"vacation\"; vacation \"Bin weg \u2026\";", mail, "bob@example.net", {}, world}
             .actions()),
        "keep (implicit)");
    EXPECT_NE(
        (TestRun{"require \"vacation\"; vacation \"other\";", mail, "bob@example.net", {}, world}.actions()),
        "keep (implicit)")
        << "another answer";
}

TEST(Vacation, KeysDoNotChangeWithVariables) {
    // RFC 5230 §4.2.
    std::string script =
        "require [\"vacation\",\"variables\"]; if header :matches \"Subject\" \"*\""
        " { vacation :subject \"Re: ${1}\" \"away\"; }";
    auto key = [&](const std::string& subject) {
        TestRun run{script, "To: ann@example.com\r\nSubject: " + subject + "\r\n\r\n"};
        return std::get<VacationReply>(run.result.actions.front().what).key;
    };
    EXPECT_EQ(key("one"), key("two"));
}

TEST(Include, RunsOnceWithItsOwnVariables) {
    Options options;
    options.find_script = [](Location where, const std::string& name) -> std::optional<std::string> {
        if (where == Location::global && name == "g")
            return "require [\"include\",\"variables\",\"fileinto\"]; global \"x\"; set \"y\" \"inner\"; "
                   "fileinto \"g${x}\"; return; discard;";
        return std::nullopt;
    };
    TestRun run{
        "require [\"include\",\"variables\",\"fileinto\"]; global \"x\"; set \"x\" \"1\"; set \"y\" "
        "\"outer\";"
        "include :global :once \"g\"; include :global :once \"g\"; include :optional \"none\"; fileinto "
        "\"${y}\";",
        coyote, "x@y.z", options};
    EXPECT_EQ(run.actions(), "fileinto \"g1\"; fileinto \"outer\"");
    TestRun missing{"require \"include\"; include \"none\";", coyote, "x@y.z", options};
    EXPECT_TRUE(missing.result.error) << "RFC 6609 §3.2: found out when it runs";
}

TEST(Trace, SaysWhichTestsHeld) {
    RunLimits limits;
    limits.trace_tests = true;
    TestRun run{"require \"fileinto\";\r\nif header :contains \"Subject\" \"present\"\r\n{ fileinto \"a\"; }",
                coyote,
                "x@y.z",
                {},
                {},
                limits};
    ASSERT_EQ(run.result.trace.size(), 2u);
    EXPECT_EQ(run.result.trace[0].line, 2u);
    EXPECT_EQ(run.result.trace[0].text, "header: holds");
    EXPECT_EQ(run.result.trace[1].text, "fileinto \"a\"");
    EXPECT_EQ(run.result.trace[1].line, 3u);
}

}  // namespace
}  // namespace postrider::sieve
