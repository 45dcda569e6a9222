#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace postrider::dns {

/// The addresses of `nameserver` lines, in order, three at most (resolv.conf(5)); other lines and what is not
/// an address are passed over.
std::vector<std::string> parse_resolv_conf(std::string_view text);

/// The same from a file, of which 64 KiB are read; none if it cannot be read.
std::vector<std::string> read_resolv_conf(const std::string& path);

}  // namespace postrider::dns
