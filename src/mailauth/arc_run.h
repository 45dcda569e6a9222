#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/arc.h"
#include "mailauth/canonical.h"
#include "mailauth/verification.h"

namespace postrider::mailauth {

/// The three fields of one instance; empty where there is none.
struct ArcSet {
    std::string_view results, message_signature, seal;  ///< whole fields
};

/// What a header has of a chain. Fields are trusted for nothing yet.
struct ArcFields {
    std::vector<ArcSet> sets;  ///< [0] is instance 1
    std::string problem;       ///< of the structure (RFC 8617 §5.2 step 3): doubled or missing fields
    bool last_failed = false;  ///< cv=fail in the newest seal

    explicit ArcFields(const FieldIndex& index);
    bool none() const { return sets.empty() && problem.empty(); }
};

/// What of a field stands behind its colon.
std::string_view value_of(std::string_view field);

/// Canonical fields of the sets up to `last` (from 1), its seal left out (§5.1.1).
void append_sets(std::string& out, const std::vector<ArcSet>& sets, std::size_t last);

class ArcRun {
public:
    ArcRun(const FieldIndex& index, const DkimRules& rules, const Crypto& crypto, Asking& dns);
    void want(BodyHashes& hashes);
    ArcResult finish(const BodyHashes& hashes, const FieldIndex& index, const Crypto& crypto);

private:
    struct Seal {
        Algorithm algorithm;
        std::string domain, selector, signature;
        FoundKey key;
    };
    struct MessageSignature {
        Signature signature;
        FoundKey key;
        std::size_t hash = 0;
        bool open = false;
    };
    void start(const FieldIndex& index, const DkimRules& rules, const Crypto& crypto, Asking& dns);
    std::string read_seal(std::string_view value, std::size_t instance, Seal& seal) const;
    void fail(std::string problem, bool temporary = false);

    ArcFields fields_;
    std::vector<Seal> seals_;
    std::vector<MessageSignature> signatures_;
    ArcResult result_;
    bool open_ = false;
};

}  // namespace postrider::mailauth
