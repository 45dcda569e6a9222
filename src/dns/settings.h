#pragma once

#include "settings/common.h"

namespace postrider::dns {

/// One server that is asked.
struct NameServer {
    unsigned priority = 10;  ///< the lowest is asked first
    std::string address;     ///< IP, or IP:port
    std::chrono::seconds timeout{5};
    unsigned retries = 3;
};

enum class Dnssec : std::uint8_t {
    no,
    automatic,  ///< validates as long as the name servers pass on what that needs
    yes,        ///< what cannot be validated is not believed
};

struct DnrSettings {
    settings::LogProducerSettings log;
    std::chrono::seconds timeout{5};
    unsigned retries = 3;
    std::size_t cache_size = 1000;
    std::vector<NameServer> name_servers;
    Dnssec dnssec = Dnssec::automatic;
    std::string trust_anchor_file = "/usr/share/dns/root.key";
    std::vector<std::string> unsigned_domains;
    unsigned max_questions = 400;
};

settings::TableOf<NameServer> name_server_table();
settings::TableOf<DnrSettings> dnr_table();

}  // namespace postrider::dns
