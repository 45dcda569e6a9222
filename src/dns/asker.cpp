#include "dns/asker.h"

#include <fmt/core.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "dns/resolv_conf.h"
#include "dns/types.h"
#include "settings/address.h"

namespace postrider::dns {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto longest_wait = 150s;     ///< for one server, whatever its retries
constexpr auto stays_dead = 30s;        ///< before it is probed
constexpr auto stays_unvalidated = 1h;  ///< before a server that removed signatures is looked at again
constexpr auto checked_lately = 10min;  ///< how long "it does not remove signatures" is believed
constexpr auto system_lookout = 30s;    ///< how often resolv.conf is looked at

double seconds(steady_clock::duration time) {
    return std::chrono::duration<double>(time).count();
}

/// libunbound writes ports after an @.
std::string unbound_address(const std::string& address) {
    auto with_port = settings::parse_ip_port(address);
    if (!with_port || settings::parse_ip(address)) return address;
    return fmt::format("{}@{}", settings::to_string(with_port->ip), with_port->port);
}

/// The first wait, doubled on each retry, all together; a little less, so that libunbound does not begin one
/// retry more.
steady_clock::duration patience(std::chrono::seconds timeout, unsigned retries) {
    return std::min<std::chrono::seconds>(timeout * ((2 << retries) - 1), longest_wait) - 50ms;
}

/// A failure after so long means that nothing came, not that something bad came.
steady_clock::duration silence(std::chrono::seconds timeout) {
    return timeout - 50ms;
}

}  // namespace

Counters::Counters(observe::Metrics& m)
    : queries{m.counter("dns.queries", "Questions to the resolver")},
      hits{m.counter("dns.cache.hits", "Questions answered from the cache")},
      upstream{m.counter("dns.upstream", "Questions to name servers, without retries")},
      timeouts{m.counter("dns.timeouts", "Questions that a name server did not answer in time")},
      failures{m.counter("dns.failures", "Questions that ended in a temporary failure")},
      bogus{m.counter("dns.bogus", "Questions whose answer DNSSEC did not let pass")},
      refused{m.counter("dns.refused", "Questions refused because too many waited")},
      waiting{m.gauge("dns.waiting", "Questions without an answer yet")},
      dead{m.gauge("dns.servers.dead", "Name servers that do not answer")} {}

struct Asker::Line {
    NameServer server;
    bool validating = false;
    std::shared_ptr<UnboundContext> context;
    std::optional<Now> probe_at;     ///< it did not answer; nothing = it does
    std::optional<Now> validate_at;  ///< it removed signatures
    Now checked_until{};             ///< it does not remove signatures
    bool probing = false, checking = false;
    std::vector<std::shared_ptr<Question>> held;  ///< until check_validation() knows

    const std::string& name() const {
        static const std::string root = "the root name servers";
        return server.address.empty() ? root : server.address;
    }
};

struct Asker::Question {
    Type type{};
    std::string name;
    std::vector<Done> waiters;
    std::shared_ptr<const Lines> lines;
    std::uint64_t tried = 0;  ///< a bit for each of the lines
    Answer worst;             ///< what is said if no line does better
    Now asked{};
};

struct Asker::Flight {
    std::shared_ptr<UnboundContext> context;
    int id = 0;
    Now started, deadline;
    Landed landed;
};

Asker::Asker(DnrSettings settings, std::string resolv_conf, observe::Logger log, Counters& counters,
             AnswerCache& cache)
    : resolv_conf_{std::move(resolv_conf)}, log_{log}, counters_{counters}, cache_{cache} {
    reconfigure(std::move(settings));
}

Asker::~Asker() {
    abandon("the resolver stops");
}

void Asker::reconfigure(DnrSettings settings) {
    settings_ = std::move(settings);
    const std::string& anchor = settings_.trust_anchor_file;
    anchored_ = settings_.dnssec != Dnssec::no && !anchor.empty() && access(anchor.c_str(), R_OK) == 0;
    if (settings_.dnssec != Dnssec::no && !anchored_)
        log_.warning({}, "There is no trust anchor ({}), so answers are not validated", anchor);
    system_servers_ =
        settings_.name_servers.empty() ? read_resolv_conf(resolv_conf_) : std::vector<std::string>{};
    look_at_system_ = steady_clock::now() + system_lookout;
    make_lines();
}

void Asker::make_lines() {
    std::vector<NameServer> servers = settings_.name_servers;
    for (const std::string& address : system_servers_)
        servers.push_back(
            {static_cast<unsigned>(servers.size()), address, settings_.timeout, settings_.retries});
    std::ranges::stable_sort(servers, {}, &NameServer::priority);
    if (servers.empty()) servers.push_back({0, "", settings_.timeout, settings_.retries});
    Lines lines;
    for (NameServer& server : servers) {
        auto line = std::make_shared<Line>();
        line->server = std::move(server);
        line->validating = anchored_;
        lines.push_back(std::move(line));
    }
    lines_ = std::make_shared<const Lines>(std::move(lines));
    wake_at_ = steady_clock::now();
    count_dead();
}

/// The operating system's servers change under us: another network, a new lease.
void Asker::follow_resolv_conf(Now now) {
    if (!settings_.name_servers.empty() || now < look_at_system_) return;
    look_at_system_ = now + system_lookout;
    auto servers = read_resolv_conf(resolv_conf_);
    if (servers == system_servers_) return;
    log_.info({}, "The system's name servers have changed");
    system_servers_ = std::move(servers);
    make_lines();
}

void Asker::flush() {
    make_lines();
}

ContextOptions Asker::options_of(const Line& line, bool validate) const {
    ContextOptions options;
    options.server = unbound_address(line.server.address);
    options.shortest_timeout = line.server.timeout;
    for (const auto& other : *lines_)
        options.shortest_timeout = std::min(options.shortest_timeout, other->server.timeout);
    options.retries = line.server.retries;
    options.validate = validate;
    options.trust_anchor_file = settings_.trust_anchor_file;
    options.unsigned_domains = settings_.unsigned_domains;
    options.cache_size = settings_.cache_size;
    options.max_questions = settings_.max_questions;
    return options;
}

UnboundContext* Asker::context_of(Line& line) {
    if (line.context) return line.context.get();
    auto made = UnboundContext::open(options_of(line, line.validating));
    if (!made) {
        log_.error({}, "Name server {} cannot be used: {}", line.name(), made.error());
        return nullptr;
    }
    line.context = std::move(*made);
    return line.context.get();
}

void Asker::ask(Type type, const std::string& name, Done done) {
    const Now now = steady_clock::now();
    auto [at, fresh] = questions_.try_emplace({type, name});
    if (!fresh) {
        at->second->waiters.push_back(std::move(done));
        return;
    }
    follow_resolv_conf(now);
    auto question = std::make_shared<Question>();
    at->second = question;
    question->type = type;
    question->name = name;
    question->waiters.push_back(std::move(done));
    question->lines = lines_;
    question->asked = now;
    question->worst.why = "no name server answered";
    if (in_flight_ >= settings_.max_questions)
        turn_.push_back(std::move(question));
    else {
        ++in_flight_;
        send(question);
    }
}

void Asker::next_in_line() {
    while (in_flight_ < settings_.max_questions && !turn_.empty()) {
        auto question = std::move(turn_.front());
        turn_.pop_front();
        ++in_flight_;
        send(question);
    }
}

/// To the first line that has not been tried: those that answer before those that did not.
void Asker::send(const std::shared_ptr<Question>& question) {
    const Lines& lines = *question->lines;
    for (const bool dead : {false, true})
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const std::shared_ptr<Line> line = lines[i];
            const std::uint64_t bit = std::uint64_t{1} << i;
            if ((question->tried & bit) != 0 || line->probe_at.has_value() != dead) continue;
            question->tried |= bit;
            if (!context_of(*line)) continue;
            log_.protocol({}, ">> {} {} ({})", word(question->type), question->name, line->name());
            counters_.upstream.add();
            return fly(line->context, *line, question->name, question->type,
                       [this, question, line](std::optional<Reply> reply, steady_clock::duration took) {
                           landed(question, line, std::move(reply), took);
                       });
        }
    finish(question, std::move(question->worst));
}

void Asker::fly(std::shared_ptr<UnboundContext> context, const Line& line, const std::string& name, Type type,
                Landed landed) {
    const Now now = steady_clock::now();
    auto flight = flights_.insert(flights_.end(), Flight{std::move(context), 0, now, {}, std::move(landed)});
    flight->deadline = now + patience(line.server.timeout, line.server.retries);
    wake_at_ = std::min(wake_at_, flight->deadline);
    auto back = [this, flight](Reply reply) {
        Landed then = std::move(flight->landed);
        const auto took = steady_clock::now() - flight->started;
        flights_.erase(flight);
        then(std::move(reply), took);
    };
    auto started = flight->context->start(name, type, back);
    if (started) {
        flight->id = *started;
        return;
    }
    Reply failed;
    failed.failed = true;
    failed.answer.why = started.error();
    back(std::move(failed));
}

void Asker::landed(const std::shared_ptr<Question>& question, const std::shared_ptr<Line>& line,
                   std::optional<Reply> reply, steady_clock::duration took) {
    const bool silent = !reply || (reply->failed && took >= silence(line->server.timeout));
    if (silent) {
        counters_.timeouts.add();
        question->worst.why = fmt::format("{} did not answer", line->name());
        died(*line);
        return send(question);
    }
    if (line->probe_at) revived(*line);
    if (reply->failed) {
        if (question->worst.outcome != Outcome::bogus)
            question->worst.why = fmt::format("{}: {}", line->name(), reply->answer.why);
        return send(question);
    }
    if (reply->answer.outcome == Outcome::bogus) {
        question->worst = std::move(reply->answer);
        if (!check_validation(line, question)) send(question);
        return;
    }
    finish(question, std::move(reply->answer));
}

void Asker::finish(const std::shared_ptr<Question>& question, Answer answer) {
    const Now now = steady_clock::now();
    log_.protocol({}, "<< {} {}: {}, {} records, {:.3f} s{}{}", word(question->type), question->name,
                  word(answer.outcome), answer.records.size(), seconds(now - question->asked),
                  answer.why.empty() ? "" : ": ", answer.why);
    if (answer.outcome == Outcome::temporary) counters_.failures.add();
    if (answer.outcome == Outcome::bogus) {
        counters_.bogus.add();
        log_.warning({}, "The answer to {} {} is not believed: {}", word(question->type), question->name,
                     answer.why);
    }
    cache_.put(question->type, question->name, answer, now);
    --in_flight_;
    questions_.erase({question->type, question->name});
    counters_.waiting.sub(static_cast<std::int64_t>(question->waiters.size()));
    auto waiters = std::move(question->waiters);
    for (std::size_t i = 0; i + 1 < waiters.size(); ++i) waiters[i](answer);
    waiters.back()(std::move(answer));
    // Sent at once, a long turn of questions that fail at once would be a deep recursion.
    if (!turn_.empty()) wake_at_ = now;
}

void Asker::abandon(const std::string& why) {
    flights_.clear();
    turn_.clear();
    for (const auto& line : *lines_) line->held.clear();
    auto questions = std::move(questions_);
    questions_.clear();
    in_flight_ = 0;
    Answer answer;
    answer.why = why;
    for (const auto& [key, question] : questions) {
        counters_.waiting.sub(static_cast<std::int64_t>(question->waiters.size()));
        for (const Done& done : question->waiters) done(answer);
    }
    // Contexts that nothing flies with any more.
    for (const auto& line : *lines_) line->context.reset();
}

void Asker::add_descriptors(std::vector<pollfd>& into) const {
    auto add = [&](const std::shared_ptr<UnboundContext>& context) {
        if (!context) return;
        const int fd = context->fd();
        if (std::ranges::none_of(into, [&](const pollfd& known) { return known.fd == fd; }))
            into.push_back({fd, POLLIN, 0});
    };
    for (const auto& line : *lines_) add(line->context);
    for (const Flight& flight : flights_) add(flight.context);
}

void Asker::process() {
    std::vector<std::shared_ptr<UnboundContext>> contexts;  // alive until each has returned
    auto add = [&](const std::shared_ptr<UnboundContext>& context) {
        if (context && std::ranges::find(contexts, context) == contexts.end()) contexts.push_back(context);
    };
    for (const auto& line : *lines_) add(line->context);
    for (const Flight& flight : flights_) add(flight.context);
    for (const auto& context : contexts) context->process();
}

void Asker::tick(Now now) {
    if (now < wake_at_) return;
    wake_at_ = now + 1h;
    next_in_line();
    std::vector<Flight> late;
    for (auto at = flights_.begin(); at != flights_.end();) {
        if (at->deadline <= now) {
            at->context->cancel(at->id);
            late.push_back(std::move(*at));
            at = flights_.erase(at);
        } else {
            wake_at_ = std::min(wake_at_, at->deadline);
            ++at;
        }
    }
    for (Flight& flight : late) flight.landed(std::nullopt, now - flight.started);
    const auto lines = lines_;
    for (const auto& line : *lines) {
        if (line->probe_at && *line->probe_at <= now) probe(line);
        if (line->validate_at && *line->validate_at <= now) try_validating(line);
        if (line->probe_at && !line->probing) wake_at_ = std::min(wake_at_, *line->probe_at);
        if (line->validate_at && !line->checking) wake_at_ = std::min(wake_at_, *line->validate_at);
    }
}

std::vector<ServerState> Asker::servers() const {
    std::vector<ServerState> out;
    for (const auto& line : *lines_)
        out.push_back({line->server.address, line->server.priority, !line->probe_at, line->validating});
    return out;
}

// ---- servers that do not answer

void Asker::count_dead() {
    counters_.dead.set(
        std::ranges::count_if(*lines_, [](const auto& line) { return line->probe_at.has_value(); }));
}

void Asker::died(Line& line) {
    if (!line.probe_at) log_.warning({}, "Name server {} does not answer", line.name());
    line.probe_at = steady_clock::now() + stays_dead;
    wake_at_ = std::min(wake_at_, *line.probe_at);
    count_dead();
}

/// Asks a dead server what every server can answer, so that no question of ours has to wait for it in vain.
void Asker::probe(const std::shared_ptr<Line>& line) {
    if (line->probing) return;
    if (!context_of(*line)) return died(*line);
    line->probing = true;
    fly(line->context, *line, "", Type::ns,
        [this, line](std::optional<Reply> reply, steady_clock::duration took) {
            line->probing = false;
            if (!reply || (reply->failed && took >= silence(line->server.timeout))) return died(*line);
            if (line->probe_at) revived(*line);
        });
}

void Asker::revived(Line& line) {
    log_.info({}, "Name server {} answers again", line.name());
    line.probe_at.reset();
    count_dead();
}

// ---- servers that remove signatures

/// When validation failed in a way that may be the name server's fault, finds out whether it is: without
/// signatures not even the root can be validated. Then holds the question meanwhile and returns true.
bool Asker::check_validation(const std::shared_ptr<Line>& line, const std::shared_ptr<Question>& question) {
    const Now now = steady_clock::now();
    if (settings_.dnssec != Dnssec::automatic) return false;
    const auto once_more = [line](Question& again) {
        const auto at = std::ranges::find(*again.lines, line) - again.lines->begin();
        again.tried &= ~(std::uint64_t{1} << at);
    };
    if (!line->validating) {  // not any more
        once_more(*question);
        send(question);
        return true;
    }
    if (now < line->checked_until) return false;
    line->held.push_back(question);
    if (line->checking) return true;
    line->checking = true;
    fly(line->context, *line, "", Type::ns,
        [this, line, once_more](std::optional<Reply> reply, steady_clock::duration) {
            line->checking = false;
            const bool removes = reply && reply->answer.outcome == Outcome::bogus;
            if (removes)
                stop_validating(*line);
            else
                line->checked_until = steady_clock::now() + checked_lately;
            auto held = std::move(line->held);
            line->held.clear();
            for (const auto& one : held) {
                if (removes) once_more(*one);
                send(one);
            }
        });
    return true;
}

void Asker::stop_validating(Line& line) {
    log_.warning({},
                 "Name server {} does not pass on DNSSEC signatures: its answers are used without validation",
                 line.name());
    line.validating = false;
    line.context.reset();
    line.validate_at = steady_clock::now() + stays_unvalidated;
    wake_at_ = std::min(wake_at_, *line.validate_at);
}

void Asker::try_validating(const std::shared_ptr<Line>& line) {
    if (line->checking) return;
    auto made = UnboundContext::open(options_of(*line, true));
    line->validate_at = steady_clock::now() + stays_unvalidated;
    if (!made) return;
    line->checking = true;
    std::shared_ptr<UnboundContext> context = std::move(*made);
    fly(context, *line, "", Type::ns,
        [this, line, context](std::optional<Reply> reply, steady_clock::duration) {
            line->checking = false;
            if (!reply || reply->failed || reply->answer.outcome == Outcome::bogus) return;
            log_.info({}, "Name server {} passes on DNSSEC signatures again", line->name());
            line->context = context;
            line->validating = true;
            line->validate_at.reset();
        });
}

}  // namespace postrider::dns
