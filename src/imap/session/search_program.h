#pragma once

#include <expected>
#include <memory>
#include <vector>

#include "imap/session/client.h"
#include "imap/wire/search.h"

namespace postrider::imap {

class SearchKnown;

/// A search program made ready for one mailbox: sets are UIDs, keywords bits, dates seconds, texts folded.
/// Runs what costs least first, and reads a message only when nothing cheaper has decided.
class SearchProgram {
public:
    /// The reply says why the search cannot be run: an unknown charset, a message number that does not exist.
    /// @param selected  what message numbers, "$" and RECENT are about; nullptr for a mailbox that is not
    /// selected, where they mean nothing
    /// @param account  whose that one is
    static std::expected<SearchProgram, Reply> compile(const Client& client, const SearchArgs& args,
                                                       const mailstore::FolderInfo& folder,
                                                       const Selected* selected, AccountId account = {});
    /// For somebody who has no session: keys that speak of one are refused or find nothing.
    static std::expected<SearchProgram, Reply> compile(const SearchKey& keys,
                                                       const mailstore::FolderInfo& folder, AccountId account,
                                                       const Clock& clock, index::Index* full_text,
                                                       Client::Progress& progress);
    ~SearchProgram();
    SearchProgram(SearchProgram&&) noexcept;
    SearchProgram& operator=(SearchProgram&&) noexcept;

    /// Those of `uids` that the sets and numbers at the top of the program leave to be searched.
    UidSet candidates(const UidSet& uids) const;

    /// Those of `uids` that match, ascending, each with its description when it was read for the search or
    /// `describe` asks for it, else with "".
    /// @param scores  gets the relevancy of each, 1 to 100 (RFC 6203 §4), before `found` is called for it
    using Scores = std::vector<std::pair<Uid, std::uint8_t>>;
    mailstore::Result<> run(
        mailstore::FolderView& view, const UidSet& uids,
        const std::function<void(const mailstore::Item&, std::string_view description)>& found,
        bool describe = false, Scores* scores = nullptr) const;

    /// Those of `uids`, all of which exist in the view, that match. Reads no message that the full-text index
    /// knows enough about, nor its item.
    mailstore::Result<UidSet> matching(mailstore::FolderView& view, const UidSet& uids) const;

    /// Keywords that the folder has got since compile().
    void learn(const mailstore::FolderInfo& folder);

    struct Node;

private:
    SearchProgram(std::unique_ptr<Node> root, index::Index* full_text, AccountId account,
                  Client::Progress& progress);
    /// @param candidates  which are then only those that keys on items leave
    SearchKnown ask(mailstore::FolderView& view, UidSet& candidates) const;
    SearchKnown look_up(mailstore::FolderView& view, const UidSet& candidates) const;

    std::unique_ptr<Node> root_;
    index::Index* full_text_ = nullptr;
    AccountId account_;
    Client::Progress* progress_;
    bool folds_ = false;  ///< texts by i;unicode-casemap
};

}  // namespace postrider::imap
