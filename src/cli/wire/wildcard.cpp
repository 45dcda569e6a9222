#include "cli/wire/wildcard.h"

#include "text/wildcard.h"

namespace postrider::cli {

bool matches_wildcard(std::string_view pattern, std::string_view text) {
    return pattern.empty() || text::matches_wildcard(pattern, text);
}

}  // namespace postrider::cli
