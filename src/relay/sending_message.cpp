#include "relay/sending.h"

#include "relay/session/bare_report.h"

/// One message on its way to the hosts of its destination.
namespace postrider::relay {
namespace {

using delivery::Fate;

constexpr std::size_t convert_here = 256 * 1024;  ///< a larger one is made ready on a worker
constexpr unsigned most_broken = 3;          ///< connections that break one after the other: the host is down
constexpr unsigned most_tries = 3;           ///< connections tried for one message, or to one address
constexpr std::size_t most_approaches = 30;  ///< addresses tried for one connection

/// RFC 5321 §5.1: the hosts of a domain are tried in order until an attempt succeeds, so what one of them
/// will not take now (a full disk, a directory that is away) is offered to the next, once: a domain whose
/// hosts all refuse, as greylisting does, costs two transactions an attempt and not as many as it has hosts.
/// Only when nobody has got it: who has must be written down before anything else is sent.
bool for_the_next_host(const Client::Result& result) {
    return !result.trouble && !result.fates.empty() && std::ranges::all_of(result.fates, [](const Fate& one) {
        return one.kind == Fate::Kind::temporary;
    });
}

}  // namespace

/// RFC 8689 §4.1: with both, REQUIRETLS counts.
Wish Sending::wish_of(const Item& item) {
    if (item.consignment.entry->envelope.require_tls) return Wish::require_tls;
    return item.content->tls_not_needed ? Wish::deliver_anyhow : Wish::nothing;
}

Sending::Manner Sending::manner_of(const Item& item) const {
    const queue::Envelope& envelope = item.consignment.entry->envelope;
    Manner manner;
    manner.route = smart_host_ ? smart_host_ : d_.parts_.routes.route(destination_, envelope.reverse_path);
    manner.four = d_.parts_.routes.source(manner.route, envelope.reverse_path, false);
    manner.six = d_.parts_.settings.ipv6 ? d_.parts_.routes.source(manner.route, envelope.reverse_path, true)
                                         : manner.four;
    manner.wish = item.wish;
    return manner;
}

DomainSecurity Sending::security_for(const Manner& manner) const {
    DomainSecurity out;
    const OutgoingSettings& settings = d_.parts_.settings;
    out.policy = settings.tls_policy;
    if (manner.route)
        out.policy = manner.route->allow_start_tls || manner.route->ssl_enabled ? manner.route->tls_policy
                                                                                : TlsPolicy::none;
    out.dane = settings.dane && !hosts_.literal;
    out.domain = destination_;
    out.sts = sts_;
    out.mx_secure = hosts_.secure;
    out.smart_host = smart_host_ != nullptr;
    out.port = smart_host_ ? smart_host_->port : settings.port;
    return out;
}

/// A connection to the first host that has one for us.
net::Task<std::optional<Trouble>> Sending::get_lease(Manner manner, Lease& lease) {
    Trouble last{.status = "4.4.1", .text = destination_ + ": no host could be reached"};
    const DomainSecurity domain = security_for(manner);
    std::size_t tried = 0;
    for (std::size_t place = manner.first_host; place < hosts_.hosts.size(); ++place) {
        const Host& host = hosts_.hosts[place];
        Security security = co_await security_of(d_.parts_.resolver, domain, host, manner.wish);
        if (security.unusable) {
            last = *security.unusable;
            d_.parts_.log.warning({}, "{}", last.text);
            if (d_.parts_.attempts) {
                TlsAttempt attempt = security.attempt;
                attempt.result =
                    attempt.policy == TlsAttempt::Policy::dane ? "tlsa-invalid" : "validation-failure";
                attempt.reason = last.text;
                d_.parts_.attempts->note(attempt);
            }
            continue;
        }
        for (const std::string& address : host.addresses) {
            if (++tried > most_approaches || d_.stopping_) break;
            const bool six = address.find(':') != std::string::npos;
            Approach approach;
            approach.host = host.name;
            approach.to = {address, domain.port};
            approach.from = six ? manner.six : manner.four;
            approach.route = manner.route;
            approach.security = security;
            lease.key = approach.key();
            for (unsigned tries = 0; tries < most_tries; ++tries) {
                std::string key = lease.key;
                Connections::Place given = co_await lane_->connections.ask(std::move(key));
                if (given.stopped) co_return Trouble{.status = "4.3.2", .text = "This server is stopping"};
                if (given.bad) {
                    last = *given.bad;
                    break;
                }
                if (!given.client) {
                    Approach copy = approach;
                    auto opened = co_await d_.connector_.open(std::move(copy));
                    if (!opened) {
                        last = opened.error();
                        lane_->connections.failed(lease.key, last);
                        // It takes no more from us than it has: one of those will do.
                        if (lane_->connections.alive(lease.key)) continue;
                        break;
                    }
                    given.client = std::move(*opened);
                }
                lease.client = std::move(given.client);
                lease.manner = std::move(manner);
                lease.host = place;
                lease.served = 0;
                co_return std::nullopt;
            }
        }
    }
    co_return last;
}

/// No host has a connection for the message; what becomes of it and of the destination. True: try again.
net::Task<bool> Sending::without_host(Item& item, Trouble trouble, bool unable) {
    const bool required = item.wish == Wish::require_tls;
    if (d_.stopping_ || !required || (!unable && !trouble.tls)) {
        if (!d_.stopping_ && !failed_) failed_ = std::move(trouble);
        backlog_.push_front(std::move(item));
        co_return false;
    }
    // What REQUIRETLS asks for is the message's own affair (RFC 8689 §4.2.1): others may go.
    if (!item.consignment.entry->envelope.reverse_path.null()) {
        const std::string status = unable ? "5.7.30" : "5.7.10";
        std::string text = "REQUIRETLS: " + trouble.text;
        co_await fail_item(item, true, status, std::move(text));
        co_return false;
    }
    // §5: a report is not lost for it, but then goes without what it quotes.
    auto job = [&item] {
        if (auto bare = bare_report(*item.content->octets))
            item.content = Content::of(std::make_shared<const std::string>(std::move(*bare)), false);
    };
    co_await on_worker(std::move(job));
    item.wish = Wish::nothing;
    co_return true;
}

net::Task<Client::Result> Sending::transact(const Item& item, Manner manner, Lease& lease) {
    const queue::Entry& entry = *item.consignment.entry;
    mime::AddrSpec sender = entry.envelope.reverse_path;
    if (d_.parts_.sender_of)
        if (auto other = d_.parts_.sender_of(item.consignment)) sender = std::move(*other);
    const Extensions& offers = lease.client->offers();
    std::size_t most = d_.parts_.settings.max_recipients;
    if (offers.rcpt_max != 0) most = std::min(most, offers.rcpt_max);
    Draft draft;
    if (item.content->octets->size() > convert_here) {
        auto job = [&] {
            draft = make_draft(item.consignment, sender, *item.content, offers, most, d_.parts_.clock.now());
        };
        co_await on_worker(std::move(job));
    } else {
        draft = make_draft(item.consignment, sender, *item.content, offers, most, d_.parts_.clock.now());
    }
    draft.parameters.require_tls = manner.wish == Wish::require_tls;
    Client::Result result = co_await lease.client->send(entry.id, entry.envelope, std::move(draft));
    co_return std::move(result);
}

net::Task<> Sending::deliver(Item item, Lease& lease) {
    if (!item.content) {
        const bool loaded = co_await load(item);
        if (!loaded) co_return;
    }
    item.wish = wish_of(item);
    Manner manner = manner_of(item);
    Client::Result result;
    bool refused = false;  // one host would not take it now; `result` has its words
    bool unable = false;   // one host knows no REQUIRETLS
    for (unsigned tries = 0; tries < most_tries;) {
        if (lease.client && !(lease.manner == manner && lease.client->usable())) let_go(lease);
        if (!lease.client) {
            Manner wanted = manner;
            auto trouble = co_await get_lease(std::move(wanted), lease);
            if (trouble && refused) break;
            if (trouble) {
                if (unable) trouble->text = destination_ + ": no host offers REQUIRETLS";
                const bool again = co_await without_host(item, std::move(*trouble), unable);
                if (!again) co_return;
                manner = manner_of(item);
                unable = false;
                continue;
            }
        }
        if (manner.wish == Wish::require_tls && !lease.client->offers().require_tls) {
            unable = true;
            manner.first_host = lease.host + 1;
            continue;
        }
        const bool fresh = lease.client->messages() == 0;
        Client::Result said = co_await transact(item, manner, lease);
        if (said.trouble) {
            lane_->connections.lost(lease.key, fresh || said.answered);
            lease.client.reset();
            // A connection that has stood for a while may have been closed by the host: that says nothing.
            if (!said.answered && !fresh) {
                lane_->connections.drop_idle(lease.key);
                ++tries;
                if (tries < most_tries) continue;
            }
            // The next host has not even looked at the message: the word of the one before counts.
            if (!refused || said.answered) result = std::move(said);
            break;
        }
        lane_->connections.took(lease.key);
        result = std::move(said);
        if (refused || !for_the_next_host(result) || lease.host + 1 >= hosts_.hosts.size()) break;
        refused = true;
        manner.first_host = lease.host + 1;
    }
    if (result.trouble && !result.answered) {
        // The host has not even looked at the message.
        if (!failed_) failed_ = std::move(result.trouble);
        backlog_.push_front(std::move(item));
        co_return;
    }
    if (result.trouble) {
        if (++broken_in_a_row_ >= most_broken && !failed_) failed_ = result.trouble;
    } else {
        broken_in_a_row_ = 0;
    }
    std::vector<Fate> fates = std::move(result.fates);
    co_await settle(item, std::move(fates));
}

}  // namespace postrider::relay
