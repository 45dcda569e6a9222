#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mime/description.h"

namespace postrider::filter {

struct LinkLimits {
    std::size_t max_domains = 100;      ///< different ones
    std::size_t max_text = 512u << 10;  ///< octets of text looked at
};

/// Host names of the links in a text (http, https, ftp and what begins with "www."), as they stand there but
/// in lower case and A-labels, IP addresses as addresses; each once, in the order in which they come. Percent
/// escapes and user names before '@' are undone, as browsers do.
std::vector<std::string> link_hosts(std::string_view text, std::size_t limit = 100);

/// What URI lists are asked: the registered domains, and IP addresses, of the links in a message (text and
/// HTML parts with their attributes).
std::vector<std::string> link_domains(std::string_view message, const std::vector<mime::Part>& parts,
                                      const LinkLimits& limits = {});

}  // namespace postrider::filter
