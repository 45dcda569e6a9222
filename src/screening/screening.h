#pragma once

#include <expected>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/server_name.h"
#include "directory/directory.h"
#include "dns/resolver.h"
#include "filter/country/country_filter.h"
#include "filter/dmarc/dmarc_reports.h"
#include "filter/dnsbl/dns_list.h"
#include "filter/greylist/greylist.h"
#include "mailauth/crypto.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "policy/program.h"
#include "screening/settings.h"

namespace postrider::filter {
class Bans;
class Rates;
namespace milter {
class Connections;
}
}  // namespace postrider::filter

namespace postrider::screening {

class Visit;
struct Client;

/// What visits go by; those that have begun keep what they began with.
struct Rules {
    ScreeningSettings settings;
    filter::IpRanges trusted;
    filter::DnsLists lists;
    std::shared_ptr<const policy::Program> policy;  ///< nullptr: none
};

/// What is asked before mail is taken, for all sessions of the server. Thread-safe.
class Screening {
public:
    /// All must live longer. @param directory  relative paths are relative to it
    struct Parts {
        dns::Resolver& resolver;
        const directory::Directory& directory;
        kv::Store& store;
        const Clock& clock;
        observe::Metrics& metrics;
        observe::Logger log;
        ServerName host;
        std::filesystem::path directory_path;
        filter::DmarcResults* dmarc = nullptr;  ///< who wants to know what DMARC has found out
    };
    /// The error is a sentence about the settings. A policy that has errors is none: it is logged.
    static std::expected<std::unique_ptr<Screening>, std::string> open(
        Parts parts, const ScreeningSettings& settings, std::chrono::minutes greylisting_cache);

    /// For connections from now on. What cannot be taken stays as it was, with a sentence for each.
    std::vector<std::string> apply(const ScreeningSettings& settings, std::chrono::minutes greylisting_cache);
    /// Reads the policy again. On an error the one before stays in force; the error is logged, too.
    std::expected<void, std::string> reload_policy();
    /// Where the policy is; "" = none.
    std::filesystem::path policy_file() const;
    const std::filesystem::path& directory() const { return p_.directory_path; }  ///< the working directory
    /// Checks the text, writes it to that file and takes it into force.
    std::expected<void, std::vector<policy::Problem>> replace_policy(std::string_view text);

    std::shared_ptr<const Rules> rules() const;

    /// nullptr: there is nothing to ask on this connection.
    std::unique_ptr<Visit> visit(const Client& client) const;

    bool is_local(const std::string& domain) const { return p_.directory.is_local_domain(domain); }

    /// Who attacks is counted, and how much clients bring is bounded, from now on. Before the first
    /// connection; either may be nullptr.
    void watch_by(filter::Bans* bans, filter::Rates* rates) {
        bans_ = bans;
        rates_ = rates;
    }
    /// A session has been ended for its mistakes.
    void made_errors(std::string_view client) const;
    /// A recipient was named. @param unknown  there is none of that name
    void named_recipient(std::string_view client, const mime::AddrSpec& recipient, bool unknown) const;
    /// Why no message or recipient of that client is taken now; mostly nothing.
    std::optional<std::string> too_many_messages(std::string_view client,
                                                 std::string_view sender_domain) const;
    std::optional<std::string> too_many_recipients(std::string_view client) const;

    /// Milters are asked from now on. Before the first connection; nullptr: they are not.
    void ask_milters(filter::milter::Connections* connections) { milters_ = connections; }

    /// About once a minute: country table, old greylist entries.
    void tidy();

private:
    friend class Visit;
    explicit Screening(Parts parts);
    std::expected<void, std::string> take(const ScreeningSettings& settings, bool first);
    std::expected<std::shared_ptr<const policy::Program>, std::string> read_policy(
        const ScreeningSettings& settings) const;
    std::filesystem::path path_of(const ScreeningSettings& settings) const;

    Parts p_;
    mailauth::Crypto crypto_;
    filter::CountryFilter country_;
    std::unique_ptr<filter::Greylist> greylist_;
    std::chrono::minutes greylisting_cache_{10};
    observe::Counter &refused_, &policy_errors_;
    std::mutex changing_;
    mutable std::mutex mutex_;  ///< of rules_
    std::shared_ptr<const Rules> rules_;
    unsigned ticks_ = 0;
    filter::milter::Connections* milters_ = nullptr;
    filter::Bans* bans_ = nullptr;
    filter::Rates* rates_ = nullptr;
};

/// What `postrider policy check` says of a text: errors, else doubts.
struct PolicyReport {
    std::vector<policy::Problem> errors, doubts;
};
PolicyReport check_policy(std::string_view text);

}  // namespace postrider::screening
