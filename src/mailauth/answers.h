#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "dns/answer.h"

/// The checks of this room ask the DNS without waiting for it: each is a function over what is known so far,
/// which comes back with the questions that it cannot go on without. Whoever can wait asks them, adds the
/// answers and calls again (DNS questions of several checks go out together). So the checks stay pure, and
/// run in a coroutine, on a thread that may block, and in a test alike.
namespace postrider::mailauth {

struct Question {
    std::string name;  ///< absolute, A-labels, lower case, without the last dot
    dns::Type type;
    friend auto operator<=>(const Question&, const Question&) = default;
};
using Questions = std::vector<Question>;

/// What has been asked for one message.
class Answers {
public:
    /// nullptr: not asked yet.
    const dns::Answer* find(const Question& question) const {
        auto at = known_.find(question);
        return at == known_.end() ? nullptr : &at->second;
    }
    void add(Question question, dns::Answer answer) {
        known_.insert_or_assign(std::move(question), std::move(answer));
    }
    std::size_t size() const { return known_.size(); }

private:
    std::map<Question, dns::Answer> known_;
};

/// A result, or what has to be asked first (never empty).
template <class T>
using Needs = std::variant<T, Questions>;

}  // namespace postrider::mailauth
