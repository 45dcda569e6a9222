#pragma once

#include <vector>

#include "imap/session/client.h"
#include "imap/wire/search.h"

namespace postrider::imap {

/// What a SEARCH or SORT found, in mailbox order or sorted, and the modification sequences that a reply may
/// name (RFC 7162 §3.1.5, §3.1.6, §3.1.10).
struct Found {
    UidSet uids;
    std::uint32_t count = 0;
    Uid first, last;
    ModSeq highest, of_first, of_last;
    bool sorted = false;
    std::vector<Uid> order;                            ///< of a sort: the same UIDs as they are to be shown
    std::vector<std::pair<Uid, std::uint8_t>> scores;  ///< ascending; when they were asked for (RFC 6203)

    void add(const mailstore::Item& item);
    void add(const UidSet& all);  ///< all at once, without modification sequences
    void sort_as(std::vector<Uid> wanted);
};

/// Message numbers of UIDs in any order; 0 for one that the client does not know.
class NumberOf {
public:
    explicit NumberOf(const UidMap& map);
    std::uint32_t operator()(Uid uid) const;

private:
    struct Run {
        Uid first, last;
        std::uint32_t number;
    };
    std::vector<Run> runs_;
};

/// "* SEARCH 2 84 882" or "* SORT ..." CRLF
void put_plain(Client& client, std::string_view word, const Found& found, bool uid, bool modseq);

/// How a search is named in replies that belong to it.
struct Correlator {
    std::string_view tag;
    bool uid = false;
    std::string_view mailbox;  ///< RFC 7377 §2.1: named when it is not ""
    std::uint32_t uid_validity = 0;
};
/// "* ESEARCH (TAG "a1") UID COUNT 5" CRLF (RFC 4731 §3.1, RFC 5267 §3, RFC 9394 §3.1)
void put_extended(Client& client, Correlator search, const Found& found, const SearchArgs& args, bool modseq);

/// What "$" becomes (RFC 5182 §2.1 and its table, RFC 9394 §3.2).
UidSet saved_of(const Found& found, const SearchArgs& args);

/// UIDs, or message numbers, in the order given: "5,3:4,9".
void put_ordered(std::string& out, const std::vector<Uid>& uids, const NumberOf* number);

}  // namespace postrider::imap
