#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "sieve/extensions.h"
#include "sieve/tree.h"

namespace postrider::sieve {

/// A compiled script with all that it includes.
class Script {
public:
    std::unique_ptr<Unit> main;
    std::vector<std::unique_ptr<Unit>> included;
    std::vector<std::string> globals;  ///< names of global variables; their numbers are their places
    ExtensionSet required;
    bool compatible = false;
};

}  // namespace postrider::sieve
