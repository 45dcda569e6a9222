#include "mime/section.h"

#include <gtest/gtest.h>

#include <sstream>

#include "mime/corpus.h"
#include "text/ascii.h"

using namespace postrider;
using namespace postrider::mime;

namespace {

/// "1.2.header.fields (from to)" as the scripts write it.
Section parse(std::string_view text) {
    Section section;
    while (!text.empty() && text::is_digit(text[0])) {
        std::size_t dot = std::min(text.find('.'), text.size());
        section.path.push_back(static_cast<std::uint32_t>(std::stoul(std::string{text.substr(0, dot)})));
        text.remove_prefix(std::min(dot + 1, text.size()));
    }
    if (text == "header") section.what = Section::What::header;
    if (text == "text") section.what = Section::What::text;
    if (text == "mime") section.what = Section::What::mime;
    if (!text.starts_with("header.fields")) return section;
    section.what = text.starts_with("header.fields.not") ? Section::What::header_fields_not
                                                         : Section::What::header_fields;
    std::istringstream names{std::string{text.substr(text.find('(') + 1)}};
    for (std::string name; names >> name;) {
        if (name.ends_with(')')) name.pop_back();
        section.fields.push_back(name);
    }
    return section;
}

/// The message of a script's mailbox, without the line that mbox puts before it.
std::string message_of(const std::string& name) {
    std::string text = corpus::read(std::string{TESTDATA "/imap-scripted/"} + name + ".mbox");
    return corpus::crlf(text.substr(text.find('\n') + 1));
}

/// Each "* 1 fetch (body[X] {{{ ... }}})" of a script, as X and the octets.
std::vector<std::pair<std::string, std::string>> expectations(const std::string& name,
                                                              const std::string& item) {
    std::string script = corpus::read(std::string{TESTDATA "/imap-scripted/"} + name);
    std::string mark = "* 1 fetch (" + item + "[";
    std::vector<std::pair<std::string, std::string>> found;
    for (std::size_t at = script.find(mark); at != script.npos; at = script.find(mark, at + 1)) {
        std::size_t begin = at + mark.size();
        std::size_t bracket = script.find(']', begin);
        if (script.compare(bracket, 6, "] {{{\n") != 0) continue;
        std::size_t end = script.find("\n}}}", bracket);
        found.emplace_back(script.substr(begin, bracket - begin),
                           corpus::crlf(script.substr(bracket + 6, end - bracket - 6)));
    }
    return found;
}

}  // namespace

class Scripted : public testing::TestWithParam<const char*> {};

TEST_P(Scripted, SectionsAreWhatTheScriptExpects) {
    std::string message = message_of(GetParam());
    Description description = describe(message);
    auto expected = expectations(GetParam(), "body");
    ASSERT_GT(expected.size(), 7u);
    for (const auto& [spec, octets] : expected) {
        std::string scratch;
        auto found = read_section(message, description.parts, parse(spec), scratch);
        ASSERT_TRUE(found) << spec;
        EXPECT_EQ(*found, octets) << spec;
    }
}

INSTANTIATE_TEST_SUITE_P(Section, Scripted,
                         testing::Values("fetch-body-mime", "fetch-body-message-rfc822",
                                         "fetch-body-message-rfc822-x2"));

TEST(Binary, PartsAreWhatTheScriptsExpect) {
    for (const char* name : {"fetch-binary-mime", "fetch-binary-mime-qp"}) {
        std::string message = message_of(name);
        Description description = describe(message);
        auto expected = expectations(name, "binary");
        ASSERT_FALSE(expected.empty());
        for (const auto& [spec, octets] : expected) {
            auto found = read_binary(message, description.parts, parse(spec).path);
            ASSERT_TRUE(found) << spec;
            EXPECT_EQ(*found, octets) << name << ' ' << spec;
        }
    }
}

TEST(Binary, UnknownEncodingsAndPartsAreErrors) {
    std::string message = "Content-Transfer-Encoding: x-own\r\n\r\nabc";
    auto parts = describe(message).parts;
    EXPECT_EQ(read_binary(message, parts, {1}).error(), ContentError::unknown_encoding);
    EXPECT_EQ(read_binary(message, parts, {2}).error(), ContentError::no_such_part);
    EXPECT_EQ(read_binary(message, parts, {}), message);
}

TEST(Section, NamesOnlyWhatIsThere) {
    std::string message = "Subject: x\r\n\r\nbody";
    auto parts = describe(message).parts;
    for (const char* spec : {"2", "1.1", "1.header", "1.text", "mime", "1.2.3", "0"})
        EXPECT_FALSE(find_section(parts, parse(spec))) << spec;
    EXPECT_EQ(find_section(parts, parse("")), (Range{0, 18}));
    EXPECT_EQ(find_section(parts, parse("header")), (Range{0, 14}));
    EXPECT_EQ(find_section(parts, parse("text")), (Range{14, 18}));
    EXPECT_EQ(find_section(parts, parse("1")), (Range{14, 18}));
    EXPECT_EQ(find_section(parts, parse("1.mime")), (Range{0, 14}));
    EXPECT_FALSE(find_section({}, parse("")));
}

TEST(FilterHeader, KeepsFieldsByteForByteAndTheEmptyLine) {
    std::string_view block = "From: a\r\nTo: b,\r\n c\r\nX: y\r\nto:d\r\n\r\n";
    EXPECT_EQ(filter_header(block, {"TO"}, true), "To: b,\r\n c\r\nto:d\r\n\r\n");
    EXPECT_EQ(filter_header(block, {"TO"}, false), "From: a\r\nX: y\r\n\r\n");
    EXPECT_EQ(filter_header(block, {"none"}, true), "\r\n");
    EXPECT_EQ(filter_header("A: b\r\n", {"none"}, true), "");
    EXPECT_EQ(filter_header("A: b\n\n", {"a"}, true), "A: b\n\n");
}
