#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "delivery/delay_rules.h"
#include "delivery/filters.h"
#include "delivery/in_flight.h"
#include "delivery/outbound.h"
#include "delivery/router.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "queue/queue.h"

namespace postrider::filter {
class Signer;
}

namespace postrider::delivery {

/// A message that SMTP, LMTP or a room of ours has received whole.
struct Incoming {
    queue::Envelope envelope;
    std::vector<Destination> destinations;  ///< of envelope.recipients, in their order; none is refused
    std::string payload;                    ///< trace header and message
    bool answers_each = false;              ///< LMTP: each recipient can be refused on its own
    bool filtered = false;                  ///< goes where it is told, past all filters
    /// Whoever hands it in waits for scanners until then; nothing: what needs one is left to the queue.
    std::optional<std::chrono::steady_clock::time_point> answer_by{};
};

/// What is to be changed of a message before anything is done with it.
struct Changes {
    std::vector<std::string> add, drop;  ///< recipients
    std::chrono::seconds delay{0};
    std::optional<std::string> payload;  ///< instead
};

struct Accepted {
    QueueId id;  ///< zero: nothing was stored, because filters have refused or discarded it
    /// Per envelope recipient; LMTP answers with it (RFC 2033 §4.2). No refusal: the message is ours. SMTP
    /// has one answer for all: it refuses for now if any is there that is temporary, and takes copies twice
    /// rather than losing one. Permanent ones are there for LMTP, or for all recipients.
    std::vector<std::optional<Refusal>> refusals;
    /// What filters have said, for the caller's log: there is no message that it could be logged with. Empty
    /// where something was stored.
    std::vector<std::string> trace;
};

/// Takes responsibility for messages (RFC 5321 §4.2.5): what is local goes into its folders in the same batch
/// that makes the message visible, what is not becomes a queue entry in that batch. The queue is only for
/// what cannot be finished now.
class Intake {
public:
    /// Whether quotas were looked at when the recipients were named.
    enum class Quota {
        checked,  ///< then what came in meanwhile may pass them a little: better than a message half
                  ///< delivered
        enforced,
    };

    /// `queued` is called after an entry was added (to wake who works on the queue). All must live longer.
    Intake(mailstore::MailStore& store, const Clock& clock, observe::Logger log, observe::Metrics& metrics,
           std::function<void()> queued);

    /// Where mail for other hosts goes at once, without the processor's looking at it; nullptr: nowhere.
    /// Before the first message.
    void send_by(const Routes* routes) { routes_ = routes; }
    /// Who signs what leaves; nullptr: nobody. Lives longer. Before the first message.
    void sign_by(const filter::Signer* signer) { signer_ = signer; }
    bool signs() const;  ///< what leaves, as far as there are keys
    /// Called for each account with a quota whose mailbox has got a copy, on the committer's thread: must not
    /// block. Set it before the first message.
    std::function<void(AccountId)> on_grown;
    /// What is to wait, from the next message on.
    void delay_by(std::vector<DelayRule> rules);

    /// What is done with messages on their way to folders, and where what filters write goes. Before the
    /// first message.
    void filter_by(const filter::ChainParts* chain, const Router* router) {
        chain_ = chain;
        router_ = router;
    }
    /// Whether accept() would wait for scanners: not for threads that must not block.
    bool waits(const Incoming& message) const;
    /// Does what filters want done beside a delivery.
    void send(Beside beside);

    /// Who is asked about each message first, but about those that go past the filters. Before the first
    /// message.
    void ask_first(std::function<std::optional<Changes>(const queue::Envelope&, std::string_view)> first) {
        first_ = std::move(first);
    }

    /// Takes no more for the queue when `full` says so. Before the first message.
    void limit_queue(std::function<bool()> full) { full_ = std::move(full); }
    /// Mail that has to wait in the queue is to be refused with 452. Does not block.
    bool queue_full() const { return full_ && full_(); }

    /// `done` runs on another thread and must only post; success means durable. Does not block, but
    /// compresses and describes the message, and waits for scanners where the message has answer_by: give
    /// such ones (see waits()) and big ones on a worker.
    void accept(Incoming message, Quota quota, std::function<void(mailstore::Result<Accepted>)> done);

    /// For MailStore::open: carries on with what was accepted and not yet visible when the server died.
    static std::optional<mailstore::Submission> replay(std::string_view meta, std::string_view payload);
    /// What hands in the changed copy of a queued message for one folder; makes the record `mark` with it.
    static mailstore::Submission changed_copy(const queue::Envelope& envelope, mailstore::Target target,
                                              std::string text, std::string mark);

private:
    struct Plan;
    void change(Incoming& message, Plan& plan, Changes changes);
    bool filter(Incoming& message, Plan& plan, Filters& filters, std::size_t index,
                queue::Acceptance& acceptance);
    void store(const std::shared_ptr<Plan>& plan, queue::Acceptance acceptance, std::string payload,
               std::uint16_t location, Quota quota);
    void finish(const std::shared_ptr<Plan>& plan, std::size_t part,
                mailstore::Result<mailstore::DeliveryReceipt> receipt);
    void collect_addresses(const queue::Envelope& envelope);
    void note(Plan& plan, std::size_t part, const mailstore::DeliveryReceipt& receipt);

    mailstore::MailStore& store_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter& delivered_;
    observe::Counter& queued_count_;
    std::function<void()> queued_;
    std::function<bool()> full_;
    std::function<std::optional<Changes>(const queue::Envelope&, std::string_view)> first_;
    const filter::ChainParts* chain_ = nullptr;
    const Router* router_ = nullptr;
    std::atomic<const Routes*> routes_ = nullptr;
    const filter::Signer* signer_ = nullptr;
    std::atomic<std::shared_ptr<const std::vector<DelayRule>>> rules_;
    InFlight in_flight_;  ///< messages whose answer nobody may wait for, such as those that filters write
};

/// Header lines of each local copy (RFC 5321 §4.4, RFC 9228 §2).
std::string copy_prefix(const mime::AddrSpec& reverse_path, const mime::AddrSpec& recipient);

}  // namespace postrider::delivery
