#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/server_name.h"
#include "directory/directory.h"
#include "filter/chain/memory.h"
#include "filter/chain/messenger.h"
#include "filter/chain/origin.h"
#include "filter/chain/steps.h"
#include "filter/chain/verdict.h"
#include "filter/scan/levels.h"
#include "mailstore/mailstore.h"
#include "queue/envelope.h"

namespace postrider::filter {

class AntiSpam;

/// What all runs share. Everything referred to lives longer.
struct ChainParts {
    const Catalogue& catalogue;
    const directory::Directory& directory;
    mailstore::MailStore& store;
    Memory& memory;
    const Clock& clock;
    ServerName host;                ///< ours
    AntiSpam* anti_spam = nullptr;  ///< lists, statistical filter, identity confirmation; nullptr: none
    /// What a document of that media type says, UTF-8; nullopt: it cannot be read. Blocks.
    std::function<std::optional<std::string>(std::string_view type, std::string_view content)>
        document_text{};
    Messenger* messenger = nullptr;  ///< tells people by XMPP; nullptr: nobody does
};

/// Whose copy it is about.
struct Owner {
    DomainId domain;
    AccountId account;
    const directory::AccountEntry* entry =
        nullptr;  ///< nullptr: a public folder, which has no filters of its own
};

/// The filters of one message, server first, then domain, then group or folder recipient, then account; of
/// what they decide about its place the last word counts. Scanners are asked once, however many recipients
/// there are. Not for several threads.
class Chain {
public:
    /// @param payload  trace header and message, CRLF line ends; must outlive this, as the others
    Chain(const ChainParts& parts, const queue::Envelope& envelope, std::string_view payload, QueueId id);

    /// Some filter is set up for such a recipient. Cheap.
    bool any(const Owner& owner, const mime::AddrSpec& recipient) const;
    bool any_for_relay() const;
    /// ... and one of them waits for something outside: not for threads that must not block.
    bool waits(const Owner& owner, const mime::AddrSpec& recipient) const;
    bool waits_for_relay() const;

    /// Somebody waits for the verdicts: scanners that have not answered by then are asked another time.
    void answer_by(std::chrono::steady_clock::time_point until) { until_ = until; }

    /// @param recipient  as the envelope names it
    Verdict for_owner(const Owner& owner, const mime::AddrSpec& recipient);
    /// For a recipient at another host: filters of the server with applyOn relay.
    Verdict for_relay(const mime::AddrSpec& recipient);

private:
    struct Run;
    Verdict run(Run& run, const mime::AddrSpec& recipient);
    void scripted(Run& run, const Step& step);
    /// False: that was the last word.
    bool scanned(Run& run, const Step& step);
    void raise(Run& run, const Levels& wanted);
    // judgement.cpp: what the server does without being told by a script
    bool listed_by_server(Run& run);
    void judge_spam(Run& run);
    void listed_by_account(Run& run);
    void file_junk(Run& run);
    void confirm_identity(Run& run);
    const Origin& origin();
    std::string trace_fields() const;
    const Finding& finding_of(const Step& step, const std::string& message);

    const ChainParts& parts_;
    const queue::Envelope& envelope_;
    std::string_view payload_;
    QueueId id_;
    std::optional<std::chrono::steady_clock::time_point> until_;
    Levels levels_;                 ///< that the message came with
    std::optional<Origin> origin_;  ///< once it is needed
    /// By scanner and by the text that it was shown.
    std::map<std::pair<const ConfiguredScanner*, std::string>, Finding> findings_;
};

}  // namespace postrider::filter
