#pragma once

#include <string>
#include <vector>

#include "imap/session/collation.h"
#include "imap/session/search_program.h"

namespace postrider::imap {

/// One key of a program, with its children.
struct SearchProgram::Node {
    SearchKey::Kind kind = SearchKey::Kind::all;
    std::uint8_t weight = 0;  ///< of an alternative of a fuzzy key: how relevant what it finds is, to 100
    int cost = 0;             ///< 0: the item says it, 1: its description, 2: its header, 3: all of it
    std::int64_t number = 0;
    std::uint64_t id = 0;  ///< RFC 8474; 0 = one that no message has
    UidSet uids;
    std::string field;
    Needle key;
    bool literal =
        false;  ///< the key is found in an envelope only where its octets stand in it: see may_contain()
    std::vector<Node> children;
};

}  // namespace postrider::imap
