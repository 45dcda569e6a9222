#include "cli/wire/syntax.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

std::optional<Matched> match(std::string_view syntax, std::string_view line) {
    return Syntax{syntax}.match(*parse_words(line));
}

TEST(Syntax, KeywordsAreTakenInAnyCase) {
    EXPECT_TRUE(match("LIST Accounts", "list ACCOUNTS"));
    EXPECT_FALSE(match("LIST Accounts", "LIST Accounts x"));
    EXPECT_FALSE(match("LIST Accounts", "\"LIST\" Accounts"));
    EXPECT_TRUE(match("START|STOP Service", "stop service"));
}

TEST(Syntax, AnOptionalKeywordMayBeLeftOut) {
    EXPECT_EQ(match("UPDATE Account [name] <name>", "UPDATE Account john")->text("name"), "john");
    EXPECT_EQ(match("UPDATE Account [name] <name>", "UPDATE Account name john")->text("name"), "john");
    EXPECT_EQ(match("UPDATE Account [name] <name>", "UPDATE Account name")->text("name"), "name");
    EXPECT_EQ(match("UPDATE Account [name] <name>", "UPDATE Account name name")->text("name"), "name");
}

TEST(Syntax, OptionalPairsComeInAnyOrder) {
    std::string_view syntax =
        "CREATE Domain [name <name>] [domainLocation <path>] [postmasterPassword <password>]";
    auto given = match(syntax, "CREATE Domain postmasterPassword \"p m\" name example.org");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->text("name"), "example.org");
    EXPECT_EQ(given->text("password"), "p m");
    EXPECT_FALSE(given->has("path"));
    EXPECT_FALSE(match(syntax, "CREATE Domain name a name b"));
}

TEST(Syntax, FlagsTellWhetherTheyWereThere) {
    auto given = match("LIST MEMBERSHIP [noGroups] [sameDomain]", "LIST MEMBERSHIP sameDomain");
    ASSERT_TRUE(given);
    EXPECT_TRUE(given->has("sameDomain"));
    EXPECT_FALSE(given->has("noGroups"));
}

TEST(Syntax, TheRestIsTakenAsItIs) {
    EXPECT_EQ(match("LIST FILTER <filters>...", "LIST FILTER size>1 age<2")->rest().size(), 2u);
    EXPECT_FALSE(match("LIST FILTER <filters>...", "LIST FILTER"));
    EXPECT_EQ(match("ADD Rule [priority] <key> [<more>...]", "ADD Rule 5 fileName x")->rest().size(), 2u);
    EXPECT_EQ(match("ADD Rule [priority] <key> [<more>...]", "ADD Rule priority 5")->rest().size(), 0u);
}

TEST(Syntax, ASetIsAValue) {
    auto given = match("GRANT permission (<permNames>) [domain <domain>]",
                       "GRANT permission (a b) domain example.org");
    ASSERT_TRUE(given);
    EXPECT_EQ(given->list("permNames"), (std::vector<std::string>{"a", "b"}));
    EXPECT_EQ(match("GRANT permission (<permNames>)", "GRANT permission a")->list("permNames").size(), 1u);
}

TEST(Syntax, TellsHowFarALineAgrees) {
    EXPECT_EQ(Syntax{"ADD Account [name] <name>"}.same_front(*parse_words("ADD Account")), 2u);
    EXPECT_EQ(Syntax{"ADD Account [name] <name>"}.same_front(*parse_words("ADD Group x")), 1u);
}

}  // namespace
}  // namespace postrider::cli
