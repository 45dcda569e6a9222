#include "sieve/text_template.h"

#include "sieve/machine.h"

namespace postrider::sieve {
namespace {

constexpr std::size_t max_expanded = 4u << 20;

}  // namespace

std::string_view TextTemplate::value(const Machine& machine, std::string& scratch) const {
    if (constant()) return text_;
    scratch.clear();
    for (const Piece& piece : pieces_) {
        switch (piece.kind) {
            case Piece::Kind::text: scratch += piece.text; break;
            case Piece::Kind::local: scratch += machine.local(piece.index); break;
            case Piece::Kind::global: scratch += machine.global(piece.index); break;
            case Piece::Kind::match: scratch += machine.match_value(piece.index); break;
        }
        if (scratch.size() > max_expanded) machine.fail("a string with variables becomes too long");
    }
    machine.work(scratch.size());
    return scratch;
}

std::string TextTemplate::value(const Machine& machine) const {
    std::string scratch;
    return std::string{value(machine, scratch)};
}

}  // namespace postrider::sieve
