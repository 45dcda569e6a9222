#include "delivery/post.h"

#include <future>

#include "text/ascii.h"

namespace postrider::delivery {
namespace {

mailstore::Result<Accepted> accept(Intake& intake, Incoming message, Intake::Quota quota) {
    std::promise<mailstore::Result<Accepted>> promise;
    auto done = promise.get_future();
    intake.accept(std::move(message), quota,
                  [&](mailstore::Result<Accepted> accepted) { promise.set_value(std::move(accepted)); });
    return done.get();
}

Incoming incoming(const Clock& clock, const mime::AddrSpec& from, mime::AddrSpec to, std::string payload) {
    Incoming message;
    message.payload = std::move(payload);
    message.envelope.arrival = clock.now();
    message.envelope.reverse_path = from;
    message.envelope.body = queue::BodyType::eight_bit;
    queue::Recipient recipient;
    recipient.address = std::move(to);
    recipient.notify = queue::Notify::never;
    message.envelope.recipients.push_back(std::move(recipient));
    return message;
}

}  // namespace

bool post_own(const Router& router, Intake& intake, const Clock& clock, const mime::AddrSpec& to,
              std::string payload) {
    Destination destination = router.resolve(to);
    if (destination.refusal && !destination.refusal->temporary) return false;
    if (destination.refusal) {
        // A full mailbox gets what says that it is full.
        destination.targets.clear();
        if (destination.refusal->status == "4.2.2" && destination.with_quota.size() == 1) {
            mailstore::Target target;
            target.account = destination.with_quota.front();
            destination.targets.push_back(std::move(target));
        } else {
            destination.elsewhere.push_back(to);  // queued, and tried again
        }
        destination.refusal.reset();
    }
    destination.with_quota.clear();  // no notice about a notice
    Incoming message = incoming(clock, {}, to, std::move(payload));
    message.envelope.smtputf8 = !text::is_ascii(to.local);
    message.destinations.push_back(std::move(destination));
    return accept(intake, std::move(message), Intake::Quota::checked).has_value();
}

mailstore::Result<QueueId> put_into_folder(mailstore::MailStore& store, Intake& intake, const Clock& clock,
                                           const directory::AccountEntry& account, const std::string& folder,
                                           std::string payload, const mime::AddrSpec& reverse_path,
                                           std::uint16_t location) {
    auto box = mailstore::open_or_create(store, account.id);
    if (!box) return std::unexpected(box.error());
    if (!(*box)->folder(folder))
        if (auto made = (*box)->create_folder(folder);
            !made && made.error().kind != mailstore::MailError::exists)
            return std::unexpected(made.error());
    auto address = mime::parse_addr_spec(account.address);
    Incoming message = incoming(clock, reverse_path, address.value_or(mime::AddrSpec{}), std::move(payload));
    Destination destination;
    destination.location = location;
    mailstore::Target target;
    target.account = account.id;
    target.folder = folder;
    destination.targets.push_back(std::move(target));
    destination.with_quota.push_back(account.id);
    message.destinations.push_back(std::move(destination));
    message.filtered = true;
    auto accepted = accept(intake, std::move(message), Intake::Quota::enforced);
    if (!accepted) return std::unexpected(accepted.error());
    if (accepted->refusals.front())
        return std::unexpected(mailstore::Failure{accepted->refusals.front()->status == "4.2.2"
                                                      ? mailstore::MailError::over_quota
                                                      : mailstore::MailError::storage,
                                                  accepted->refusals.front()->text});
    return accepted->id;
}

}  // namespace postrider::delivery
