#pragma once

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "filter/signing/key_ring.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "queue/envelope.h"

namespace postrider::filter {

/// Puts signatures on what leaves: DKIM on the mail of our users, an ARC seal on what is only passed on. Keys
/// are replaced while it works. Thread-safe.
class Signer {
public:
    Signer(const Clock& clock, observe::Logger log, observe::Metrics& metrics);

    /// @param directory  that key files are relative to
    /// @param host  our name in Authentication-Results
    /// @return what cannot be used, one sentence each; the rest is in force
    std::vector<std::string> configure(const SigningSettings& settings,
                                       const std::filesystem::path& directory, std::string host,
                                       const std::string& primary_domain);

    /// There is a key: worth to be asked.
    bool active() const { return active_.load(std::memory_order_relaxed); }

    /// Header lines to be put before a message of which a copy leaves; "" if nothing is to be signed. Costs a
    /// signature (RSA of 2048 bits: about 0.25 ms) if there is a key for it.
    /// @param message  as it leaves, CRLF line ends
    std::string lines(const queue::Envelope& envelope, std::string_view message) const;

    /// The keys in force.
    std::shared_ptr<const KeyRing> keys() const;

private:
    struct Rules {
        SigningSettings settings;
        std::shared_ptr<const KeyRing> keys;
        std::string host, seal_domain;
    };
    std::string sign(const Rules& rules, std::string_view message) const;
    std::string seal(const Rules& rules, std::string_view message) const;

    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &signed_, &sealed_;
    mailauth::Crypto crypto_;
    std::atomic<std::shared_ptr<const Rules>> rules_;
    std::atomic<bool> active_ = false;
};

/// Whose message it is: an account's that has logged in, our own, or a program's on this machine.
bool is_ours(const queue::Envelope& envelope);

/// What we have said about a message when it came: our Authentication-Results, above the second Received. ""
/// if there are none.
std::string own_results(std::string_view message, std::string_view host);

}  // namespace postrider::filter
