#pragma once

#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "dns/names.h"
#include "dns/rdata.h"
#include "dns/records.h"
#include "dns/types.h"
#include "mailauth/answers.h"

namespace postrider::mailauth {

/// A DNS for tests: answers the questions of a check until it is done.
class Zone {
public:
    void add(std::string_view name, dns::Type type, std::string rdata) {
        dns::Answer& answer = answers_[{canonical(name), type}];
        answer.outcome = dns::Outcome::found;
        answer.records.push_back(std::move(rdata));
    }
    void txt(std::string_view name, std::string_view text) {
        add(name, dns::Type::txt, dns::txt_rdata(text));
    }
    void fail(std::string_view name, dns::Type type) { answers_[{canonical(name), type}] = {}; }
    void fail_rest(std::string_view name) { failing_.insert(canonical(name)); }
    void alias(std::string_view name, std::string_view target) {
        aliases_[canonical(name)] = canonical(target);
    }

    dns::Answer answer(const Question& question) const {
        Question asked = question;
        for (int i = 0; i < 8; ++i)
            if (auto at = aliases_.find(asked.name); at != aliases_.end()) asked.name = at->second;
        if (auto at = answers_.find({asked.name, asked.type}); at != answers_.end()) return at->second;
        dns::Answer answer;
        if (failing_.contains(asked.name)) return answer;
        auto other = answers_.lower_bound({asked.name, dns::Type{}});
        const bool exists = other != answers_.end() && other->first.name == asked.name;
        answer.outcome = exists ? dns::Outcome::no_data : dns::Outcome::no_name;
        return answer;
    }

    /// Runs a check to its end. @param rounds  how often it had to ask
    template <class T, class F>
    T settle(F check, unsigned* rounds = nullptr) const {
        Answers known;
        for (unsigned round = 0; round < 60; ++round) {
            auto step = check(known);
            if (rounds != nullptr) *rounds = round;
            if (T* done = std::get_if<T>(&step)) return std::move(*done);
            const auto& questions = std::get<Questions>(step);
            if (questions.empty()) throw std::logic_error{"asks nothing"};
            for (const Question& question : questions) {
                if (known.find(question) != nullptr) throw std::logic_error{"asks twice: " + question.name};
                known.add(question, answer(question));
            }
        }
        throw std::logic_error{"asks without end"};
    }

    /// All that a check asks, for benchmarks.
    template <class F>
    Answers warm(F check) const {
        Answers known;
        for (;;) {
            auto step = check(known);
            const auto* questions = std::get_if<Questions>(&step);
            if (questions == nullptr) return known;
            for (const Question& question : *questions) known.add(question, answer(question));
        }
    }

private:
    static std::string canonical(std::string_view name) {
        return dns::canonical_name(name).value_or(std::string{name});
    }

    std::map<Question, dns::Answer> answers_;
    std::set<std::string> failing_;
    std::map<std::string, std::string> aliases_;
};

}  // namespace postrider::mailauth
