#pragma once

#include "settings/common.h"
#include "xmpp/session/client.h"

namespace postrider::xmpp {

/// The XMPP server by which people are told of their mail.
struct XmppSettings {
    settings::LogProducerSettings log;
    std::string jid;  ///< who we are; "" = nobody is told by XMPP
    std::string password;
    std::string host;  ///< "" = found by the JID's domain
    std::uint16_t port = 5222;
    TlsUse tls = TlsUse::verify;
    std::string ca_file = "none";
    std::chrono::seconds timeout{30};
    std::uint32_t max_waiting = 1000;
    std::chrono::seconds keep_for{3600};

    bool configured() const { return !jid.empty(); }
};

settings::TableOf<XmppSettings> xmpp_table();

}  // namespace postrider::xmpp
