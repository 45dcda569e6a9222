#pragma once

#include <chrono>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dns/resolver.h"

namespace postrider::dns {

struct ContextOptions {
    std::string
        server;  ///< "192.0.2.1" or "192.0.2.1@5353"; "" = the Internet's name servers, from the root on
    std::chrono::seconds shortest_timeout{5};  ///< of any server: libunbound knows only one for the process
    unsigned retries = 3;
    bool validate = false;
    std::string trust_anchor_file;
    std::vector<std::string> unsigned_domains;
    std::size_t cache_size = 1000;
    unsigned max_questions = 400;
};

/// What one name server said, or libunbound about it.
struct Reply {
    Answer answer;
    bool failed = false;  ///< SERVFAIL, REFUSED and the like: another server may know better
};

/// One libunbound context with its thread. All calls on one thread; replies come inside process().
class UnboundContext {
public:
    using Done = std::function<void(Reply)>;

    static std::expected<std::shared_ptr<UnboundContext>, std::string> open(const ContextOptions& options);
    ~UnboundContext();  ///< what is still asked is forgotten; its callbacks are not called

    int fd() const;  ///< readable when process() has something to do
    void process();
    /// @param name  as canonical_name() gives it
    /// @return a number for cancel()
    std::expected<int, std::string> start(const std::string& name, Type type, Done done);
    void cancel(int id);

private:
    struct Impl;
    explicit UnboundContext(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

/// What an answer may hold at most; beyond, it is a temporary failure.
inline constexpr std::size_t max_records = 1000;
inline constexpr std::size_t max_answer_octets = 64 << 10;

}  // namespace postrider::dns
