#include "container/identity.h"

#include <fstream>
#include <sstream>

#include "container/fixture_for_tests.h"

namespace postrider::container {
namespace {

using testing::HasSubstr;

TEST(Identity, SurvivesItsEncodingAndDamageIsSeen) {
    const Identity identity{"0123456789abcdef0123456789abcdef", "example.org\n\nexample.net second disk"};
    const std::string bytes = identity.encode();
    auto decoded = Identity::decode(bytes);
    ASSERT_TRUE(decoded) << decoded.error().what;
    EXPECT_EQ(decoded->storage_id, identity.storage_id);
    EXPECT_EQ(decoded->relation, identity.relation);
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::string spoilt = bytes;
        spoilt[i] = static_cast<char>(spoilt[i] ^ 1);
        EXPECT_FALSE(Identity::decode(spoilt)) << i;
        EXPECT_FALSE(Identity::decode(bytes.substr(0, i))) << i;
    }
}

TEST(Identity, IsDifferentEachTime) {
    EXPECT_NE(Identity::make().storage_id, Identity::make().storage_id);
}

TEST_F(ContainerTest, TheRelationIsKept) {
    auto location = open();
    ASSERT_TRUE(location->set_relation("example.org\nexample.net\n"));
    const auto id = location->storage_id();
    location.reset();
    location = open();
    EXPECT_EQ(location->relation(), "example.org\nexample.net");
    EXPECT_EQ(location->storage_id(), id);
    EXPECT_FALSE(location->set_relation(std::string(1u << 20, 'x')));
}

TEST_F(ContainerTest, AnotherStorageThanTheExpectedOneIsRefused) {
    const auto id = open()->storage_id();
    EXPECT_TRUE(Location::open(7, options, id));
    auto other = Location::open(7, options, "00000000000000000000000000000000");
    ASSERT_FALSE(other);
    EXPECT_EQ(other.error().kind, ContainerError::foreign);
    EXPECT_THAT(other.error().what, HasSubstr(id));
    options.directory = scratch.path() / "not mounted";
    EXPECT_EQ(Location::open(7, options, id).error().kind, ContainerError::foreign);
}

TEST_F(ContainerTest, ContainersWithoutTheirNameOrOfAnotherStorageAreRefused) {
    add(*open(), "x");
    const auto mine = options.directory;
    options.directory = scratch.path() / "other";
    add(*open(), "y");
    std::filesystem::copy(mine / "00.hsf", options.directory / "01.hsf");
    EXPECT_EQ(Location::open(7, options).error().kind, ContainerError::foreign);
    std::filesystem::remove(options.directory / "hsf.dat");
    EXPECT_EQ(Location::open(7, options).error().kind, ContainerError::foreign);
}

TEST_F(ContainerTest, ANewerStorageIsRefused) {
    open();
    std::stringstream text;
    text << std::ifstream{options.directory / "hsf.dat"}.rdbuf();
    std::string changed = text.str();
    changed.replace(changed.find(" 1\n"), 3, " 2\n");
    std::ofstream{options.directory / "hsf.dat"} << changed;
    auto newer = Location::open(7, options);
    ASSERT_FALSE(newer);
    EXPECT_EQ(newer.error().kind, ContainerError::newer);
    EXPECT_THAT(newer.error().what, HasSubstr("version 2, this server knows up to 1"));
}

TEST_F(ContainerTest, ALocationIsOpenOnlyOnce) {
    auto location = open();
    auto second = Location::open(8, options);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ContainerError::io);
}

TEST_F(ContainerTest, TwoLocationsDoNotMixTheirRecords) {
    auto one = open();
    auto two_options = options;
    two_options.directory = scratch.path() / "second";
    auto two = Location::open(8, two_options);
    ASSERT_TRUE(two);
    const auto here = add(*one, "here");
    const auto there = add(**two, "there");
    EXPECT_NE(here.id, there.id);
    EXPECT_FALSE((*two)->read(here.id, here.extent));
    // A file of the one, put in the other's place by a mistaken restore, is not read as the other's.
    EXPECT_NE(one->storage_id(), (*two)->storage_id());
    EXPECT_EQ(payload_of(**two, there), "there");
}

}  // namespace
}  // namespace postrider::container
