#pragma once

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "sieve/sieve.h"

/// For tests only: a small world, and a script run in it.
namespace postrider::sieve {

class SmallWorld : public Environment {
public:
    Time time{std::chrono::seconds{1'795'000'000}};  // 2026-11-18
    std::set<std::string> folders{"INBOX"};
    std::set<std::string> seen;
    std::set<std::string> answered_keys;
    std::map<std::string, std::set<std::string>> lists;
    std::optional<unsigned> spam, virus;
    std::map<std::string, std::string> items;
    std::vector<std::string> set_flags;

    Time now() const override { return time; }
    bool mailbox_exists(std::string_view name) override { return folders.contains(std::string{name}); }
    std::optional<std::string> item(std::string_view name) override {
        auto found = items.find(std::string{name});
        return found == items.end() ? std::nullopt : std::optional{found->second};
    }
    std::vector<std::string> own_addresses() override { return {"ann@example.com"}; }
    std::string owner_name() override { return "Ann"; }
    bool duplicate_seen(std::string_view key) override { return seen.contains(std::string{key}); }
    bool answered(std::string_view key, std::chrono::seconds) override {
        return answered_keys.contains(std::string{key});
    }
    std::optional<unsigned> spam_level() override { return spam; }
    std::optional<unsigned> virus_level() override { return virus; }
    bool list_exists(std::string_view name) override { return lists.contains(std::string{name}); }
    bool list_contains(std::string_view name, std::string_view value) override {
        return lists[std::string{name}].contains(std::string{value});
    }
    std::vector<std::string> list_members(std::string_view name) override {
        auto& all = lists[std::string{name}];
        return {all.begin(), all.end()};
    }
    std::vector<std::string> flags() override { return set_flags; }
    std::optional<std::string> document_text(std::string_view type, std::string_view content) override {
        if (type != "application/pdf") return std::nullopt;
        return "It says " + std::string{content};
    }
};

/// Compiles and runs; a script that does not compile fails the test.
class TestRun {
public:
    TestRun(const std::string& script, std::string message, std::string from = "bob@example.net",
            Options options = {}, SmallWorld world = {}, RunLimits limits = {})
        : text_{std::move(message)} {
        auto compiled = compile(script, options);
        if (!compiled) {
            for (const Problem& problem : compiled.error())
                ADD_FAILURE() << problem.shown() << "\n" << script;
            return;
        }
        Message mail{"", text_, {.from = std::move(from), .to = "ann@example.com"}};
        result = run(*compiled->script, mail, world, limits);
        final_text = mail.text();
    }

    std::string actions() const {
        std::string all;
        for (const Action& action : result.actions) {
            if (!all.empty()) all += "; ";
            all += describe(action);
        }
        return all;
    }
    std::string error() const { return result.error ? result.error->text : ""; }
    std::string reply() const {
        for (const Action& action : result.actions)
            if (const auto* answer = std::get_if<VacationReply>(&action.what)) return answer->message;
        return "";
    }
    /// The message as the action at `at` is to see it.
    std::string message_of(std::size_t at) const {
        const Version& version = result.versions[result.actions[at].version];
        return version.whole ? *version.whole : version.prefix + text_;
    }

    Result result;
    std::string final_text;

private:
    std::string text_;
};

}  // namespace postrider::sieve
