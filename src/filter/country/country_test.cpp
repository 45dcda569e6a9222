#include <fstream>
#include <map>
#include <random>

#include "filter/country/country_filter.h"
#include "filter/test_store.h"

namespace postrider::filter {
namespace {

std::string find(const CountryTable& table, std::string_view client) {
    auto country = table.find(ip(client));
    return country ? country->text() : "";
}

TEST(CountryTable, ReadsTheGeoIpCountryLayout) {
    auto table = CountryTable::parse_csv(
        "\"1.0.0.0\",\"1.0.0.255\",\"16777216\",\"16777471\",\"AU\",\"Australia\"\r\n"
        "\"1.0.1.0\",\"1.0.3.255\",\"16777472\",\"16778239\",\"CN\",\"China\"\r\n"
        "\"2.16.0.0\",\"2.16.0.255\",\"34603008\",\"34603263\",\"KR\",\"Korea, \"\"Republic\"\" of\"\r\n"
        "\"2001:db8::\",\"2001:db8:ffff:ffff:ffff:ffff:ffff:ffff\",\"1\",\"2\",\"de\",\"Germany\"\r\n");
    ASSERT_TRUE(table) << table.error();
    EXPECT_EQ(find(*table, "1.0.0.77"), "AU");
    EXPECT_EQ(find(*table, "1.0.2.0"), "CN");
    EXPECT_EQ(find(*table, "1.0.4.0"), "");
    EXPECT_EQ(find(*table, "0.255.255.255"), "");
    EXPECT_EQ(find(*table, "2.16.0.0"), "KR");
    EXPECT_EQ(find(*table, "2001:db8::1"), "DE");
    EXPECT_EQ(find(*table, "2001:db9::1"), "");
}

TEST(CountryTable, ReadsBlocksWithTheirLocationsAndTheShortForms) {
    auto table = CountryTable::parse_csv(
        "network,geoname_id,registered_country_geoname_id,represented_country_geoname_id,is_anonymous_proxy\n"
        "1.0.0.0/24,2077456,2077456,,0\n1.0.1.0/24,,1814991,,0\n1.0.2.0/24,99,,,0\n",
        "geoname_id,locale_code,continent_code,continent_name,country_iso_code,country_name\n"
        "2077456,en,OC,Oceania,AU,Australia\n1814991,en,AS,Asia,CN,China\n99,en,EU,Europe,,\n");
    ASSERT_TRUE(table) << table.error();
    EXPECT_EQ(find(*table, "1.0.0.1"), "AU");
    EXPECT_EQ(find(*table, "1.0.1.1"), "CN");
    EXPECT_EQ(find(*table, "1.0.2.1"), "");
    table = CountryTable::parse_csv("10.0.0.0/8,FR\n11.0.0.0,11.0.0.9,ES");
    ASSERT_TRUE(table) << table.error();
    EXPECT_EQ(find(*table, "10.9.9.9"), "FR");
    EXPECT_EQ(find(*table, "11.0.0.9"), "ES");
}

TEST(CountryTable, RefusesWhatItCannotReadWithTheLine) {
    for (auto [csv, line] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
             {"1.0.0.0,1.0.0.255,AU\n1.0.1.0,rubbish,CN\n", "line 2"},
             {"1.0.0.0,1.0.0.255,AUS\n", "line 1"},
             {"1.0.0.9,1.0.0.1,AU\n", "line 1"},
             {"1.0.0.0,::1,AU\n", "line 1"},
             {"1.0.0.0,1.0.0.255,AU\n\"1.0.0.0,\n", "line 2"},
             {"1.0.0.0/24,5\n", "line 1"},
             {"1.0.0.0/99,DE\n", "line 1"},
             {"", "no range"},
             {"titles,only\n", "no range"}}) {
        auto table = CountryTable::parse_csv(csv);
        ASSERT_FALSE(table) << csv;
        EXPECT_NE(table.error().find(line), std::string::npos) << table.error();
    }
    EXPECT_FALSE(CountryTable::parse_csv(std::string(5000, 'x') + "\n"));
}

TEST(CountryTable, WhereRangesOverlapTheInnerOneCounts) {
    std::mt19937 random{11};
    for (int round = 0; round < 300; ++round) {
        std::string csv;
        std::vector<std::tuple<unsigned, unsigned, std::string>> ranges;
        for (int i = 0; i < 6; ++i) {  // nested or apart, as in the files that there are
            unsigned size = 1U << random() % 6, first = static_cast<unsigned>(random() % 64) / size * size;
            if (std::ranges::any_of(ranges, [&](const auto& r) {
                    return std::get<0>(r) == first && std::get<1>(r) == first + size - 1;
                }))
                continue;
            std::string code{static_cast<char>('A' + i), 'X'};
            ranges.emplace_back(first, first + size - 1, code);
            csv += "10.0.0." + std::to_string(first) + ",10.0.0." + std::to_string(first + size - 1) + ","
                   + code + "\n";
        }
        auto table = CountryTable::parse_csv(csv);
        ASSERT_TRUE(table) << table.error();
        for (unsigned at = 0; at < 70; ++at) {
            std::string expected;
            unsigned smallest = 1000;
            for (const auto& [first, last, code] : ranges)
                if (first <= at && at <= last && last - first < smallest) {
                    smallest = last - first;
                    expected = code;
                }
            EXPECT_EQ(find(*table, "10.0.0." + std::to_string(at)), expected) << csv << at;
        }
    }
}

class CountryFilterTest : public ::testing::Test, public TestStore {
protected:
    void write(std::string_view name, std::string_view text) {
        std::ofstream{folder.path() / name} << text;
        // Another time than before, however fast the test is.
        std::filesystem::last_write_time(folder.path() / name, next += std::chrono::seconds{10});
    }
    std::filesystem::file_time_type next = std::filesystem::file_time_type::clock::now();
    CountryFilter filter{folder.path(), logger};
    CountrySettings settings{
        .enable = true, .file = "ip.csv", .countries = {"cn", "KP"}, .exclusions = {"1.0.1.7"}};
};

TEST_F(CountryFilterTest, BlocksOrAcceptsExclusivelyWithExclusions) {
    write("ip.csv", "1.0.0.0,1.0.0.255,AU\n1.0.1.0,1.0.1.255,CN\n");
    ASSERT_TRUE(filter.configure(settings));
    EXPECT_TRUE(filter.check(ip("1.0.1.1")).banned);
    EXPECT_EQ(filter.check(ip("1.0.1.1")).country, "CN");
    EXPECT_FALSE(filter.check(ip("1.0.1.7")).banned);
    EXPECT_FALSE(filter.check(ip("1.0.0.1")).banned);
    EXPECT_FALSE(filter.check(ip("9.9.9.9")).banned) << "nobody knows where that is";
    settings.mode = CountryMode::accept_only;
    settings.countries = {"AU"};
    ASSERT_TRUE(filter.configure(settings));
    EXPECT_TRUE(filter.check(ip("1.0.1.1")).banned);
    EXPECT_FALSE(filter.check(ip("1.0.0.1")).banned);
    settings.enable = false;
    ASSERT_TRUE(filter.configure(settings));
    EXPECT_FALSE(filter.check(ip("1.0.1.1")).banned);
    EXPECT_TRUE(filter.check(ip("1.0.1.1"), {}, {"cn"}).banned) << "by a policy's own lists";
    EXPECT_TRUE(filter.check(ip("1.0.1.1"), {"AU"}, {}).banned);
    EXPECT_FALSE(filter.check(ip("1.0.1.1"), {}, {}).banned);
}

TEST_F(CountryFilterTest, ReadsTheFileAgainWhenItChangesAndKeepsTheOldOneWhenThatIsBroken) {
    write("ip.csv", "1.0.0.0,1.0.0.255,AU\n");
    ASSERT_TRUE(filter.configure(settings));
    write("ip.csv", "1.0.0.0,1.0.0.255,CN\n");
    EXPECT_EQ(filter.country(ip("1.0.0.1")), "AU");
    filter.refresh();
    EXPECT_EQ(filter.country(ip("1.0.0.1")), "CN");
    write("ip.csv", "1.0.0.0,rubbish,AU\n");
    filter.refresh();
    filter.refresh();
    EXPECT_EQ(filter.country(ip("1.0.0.1")), "CN");
    EXPECT_EQ(log.lines().size(), 2U) << "it is said once";
}

TEST_F(CountryFilterTest, RefusesSettingsAndFilesThatItCannotUse) {
    EXPECT_FALSE(filter.configure(settings)) << "there is no file";
    write("ip.csv", "1.0.0.0,1.0.0.255,AU\n");
    settings.countries = {"China"};
    EXPECT_FALSE(filter.configure(settings));
    settings.countries = {"CN"};
    for (std::string_view rubbish : {"", "rubbish", "\xab\xcd\xefMaxMind.com\xe0"}) {
        write("db.mmdb", rubbish);
        settings.file = "db.mmdb";
        EXPECT_FALSE(filter.configure(settings));
    }
}

/// A MaxMind database of one record, written by its specification: every address of IPv4 is in "DE".
std::string small_database() {
    std::string tree;
    // One node of 24-bit records: both sides point to the data: value = node count + 16 + offset.
    for (int side = 0; side < 2; ++side) tree += std::string{"\x00\x00\x11", 3};
    std::string data = std::string(16, '\0');
    data += "\xe1";  // map of one
    data +=
        "\x47"
        "country";   // text of 7
    data += "\xe1";  // map of one
    data +=
        "\x48"
        "iso_code";  // text of 8
    data +=
        "\x42"
        "DE";  // text of 2
    std::string meta = "\xab\xcd\xefMaxMind.com";
    meta += "\xe9";  // map of nine
    auto text = [&](std::string_view t) {
        meta += static_cast<char>(0x40 | t.size());
        meta += t;
    };
    text("node_count");
    meta += "\xc1\x01";
    text("record_size");
    meta += "\xa1\x18";
    text("ip_version");
    meta += "\xa1\x04";
    text("database_type");
    text("Test");
    text("languages");
    meta += std::string{"\x00\x04", 2};
    text("binary_format_major_version");
    meta += "\xa1\x02";
    text("binary_format_minor_version");
    meta += "\xa0";
    text("build_epoch");
    meta += "\x01\x02\x01";
    text("description");
    meta += "\xe0";
    return tree + data + meta;
}

TEST_F(CountryFilterTest, ReadsMaxMindDatabasesAndSurvivesDamagedOnes) {
    const std::string whole = small_database();
    write("db.mmdb", whole);
    settings.file = "db.mmdb";
    settings.countries = {"DE"};
    auto ok = filter.configure(settings);
    ASSERT_TRUE(ok) << ok.error();
    EXPECT_EQ(filter.country(ip("192.0.2.1")), "DE");
    EXPECT_TRUE(filter.check(ip("192.0.2.1")).banned);
    EXPECT_EQ(filter.country(ip("2001:db8::1")), "");
    // Whatever octet is wrong: an error or no country, never worse.
    for (std::size_t at = 0; at < whole.size(); ++at)
        for (char other : {'\xff', '\x00', '\x7f'}) {
            std::string broken = whole;
            broken[at] = other;
            std::ofstream{folder.path() / "broken.mmdb"} << broken;
            if (auto source = CountrySource::open(folder.path() / "broken.mmdb")) {
                (void)(*source)->find(ip("192.0.2.1"));
                (void)(*source)->find(ip("2001:db8::1"));
            }
        }
    for (std::size_t size = 0; size < whole.size(); size += 3) {
        std::ofstream{folder.path() / "short.mmdb"} << whole.substr(0, size);
        EXPECT_FALSE(CountrySource::open(folder.path() / "short.mmdb")) << size;
    }
}

}  // namespace
}  // namespace postrider::filter
