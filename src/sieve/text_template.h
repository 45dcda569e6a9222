#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::sieve {

class Machine;

/// A string of a script: constant, or with variables in it (RFC 5229 §3).
class TextTemplate {
public:
    struct Piece {
        enum class Kind : std::uint8_t { text, local, global, match };
        Kind kind = Kind::text;
        std::string text;
        std::uint32_t index = 0;
    };

    TextTemplate() = default;
    explicit TextTemplate(std::string text) : text_{std::move(text)} {}
    explicit TextTemplate(std::vector<Piece> pieces, std::string source)
        : text_{std::move(source)}, pieces_{std::move(pieces)} {}

    bool constant() const { return pieces_.empty(); }
    const std::string& source() const { return text_; }  ///< as the script has it, variables not replaced
    /// A view into this, or into `scratch`.
    std::string_view value(const Machine& machine, std::string& scratch) const;
    std::string value(const Machine& machine) const;

private:
    std::string text_;
    std::vector<Piece> pieces_;
};

using TextList = std::vector<TextTemplate>;

}  // namespace postrider::sieve
