#pragma once

#include <functional>

#include "delivery/intake.h"
#include "delivery/outcome.h"
#include "queue/report.h"

namespace postrider::delivery {

/// What an administrator has set about reports.
struct ReportSettings {
    queue::Notice permanent, temporary, success;
    /// What a policy changes about one report; may be empty. `remaining`: attempts that are left.
    std::function<void(queue::Action action, const queue::Entry& entry,
                       const std::vector<const queue::Recipient*>& about, std::uint32_t remaining,
                       queue::Notice& notice)>
        adjust{};
};

/// Makes the reports that entries owe their senders, and hands them in like any other mail.
class Reporter {
public:
    /// All must live longer.
    Reporter(mailstore::MailStore& store, const Router& router, Intake& intake, const Clock& clock,
             observe::Logger log, std::string host);

    /// Sends what is owed and clears the marks of what has been sent, or cannot be. False: some is left,
    /// because nothing can be stored now.
    bool pay(queue::Entry& entry, const ReportSettings& settings, const RetrySchedule& schedule);

private:
    bool send(queue::Action action, const queue::Entry& entry,
              const std::vector<const queue::Recipient*>& about, const queue::Notice& notice,
              const RetrySchedule& schedule);
    bool hand_in(const queue::Entry& entry, queue::Report report);

    mailstore::MailStore& store_;
    const Router& router_;
    Intake& intake_;
    const Clock& clock_;
    observe::Logger log_;
    std::string host_;
};

}  // namespace postrider::delivery
