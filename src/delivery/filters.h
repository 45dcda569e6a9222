#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "delivery/router.h"
#include "filter/chain/chain.h"
#include "queue/envelope.h"

namespace postrider::delivery {

/// A message beside the one that was filtered: an answer, a notice, a changed copy for another address.
struct SideMessage {
    queue::Envelope envelope;
    std::string text;
};

/// What filters want done beside the delivery, once the message is where it goes.
struct Beside {
    std::vector<SideMessage> messages;
    std::vector<std::pair<AccountId, filter::Memo>> memos;
    std::vector<std::function<void()>> afterwards;

    bool empty() const { return messages.empty() && memos.empty() && afterwards.empty(); }
    void add(Beside more);
};

/// What filters have made of one recipient.
struct Sorted {
    std::vector<mailstore::Target> targets;  ///< `prefix` holds what filters have added, no more
    struct Rewritten {
        mailstore::Target target;
        std::string text;  ///< instead of the message
    };
    std::vector<Rewritten> rewritten;
    std::vector<mime::AddrSpec> elsewhere;  ///< of the destination, as far as it is still wanted
    std::vector<queue::Recipient> further;  ///< of the same message: whom scripts redirect to, and
                                            ///< members of groups whose filters refuse it
    bool redirected = false;                ///< some script sent it on
    std::optional<Refusal> refusal;         ///< permanent; then all above is empty
    std::optional<std::string> held;        ///< quarantined, by this
    std::optional<std::string> repeat;      ///< not now: this could not be asked
    Beside beside;
    std::vector<std::string> trace;
};

/// Runs the chain of filters over one message's recipients. Not for several threads.
class Filters {
public:
    /// All must outlive it. @param payload  trace header and message
    Filters(const filter::ChainParts& parts, const queue::Envelope& envelope, std::string_view payload,
            QueueId id = {});

    enum class When : std::uint8_t {
        never,  ///< there are none for it
        now,
        later,  ///< some wait for a scanner: on a thread that may block
    };
    /// As Chain::answer_by().
    void answer_by(std::chrono::steady_clock::time_point until) { chain_.answer_by(until); }
    /// The message lies in the store already and cannot be signed any more: what scripts send on to addresses
    /// from which it leaves is handed in anew, as a message of its own.
    void hand_in_anew(const Router& router) { anew_ = &router; }
    When when(const queue::Recipient& recipient, const Destination& destination);
    Sorted sort(const queue::Recipient& recipient, const Destination& destination);

private:
    std::shared_ptr<const directory::AccountEntry> find(const queue::Recipient& recipient,
                                                        const mailstore::Target& target,
                                                        filter::Owner& owner);
    void take(Sorted& sorted, const queue::Recipient& recipient, const mailstore::Target& target,
              const filter::Owner& owner, bool expanded, filter::Verdict verdict);
    void redirect(Sorted& sorted, const queue::Recipient& recipient, const filter::Owner& owner,
                  filter::Verdict& verdict);
    bool loops(const mime::AddrSpec& address, const Sorted& sorted) const;

    const filter::ChainParts& parts_;
    const queue::Envelope& envelope_;
    std::string_view payload_;
    filter::Chain chain_;
    const Router* anew_ = nullptr;
};

}  // namespace postrider::delivery
