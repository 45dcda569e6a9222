#pragma once

#include <sys/types.h>

#include <expected>
#include <string>
#include <vector>

#include "filter/scan/socket.h"
#include "net/unique_fd.h"

namespace postrider::filter {

/// A program that was started, in a process group of its own. Ended, with all that it has started, when its
/// holder goes.
class Child {
public:
    /// @param environment  all that it gets, "NAME=value"
    static Maybe<Child> start(const std::vector<std::string>& words,
                              const std::vector<std::string>& environment);
    Child(Child&& other) noexcept;
    Child& operator=(Child&&) = delete;
    ~Child();

    /// Gives it `input` and collects at most `limit` octets of what it prints; what is more is thrown away.
    /// Ends when it has closed its output.
    Maybe<std::string> talk(std::string_view input, std::size_t limit, const Patience& patience);
    /// Gives it `input` and collects what it prints up to `end`, which is not given back; its input stays
    /// open. closed: it has ended.
    Maybe<std::string> exchange(std::string_view input, std::string_view end, std::size_t limit,
                                const Patience& patience);
    /// Its exit code; a signal's number + 128.
    Maybe<int> wait(const Patience& patience);

private:
    Child(pid_t pid, net::UniqueFd to, net::UniqueFd from)
        : pid_{pid}, to_{std::move(to)}, from_{std::move(from)} {}
    void feed(std::string_view& input);

    pid_t pid_;
    net::UniqueFd to_, from_;
};

}  // namespace postrider::filter
