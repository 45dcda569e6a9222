#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/crypto.h"
#include "mailauth/dkim.h"
#include "mime/header.h"

/// What is signed: canonical forms of fields and bodies (RFC 6376 §3.4).
namespace postrider::mailauth {

/// Appends a field (§3.4.1, §3.4.2). @param field  whole, with its line end; its name ends at the first colon
void append_canonical(std::string& out, std::string_view field, Canon canon);

/// The same without the CRLF at its end and without what b= holds: how a signature signs itself (§3.7).
void append_unsigned(std::string& out, std::string_view field, Canon canon);

/// Where fields of one name are, from the last one up: each can be taken once (§5.4.2).
class FieldIndex {
public:
    static constexpr std::size_t max_fields = 2000;

    /// @param block  a message or its header; the views point into it
    explicit FieldIndex(std::string_view block);

    /// More fields than anybody needs: what lies beyond is not in the index, so that signatures of such a
    /// message cannot be believed.
    bool overflowed() const { return overflowed_; }
    const std::vector<mime::Field>& fields() const { return fields_; }

    /// Appends the canonical fields that `names` (h=) select, in that order; absent ones are nothing.
    void append_selected(std::string& out, const std::vector<std::string_view>& names, Canon canon) const;

private:
    std::vector<mime::Field> fields_;
    std::vector<std::uint32_t> hashes_;  ///< of the names, to compare fast
    bool overflowed_ = false;
};

/// Hashes of one body, several at once; each (form, hash, limit) is computed once.
class BodyHashes {
public:
    /// @param limit  l=: octets of the canonical body that count
    /// @return its number for digest()
    std::size_t want(Canon canon, Hash hash, std::optional<std::uint64_t> limit = {});
    bool empty() const { return wanted_.empty(); }

    /// Reads the body once per form, without copying it (what is in canonical form already goes to the hash
    /// as it lies there).
    void run(std::string_view body, const Crypto& crypto);

    const std::string& digest(std::size_t number) const { return wanted_[number].digest; }
    /// Octets of the canonical body, the whole of it.
    std::uint64_t length(std::size_t number) const { return wanted_[number].length; }

private:
    struct Wanted {
        Canon canon;
        Hash hash;
        std::optional<std::uint64_t> limit;
        std::string digest{};
        std::uint64_t length = 0;
    };
    std::vector<Wanted> wanted_;
};

}  // namespace postrider::mailauth
