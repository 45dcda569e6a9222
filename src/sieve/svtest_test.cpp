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

/// Single tests, and why.
const std::map<std::string, std::string> known = {
    {"compile/errors.svtest: Outgoing address errors (FIXME: count only)",
     "UTF-8 local parts are addresses here"},
    {"extensions/editheader/errors.svtest: Invalid field value", "Pigeonhole tells the one mistake twice"},
    {"extensions/enotify/mailto.svtest: Envelope",
     "sieve_notify_mailto_envelope_from is Pigeonhole's setting"},
    {"extensions/enotify/mailto.svtest: Envelope config - sender", "the same"},
    {"extensions/enotify/mailto.svtest: Envelope config - recipient", "the same"},
    {"extensions/enotify/mailto.svtest: Envelope config - user_email", "the same"},
    {"extensions/enotify/mailto.svtest: UTF-8 address",
     "names beside the addresses of a mailto URI are not kept"},
    {"extensions/imap4flags/errors.svtest: Invalid Syntax",
     "a missing block is told always, there sometimes"},
    {"extensions/include/errors.svtest: Generic", "included scripts are not among the public tests"},
    {"extensions/include/errors.svtest: Circular - one intermittent", "the same"},
    {"extensions/include/errors.svtest: Circular - two intermittent", "the same"},
    {"extensions/include/errors.svtest: Depth limit", "the same"},
    {"extensions/mime/errors.svtest: Limits - include", "the same"},
    {"extensions/mime/errors.svtest: Extracttext - without foreverypart",
     "the script has no extracttext in it"},
    {"extensions/vacation/message.svtest: Subject - configured, no subject",
     "sieve_vacation_default_subject is Pigeonhole's setting"},
    {"extensions/vacation/message.svtest: Subject - configured, full variable", "the same"},
    {"extensions/vacation/message.svtest: Reply to (ignored envelope)",
     "sieve_vacation_to_header_ignore_envelope is Pigeonhole's setting"},
    {"extensions/vacation/message.svtest: Send from recipient",
     "sieve_vacation_send_from_recipient is Pigeonhole's setting: answers go from <> here (RFC 5230 §5.1)"},
    {"failures/fuzz2.svtest: sometest",
     "random text that once made a crash; it asks for a message that is not there"},
    {"failures/fuzz4.svtest: compile", "random text that once made a crash; it is not Sieve"},
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
    for (const std::string& failed : outcome.failed) {
        std::string one = GetParam() + ": " + failed;
        bool expected = std::any_of(known.begin(), known.end(),
                                    [&](const auto& k) { return one.starts_with(k.first + ":"); });
        if (!expected) ADD_FAILURE() << one;
    }
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
