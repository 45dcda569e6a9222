#include "sieve/problem.h"

#include <fmt/format.h>

namespace postrider::sieve {
namespace {

std::string_view kind_name(ProblemKind kind) {
    switch (kind) {
    case ProblemKind::syntax: return "Syntax Error";
    case ProblemKind::parse: return "Parse Error";
    case ProblemKind::semantic: return "Semantic Error";
    case ProblemKind::validation: return "Validation Error";
    case ProblemKind::runtime: return "Run-time Error";
    case ProblemKind::warning: return "Warning";
    }
    return "";
}

}  // namespace

std::string Problem::shown() const {
    if (line == 0) return fmt::format("[{}] {}", kind_name(kind), text);
    if (column == 0) return fmt::format("[{}] line {}: {}", kind_name(kind), line, text);
    return fmt::format("[{}] line {}, column {}: {}", kind_name(kind), line, column, text);
}

}  // namespace postrider::sieve
