#include <gtest/gtest.h>

#include "imap/wire/append.h"
#include "imap/wire/command.h"
#include "imap/wire/encode.h"
#include "imap/wire/fetch.h"
#include "imap/wire/list.h"
#include "imap/wire/literal_skip.h"
#include "imap/wire/pattern.h"
#include "imap/wire/search.h"
#include "imap/wire/simple.h"
#include "imap/wire/status.h"
#include "imap/wire/store.h"
#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

using namespace std::literals;
using Ranges = std::vector<SequenceSet::Range>;

SequenceSet set_of(std::string_view text) {
    Cursor in{text};
    return in.finish(sequence_set(in)).value();
}

TEST(SequenceSets, MeanWhatRfc9051Section9Says) {
    EXPECT_EQ(set_of("2,4:7,9,12:*").resolve(15), (Ranges{{2, 2}, {4, 7}, {9, 9}, {12, 15}}));
    EXPECT_EQ(set_of("*:4,5:7").resolve(10), (Ranges{{4, 10}}));
    EXPECT_EQ(set_of("4:2").resolve(10), (Ranges{{2, 4}}));
    EXPECT_EQ(set_of("3291:*").resolve(3290), (Ranges{{3290, 3291}}));
    EXPECT_EQ(set_of("4294967295,1").resolve(5), (Ranges{{1, 1}, {4294967295, 4294967295}}));
    EXPECT_EQ(set_of("1:4294967295,7").resolve(5), (Ranges{{1, 4294967295}}));
    EXPECT_TRUE(set_of("$").saved);
    EXPECT_TRUE(set_of("*").resolve(0).empty());
}

TEST(SequenceSets, RefuseWhatIsNone) {
    for (std::string_view bad : {"", "0", "1,", ":1", "1:", "a", "4294967296", "1:2:3", "$1", "-1", "1 "}) {
        EXPECT_FALSE(parse_set(bad)) << bad;
    }
}

TEST(Commands, AreTagVerbAndArguments) {
    auto command = parse_command("A142 uid fetch 1:* (FLAGS)");
    ASSERT_TRUE(command);
    EXPECT_EQ(command->tag, "A142");
    EXPECT_EQ(command->verb, "UID FETCH");
    EXPECT_TRUE(command->uid);
    EXPECT_EQ(command->args, "1:* (FLAGS)");
    EXPECT_EQ(parse_command("a noop")->verb, "NOOP");
    for (std::string_view bad :
         {"", " ", "a", "a ", "a+b NOOP", "a  NOOP", "* NOOP", "{3} NOOP", "a NO\"OP", "a UID "})
        EXPECT_FALSE(parse_command(bad)) << bad;
    EXPECT_EQ(tag_of("a1 \0\1"sv), "a1");
    EXPECT_EQ(tag_of("(x y"), "*");
}

TEST(Strings, AreAtomsQuotedOrLiteral) {
    auto login = parse_login("SMITH \"se\\\"s\\\\ame\"");
    EXPECT_EQ(login->user, "SMITH");
    EXPECT_EQ(login->password, "se\"s\\ame");
    login = parse_login("{11}\r\nFRED FOOBAR {7+}\r\nfat man");  // RFC 9051 §4.3
    EXPECT_EQ(login->user, "FRED FOOBAR");
    EXPECT_EQ(login->password, "fat man");
    for (std::string_view bad :
         {"a", "a \"b", "a \"b\\c\"", "a \"b\rc\"", "a {9}\r\nb", "a b c", "a (b)", "a {3}x"})
        EXPECT_FALSE(parse_login(bad)) << bad;
}

TEST(StoreCommand, ReadsTheExamplesOfItsRfcs) {
    auto store = parse_store("2:4 +FLAGS (\\Deleted)");
    EXPECT_EQ(store->set, set_of("2:4"));
    EXPECT_EQ(store->mode, StoreArgs::Mode::add);
    EXPECT_FALSE(store->silent);
    EXPECT_EQ(store->flags, (std::vector{"\\Deleted"sv}));
    store = parse_store("6,4,8 (UNCHANGEDSINCE 12121230045) +FLAGS.SILENT (\\Deleted)");  // RFC 7162 §3.1.3
    EXPECT_EQ(store->unchanged_since, 12121230045u);
    EXPECT_TRUE(store->silent);
    EXPECT_EQ(parse_store("1 FLAGS \\Seen $MDNSent")->flags.size(), 2u);
    EXPECT_TRUE(parse_store("1 FLAGS ()")->flags.empty());
    EXPECT_EQ(parse_store("4:2 FLAGS (\\Seen)")->set, set_of("2:4"));
    for (std::string_view bad :
         {"1 FLAGS (\\Recent)", "1 FLAGS (", "1 FLAGS", "1 FLAG (a)", "1 *FLAGS (a)", "1 FLAGS (a  b)",
          "1 (UNCHANGEDSINCE) FLAGS (a)", "1 FLAGS (a) b", "1 FLAGS \\"})
        EXPECT_FALSE(parse_store(bad)) << bad;
}

TEST(FetchCommand, ReadsTheExamplesOfItsRfcs) {
    auto fetch = parse_fetch("2:4 (FLAGS BODY[HEADER.FIELDS (DATE FROM)])");
    ASSERT_TRUE(fetch);
    EXPECT_EQ(fetch->items, FetchArgs::flags);
    ASSERT_EQ(fetch->sections.size(), 1u);
    EXPECT_EQ(fetch->sections[0].label, "BODY[HEADER.FIELDS (DATE FROM)]");
    EXPECT_FALSE(fetch->sections[0].peek);
    fetch = parse_fetch("1 BODY.PEEK[4.2.HEADER.FIELDS.NOT (A)]<10.20>");
    EXPECT_EQ(fetch->sections[0].part, (std::vector<std::uint32_t>{4, 2}));
    EXPECT_EQ(fetch->sections[0].partial, (FetchSection::Partial{10, 20}));
    EXPECT_EQ(fetch->sections[0].label, "BODY[4.2.HEADER.FIELDS.NOT (A)]<10>");
    EXPECT_TRUE(fetch->sections[0].peek);
    EXPECT_EQ(parse_fetch("1 BODY[1.MIME]")->sections[0].label, "BODY[1.MIME]");
    EXPECT_EQ(parse_fetch("1 BINARY.SIZE[3]")->sections[0].label, "BINARY.SIZE[3]");
    EXPECT_EQ(parse_fetch("1 BINARY[]<0.5>")->sections[0].label, "BINARY[]<0>");
    EXPECT_EQ(parse_fetch("1 RFC822")->sections[0].label, "RFC822");
    EXPECT_EQ(parse_fetch("1 BODY")->items, FetchArgs::body);
    EXPECT_EQ(parse_fetch("1:* (FLAGS) (CHANGEDSINCE 12345)")->changed_since, 12345u);
    EXPECT_EQ(parse_fetch("1 all")->items,
              FetchArgs::flags | FetchArgs::internal_date | FetchArgs::size | FetchArgs::envelope);
    for (std::string_view bad :
         {"1", "1 ", "1 ()", "1 (ALL)", "1 BODY[", "1 BODY[MIME]", "1 BODY[0]", "1 BODY[1.]", "1 BODY[1.2",
          "1 BODY[]<1>", "1 BODY[]<1.0>", "1 BODY[HEADER.FIELDS ()]", "1 BODY[HEADER.FIELDS (a:b)]",
          "1 BINARY[TEXT]", "1 BINARY.SIZE[]<1.2>", "1 FLAGS UID", "1 FLAGSS", "1 (FLAGS) (X 1)"})
        EXPECT_FALSE(parse_fetch(bad)) << bad;
}

TEST(SearchCommand, ReadsTheExamplesOfItsRfcs) {
    using Kind = SearchKey::Kind;
    auto search = parse_search("FLAGGED SINCE 1-Feb-1994 NOT FROM \"Smith\"");
    ASSERT_TRUE(search);
    ASSERT_EQ(search->program.children.size(), 3u);
    EXPECT_EQ(search->program.children[0].kind, Kind::flag);
    EXPECT_EQ(search->program.children[1].day, std::chrono::sys_days{std::chrono::year{1994} / 2 / 1});
    EXPECT_EQ(search->program.children[2].children[0].text, "Smith");
    search = parse_search("RETURN (MIN COUNT) FLAGGED SINCE 1-Feb-1994");  // RFC 4731 §3.1
    EXPECT_TRUE(search->extended);
    EXPECT_EQ(search->returns, SearchArgs::min | SearchArgs::count);
    EXPECT_EQ(parse_search("RETURN () ALL")->returns, SearchArgs::all);
    EXPECT_EQ(parse_search("CHARSET UTF-8 TEXT {6}\r\nabcdef")->charset, "UTF-8");
    EXPECT_EQ(parse_search("MODSEQ \"/flags/\\\\draft\" all 620162338")->program.children[0].number,
              620162338u);
    EXPECT_EQ(parse_search("OR (SEEN 1:3) UID 5:*")->program.children[0].children.size(), 2u);
    for (std::string_view bad :
         {"", "RETURN ALL", "RETURN (X) ALL", "ALL ", "NOT", "OR ALL", "(ALL", "()", "SINCE 30-Feb-2000",
          "SINCE 1-Foo-2000", "BODY", "HEADER X", "LARGER x", "CHARSET UTF-8", "SEENX", "KEYWORD (x)"})
        EXPECT_FALSE(parse_search(bad)) << bad;
}

TEST(SearchCommand, LimitsDepthAndNumberOfKeys) {
    auto nested = [](int depth) { return std::string(depth, '(') + "ALL" + std::string(depth, ')'); };
    EXPECT_TRUE(parse_search(nested(40)));
    EXPECT_FALSE(parse_search(nested(60)));
    EXPECT_FALSE(parse_search(nested(30'000)));
    std::string nots;
    for (int i = 0; i < 10'000; ++i) nots += "NOT ";
    EXPECT_FALSE(parse_search(nots + "ALL"));
    std::string many = "ALL";
    for (int i = 0; i < 5'000; ++i) many += " ALL";
    EXPECT_FALSE(parse_search(many));
}

TEST(AppendCommand, ReadsSeveralMessages) {
    // RFC 3502 §6.3.11, shortened
    auto append = parse_append(
        "saved-messages (\\Seen) \"17-Jul-1996 02:44:25 -0700\" {3+}\r\none (\\Seen X) {3}\r\ntwo "
        "{4}\r\nfour");
    ASSERT_TRUE(append);
    EXPECT_EQ(append->mailbox, "saved-messages");
    ASSERT_EQ(append->messages.size(), 3u);
    EXPECT_EQ(append->messages[0].octets, "one");
    EXPECT_EQ(std::chrono::system_clock::to_time_t(*append->messages[0].date), 837596665);
    EXPECT_EQ(append->messages[1].flags.size(), 2u);
    EXPECT_EQ(append->messages[2].octets, "four");
    EXPECT_LT(*parse_append("x \"01-Jan-0000 00:00:00 +0000\" {1}\r\na")->messages[0].date, Time{});
    EXPECT_GT(*parse_append("x \"31-Dec-9999 00:00:00 +0000\" {1}\r\na")->messages[0].date, Time{});
    for (std::string_view bad :
         {"x", "x ", "x abc", "x \"quoted\"", "x {3}\r\nab", "x {2}\r\nab ", "x (a {2}\r\nab",
          "x \"17-Jul-1996 02:44:25\" {1}\r\na", "x \"17-Jul-1996 25:44:25 +0000\" {1}\r\na"})
        EXPECT_FALSE(parse_append(bad)) << bad;
}

TEST(ListCommand, ReadsTheExamplesOfItsRfcs) {
    auto list = parse_list(
        "(SUBSCRIBED RECURSIVEMATCH) \"\" (\"INBOX\" \"Drafts\" \"Sent/%\") RETURN (CHILDREN STATUS "
        "(MESSAGES UNSEEN))");
    ASSERT_TRUE(list);
    EXPECT_TRUE(list->select_subscribed && list->select_recursive && list->return_children && list->extended);
    EXPECT_EQ(list->patterns.size(), 3u);
    EXPECT_EQ(list->return_status, status_messages | status_unseen);
    EXPECT_EQ(parse_list("/usr/staff/jones \"\"")->reference, "/usr/staff/jones");
    EXPECT_FALSE(parse_list("\"\" %")->extended);
    for (std::string_view bad :
         {"", "\"\"", "(RECURSIVEMATCH) \"\" %", "(RECURSIVEMATCH REMOTE) \"\" %", "(X) \"\" %", "\"\" ()",
          "\"\" % RETURN", "\"\" % RETURN (X)", "\"\" % RETURN (STATUS)", "\"\" % x"})
        EXPECT_FALSE(parse_list(bad)) << bad;
}

TEST(Patterns, MatchAsRfc9051Section639Says) {
    struct Case {
        std::string_view pattern, path;
        bool matches;
    };
    for (const Case& one : std::initializer_list<Case>{{"*", "a/b", true},
                                                       {"%", "a/b", false},
                                                       {"%", "a", true},
                                                       {"a/%", "a/b", true},
                                                       {"a/%", "a/b/c", false},
                                                       {"%/c", "b/c", true},
                                                       {"%c", "b/c", false},
                                                       {"*%*c", "b/c", true},
                                                       {"inbox", "INBOX", true},
                                                       {"iNb%", "INBOX", true},
                                                       {"foo", "FOO", false},
                                                       {"", "a", false},
                                                       {"a*b*c", "aXbYc", true},
                                                       {"a*b*c", "acb", false}})
        EXPECT_EQ(Pattern{one.pattern}.matches(one.path), one.matches) << one.pattern << " " << one.path;
}

TEST(Patterns, CannotBeMadeSlow) {
    std::string pattern, path(1000, 'a');
    for (int i = 0; i < 500; ++i) pattern += "*a";
    EXPECT_FALSE(Pattern{pattern + "b"}.matches(path));
}

TEST(SimpleCommands, ReadTheExamplesOfTheirRfcs) {
    EXPECT_EQ(parse_authenticate("plain dGVzdAB0ZXN0AHRlc3Q=")->mechanism, "PLAIN");
    EXPECT_EQ(parse_authenticate("EXTERNAL =")->initial, "=");
    EXPECT_TRUE(parse_select("INBOX (CONDSTORE)")->condstore);
    EXPECT_EQ(parse_select("inbox")->mailbox, "INBOX");
    EXPECT_EQ(parse_create("MySpecial (USE (\\Drafts \\Sent))")->uses.size(), 2u);
    EXPECT_EQ(parse_rename("foo \"zap {1}\"")->to, "zap {1}");
    EXPECT_EQ(parse_id("(\"name\" \"sodr\" \"version\" NIL)")->size(), 2u);
    EXPECT_TRUE(parse_id("NIL")->empty());
    EXPECT_FALSE(parse_id("(\"name\")"));
    EXPECT_EQ(parse_enable("condstore X-Good")->front(), "CONDSTORE");
    EXPECT_EQ(parse_set_quota("\"\" (STORAGE 512)")->limits.size(), 1u);
    EXPECT_EQ(parse_status("blurdybloop (UIDNEXT MESSAGES)")->items, status_uid_next | status_messages);
    EXPECT_FALSE(parse_status("blurdybloop ()"));
}

TEST(Encoding, ChoosesTheSimplestFormThatIsAllowed) {
    auto string = [](std::string_view text, bool utf8 = false) {
        std::string out;
        put_string(out, text, utf8);
        return out;
    };
    EXPECT_EQ(string("a\"b\\c"), "\"a\\\"b\\\\c\"");
    EXPECT_EQ(string("a\r\nb"), "{4}\r\na\r\nb");
    EXPECT_EQ(string("\xc3\xa4"), "{2}\r\n\xc3\xa4");
    EXPECT_EQ(string("\xc3\xa4", true), "\"\xc3\xa4\"");
    std::string out;
    put_mailbox(out, "p\xc3\xa4\xc3\xa4", false);
    out += ' ';
    put_mailbox(out, "p\xc3\xa4\xc3\xa4", true);
    out += ' ';
    put_mailbox(out, "a b&c", false);
    out += ' ';
    put_date_time(out, 837596665);
    EXPECT_EQ(out, "p&AOQA5A- \"p\xc3\xa4\xc3\xa4\" \"a b&-c\" \"17-Jul-1996 09:44:25 +0000\"");
}

TEST(NextLine, SkipsWhatALiteralHolds) {
    std::string_view dialogue = "* 1 FETCH (BODY[] {7}\r\na {3}\r\n FLAGS ())\r\nx OK\r\n";
    EXPECT_EQ(next_line(dialogue), "* 1 FETCH (BODY[] {7}");
    EXPECT_EQ(next_line(dialogue), " FLAGS ())");
    EXPECT_EQ(next_line(dialogue), "x OK");
    EXPECT_TRUE(dialogue.empty());
}

}  // namespace
}  // namespace postrider::imap
