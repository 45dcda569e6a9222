#include "dns/unbound_resolver.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <future>
#include <mutex>
#include <thread>

#include "dns/names.h"
#include "net/suspend.h"
#include "net/unique_fd.h"
#include "settings/compare.h"

namespace postrider::dns {
namespace {

using std::chrono::steady_clock;

Answer failure(std::string why) {
    Answer answer;
    answer.why = std::move(why);
    return answer;
}

std::expected<void, std::string> check(const DnrSettings& settings) {
    if (settings.dnssec == Dnssec::yes && access(settings.trust_anchor_file.c_str(), R_OK) != 0)
        return std::unexpected("dnr: dnssec is yes, but trustAnchorFile " + settings.trust_anchor_file
                               + " cannot be read");
    return {};
}

}  // namespace

struct UnboundResolver::Impl {
    using Job = std::function<void(Asker&)>;

    Impl(Options given, observe::Metrics& metrics)
        : options{std::move(given)}, counters{metrics}, cache{options.settings.cache_size} {}

    Options options;
    Counters counters;
    AnswerCache cache;
    net::UniqueFd bell{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    mutable std::mutex mutex;
    std::vector<Job> jobs;
    bool running = false;
    std::thread thread;

    /// False when the resolver does not run.
    bool post(Job job) {
        {
            std::lock_guard lock{mutex};
            if (!running) return false;
            jobs.push_back(std::move(job));
            if (jobs.size() > 1) return true;  // the bell has been rung
        }
        ring();
        return true;
    }
    void ring() const {
        const std::uint64_t one = 1;
        if (::write(bell.get(), &one, sizeof one) < 0) return;  // it rings already
    }

    /// What can be said at once; `name` becomes canonical.
    std::optional<Answer> ready(std::string& name, Type type) {
        counters.queries.add();
        auto known = canonical_name(name);
        if (!known) {
            Answer answer;
            answer.outcome = Outcome::no_name;
            return answer;
        }
        name = std::move(*known);
        auto kept = cache.find(type, name, steady_clock::now());
        if (kept) counters.hits.add();
        return kept;
    }

    void send(std::string name, Type type, const std::function<void(Answer)>& done) {
        if (counters.waiting.value() >= static_cast<std::int64_t>(max_waiting)) {
            counters.refused.add();
            return done(failure("too many questions wait for name servers"));
        }
        counters.waiting.add();
        if (post([name = std::move(name), type, done](Asker& asker) { asker.ask(type, name, done); })) return;
        counters.waiting.sub();
        done(failure("the resolver does not run"));
    }

    void run() {
        Asker asker{options.settings, options.resolv_conf, options.log, counters, cache};
        std::vector<pollfd> wanted;
        while (true) {
            wanted.assign(1, {bell.get(), POLLIN, 0});
            asker.add_descriptors(wanted);
            const auto wait = asker.wake_at() - steady_clock::now();
            const auto ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
            ::poll(wanted.data(), wanted.size(), static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000)));
            std::vector<Job> taken;
            bool last = false;
            {
                std::lock_guard lock{mutex};
                std::uint64_t rings = 0;
                if (::read(bell.get(), &rings, sizeof rings) < 0) rings = 0;
                taken.swap(jobs);
                last = !running;
            }
            for (const Job& job : taken) job(asker);
            if (last) return;  // the asker answers what waits
            asker.process();
            asker.tick(steady_clock::now());
        }
    }
};

UnboundResolver::UnboundResolver(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

UnboundResolver::~UnboundResolver() {
    stop();
}

std::expected<std::unique_ptr<UnboundResolver>, std::string> UnboundResolver::open(
    Options options, observe::Metrics& metrics) {
    if (auto ok = check(options.settings); !ok) return std::unexpected(ok.error());
    auto impl = std::make_unique<Impl>(std::move(options), metrics);
    std::unique_ptr<UnboundResolver> resolver{new UnboundResolver{std::move(impl)}};
    resolver->start();
    return resolver;
}

void UnboundResolver::start() {
    std::lock_guard lock{impl_->mutex};
    if (impl_->running) return;
    impl_->running = true;
    // libunbound's threads, which this one makes, must not take the server's signals.
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    impl_->thread = std::thread{[this] { impl_->run(); }};
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void UnboundResolver::stop() {
    {
        std::lock_guard lock{impl_->mutex};
        if (!impl_->running) return;
        impl_->running = false;
    }
    impl_->ring();
    impl_->thread.join();
}

bool UnboundResolver::running() const {
    std::lock_guard lock{impl_->mutex};
    return impl_->running;
}

net::Task<Answer> UnboundResolver::query(std::string name, Type type) {
    std::optional<Answer> ready = impl_->ready(name, type);
    if (ready) co_return std::move(*ready);
    auto start = [this, &name, type](std::function<void(Answer)> done) {
        impl_->send(std::move(name), type, done);
    };
    Answer answer = co_await net::suspend<Answer>(std::move(start));
    co_return answer;
}

Answer UnboundResolver::ask(std::string name, Type type) {
    if (auto ready = impl_->ready(name, type)) return std::move(*ready);
    auto promise = std::make_shared<std::promise<Answer>>();
    auto future = promise->get_future();
    impl_->send(std::move(name), type, [promise](Answer answer) { promise->set_value(std::move(answer)); });
    return future.get();
}

std::expected<void, std::string> UnboundResolver::reconfigure(DnrSettings settings) {
    if (auto ok = check(settings); !ok) return ok;
    {
        std::lock_guard lock{impl_->mutex};
        const bool same = settings::differences(dnr_table(), &impl_->options.settings, &settings).empty();
        impl_->options.settings = settings;
        if (same) return {};
    }
    impl_->cache.resize(settings.cache_size);
    impl_->cache.clear();
    impl_->post([settings = std::move(settings)](Asker& asker) { asker.reconfigure(settings); });
    return {};
}

void UnboundResolver::flush() {
    impl_->cache.clear();
    impl_->post([](Asker& asker) { asker.flush(); });
}

std::vector<ServerState> UnboundResolver::servers() const {
    auto promise = std::make_shared<std::promise<std::vector<ServerState>>>();
    auto future = promise->get_future();
    if (!impl_->post([promise](Asker& asker) { promise->set_value(asker.servers()); })) return {};
    return future.get();
}

}  // namespace postrider::dns
