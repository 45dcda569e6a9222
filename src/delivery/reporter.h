#pragma once

#include "delivery/intake.h"
#include "queue/report.h"

namespace postrider::delivery {

/// Makes the reports that entries owe their senders, and hands them in like any other mail.
class Reporter {
public:
    /// All must live longer.
    Reporter(mailstore::MailStore& store, const Router& router, Intake& intake, const Clock& clock,
             observe::Logger log, std::string host);

    /// Sends what is owed and clears the marks of what has been sent, or cannot be. False: some is left,
    /// because nothing can be stored now.
    bool pay(queue::Entry& entry);

private:
    bool send(queue::Action action, const queue::Entry& entry,
              const std::vector<const queue::Recipient*>& about);

    mailstore::MailStore& store_;
    const Router& router_;
    Intake& intake_;
    const Clock& clock_;
    observe::Logger log_;
    std::string host_;
};

}  // namespace postrider::delivery
