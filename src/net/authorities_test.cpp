#include "net/authorities.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "net/tls.h"

namespace postrider::net {
namespace {

namespace fs = std::filesystem;

struct AuthoritiesTest : testing::Test {
    AuthoritiesTest() {
        fs::create_directories(folder);
        EXPECT_TRUE(write_self_signed_certificate(file, {"one.example"}));
    }
    ~AuthoritiesTest() override { fs::remove_all(folder); }

    fs::path folder = fs::path{testing::TempDir()} / ("authorities." + std::to_string(::getpid()));
    std::string file = (folder / "ca.pem").string();
};

TEST_F(AuthoritiesTest, AreReadOnceForAllWhoHoldThem) {
    const auto first = authorities(file);
    ASSERT_TRUE(first);
    EXPECT_EQ(authorities(file), first);
}

TEST_F(AuthoritiesTest, AreReadAgainWhenTheFileHasChanged) {
    const auto first = authorities(file);
    ASSERT_TRUE(write_self_signed_certificate(file, {"two.example", "three.example"}));
    const auto second = authorities(file);
    ASSERT_TRUE(second);
    EXPECT_NE(second, first);
}

TEST_F(AuthoritiesTest, OfAFileThatIsNoneAreNothing) {
    EXPECT_FALSE(authorities(file + ".missing"));
    std::ofstream{file} << "not a certificate\n";
    EXPECT_FALSE(authorities(file));
}

}  // namespace
}  // namespace postrider::net
