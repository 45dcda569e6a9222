#include "imap/session/capability.h"

#include "imap/session/message_limit.h"
#include "imap/wire/encode.h"

namespace postrider::imap {

std::string capabilities(const CapabilityState& state) {
    std::string words = "IMAP4rev1 IMAP4rev2 LITERAL+ ENABLE IDLE LANGUAGE INPROGRESS";
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
        " NAMESPACE CHILDREN UIDPLUS UNSELECT MULTIAPPEND MOVE ESEARCH SEARCHRES WITHIN CONDSTORE QRESYNC "
        "BINARY"
        " LIST-EXTENDED LIST-STATUS STATUS=SIZE STATUS=DELETED SPECIAL-USE CREATE-SPECIAL-USE XLIST"
        " SEARCH=FUZZY SORT SORT=DISPLAY ESORT CONTEXT=SEARCH CONTEXT=SORT MULTISEARCH THREAD=ORDEREDSUBJECT "
        "THREAD=REFERENCES THREAD=REFS PARTIAL"
        " METADATA LIST-METADATA FILTERS NOTIFY CATENATE REPLACE URLAUTH I18NLEVEL=2 UIDONLY UIDBATCHES"
        " OBJECTID SAVEDATE PREVIEW UTF8=ACCEPT"
        " ACL RIGHTS=texk LIST-MYRIGHTS"
        " QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE QUOTA=RES-MAILBOX APPENDLIMIT=";
    put_number(words, state.append_limit);
    // RFC 9738 §3: the one that holds for every command, or the one that holds for COPY and APPEND.
    words += state.message_limit != 0 ? " MESSAGELIMIT=" : " SAVELIMIT=";
    put_number(words, state.message_limit != 0 ? state.message_limit : save_limit);
    if (state.sets_quotas) words += " QUOTASET";
    if (!state.sieve_url.empty()) words += " IMAPSIEVE=" + state.sieve_url;
    words += " UNAUTHENTICATE";
    if (!state.compressed) words += " COMPRESS=DEFLATE";
    return words;
}

std::uint64_t append_limit(const ImapSettings& settings) {
    return std::uint64_t{settings.max_message_size} * 1024;
}

}  // namespace postrider::imap
