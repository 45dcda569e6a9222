#include "dns/resolv_conf.h"

#include <fstream>

#include "settings/address.h"

namespace postrider::dns {

std::vector<std::string> parse_resolv_conf(std::string_view text) {
    constexpr std::size_t most = 3;
    constexpr std::string_view keyword = "nameserver", blanks = " \t\r";
    std::vector<std::string> out;
    while (!text.empty() && out.size() < most) {
        std::string_view line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        line.remove_prefix(std::min(line.size(), line.find_first_not_of(blanks)));
        if (!line.starts_with(keyword)) continue;
        line.remove_prefix(keyword.size());
        const std::size_t begin = line.find_first_not_of(blanks);
        if (begin == 0 || begin == std::string_view::npos) continue;
        line.remove_prefix(begin);
        const std::string_view address = line.substr(0, line.find_first_of(" \t\r#;"));
        if (settings::parse_ip(address.substr(0, address.find('%')))) out.emplace_back(address);
    }
    return out;
}

std::vector<std::string> read_resolv_conf(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::string text(64 << 10, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(std::max<std::streamsize>(0, file.gcount())));
    return parse_resolv_conf(text);
}

}  // namespace postrider::dns
