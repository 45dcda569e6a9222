#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dmarc.h"

namespace postrider::mailauth {

/// What the DNS says about one name's policy.
struct FoundPolicy {
    bool temporary = false;
    std::optional<DmarcRecord> record;
};

/// A domain's policies up the tree, and what follows from them (RFC 9989 §4.10).
struct TreeWalk {
    struct Step {
        std::string domain;
        FoundPolicy found;
    };
    std::vector<Step> steps;  ///< from the domain itself to the shortest name that was asked about
    std::string organization;
    bool temporary = false;  ///< some name could not be asked

    /// Asks for all names at once.
    TreeWalk(const std::string& domain, Asking& dns);
    const DmarcRecord* at(std::string_view domain) const;
};

/// DMARC in two steps: all questions first, then, with the results of the others, the answer.
class DmarcRun {
public:
    /// @param identifiers  domains that SPF and DKIM might pass for
    DmarcRun(const DmarcInput& input, const std::vector<std::string>& identifiers, Asking& dns);
    const DmarcResult& so_far() const { return result_; }
    DmarcResult finish(const SpfResult& spf, const std::vector<DkimVerdict>& dkim);

private:
    void find_by_walk(Asking& dns);
    void find_by_suffix(Asking& dns);
    void take(const std::string& domain, const DmarcRecord& record);
    std::string organization_of(const std::string& domain, Asking& dns);
    bool aligned(const std::string& domain, bool strict) const;

    DmarcResult result_;
    std::map<std::string, std::string> organizations_;  ///< of the identifiers that can matter
    unsigned sample_;
    bool absent_author_ = false;  ///< the author's domain does not exist
    bool temporary_ = false;      ///< an organization could not be found out for sure
};

}  // namespace postrider::mailauth
