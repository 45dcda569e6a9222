#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "dns/rdata.h"
#include "mailauth/answers.h"

/// What the fuzz targets of this room share: a DNS that answers with pieces of the input.
namespace postrider::mailauth {

inline void require(bool holds) {
    if (!holds) std::abort();
}

/// Runs a check to its end. The n-th question is answered with the n-th line of `lines`: nothing for "-", an
/// error for "!", else a TXT record, an address, a host or an MX, as the question asks.
template <class T, class F>
T settle(std::string_view lines, F check) {
    Answers known;
    for (int round = 0;; ++round) {
        require(round < 60);
        auto step = check(known);
        if (T* done = std::get_if<T>(&step)) return std::move(*done);
        const auto& questions = std::get<Questions>(step);
        require(!questions.empty());
        for (const Question& question : questions) {
            require(known.find(question) == nullptr);
            const std::string_view line = lines.substr(0, lines.find('\n'));
            lines.remove_prefix(std::min(line.size() + 1, lines.size()));
            dns::Answer answer;
            answer.outcome = line == "!" ? dns::Outcome::temporary : dns::Outcome::no_name;
            std::string rdata;
            switch (question.type) {
                case dns::Type::txt: rdata = dns::txt_rdata(line); break;
                case dns::Type::mx: rdata = dns::mx_rdata(10, line); break;
                case dns::Type::ptr: rdata = dns::name_rdata(line); break;
                default: rdata = dns::address_rdata(line); break;
            }
            if (line != "-" && line != "!" && !rdata.empty()) {
                answer.outcome = dns::Outcome::found;
                answer.records.push_back(std::move(rdata));
            }
            known.add(question, std::move(answer));
        }
        require(known.size() < 2000);
    }
}

}  // namespace postrider::mailauth
