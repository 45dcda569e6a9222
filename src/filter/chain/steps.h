#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/ids.h"
#include "filter/scan/scanners.h"
#include "mime/address.h"
#include "sieve/sieve.h"

namespace postrider::filter {

/// Where a filter is set up: filters of the server see every message, those of a domain the mail of its
/// recipients, those of an account its own. They run in this order.
enum class Level : std::uint8_t { server, domain, account };

/// One activated filter: a script, or a scanner.
struct Step {
    unsigned priority = 0;  ///< 0-500, lower ones first
    std::string name;       ///< "wmFilter"
    bool local = true;      ///< applyOn: runs for recipients of ours
    bool relay = false;     ///< ... for recipients at other hosts
    std::shared_ptr<const sieve::Script> script;
    std::shared_ptr<ConfiguredScanner> scanner;  ///< exactly one of the two is set
};
using Steps = std::vector<Step>;  ///< in the order of their priorities

/// What an account has switched off of the filters above it.
struct SwitchedOff {
    bool all_integrated = false;
    std::set<std::string, std::less<>> names;
    std::set<std::string, std::less<>> on;  ///< of the integrated ones nevertheless not
};

/// Which filters there are. Look-ups are cached; they may read the disk. Callable from any thread.
class Catalogue {
public:
    virtual ~Catalogue() = default;
    /// nullptr: none.
    virtual std::shared_ptr<const Steps> server() const = 0;
    virtual std::shared_ptr<const Steps> domain(DomainId domain) const = 0;
    virtual std::shared_ptr<const Steps> account(AccountId account) const = 0;
    /// Of a group or folder recipient, by the address that mail comes to. Costs nothing where there are none.
    virtual std::shared_ptr<const Steps> object(const mime::AddrSpec&) const { return nullptr; }
    /// false: there is no scanner in any of the steps. Cheap.
    virtual bool has_scanners() const { return true; }
    /// nullptr: nothing.
    virtual std::shared_ptr<const SwitchedOff> switched_off(AccountId) const { return nullptr; }
};

}  // namespace postrider::filter
