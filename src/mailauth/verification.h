#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailauth/canonical.h"
#include "mailauth/key_record.h"
#include "mailauth/signature.h"

/// The steps of verifying, in pieces: read and ask first, hash the body once for all, then compare.
namespace postrider::mailauth {

/// DKIM signatures of a message whose keys are asked for.
class DkimRun {
public:
    DkimRun(std::string_view message, const FieldIndex& index, Time now, const DkimRules& rules,
            const Crypto& crypto, Asking& dns);

    /// The domains that might pass, for DMARC to ask about.
    std::vector<std::string> candidates() const;
    void want(BodyHashes& hashes);
    std::vector<DkimVerdict> finish(const BodyHashes& hashes, const FieldIndex& index, const Crypto& crypto);

private:
    struct One {
        DkimVerdict verdict;
        std::string_view field;
        Signature signature;
        FoundKey key;
        bool open = false;  ///< to be verified
        std::size_t hash = 0;
    };
    std::vector<One> all_;
};

/// Whether a signature holds: first the body's hash, then the signature over the header.
/// @return "" if it does, else why not
std::string compare(const Signature& signature, std::string_view field, const FieldIndex& index,
                    const BodyHashes& hashes, std::size_t hash, const PublicKey& key, const Crypto& crypto);

std::string_view body_of(std::string_view message);

}  // namespace postrider::mailauth
