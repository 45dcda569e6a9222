#pragma once

#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dns/names.h"
#include "dns/rdata.h"
#include "dns/resolver.h"

namespace postrider::dns {

/// Answers from a map, for tests. What it was not told: no_name, or no_data if it knows the name.
/// Thread-safe.
///
///     FakeResolver dns;
///     dns.add("example.org", Type::mx, mx_rdata(10, "mail.example.org"));
///     dns.add("mail.example.org", Type::a, address_rdata("192.0.2.1"));
class FakeResolver final : public Resolver {
public:
    /// @param secure  whether answers are said to be validated, those of absence too
    explicit FakeResolver(bool secure = false) : secure_{secure} {}

    void add(std::string_view name, Type type, std::string rdata) {
        std::lock_guard lock{mutex_};
        Answer& answer = answers_[{canonical_name(name).value(), type}];
        answer.outcome = Outcome::found;
        answer.secure = secure_;
        answer.ttl = std::chrono::seconds{3600};
        answer.records.push_back(std::move(rdata));
    }
    /// A whole answer, for what goes wrong and for absence.
    void set(std::string_view name, Type type, Answer answer) {
        std::lock_guard lock{mutex_};
        answers_[{canonical_name(name).value(), type}] = std::move(answer);
    }
    void set(std::string_view name, Type type, Outcome outcome) {
        Answer answer;
        answer.outcome = outcome;
        answer.secure = secure_;
        set(name, type, std::move(answer));
    }
    void remove(std::string_view name, Type type) {
        std::lock_guard lock{mutex_};
        answers_.erase({canonical_name(name).value(), type});
    }
    /// What has been asked, in order: "MX example.org".
    std::vector<std::pair<std::string, Type>> asked() const {
        std::lock_guard lock{mutex_};
        return asked_;
    }

    net::Task<Answer> query(std::string name, Type type) override { co_return ask(std::move(name), type); }

    Answer ask(std::string name, Type type) override {
        std::lock_guard lock{mutex_};
        Answer absent;
        absent.outcome = Outcome::no_name;
        absent.secure = secure_;
        auto known = canonical_name(name);
        if (!known) return absent;
        asked_.emplace_back(*known, type);
        if (auto at = answers_.find({*known, type}); at != answers_.end()) return at->second;
        auto other = answers_.lower_bound({*known, Type{}});
        if (other != answers_.end() && other->first.first == *known) absent.outcome = Outcome::no_data;
        return absent;
    }

private:
    mutable std::mutex mutex_;
    bool secure_;
    std::map<std::pair<std::string, Type>, Answer> answers_;
    std::vector<std::pair<std::string, Type>> asked_;
};

}  // namespace postrider::dns
