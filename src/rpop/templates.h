#pragma once

#include <span>

#include "rpop/connection.h"

namespace postrider::rpop {

/// Where large providers are reached, so that only user and password need be said. As these publish it.
struct Template {
    std::string_view name;
    Protocol protocol;
    std::string_view host;
    Security security;
    std::uint16_t port;
    std::string_view note;  ///< what the user has to do there first
};

std::span<const Template> templates();
/// nullptr when there is none. Without a protocol, the first of that name.
const Template* find_template(std::string_view name, std::optional<Protocol> protocol = {});

}  // namespace postrider::rpop
