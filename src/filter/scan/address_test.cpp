#include "filter/scan/address.h"

#include <gtest/gtest.h>

namespace postrider::filter {
namespace {

TEST(ScannerAddress, InetAndLocalAreRead) {
    EXPECT_EQ(parse_scanner_address("inet://127.0.0.1:783"), (ScannerAddress{"127.0.0.1", 783, ""}));
    EXPECT_EQ(parse_scanner_address("INET://localhost:3310/"), (ScannerAddress{"localhost", 3310, ""}));
    EXPECT_EQ(parse_scanner_address("inet://[::1]:11333")->text(), "[::1]:11333");
    EXPECT_EQ(parse_scanner_address("local:///var/run/clamav/clamd.ctl")->path, "/var/run/clamav/clamd.ctl");
}

TEST(ScannerAddress, AnythingElseIsNone) {
    for (const std::string text :
         {"", "127.0.0.1:783", "inet://", "inet://host", "inet://:25", "inet://host:0", "inet://host:70000",
          "inet://::1:25", "inet://a b:25", "inet://h:25x", "local://relative", "local:", "http://x:1"})
        EXPECT_FALSE(parse_scanner_address(text)) << text;
    EXPECT_FALSE(parse_scanner_address("local:///" + std::string(108, 'x')));
    EXPECT_FALSE(parse_scanner_address(std::string_view{"local:///a\0b", 12}));
}

}  // namespace
}  // namespace postrider::filter
