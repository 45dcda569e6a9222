#pragma once

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "base/test_folder.h"
#include "directory/directory.h"
#include "directory/keys.h"

namespace postrider::directory {

/// A directory on a store in a folder of its own, gone with it, with the domain example.org; for tests and
/// benchmarks.
struct TestDirectory {
    explicit TestDirectory(Options with = {}) : options{with} {
        open();
        domain = directory->create_domain({"example.org", ""}).value();
    }
    ~TestDirectory() {
        directory.reset();
        store.reset();
    }
    TestDirectory(const TestDirectory&) = delete;
    TestDirectory& operator=(const TestDirectory&) = delete;

    void reopen() {
        directory.reset();
        store.reset();
        open();
    }
    AccountId account(std::string name) {
        NewAccount account;
        account.name = std::move(name);
        return directory->create_account(domain, account).value();
    }
    std::size_t keys() {
        std::size_t count = 0;
        for (auto cursor = store->scan("D", "E"); cursor->valid(); cursor->next()) ++count;
        return count;
    }

    Options options;
    TestFolder folder;
    ManualClock clock{Time{} + std::chrono::hours{24 * 365 * 55}};
    std::unique_ptr<kv::Store> store;
    std::unique_ptr<Directory> directory;
    DomainId domain;

private:
    void open() {
        kv::Options small;
        small.cache_bytes = 4u << 20;
        small.write_buffer_bytes = 1u << 20;
        auto opened = kv::Store::open(folder.path(), small);
        if (!opened) throw std::runtime_error{opened.error().what};
        store = std::move(*opened);
        auto made = Directory::open(*store, clock, options);
        if (!made) throw std::runtime_error{made.error().what};
        directory = std::move(*made);
    }
};

}  // namespace postrider::directory
