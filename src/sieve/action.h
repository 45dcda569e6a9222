#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace postrider::sieve {

/// What a script wants done. Nothing here has happened yet.

/// IMAP flags and keywords of a message, as sent ("\\Seen", "$Label1"), each once.
using Flags = std::vector<std::string>;

/// Into the inbox. RFC 5228 §4.3.
struct Keep {
    Flags flags;
    bool implicit = false;  ///< no command asked for it (§2.10.2)
};

/// RFC 5228 §4.1. The first of these that leads to a folder is meant: id, special use, name.
struct FileInto {
    std::string mailbox;  ///< UTF-8, as the script names it
    Flags flags;
    bool copy = false;                       ///< RFC 3894: did not cancel the implicit keep
    bool create = false;                     ///< RFC 5490 §3.2: make the folder when it is not there
    std::optional<std::string> mailbox_id;   ///< RFC 9042
    std::optional<std::string> special_use;  ///< RFC 8579 §4: "\\Junk"
};

/// RFC 5228 §4.2.
struct Redirect {
    std::vector<std::string> addresses;  ///< one; several when they came from an external list
    std::string list;                    ///< name of that list (RFC 6134 §2.5); "" = none
    bool copy = false;
    std::optional<std::string> notify;  ///< NOTIFY= of the new envelope, RFC 3461 §4.1 (RFC 6009 §4)
    std::optional<std::string> ret;     ///< "FULL" or "HDRS"
    struct DeliverBy {                  ///< RFC 6009 §5, RFC 2852 §4
        std::int64_t seconds = 0;       ///< from now, may be negative with notify
        bool notify = true;             ///< N; otherwise R (return)
        bool trace = false;
    };
    std::optional<DeliverBy> deliver_by;
};

/// RFC 5429: refuse it, at SMTP time where that is still possible (`ereject` should), else by a report.
struct Reject {
    std::string reason;  ///< UTF-8, may have several lines
    bool extended = false;
};

/// RFC 5228 §4.4. Cancels the implicit keep, nothing else.
struct Discard {};

/// A copy of a message that was sent, filed by its sender (RFC 8580).
struct FileCopy {
    FileInto into;
};

/// A whole answer, ready to be sent with the null reverse path (RFC 5230 §5.1), once the store of answers has
/// taken `key`.
struct VacationReply {
    std::string to;       ///< envelope recipient
    std::string from;     ///< the From header's address
    std::string message;  ///< header and body, CRLF line ends; without Date and Message-ID
    std::string key;      ///< of the answered one: does not change as long as the answer does not (§4.2)
    std::chrono::seconds interval{0};  ///< no other answer for so long; 0: answer each (RFC 6131 §3)
    std::optional<FileCopy> copy;
};

/// RFC 5435.
struct Notification {
    enum class Method : std::uint8_t { mailto, xmpp };
    Method method = Method::mailto;
    std::string uri;          ///< as the script gave it
    std::string text;         ///< :message, or what says it otherwise (§3.5)
    std::string from;         ///< :from, "" = none
    unsigned importance = 2;  ///< 1 high, 2 normal, 3 low
    std::vector<std::string> options;
    /// For mailto (RFC 5436): whole mails, one envelope.
    std::vector<std::string> recipients;
    std::string sender;   ///< reverse path: the owner, or "" when the message came with a null one (§2.7)
    std::string message;  ///< header and body, CRLF line ends; without Date and Message-ID
    /// For xmpp (RFC 5437): whom to tell.
    std::string xmpp_to;
    std::string xmpp_subject;  ///< "" = none
    std::optional<FileCopy> copy;
};

/// Where a message lies already (RFC 6785), the flags that it is to have from now on.
struct SetFlags {
    Flags flags;
};

struct Action {
    using What =
        std::variant<Keep, FileInto, Redirect, Reject, Discard, VacationReply, Notification, SetFlags>;
    What what;
    std::uint32_t version = 0;  ///< index into Result::versions: the message as it was at that moment
    std::uint32_t line = 0;     ///< of the script; 0 for an implicit keep
};

/// "fileinto \"Junk\"", "keep (implicit)": one line for logs and people.
std::string describe(const Action& action);

}  // namespace postrider::sieve
