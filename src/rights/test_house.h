#pragma once

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "observe/memory_log.h"
#include "rights/shared_account.h"

namespace postrider::rights {

/// example.org with ann, bob, eve and its postmaster; for tests and benchmarks.
class House {
public:
    House() {
        mailstore::Options options;
        options.directory = scratch.path();
        mailstore::LocationConfig location;
        location.options.directory = scratch.path() / "messages";
        location.options.preallocate_bytes = 1u << 20;
        options.locations.push_back(std::move(location));
        options.clock = &clock;
        options.log = &logger;
        store = mailstore::MailStore::open(options, [](auto, auto) { return std::nullopt; }).value();
        directory = directory::Directory::open(store->kv(), clock).value();
        domain = directory->create_domain({"example.org", ""}).value();
        ann = person("ann");
        bob = person("bob");
        eve = person("eve");
        postmaster = directory->account(directory->domain(domain)->postmaster).value();
        sharing.emplace(*store, *directory);
    }

    Person person(std::string name) {
        directory::NewAccount account;
        account.name = std::move(name);
        return directory->account(directory->create_account(domain, account).value()).value();
    }
    Owner owner(const Person& whom) { return sharing->owner_of(*whom); }
    Owner publics() { return sharing->public_owner(*directory->domain(domain)); }
    std::shared_ptr<mailstore::Account> own(const Person& whom) { return sharing->open(owner(whom)).value(); }
    FolderId make(const Owner& of, std::string_view path) {
        return sharing->open(of).value()->create_folder(path).value().id;
    }
    void grant(const Owner& of, FolderId folder, Principal who, std::string_view allowed, bool below = false,
               std::string_view denied = {}) {
        Entry entry{who, rights_of_letters(allowed).value(), rights_of_letters(denied).value(), below};
        auto done = sharing->put(of, folder, entry);
        EXPECT_TRUE(done) << done.error().what;
    }
    std::shared_ptr<SharedAccount> seen_by(const Person& whom, const Owner& of) {
        return sharing->shared(whom, of).value();
    }
    std::string letters_of(const Person& whom, const Owner& of, FolderId folder) {
        return letters(sharing->rights(*whom, of, folder).value());
    }
    static mailstore::Account::NewItem mail(std::string_view subject, std::uint8_t flags = 0) {
        mailstore::Account::NewItem item;
        item.payload = "From: ann@example.org\r\nSubject: " + std::string{subject} + "\r\n\r\nText\r\n";
        item.flags = flags;
        return item;
    }
    static mailstore::Result<mailstore::Account::Appended> add(mailstore::Account& to, FolderId folder,
                                                               std::string_view subject,
                                                               std::uint8_t flags = 0) {
        std::vector<mailstore::Account::NewItem> items;
        items.push_back(mail(subject, flags));
        return to.append(folder, std::move(items));
    }

    TestFolder scratch;
    ManualClock clock{Time{} + std::chrono::hours{24 * 365 * 55}};
    observe::MemoryLog log{"STORE", 7};
    observe::Logger logger = log.logger();
    std::unique_ptr<mailstore::MailStore> store;
    std::unique_ptr<directory::Directory> directory;
    DomainId domain;
    Person ann, bob, eve, postmaster;
    std::optional<Sharing> sharing;
};

}  // namespace postrider::rights
