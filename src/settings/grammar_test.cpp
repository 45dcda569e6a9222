#include "settings/grammar.h"

#include <gtest/gtest.h>

namespace postrider::settings {
namespace {

std::string error(std::string_view text) {
    auto tree = parse_file(text, "f.cfg");
    return tree ? "" : tree.error().text();
}

Object tree(std::string_view text) {
    auto parsed = parse_file(text, "f.cfg");
    EXPECT_TRUE(parsed) << parsed.error().text();
    return parsed.value_or(Object{});
}

std::string word(std::string_view text) {
    auto value = parse_value(text);
    return value ? value->words.at(0).text : "error";
}

TEST(Grammar, ReadsEveryShapeOfValue) {
    Object server = tree(R"(Server {
        a = 1
        b = ( x "y z" )
        c = { d = 2 }
        e = ( { f = 3 } { } )
        g = ()
    })");
    ASSERT_EQ(server.attributes.size(), 5U);
    EXPECT_EQ(server.attributes[0].value.words[0].text, "1");
    EXPECT_EQ(server.attributes[0].line, 2U);
    EXPECT_EQ(server.attributes[1].value.words[1].text, "y z");
    EXPECT_EQ(server.attributes[2].value.objects[0].attributes[0].name, "d");
    EXPECT_EQ(server.attributes[3].value.objects.size(), 2U);
    EXPECT_EQ(server.attributes[4].value.shape, Value::Shape::words);
    EXPECT_TRUE(server.attributes[4].value.words.empty());
}

TEST(Grammar, TakesTheObjectNameInAnyCaseWithOrWithoutEqualsSign) {
    for (std::string_view text : {"Server{}", "server = {}", "SERVER\n{\n}", "\xef\xbb\xbfServer {}",
                                  "# c\n/* d\n*/ Server { } # e", "/* a */Server/* b */{/* c */}/* d */"}) {
        EXPECT_EQ(error(text), "") << text;
    }
}

TEST(Grammar, SkipsCommentsAndCommasWhereSpaceMayStand) {
    Object a =
        tree("Server { a = x#comment\n b = (y /* , */ z), c = ({d=1}, {d=2},), e=f, g=(h, i,) k=l,m }");
    Object b = tree("Server { a = x b = (y z) c = ({d=1} {d=2}) e = f g = (h i) k = \"l,m\" }");
    EXPECT_EQ(a, b);
}

TEST(Grammar, ReadsSetsOverManyLines) {
    EXPECT_EQ(tree("Server { services = (\n imap # one\n pop3\n) }"),
              tree("Server { services = (imap pop3) }"));
}

TEST(Grammar, UnescapesQuotesAndBackslashesOnly) {
    EXPECT_EQ(word(R"("say \"hi\" # ( { , /* ")"), R"(say "hi" # ( { , /* )");
    EXPECT_EQ(word(R"("C:\dir\\x\")"), "error");  // \" does not close
    EXPECT_EQ(word(R"("C:\dir\\x")"), R"(C:\dir\x)");
    EXPECT_EQ(word(R"("")"), "");
    EXPECT_EQ(word("a\\b"), "a\\b");
    EXPECT_EQ(word("cn=admin,dc=org"), "cn=admin,dc=org");
    EXPECT_EQ(word("ldap://h:389"), "ldap://h:389");
    EXPECT_EQ(word("10.0.0.1/8"), "10.0.0.1/8");
}

TEST(Grammar, NamesFileLineAndWhatWasExpected) {
    struct Case {
        std::string_view text, message;
    };
    constexpr Case cases[] = {
        {"", "f.cfg:1: error: the text ends (allowed: Server { ... })"},
        {"\nService {}", "f.cfg:2: error: \"Service\" found (allowed: Server { ... })"},
        {"Server", "f.cfg:1: error: the text ends (allowed: {)"},
        {"Server {", "f.cfg:1: error: the file ends within the object that begins in line 1 (allowed: })"},
        {"Server {\n a = {\n b = 1\n",
         "f.cfg:4: error: the file ends within the object that begins in line 2 (allowed: })"},
        {"Server {}\n}",
         "f.cfg:2: error: \"}\" found after the end of Server (allowed: nothing but comments)"},
        {"Server { a\n b = 1 }", "f.cfg:1: error: a: no = after the name (allowed: name = value)"},
        {"Server { a { } }", "f.cfg:1: error: a: no = after the name (allowed: name = value)"},
        {"Server { a =\n b = 1 }", "f.cfg:1: error: a: no value after = (allowed: a value on the same line)"},
        {"Server {\n a = }", "f.cfg:2: error: a: \"}\" found (allowed: a value)"},
        {"Server { a = \"x\n\" }",
         "f.cfg:1: error: a: the quoted value does not end on its line (allowed: a closing \")"},
        {"Server { a = (x\n", "f.cfg:1: error: a: the set that begins here never ends (allowed: ))"},
        {"Server { a = (x {}) }",
         "f.cfg:1: error: a: an object among words (allowed: one kind of thing in a set)"},
        {"Server { a = ({} x) }",
         "f.cfg:1: error: a: a word among objects (allowed: one kind of thing in a set)"},
        {"Server { a = ((x)) }", "f.cfg:1: error: a: \"(\" found (allowed: a value)"},
        {"Server {\n/* x", "f.cfg:2: error: a comment begins here and never ends (allowed: /* ... */)"},
        {"Server { a = x\"y\" }", "f.cfg:1: error: \"\"\" found (allowed: the name of an attribute, or })"},
        {"Server { \xc3\xa4 = 1 }",
         "f.cfg:1: error: \"\xc3\xa4\" found (allowed: the name of an attribute, or })"},
        {"Server { a = \"\x01\" }",
         "f.cfg:1: error: a: control character 0x01 in a value (allowed: printable characters)"},
        {"Server { a = \x7f }", "f.cfg:1: error: a: control character 0x7f found (allowed: a value)"},
    };
    for (const Case& c : cases) EXPECT_EQ(error(c.text), c.message) << c.text;
    EXPECT_EQ(error(std::string_view{"Server { a = \0 }", 16}),
              "f.cfg:1: error: a: control character 0x00 found (allowed: a value)");
}

TEST(Grammar, HoldsItsLimits) {
    EXPECT_EQ(error("Server { " + std::string(64, 'n') + " = 1 }"), "");
    EXPECT_EQ(error("Server { " + std::string(65, 'n') + " = 1 }"),
              "f.cfg:1: error: the name \"nnnnnnnnnnnnnnnnnnnn...\" has 65 characters (allowed: at most 64)");
    EXPECT_EQ(error("Server { a = " + std::string(8192, 'v') + " }"), "");
    EXPECT_EQ(error("Server { a = " + std::string(8193, 'v') + " }"),
              "f.cfg:1: error: a: the value has 8193 octets (allowed: at most 8192)");
    EXPECT_EQ(error("Server { a = \"" + std::string(8193, 'v') + "\" }"),
              "f.cfg:1: error: a: the value has 8193 octets (allowed: at most 8192)");
    auto nested = [](int depth) {
        std::string text = "Server ";
        for (int i = 0; i < depth; ++i) text += "{ a = ";
        text += "{}";
        for (int i = 0; i < depth; ++i) text += " }";
        return text;
    };
    EXPECT_EQ(error(nested(15)), "");
    EXPECT_EQ(error(nested(16)), "f.cfg:1: error: objects are nested too deep (allowed: 16 levels)");
    EXPECT_NE(error(nested(100'000)), "");
    GrammarLimits limits;
    limits.file = 10;
    EXPECT_EQ(parse_file("Server {  }", "f", limits).error().text(),
              "f:1: error: the file holds 11 octets (allowed: at most 10)");
}

TEST(Grammar, PrintsWhatReadsAsTheSameTree) {
    Object server =
        tree(R"(Server { a = "x y" b = "" c = "quote \" back \\ slash" d = (p "q#r" "") e = { f = {} }
        g = ( { h = "," } {} ) i = () j = "/*" k = "tab	tab" l = "ä" })");
    std::string text = print(server);
    EXPECT_EQ(tree(text), server) << text;
}

TEST(Grammar, PrintsQuotesOnlyWhereTheyHelp) {
    EXPECT_EQ(print(tree("server{a=yes b=\"0.0.0.0:25\" c=(\"x\" y,) d={e=\"f g\"}}")),
              "Server {\n    a = yes\n    b = 0.0.0.0:25\n    c = (x y)\n    d = {\n        e = \"f g\"\n    "
              "}\n}\n");
}

}  // namespace
}  // namespace postrider::settings
