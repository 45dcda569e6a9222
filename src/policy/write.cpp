#include "policy/script.h"

namespace postrider::policy {
namespace {

void quoted(std::string& out, std::string_view value) {
    out.push_back('"');
    for (char c : value) {
        if (c == '"' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    out.push_back('"');
}

void condition(std::string& out, const Condition& c) {
    using Kind = Condition::Kind;
    if (c.kind == Kind::compare) {
        out.append(name(c.comparator)).append(" (").append(c.variable).append(", ");
        quoted(out, c.value);
        out.push_back(')');
        return;
    }
    out.append(c.kind == Kind::any ? "anyOf (" : c.kind == Kind::all ? "allOf (" : "not (");
    for (std::size_t i = 0; i < c.parts.size(); ++i) {
        if (i != 0) out.append(", ");
        condition(out, c.parts[i]);
    }
    out.push_back(')');
}

void statements(std::string& out, const std::vector<Statement>& body, unsigned depth) {
    using Kind = Statement::Kind;
    const std::string indent(depth, '\t');
    for (const Statement& s : body) {
        out.append(indent);
        switch (s.kind) {
            case Kind::set:
                out.append("set (").append(s.name).append(", ");
                quoted(out, s.value);
                out.append(");\n");
                break;
            case Kind::call: out.append("call (").append(s.name).append(");\n"); break;
            case Kind::branch:
                out.append("if (");
                condition(out, s.condition);
                out.append(") {\n");
                statements(out, s.then, depth + 1);
                out.append(indent).append("}");
                if (!s.otherwise.empty()) {
                    out.append(" else {\n");
                    statements(out, s.otherwise, depth + 1);
                    out.append(indent).append("}");
                }
                out.push_back('\n');
                break;
        }
    }
}

}  // namespace

std::string write(const Script& script) {
    std::string out;
    for (const Block& block : script.blocks) {
        out.append(block.is_event ? "event " : "method ").append(block.name).append(" {\n");
        statements(out, block.body, 1);
        out.append("}\n");
    }
    return out;
}

}  // namespace postrider::policy
