#include "base/make_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace postrider {
namespace {

namespace fs = std::filesystem;

struct MakeDirectory : testing::Test {
    fs::path top = fs::temp_directory_path() / ("make_directory." + std::to_string(getpid()));
    void SetUp() override { fs::create_directory(top); }
    void TearDown() override { fs::remove_all(top); }
};

TEST_F(MakeDirectory, MakesWhatIsMissingOnTheWay) {
    ASSERT_TRUE(make_directory(top / "a" / "b" / "c"));
    EXPECT_TRUE(fs::is_directory(top / "a/b/c"));
    EXPECT_TRUE(make_directory(top / "a" / "b" / "c"));
    EXPECT_TRUE(make_directory(top / "a" / "d" / ""));
    EXPECT_TRUE(fs::is_directory(top / "a/d"));
}

TEST_F(MakeDirectory, AFileInTheWayIsAnError) {
    std::ofstream{top / "file"} << "x";
    EXPECT_FALSE(make_directory(top / "file"));
    EXPECT_FALSE(make_directory(top / "file" / "below"));
}

}  // namespace
}  // namespace postrider
