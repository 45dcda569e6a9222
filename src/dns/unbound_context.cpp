#include "dns/unbound_context.h"

#include <fmt/core.h>
#include <unbound.h>

#include <unordered_map>

#include "dns/names.h"

namespace postrider::dns {
namespace {

constexpr int internet = 1;  // class IN
constexpr int servfail = 2, nxdomain = 3;

struct Delete {
    void operator()(ub_ctx* context) const { ub_ctx_delete(context); }
    void operator()(ub_result* result) const { ub_resolve_free(result); }
};

std::string_view rcode_word(int rcode) {
    switch (rcode) {
        case 1: return "FORMERR";
        case servfail: return "SERVFAIL";
        case 4: return "NOTIMP";
        case 5: return "REFUSED";
        default: return "an error";
    }
}

Reply failure(std::string why) {
    Reply reply;
    reply.failed = true;
    reply.answer.why = std::move(why);
    return reply;
}

/// The records, or false when there are too many of them.
bool take_records(const ub_result& result, Answer& answer) {
    std::size_t octets = 0;
    for (std::size_t i = 0; result.data[i] != nullptr; ++i) {
        const auto size = static_cast<std::size_t>(result.len[i]);
        octets += size;
        if (i >= max_records || octets > max_answer_octets) return false;
        answer.records.emplace_back(result.data[i], size);
    }
    return true;
}

/// What libunbound hands over passes through a message of its own; what does not fit is left out of it.
bool cut_short(const ub_result& result) {
    const auto* packet = static_cast<const unsigned char*>(result.answer_packet);
    return packet != nullptr && result.answer_len > 3 && (packet[2] & 2) != 0;
}

Reply to_reply(const ub_result& result) {
    Reply reply;
    Answer& answer = reply.answer;
    if (result.bogus) {
        answer.outcome = Outcome::bogus;
        answer.why = result.why_bogus ? result.why_bogus : "validation failed";
        return reply;
    }
    if (result.rcode != 0 && result.rcode != nxdomain)
        return failure(fmt::format("the answer is {}", rcode_word(result.rcode)));
    answer.secure = result.secure != 0;
    answer.ttl = std::chrono::seconds{std::max(0, result.ttl)};
    if (result.canonname)
        if (auto name = canonical_name(result.canonname)) answer.canonical_name = std::move(*name);
    if (auto asked = canonical_name(result.qname); asked == answer.canonical_name)
        answer.canonical_name.clear();
    if (result.nxdomain || result.rcode == nxdomain) {
        answer.outcome = Outcome::no_name;
    } else if (!result.havedata && !cut_short(result)) {
        answer.outcome = Outcome::no_data;
    } else if (result.havedata && !cut_short(result) && take_records(result, answer)) {
        answer.outcome = Outcome::found;
    } else {
        answer = {};
        answer.why =
            fmt::format("the answer has more than {} records or {} octets", max_records, max_answer_octets);
    }
    return reply;
}

class Options {
public:
    explicit Options(ub_ctx* context) : context_{context} {}
    void set(const char* name, const std::string& value) {
        note(ub_ctx_set_option(context_, name, value.c_str()), name);
    }
    void note(int error, std::string_view what) {
        if (error != 0 && problem_.empty()) problem_ = fmt::format("{} {}", what, ub_strerror(error));
    }
    const std::string& problem() const { return problem_; }

private:
    ub_ctx* context_;
    std::string problem_;
};

void set_limits(Options& set, const ContextOptions& options) {
    // Each answer of ours is a message and about two RRsets there, each of some 300 octets; keys and
    // delegations come on top.
    const std::size_t memory = std::max<std::size_t>(1 << 20, options.cache_size * 512);
    set.set("msg-cache-size:", std::to_string(memory));
    set.set("rrset-cache-size:", std::to_string(2 * memory));
    set.set("key-cache-size:", std::to_string(1 << 20));
    set.set("neg-cache-size:", std::to_string(1 << 20));
    // Beyond this libunbound throws old questions away, so it must be above what we ever ask at once. The
    // rest is for what it asks for itself: delegations, keys.
    set.set("num-queries-per-thread:", std::to_string(2 * options.max_questions + 100));
    set.set("outgoing-range:", std::to_string(std::min(options.max_questions + 100, 4000U)));
    set.set("outgoing-num-tcp:", "64");
    set.set("rrset-roundrobin:", "no");
    const std::chrono::milliseconds tcp_limit = std::min(options.shortest_timeout, std::chrono::seconds{30});
    set.set("tcp-auth-query-timeout:", std::to_string(tcp_limit.count()));
}

void set_servers(Options& set, ub_ctx* context, const ContextOptions& options) {
    if (options.server.empty()) return;
    // Names of private networks are the name server's to know.
    set.set("unblock-lan-zones:", "yes");
    set.set("insecure-lan-zones:", "yes");
    set.set("do-not-query-localhost:", "no");
    set.note(ub_ctx_set_fwd(context, options.server.c_str()), "the name server's address:");
    // libunbound asks twice before it doubles the time, so half of it: it then asks again when our time-out
    // and each doubled one have passed, and once in between.
    const auto timeout = std::to_string(std::chrono::milliseconds{options.shortest_timeout}.count() / 2);
    set.set("unknown-server-time-limit:", timeout);
    set.set("infra-cache-min-rtt:", timeout);
    set.set("infra-host-ttl:", "30");  // a server that was away is asked again soon
    set.set("outbound-msg-retry:", std::to_string(options.retries + 1));
}

void set_validation(Options& set, ub_ctx* context, const ContextOptions& options) {
    set.set("module-config:", options.validate ? "validator iterator" : "iterator");
    set.set("val-log-level:", "0");
    if (!options.validate) return;
    for (const std::string& domain : options.unsigned_domains) set.set("domain-insecure:", domain);
    set.note(ub_ctx_add_ta_file(context, options.trust_anchor_file.c_str()), options.trust_anchor_file);
}

/// Zones that libunbound would answer for by itself, although the name server is there to know. After this no
/// option can be set any more.
void give_up_zones(Options& set, ub_ctx* context, const ContextOptions& options) {
    if (options.server.empty()) return;
    for (const char* zone : {"test.", "home.arpa.", "127.in-addr.arpa."})
        set.note(ub_ctx_zone_remove(context, zone), zone);
}

}  // namespace

struct UnboundContext::Impl {
    struct Flight {
        Impl* owner;
        int id;
        Done done;
    };
    std::unique_ptr<ub_ctx, Delete> context;
    std::unordered_map<int, std::unique_ptr<Flight>> flights;

    static void finished(void* tag, int error, ub_result* given) {
        std::unique_ptr<ub_result, Delete> result{given};
        auto* flight = static_cast<Flight*>(tag);
        Impl& self = *flight->owner;
        Done done = std::move(flight->done);
        self.flights.erase(flight->id);
        done(error != 0 || !result ? failure(ub_strerror(error)) : to_reply(*result));
    }
};

UnboundContext::UnboundContext(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
UnboundContext::~UnboundContext() = default;

std::expected<std::shared_ptr<UnboundContext>, std::string> UnboundContext::open(
    const ContextOptions& options) {
    auto impl = std::make_unique<Impl>();
    impl->context.reset(ub_ctx_create());
    ub_ctx* context = impl->context.get();
    if (!context) return std::unexpected("no memory or no descriptors for a resolver");
    ub_ctx_debugout(context, nullptr);
    ub_ctx_debuglevel(context, 0);
    Options set{context};
    set_limits(set, options);
    set_servers(set, context, options);
    set_validation(set, context, options);
    set.note(ub_ctx_async(context, 1), "a thread of its own:");
    give_up_zones(set, context, options);
    if (!set.problem().empty()) return std::unexpected(set.problem());
    return std::shared_ptr<UnboundContext>{new UnboundContext{std::move(impl)}};
}

int UnboundContext::fd() const {
    return ub_fd(impl_->context.get());
}

void UnboundContext::process() {
    ub_process(impl_->context.get());
}

std::expected<int, std::string> UnboundContext::start(const std::string& name, Type type, Done done) {
    auto flight = std::make_unique<Impl::Flight>(Impl::Flight{impl_.get(), 0, std::move(done)});
    int id = 0;
    const std::string absolute = name + ".";
    const int error = ub_resolve_async(impl_->context.get(), absolute.c_str(), static_cast<int>(type),
                                       internet, flight.get(), &Impl::finished, &id);
    if (error != 0) return std::unexpected(std::string{ub_strerror(error)});
    flight->id = id;
    impl_->flights.emplace(id, std::move(flight));
    return id;
}

void UnboundContext::cancel(int id) {
    auto at = impl_->flights.find(id);
    if (at == impl_->flights.end()) return;
    ub_cancel(impl_->context.get(), id);
    impl_->flights.erase(at);
}

}  // namespace postrider::dns
