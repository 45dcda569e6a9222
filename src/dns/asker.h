#pragma once

#include <poll.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dns/answer_cache.h"
#include "dns/settings.h"
#include "dns/unbound_context.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::dns {

struct Counters {
    explicit Counters(observe::Metrics& metrics);
    observe::Counter &queries, &hits, &upstream, &timeouts, &failures, &bogus, &refused;
    observe::Gauge &waiting, &dead;
};

/// The resolver's one thread: which server is asked, what is done when it does not answer. Equal questions
/// are asked once. Everything here is called on that thread.
class Asker {
public:
    using Now = std::chrono::steady_clock::time_point;
    using Done = std::function<void(Answer)>;

    Asker(DnrSettings settings, std::string resolv_conf, observe::Logger log, Counters& counters,
          AnswerCache& cache);
    ~Asker();  ///< abandon()

    void ask(Type type, const std::string& name, Done done);
    void reconfigure(DnrSettings settings);
    void flush();                          ///< forgets what libunbound remembers
    void abandon(const std::string& why);  ///< answers everything that waits
    std::vector<ServerState> servers() const;

    /// When tick() wants to be called next, whatever happens until then.
    Now wake_at() const { return wake_at_; }
    void tick(Now now);
    /// What to poll for input; then process().
    void add_descriptors(std::vector<pollfd>& into) const;
    void process();

private:
    struct Line;      ///< to one name server
    struct Question;  ///< and who waits for its answer
    struct Flight;    ///< one question to one server
    using Lines = std::vector<std::shared_ptr<Line>>;
    using Landed = std::function<void(std::optional<Reply>, std::chrono::steady_clock::duration)>;

    void make_lines();
    void follow_resolv_conf(Now now);
    ContextOptions options_of(const Line& line, bool validate) const;
    UnboundContext* context_of(Line& line);

    void send(const std::shared_ptr<Question>& question);
    void fly(std::shared_ptr<UnboundContext> context, const Line& line, const std::string& name, Type type,
             Landed landed);
    void landed(const std::shared_ptr<Question>& question, const std::shared_ptr<Line>& line,
                std::optional<Reply> reply, std::chrono::steady_clock::duration took);
    void finish(const std::shared_ptr<Question>& question, Answer answer);
    void next_in_line();

    void died(Line& line);
    void revived(Line& line);
    void probe(const std::shared_ptr<Line>& line);
    bool check_validation(const std::shared_ptr<Line>& line, const std::shared_ptr<Question>& question);
    void stop_validating(Line& line);
    void try_validating(const std::shared_ptr<Line>& line);
    void count_dead();

    DnrSettings settings_;
    std::string resolv_conf_;
    observe::Logger log_;
    Counters& counters_;
    AnswerCache& cache_;
    bool anchored_ = false;  ///< there is a trust anchor to validate with
    std::vector<std::string> system_servers_;
    Now look_at_system_;
    std::shared_ptr<const Lines> lines_;
    std::map<std::pair<Type, std::string>, std::shared_ptr<Question>> questions_;
    std::deque<std::shared_ptr<Question>> turn_;  ///< those that have not been sent
    std::list<Flight> flights_;
    unsigned in_flight_ = 0;
    Now wake_at_;
};

}  // namespace postrider::dns
