#include <algorithm>
#include <set>

#include "policy/rules.h"
#include "text/ascii.h"

/// Reading back: what the methods seem to say is put into a model, and the script that this model makes is
/// compared with the one that is there. So nothing is read that would not be written the same.
namespace postrider::policy {
namespace {

using text::equal_ci;
using text::to_lower;

/// Names as the wizard writes them, so that scripts compare whatever case they use; and no settings of
/// variables that nothing reads, which older wizards leave in events.
class Normalizer {
public:
    Script run(Script script) {
        for (Block& block : script.blocks) note(block.body);
        for (Block& block : script.blocks) {
            if (block.is_event)
                if (auto event = find_event(block.name)) block.name = name(*event);
            tidy(block.body, block.is_event);
        }
        return script;
    }

private:
    void note_text(std::string_view value) {
        for (auto at = value.find('%'); at != std::string_view::npos; at = value.find('%', at + 1)) {
            const auto end = value.find('%', at + 1);
            if (end != std::string_view::npos) read_.insert(to_lower(value.substr(at + 1, end - at - 1)));
        }
    }
    void note(const Condition& c) {
        if (c.kind == Condition::Kind::compare) {
            read_.insert(to_lower(c.variable));
            note_text(c.value);
        }
        for (const Condition& part : c.parts) note(part);
    }
    void note(const std::vector<Statement>& body) {
        for (const Statement& s : body) {
            note_text(s.value);
            if (s.kind == Statement::Kind::branch) note(s.condition);
            note(s.then);
            note(s.otherwise);
        }
    }
    void tidy(Condition& c) const {
        if (const Variable* v = find_variable(c.variable)) c.variable = v->name;
        for (Condition& part : c.parts) tidy(part);
    }
    void tidy(std::vector<Statement>& body, bool of_event) const {
        if (of_event)
            std::erase_if(body, [&](const Statement& s) {
                return s.kind == Statement::Kind::set && !find_variable(s.name)
                       && !read_.contains(to_lower(s.name));
            });
        for (Statement& s : body) {
            if (const Variable* v = find_variable(s.name); v && s.kind == Statement::Kind::set)
                s.name = v->name;
            if (const MethodRow* m = find_method(s.name); m && s.kind == Statement::Kind::call)
                s.name = m->name;
            tidy(s.condition);
            tidy(s.then, false);
            tidy(s.otherwise, false);
        }
    }
    std::set<std::string> read_;
};

Verdict verdict_of(std::string_view word) {
    if (word == "accept") return Verdict::accept;
    if (word == "reject") return Verdict::reject;
    return word == "tmpreject" ? Verdict::tmpreject : Verdict::nothing;
}

/// What is set to `var` somewhere in the body.
std::string value_of(const std::vector<Statement>& body, Var var) {
    for (const Statement& s : body) {
        if (s.kind == Statement::Kind::set && s.name == variable(var).name) return s.value;
        if (auto inside = value_of(s.then, var); !inside.empty()) return inside;
    }
    return {};
}

/// The set of addresses that is looked at somewhere in the condition.
std::string addresses_of(const Condition& c) {
    if (c.kind == Condition::Kind::compare && c.comparator == Comparator::ip_range) return c.value;
    for (const Condition& part : c.parts)
        if (auto inside = addresses_of(part); !inside.empty()) return inside;
    return {};
}

const Statement* first_branch(const std::vector<Statement>& body) {
    for (const Statement& s : body)
        if (s.kind == Statement::Kind::branch) return &s;
    return nullptr;
}

class Reader {
public:
    explicit Reader(const Script& script) : script_{script} {
        for (const Block& block : script.blocks)
            if (block.is_event)
                for (const Statement& s : block.body)
                    if (s.kind == Statement::Kind::call) called_.insert(to_lower(s.name));
    }

    RuleModel run() {
        for (const Block& block : script_.blocks) {
            if (block.is_event) continue;
            if (!page(block) && !anti_spam(block)) rule(block);
        }
        return std::move(model_);
    }

private:
    bool page(const Block& block) {
        auto found = std::ranges::find(pages(), block.name, &Page::method);
        if (found == pages().end()) return false;
        auto& values = model_.settings[block.name];
        for (const Statement& s : block.body) {
            if (s.kind == Statement::Kind::set) {
                if (const Variable* v = find_variable(s.name)) values[v->id] = s.value;
            } else if (s.kind == Statement::Kind::branch && block.name == "WA_Routing_basic_delivery") {
                model_.relay_exceptions.insert(
                    model_.relay_exceptions.begin(),
                    {addresses_of(s.condition), value_of(s.then, Var::remoteDelivery) == "all"});
            } else if (s.kind == Statement::Kind::branch && s.condition.parts.size() == 2) {
                model_.temporary_ndr_after = s.condition.parts[1].value;
            }
        }
        if (values.empty()) model_.settings.erase(block.name);
        return true;
    }

    bool anti_spam(const Block& block) {
        const Statement* found = first_branch(block.body);
        if (block.name == "WA_GeoIP" && found) {
            const std::string allowed = value_of(block.body, Var::allowedCountries);
            model_.countries = allowed.empty() ? RuleModel::Countries::ban : RuleModel::Countries::allow;
            model_.country_codes = allowed.empty() ? value_of(block.body, Var::bannedCountries) : allowed;
            model_.country_excluded = addresses_of(found->condition);
            return true;
        }
        struct {
            std::string_view name;
            Verdict* verdict;
        } const places[] = {
            {"WA_AntiSpam_SPF_Fail", &model_.spf.fail},
            {"WA_AntiSpam_SPF_Err", &model_.spf.error},
            {"WA_AntiSpam_SPF_None", &model_.spf.none},
            {"WA_AntiSpam_SPF_OnEhlo_Fail", &model_.spf_ehlo.fail},
            {"WA_AntiSpam_SPF_OnEhlo_Err", &model_.spf_ehlo.error},
            {"WA_AntiSpam_SPF_OnEhlo_None", &model_.spf_ehlo.none},
            {"WA_DNS_Checks_RDNS", &model_.reverse_dns},
            {"WA_DNS_Checks_MX", &model_.sender_mx},
        };
        for (const auto& place : places) {
            if (block.name != place.name) continue;
            *place.verdict = verdict_of(value_of(block.body, Var::smtpAction));
            if (found && model_.excluded.empty()) model_.excluded = addresses_of(found->condition);
            return true;
        }
        return false;
    }

    void rule(const Block& block) {
        Rule rule;
        rule.name = block.name;
        rule.enabled = called_.contains(to_lower(block.name));
        const std::vector<Statement>* then = &block.body;
        if (block.body.size() == 1 && block.body[0].kind == Statement::Kind::branch) {
            const Statement& s = block.body[0];
            rule.match = s.condition.kind == Condition::Kind::all ? Rule::Match::all : Rule::Match::any;
            for (const Condition& part : s.condition.parts) {
                const bool negated = part.kind == Condition::Kind::negated;
                const Condition& inner = negated ? part.parts.front() : part;
                rule.conditions.push_back({inner.variable, inner.comparator, negated, inner.value});
            }
            then = &s.then;
        } else {
            rule.match = Rule::Match::every_mail;
        }
        for (std::size_t at = 0; at < then->size();) {
            const ActionKind* best = nullptr;
            for (const ActionKind& kind : action_kinds())
                if (length(kind) > (best ? length(*best) : 0) && fits(kind, *then, at)) best = &kind;
            if (!best) break;  // the comparison will tell
            RuleAction action{std::string{best->name}, {}};
            for (std::size_t i = 0; i < best->arguments.size(); ++i)
                action.arguments.push_back((*then)[at + best->fixed.size() + i].value);
            rule.actions.push_back(std::move(action));
            at += length(*best);
        }
        model_.rules.push_back(std::move(rule));
    }

    static std::size_t length(const ActionKind& kind) {
        return kind.fixed.size() + kind.arguments.size() + (kind.call ? 1 : 0);
    }
    static bool fits(const ActionKind& kind, const std::vector<Statement>& body, std::size_t at) {
        if (body.size() - at < length(kind)) return false;
        auto sets = [&](Var var) {
            return body[at].kind == Statement::Kind::set && body[at].name == variable(var).name;
        };
        for (const auto& [var, value] : kind.fixed) {
            if (!sets(var) || body[at].value != value) return false;
            ++at;
        }
        for (Var var : kind.arguments) {
            if (!sets(var)) return false;
            ++at;
        }
        return !kind.call
               || (body[at].kind == Statement::Kind::call && body[at].name == row(*kind.call).name);
    }

    const Script& script_;
    std::set<std::string> called_;
    RuleModel model_;
};

const Block* same_block(const Script& script, const Block& block) {
    for (const Block& other : script.blocks)
        if (other.is_event == block.is_event && equal_ci(other.name, block.name)) return &other;
    return nullptr;
}

std::string title(const Block& block) {
    return (block.is_event ? "the event " : "the method ") + block.name;
}

}  // namespace

std::expected<RuleModel, std::vector<std::string>> to_model(const Script& script) {
    const Script there = Normalizer{}.run(script);
    RuleModel model = Reader{there}.run();
    auto written = to_script(model);
    if (!written) return std::unexpected(written.error());
    const Script again = Normalizer{}.run(std::move(*written));

    std::vector<std::string> reasons;
    std::set<std::string> seen;
    for (const Block& block : there.blocks) {
        const std::string place = title(block) + " (line " + std::to_string(block.line) + ")";
        const Block* made = same_block(again, block);
        if (!seen.insert(to_lower(title(block))).second)
            reasons.push_back(place + " stands there twice");
        else if (block.is_event && !find_event(block.name))
            reasons.push_back(place + " does not exist");
        else if (!made && !block.body.empty())
            reasons.push_back(place + " has no place in the tables");
        else if (made && made->body != block.body)
            reasons.push_back(place + " says more, or in another order, than the tables can hold");
    }
    for (const Block& made : again.blocks)
        if (!same_block(there, made)) reasons.push_back(title(made) + " would have to be there");
    if (!reasons.empty()) return std::unexpected(std::move(reasons));
    return model;
}

}  // namespace postrider::policy
