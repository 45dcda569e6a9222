#include "app/messenger.h"

namespace postrider::app {

void XmppMessenger::tell(const sieve::Notification& notice) {
    using Urgency = xmpp::Notice::Urgency;
    xmpp::Notice told;
    told.to = notice.xmpp_to;
    told.subject = notice.xmpp_subject;
    told.text = notice.text;
    // RFC 5435 §3.4: 1 is the most important.
    told.urgency = notice.importance == 1   ? Urgency::high
                   : notice.importance == 3 ? Urgency::low
                                            : Urgency::medium;
    notices_.tell(std::move(told));
}

}  // namespace postrider::app
