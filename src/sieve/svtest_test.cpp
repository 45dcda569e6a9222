#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "sieve/svtest_runner.h"

namespace postrider::sieve::testing {
namespace {

const std::string root = TESTDATA "/sieve/pigeonhole/";

/// Files that cannot pass here, and why.
const std::map<std::string, std::string> not_ours = {
    {"plugins/extprograms/errors.svtest", "vnd.dovecot.pipe, filter and execute run programs"},
    {"plugins/extprograms/execute/errors.svtest", "vnd.dovecot.execute runs programs"},
    {"plugins/extprograms/filter/command.svtest", "vnd.dovecot.filter runs programs"},
    {"plugins/extprograms/filter/execute.svtest", "vnd.dovecot.filter runs programs"},
    {"plugins/extprograms/pipe/errors.svtest", "vnd.dovecot.pipe runs programs"},
    {"extensions/vnd.dovecot/debug/execute.svtest", "vnd.dovecot.debug"},
    {"extensions/vnd.dovecot/environment/variables.svtest", "vnd.dovecot.environment"},
    {"extensions/vnd.dovecot/report/execute.svtest", "vnd.dovecot.report"},
};

std::vector<std::string> files() {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator{root}) {
        std::string path = entry.path().string();
        if (path.ends_with(".svtest")) found.push_back(path.substr(root.size()));
    }
    std::sort(found.begin(), found.end());
    return found;
}

class Svtest : public ::testing::TestWithParam<std::string> {};

TEST_P(Svtest, Passes) {
    if (auto reason = not_ours.find(GetParam()); reason != not_ours.end()) GTEST_SKIP() << reason->second;
    SvtestOutcome outcome = run_svtest(root + GetParam());
    for (const std::string& failed : outcome.failed) ADD_FAILURE() << GetParam() << ": " << failed;
}

INSTANTIATE_TEST_SUITE_P(Pigeonhole, Svtest, ::testing::ValuesIn(files()), [](const auto& one) {
    std::string name = one.param;
    for (char& c : name)
        if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
    return name;
});

TEST(Svtest, AllFilesAreThere) {
    EXPECT_GE(files().size(), 70u);
}

}  // namespace
}  // namespace postrider::sieve::testing
