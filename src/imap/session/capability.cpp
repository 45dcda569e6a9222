#include "imap/session/capability.h"

namespace postrider::imap {

std::string capabilities(const CapabilityState& state) {
    std::string words = "IMAP4rev1 IMAP4rev2 LITERAL+ ENABLE IDLE";
    if (state.id) words += " ID";
    if (!state.authenticated) {
        words += " SASL-IR";
        if (state.start_tls) words += " STARTTLS";
        if (!state.login) words += " LOGINDISABLED";
        for (auth::Mechanism mechanism : state.mechanisms.list()) {
            words += " AUTH=";
            words += auth::name(mechanism);
        }
        return words;
    }
    words +=
        " NAMESPACE CHILDREN UIDPLUS UNSELECT MULTIAPPEND MOVE ESEARCH SEARCHRES WITHIN CONDSTORE BINARY"
        " LIST-EXTENDED LIST-STATUS STATUS=SIZE SPECIAL-USE CREATE-SPECIAL-USE"
        " QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE";
    return words;
}

}  // namespace postrider::imap
