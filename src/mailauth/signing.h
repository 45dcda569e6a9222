#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mailauth/canonical.h"
#include "mailauth/crypto.h"

namespace postrider::mailauth {

/// Which fields of a message a signature of ours covers, one name per instance.
/// @param guard  name some once more than they are there, so that they cannot be added
std::vector<std::string_view> fields_to_sign(const FieldIndex& index, bool guard);
std::string joined(const std::vector<std::string_view>& names);  ///< "from:to"

/// A field of tags, folded before column 78, that signs itself.
class TagWriter {
public:
    /// @param begin  "DKIM-Signature:"
    explicit TagWriter(std::string_view begin) : out_{begin}, column_{begin.size()} {}

    void tag(std::string_view name, std::string_view value);
    /// b= comes here, on lines of its own.
    void signature();
    const std::string& text() const { return out_; }  ///< so far

    /// The field with its signature and its line end. What is signed is `before` (canonical fields) and this
    /// field with an empty b=. "" if the key cannot.
    std::string sign(std::string_view before, Canon canon, const PrivateKey& key, const Crypto& crypto,
                     bool folded = true) const;

private:
    void separate();
    void fold();

    std::string out_;
    std::size_t column_;
    std::size_t signature_at_ = 0;
    bool first_ = true;
};

/// base64 in lines that fit into a field, without the white space before the first.
std::string folded_base64(std::string_view octets);

}  // namespace postrider::mailauth
