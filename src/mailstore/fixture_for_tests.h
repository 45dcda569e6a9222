#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <map>
#include <memory>
#include <string>

#include "base/test_eventually.h"
#include "base/test_folder.h"
#include "mailstore/mailstore.h"
#include "mailstore/own_names.h"
#include "mailstore/uid_set.h"
#include "observe/memory_log.h"

/// A store in a directory of its own, and short ways to do what tests do often.
namespace postrider::mailstore {

class TestQuota final : public QuotaSource, public OwnNames {
public:
    bool leads_elsewhere(AccountId, std::string_view top) const override { return top == "Other Users"; }
    QuotaLimits limits(AccountId account) const override {
        std::lock_guard lock{mutex};
        auto at = of.find(account);
        return at == of.end() ? QuotaLimits{} : at->second;
    }
    void set(AccountId account, QuotaLimits limits) {
        std::lock_guard lock{mutex};
        of[account] = limits;
    }
    mutable std::mutex mutex;
    std::map<AccountId, QuotaLimits> of;
};

inline std::string message(std::string_view subject, std::size_t body_bytes = 200) {
    std::string text = fmt::format(
        "From: Ann <ann@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: {}\r\n"
        "Date: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <{}@example.org>\r\n\r\n",
        subject, std::hash<std::string_view>{}(subject));
    while (body_bytes > 0) {
        const std::size_t line = std::min<std::size_t>(body_bytes, 70);
        text.append(line, static_cast<char>('a' + body_bytes % 26)).append("\r\n");
        body_bytes -= line;
    }
    return text;
}

inline Options options_in(const std::filesystem::path& path) {
    Options options;
    options.directory = path;
    options.roster_least = options.columns_least = 3;  // so that both ways of reading are tried
    LocationConfig location;
    location.number = 1;
    location.options.directory = path / "mail";
    location.options.max_file_bytes = 64u << 20;
    location.options.preallocate_bytes = 1u << 20;
    location.options.min_disk_free_bytes = 0;
    options.locations.push_back(location);
    return options;
}

class StoreTest : public ::testing::Test {
protected:
    void SetUp() override {
        options = options_in(scratch.path());
        options.log = &logger;
        options.quota = &quota;
        options.blob_grace = std::chrono::seconds{0};
        open();
        ASSERT_TRUE(store->create_account(bob));
        ASSERT_TRUE(store->create_account(eve));
    }

    void TearDown() override { store.reset(); }  // while the clocks and quotas of the test are there still

    void open() {
        auto opened = MailStore::open(options, [this](std::string_view meta, std::string_view payload) {
            return replay ? replay(meta, payload) : std::nullopt;
        });
        ASSERT_TRUE(opened) << opened.error().what;
        store = std::move(*opened);
    }
    void reopen() {
        store.reset();
        open();
    }

    std::shared_ptr<Account> account(AccountId id) {
        auto found = store->account(id);
        EXPECT_TRUE(found);
        return *found;
    }
    FolderId id_of(AccountId id, std::string_view path) {
        auto info = account(id)->folder(path);
        EXPECT_TRUE(info) << path;
        return info ? info->id : FolderId{};
    }
    FolderInfo info(AccountId id, std::string_view path) {
        return account(id)->folder(path).value_or(FolderInfo{});
    }

    Result<DeliveryReceipt> submit(Submission submission) {
        auto promise = std::make_shared<std::promise<Result<DeliveryReceipt>>>();
        store->submit(std::move(submission),
                      [promise](Result<DeliveryReceipt> r) { promise->set_value(std::move(r)); });
        return promise->get_future().get();
    }
    static Submission submission(std::vector<AccountId> to, std::string payload,
                                 std::string meta = "envelope") {
        Submission s;
        s.meta = std::move(meta);
        s.payload = std::move(payload);
        s.received = std::chrono::system_clock::now();
        for (AccountId id : to) {
            Target target;
            target.account = id;
            s.targets.push_back(std::move(target));
        }
        return s;
    }
    Uid deliver(AccountId to, std::string_view subject) {
        auto receipt = submit(submission({to}, message(subject)));
        EXPECT_TRUE(receipt) << receipt.error().what;
        EXPECT_TRUE(receipt->targets.at(0).ok);
        return receipt->targets.at(0).uid;
    }
    std::vector<Uid> uids(AccountId id, std::string_view path) {
        auto view = account(id)->view(id_of(id, path));
        EXPECT_TRUE(view);
        std::vector<Uid> all;
        const UidSet runs = (*view)->uids().value_or(UidSet{});
        for (const UidRun& run : runs)
            for (std::uint32_t u = run.first.value(); u <= run.last.value(); ++u) all.push_back(Uid{u});
        return all;
    }
    Item item(AccountId id, std::string_view path, Uid uid) {
        auto view = account(id)->view(id_of(id, path));
        auto found = (*view)->item(uid);
        EXPECT_TRUE(found && *found);
        Item copy = found && *found ? **found : Item{};
        copy.prefix = {};
        return copy;
    }
    std::string text(AccountId id, std::string_view path, Uid uid) {
        auto view = account(id)->view(id_of(id, path));
        auto item = (*view)->item(uid);
        if (!item || !*item) return "error: " + (item ? std::string{"no such message"} : item.error().what);
        auto bytes = (*view)->message(**item);
        return bytes ? *bytes : "error: " + bytes.error().what;
    }
    void expect_sound() {
        auto findings = store->verify({});
        ASSERT_TRUE(findings) << findings.error().what;
        for (const auto& finding : *findings)
            ADD_FAILURE() << finding.account.value() << ": " << finding.what;
    }

    static constexpr AccountId bob{7}, eve{9}, nobody{1234};
    TestFolder scratch;
    observe::MemoryLog log{"STORE", 7};
    observe::Logger logger = log.logger();
    TestQuota quota;
    Options options;
    Replay replay;
    std::unique_ptr<MailStore> store;
};

}  // namespace postrider::mailstore
