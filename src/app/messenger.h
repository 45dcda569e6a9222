#pragma once

#include "filter/chain/messenger.h"
#include "xmpp/notices.h"

namespace postrider::app {

/// What scripts want people to be told becomes notices by XMPP.
class XmppMessenger final : public filter::Messenger {
public:
    explicit XmppMessenger(xmpp::Notices& notices) : notices_{notices} {}
    bool available() const override { return notices_.available(); }
    void tell(const sieve::Notification& notice) override;

private:
    xmpp::Notices& notices_;
};

}  // namespace postrider::app
