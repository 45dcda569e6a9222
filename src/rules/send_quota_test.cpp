#include "rules/send_quota.h"

#include <gtest/gtest.h>

#include <thread>

#include "base/test_folder.h"
#include "rules/mailbox_rate.h"

namespace postrider::rules {
namespace {

class SendQuotaTest : public testing::Test {
protected:
    SendQuotaTest() {
        kv::Options small;
        small.cache_bytes = 4u << 20;
        small.write_buffer_bytes = 1u << 20;
        store = kv::Store::open(folder.path(), small).value();
        limits.sent_messages_count = 2;
        limits.sent_recipients_count = 5;
        limits.sent_messages_size_kb = 10;
        limits.sent_messages_interval = 60s;
    }
    static SendQuota::Use use(std::uint64_t messages, std::uint64_t recipients, std::uint64_t bytes) {
        return {messages, recipients, bytes, {}};
    }
    TestFolder folder;
    std::unique_ptr<kv::Store> store;
    settings::AccountSettings limits;
    AccountId ann{7};
    Time now{std::chrono::seconds{1'800'000'000}};
};

TEST_F(SendQuotaTest, CountsFromTheFirstMessageOnAndBeginsAnew) {
    SendQuota quota{*store};
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 2, 100), now));
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 100), now + 30s));
    auto refusal = quota.charge(ann, limits, use(1, 1, 100), now + 59s);
    ASSERT_TRUE(refusal);
    EXPECT_TRUE(refusal->temporary);
    EXPECT_NE(refusal->text.find("in a minute"), std::string::npos);
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 100), now + 60s));
    EXPECT_EQ(quota.used(ann, limits, now + 60s).messages, 1u);
    EXPECT_EQ(quota.used(ann, limits, now + 121s).messages, 0u);
}

TEST_F(SendQuotaTest, WhatIsTooMuchByItselfIsRefusedForGood) {
    SendQuota quota{*store};
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 6, 100), now)->temporary);
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 10 * 1024 + 1), now)->temporary);
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 4, 8 * 1024), now));
    EXPECT_TRUE(quota.charge(ann, limits, use(1, 1, 8 * 1024), now)->temporary);
    EXPECT_TRUE(quota.charge(ann, limits, use(1, 2, 100), now)->temporary);
}

TEST_F(SendQuotaTest, IsThereAfterARestartAndForgetsOnDemand) {
    {
        SendQuota quota{*store};
        EXPECT_FALSE(quota.charge(ann, limits, use(2, 3, 100), now));
    }
    {
        SendQuota quota{*store};
        EXPECT_EQ(quota.used(ann, limits, now).recipients, 3u);
        EXPECT_TRUE(quota.check(ann, limits, use(1, 1, 1), now));
        quota.reset(ann);
        EXPECT_FALSE(quota.check(ann, limits, use(1, 1, 1), now));
    }
    SendQuota quota{*store};
    EXPECT_FALSE(quota.used(ann, limits, now).any());
}

TEST_F(SendQuotaTest, GivesBackWhatWasNotStoredAndTellsOnceAnInterval) {
    SendQuota quota{*store};
    unsigned told = 0;
    quota.on_exceeded = [&](AccountId, const SendQuota::Use& use) { told += use.messages == 2 ? 1 : 100; };
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 1), now));
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 1), now));
    EXPECT_TRUE(quota.charge(ann, limits, use(1, 1, 1), now));
    EXPECT_TRUE(quota.charge(ann, limits, use(1, 1, 1), now));
    EXPECT_EQ(told, 1u);
    quota.refund(ann, use(1, 1, 1));
    EXPECT_FALSE(quota.charge(ann, limits, use(1, 1, 1), now));
}

TEST_F(SendQuotaTest, ManySessionsTogetherGetNoMoreThanTheLimit) {
    limits.sent_messages_count = 100;
    limits.sent_recipients_count = limits.sent_messages_size_kb = 0;
    SendQuota quota{*store};
    std::atomic<unsigned> taken = 0;
    {
        std::vector<std::jthread> sessions;
        for (int i = 0; i < 4; ++i)
            sessions.emplace_back([&] {
                for (int j = 0; j < 100; ++j)
                    if (!quota.charge(ann, limits, use(1, 1, 1), now)) ++taken;
            });
    }
    EXPECT_EQ(taken, 100u);
}

TEST(MailboxRate, ClosesAMailboxThatGetsTooMuchAndOpensItAgain) {
    MailboxRate rate{3, 10s};
    Time now{std::chrono::seconds{1'800'000'000}};
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(rate.admit(AccountId{1}, now));
    EXPECT_FALSE(rate.admit(AccountId{1}, now));
    EXPECT_TRUE(rate.admit(AccountId{2}, now));
    EXPECT_FALSE(rate.admit(AccountId{1}, now + 9s));
    EXPECT_TRUE(rate.admit(AccountId{1}, now + 10s));
}

TEST(MailboxRate, NewLimitsCountFromNowOn) {
    MailboxRate rate{1, 10s};
    const Time now{std::chrono::seconds{1'800'000'000}};
    EXPECT_TRUE(rate.admit(AccountId{1}, now));
    EXPECT_FALSE(rate.admit(AccountId{1}, now));
    rate.change(0, 20s);
    EXPECT_FALSE(rate.limited());
    for (int i = 0; i < 100; ++i) EXPECT_TRUE(rate.admit(AccountId{2}, now));
    rate.change(2, 20s);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(rate.admit(AccountId{3}, now));
    EXPECT_FALSE(rate.admit(AccountId{3}, now));
    EXPECT_FALSE(rate.admit(AccountId{3}, now + 19s));
    EXPECT_FALSE(rate.admit(AccountId{1}, now + 9s)) << "closed before";
    EXPECT_TRUE(rate.admit(AccountId{1}, now + 10s));
}

TEST(MailboxRate, CountsEachSecondAnew) {
    MailboxRate rate{3, 10s};
    Time now{std::chrono::seconds{1'800'000'000}};
    for (int i = 0; i < 30; ++i) EXPECT_TRUE(rate.admit(AccountId{1}, now + std::chrono::seconds{i / 3}));
}

}  // namespace
}  // namespace postrider::rules
