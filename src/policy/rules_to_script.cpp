#include <algorithm>
#include <set>

#include "policy/program.h"
#include "policy/rules.h"
#include "text/ascii.h"

namespace postrider::policy {
namespace {

Statement set(Var var, std::string value) {
    Statement s;
    s.name = variable(var).name;
    s.value = std::move(value);
    return s;
}
Statement call(std::string_view method) {
    Statement s;
    s.kind = Statement::Kind::call;
    s.name = method;
    return s;
}
Condition compare(std::string_view variable, Comparator comparator, std::string_view value) {
    Condition c;
    c.variable = variable;
    c.comparator = comparator;
    c.value = value;
    return c;
}
Condition group(Condition::Kind kind, std::vector<Condition> parts) {
    Condition c;
    c.kind = kind;
    c.parts = std::move(parts);
    return c;
}
Statement branch(Condition condition, std::vector<Statement> then) {
    Statement s;
    s.kind = Statement::Kind::branch;
    s.condition = std::move(condition);
    s.then = std::move(then);
    return s;
}

/// Which check gives a variable its value, and when it is made at the latest sensible moment before use.
struct Check {
    Var result;
    Method method;
    Event event;
};
constexpr Check checks[] = {
    {Var::SPFResult, Method::checkSPF, Event::mail_from},
    {Var::SPFExplanation, Method::checkSPF, Event::mail_from},
    {Var::ReverseDNSResult, Method::checkReverseDNS, Event::mail_from},
    {Var::SenderMXCheckResult, Method::checkSenderMX, Event::mail_from},
    {Var::DKIMResult, Method::checkDKIM, Event::data_received},
    {Var::DMARCResult, Method::checkDMARC, Event::data_received},
};

/// Where a condition's variable can be looked at.
EventSet known_in(std::string_view name) {
    if (const Variable* v = find_variable(name)) {
        for (const Check& check : checks)
            if (check.result == v->id) return static_cast<EventSet>(v->known & from(check.event));
        return v->known;
    }
    return header_field(name).empty() ? EventSet{0} : from(Event::headers_received) | bit(Event::processing);
}

std::string_view word(Verdict verdict) {
    switch (verdict) {
        case Verdict::accept: return "accept";
        case Verdict::reject: return "reject";
        case Verdict::tmpreject: return "tmpreject";
        case Verdict::nothing: break;
    }
    return "";
}

class Builder {
public:
    explicit Builder(const RuleModel& model) : model_{model} {}

    std::expected<Script, std::vector<std::string>> run() {
        for (const auto& [method, values] : model_.settings) check_page(method, values);
        country();
        for (const Page& page : pages()) settings_page(page);
        spf(model_.spf_ehlo, "WA_AntiSpam_SPF_OnEhlo_", Event::ehlo);
        spf(model_.spf, "WA_AntiSpam_SPF_", Event::mail_from);
        dns_checks();
        for (const Rule& rule : model_.rules) add(rule);
        if (!wrong_.empty()) return std::unexpected(std::move(wrong_));

        Script script;
        for (std::size_t i = 0; i < event_count; ++i) {
            if (events_[i].empty()) continue;
            Block block;
            block.is_event = true;
            block.name = event_names[i].name;
            block.body = std::move(events_[i]);
            script.blocks.push_back(std::move(block));
        }
        for (Block& method : methods_) script.blocks.push_back(std::move(method));
        return script;
    }

private:
    void wrong(std::string what) { wrong_.push_back(std::move(what)); }

    void check_page(const std::string& method, const std::map<Var, std::string>& values) {
        auto page = std::ranges::find(pages(), method, &Page::method);
        if (page == pages().end()) return wrong("there is no page of settings '" + method + "'");
        for (const auto& [var, value] : values)
            if (std::ranges::find(page->variables, var) == page->variables.end())
                wrong("'" + std::string{variable(var).name} + "' is not a setting of '" + method + "'");
    }

    void method(std::string_view name, std::vector<Statement> body, Event event) {
        Block block;
        block.name = name;
        block.body = std::move(body);
        methods_.push_back(std::move(block));
        events_[static_cast<std::size_t>(event)].push_back(call(name));
    }

    void need_check(std::string_view name, Event event) {
        const Variable* v = find_variable(name);
        if (!v) return;
        for (const Check& check : checks) {
            if (check.result != v->id) continue;
            // A check of the sender says nothing of the host that was checked at EHLO.
            const bool made = made_.contains({check.method, Event::data_received})
                              || (event != Event::ehlo && made_.contains({check.method, Event::mail_from}))
                              || made_.contains({check.method, event});
            if (made) continue;
            events_[static_cast<std::size_t>(event)].push_back(call(row(check.method).name));
            made_.insert({check.method, event});
        }
    }

    void country() {
        using C = RuleModel::Countries;
        if (model_.countries == C::off) return;
        const bool allow = model_.countries == C::allow;
        std::vector<Condition> when{compare("isGeoIPBanned", Comparator::is, "yes")};
        if (!addresses(model_.country_excluded)) return;
        if (!model_.country_excluded.empty()) when.push_back(not_from(model_.country_excluded));
        std::vector<Statement> body{set(Var::allowedCountries, allow ? model_.country_codes : ""),
                                    set(Var::bannedCountries, allow ? "" : model_.country_codes)};
        body.push_back(branch(
            group(Condition::Kind::all, std::move(when)),
            {set(Var::smtpAction, "reject"),
             set(Var::smtpExplanation, "Mail from your country (%GeoIPResult%) is not accepted here")}));
        method("WA_GeoIP", std::move(body), Event::connect);
    }

    bool addresses(const std::string& sets) {
        if (to_ip_sets(sets)) return true;
        wrong("'" + sets + "' is no set of addresses");
        return false;
    }
    static Condition not_from(const std::string& sets) {
        return group(Condition::Kind::negated, {compare("remoteSmtpIp", Comparator::ip_range, sets)});
    }

    void settings_page(const Page& page) {
        std::vector<Statement> body;
        if (auto values = model_.settings.find(std::string{page.method}); values != model_.settings.end())
            for (Var var : page.variables)
                if (auto value = values->second.find(var); value != values->second.end())
                    body.push_back(set(var, value->second));
        if (page.method == "WA_Routing_basic_delivery") relay_exceptions(body);
        if (page.method == "WA_Processing_temporary_ndr" && !model_.temporary_ndr_after.empty()) {
            body.push_back(
                branch(group(Condition::Kind::all,
                             {compare("ndrRemainingRetryCount", Comparator::greater_than, "-1"),
                              compare("ndrRetryCount", Comparator::is, model_.temporary_ndr_after)}),
                       {set(Var::sendNdr, "yes")}));
        }
        if (!body.empty()) method(page.method, std::move(body), page.event);
    }

    /// One else-if after the other would nest too deep: the last entry comes first, so the first one wins.
    void relay_exceptions(std::vector<Statement>& body) {
        for (auto at = model_.relay_exceptions.rbegin(); at != model_.relay_exceptions.rend(); ++at) {
            if (at->addresses.empty() || !addresses(at->addresses)) {
                wrong("an exception of relaying names no addresses");
                continue;
            }
            body.push_back(branch(
                group(Condition::Kind::any, {compare("remoteSmtpIp", Comparator::ip_range, at->addresses)}),
                {set(Var::remoteDelivery, at->allow ? "all" : "auth")}));
        }
    }

    void answer(const std::string& name, Event event, Verdict verdict, std::vector<Condition> results,
                std::string explanation) {
        if (verdict == Verdict::nothing) return;
        need_check(results.front().variable, event);
        Condition when = group(Condition::Kind::any, std::move(results));
        if (!addresses(model_.excluded)) return;
        if (!model_.excluded.empty())
            when = group(Condition::Kind::all, {std::move(when), not_from(model_.excluded)});
        std::vector<Statement> then{set(Var::smtpAction, std::string{word(verdict)})};
        if (verdict != Verdict::accept) then.push_back(set(Var::smtpExplanation, std::move(explanation)));
        method(name, {branch(std::move(when), std::move(then))}, event);
    }

    void spf(const RuleModel::Spf& spf, const std::string& prefix, Event event) {
        auto result = [](std::string_view value) { return compare("SPFResult", Comparator::is_case, value); };
        answer(prefix + "Fail", event, spf.fail, {result("fail")},
               "SPF check failed for <%ehloHost%>: <%SPFExplanation%>");
        answer(prefix + "Err", event, spf.error, {result("temperror"), result("permerror")},
               "SPF check of <%ehloHost%> was not possible: <%SPFResult%>");
        answer(prefix + "None", event, spf.none, {result("none")}, "No SPF record for <%ehloHost%>");
    }

    void dns_checks() {
        answer("WA_DNS_Checks_RDNS", Event::mail_from, model_.reverse_dns,
               {compare("ReverseDNSResult", Comparator::is_case, "fail")},
               "Reverse DNS check failed for <%ehloHost%> connected from <%remoteSmtpIp%>");
        answer("WA_DNS_Checks_MX", Event::mail_from, model_.sender_mx,
               {compare("SenderMXCheckResult", Comparator::is_case, "fail")},
               "Sender domain <%mailFromDomain%> has no DNS MX entry");
    }

    bool name_is_good(const Rule& rule) {
        const std::string& name = rule.name;
        const bool letters =
            !name.empty() && name.size() <= Limits::name && (text::is_alpha(name[0]) || name[0] == '_')
            && std::ranges::all_of(name, [](char c) {
                   return text::is_alpha(c) || text::is_digit(c) || c == '_' || c == '-' || c == '.';
               });
        if (!letters)
            wrong("'" + name + "' is no name of a rule: letters, digits and _ - . only");
        else if (text::starts_with_ci(name, "WA_") || find_method(name))
            wrong("'" + name + "' is reserved and cannot name a rule");
        else if (!names_.insert(text::to_lower(name)).second)
            wrong("there are two rules '" + name + "'");
        else
            return true;
        return false;
    }

    void add(const Rule& rule) {
        if (!name_is_good(rule)) return;
        if ((rule.match == Rule::Match::every_mail) != rule.conditions.empty())
            return wrong("the rule '" + rule.name + "' needs a condition, or matches every mail without any");
        if (rule.actions.empty()) return wrong("the rule '" + rule.name + "' does nothing");
        std::vector<Condition> when;
        for (const RuleCondition& c : rule.conditions) {
            Condition made = compare(c.variable, c.comparator, c.value);
            when.push_back(c.negated ? group(Condition::Kind::negated, {std::move(made)}) : std::move(made));
        }
        std::vector<Statement> then;
        for (const RuleAction& action : rule.actions) {
            const ActionKind* kind = find_action(action.kind);
            if (!kind || kind->arguments.size() != action.arguments.size())
                return wrong("the rule '" + rule.name + "' has an action '" + action.kind
                             + "' that there is not");
            for (const auto& [var, value] : kind->fixed) then.push_back(set(var, std::string{value}));
            for (std::size_t i = 0; i < action.arguments.size(); ++i)
                then.push_back(set(kind->arguments[i], action.arguments[i]));
            if (kind->call) then.push_back(call(row(*kind->call).name));
        }
        auto event = event_of(rule);
        if (!event) return wrong("the rule '" + rule.name + "': " + event.error());
        if (rule.match != Rule::Match::every_mail) {
            const auto kind = rule.match == Rule::Match::all ? Condition::Kind::all : Condition::Kind::any;
            then = {branch(group(kind, std::move(when)), std::move(then))};
        }
        if (!rule.enabled) {
            Block block;
            block.name = rule.name;
            block.body = std::move(then);
            methods_.push_back(std::move(block));
            return;
        }
        for (const RuleCondition& c : rule.conditions) need_check(c.variable, *event);
        method(rule.name, std::move(then), *event);
        // What is said of reports holds for both kinds.
        if (*event == Event::delivery_failure)
            events_[static_cast<std::size_t>(Event::temporary_delivery_failure)].push_back(call(rule.name));
    }

    const RuleModel& model_;
    std::array<std::vector<Statement>, event_count> events_;
    std::vector<Block> methods_;
    std::set<std::pair<Method, Event>> made_;
    std::set<std::string> names_;
    std::vector<std::string> wrong_;
};

}  // namespace

std::expected<Script, std::vector<std::string>> to_script(const RuleModel& model) {
    return Builder{model}.run();
}

std::expected<Event, std::string> event_of(const Rule& rule) {
    EventSet possible = (1u << event_count) - 1;
    std::string late;  // what is known only when it is too late
    auto narrow = [&](EventSet events, std::string_view name) {
        if ((possible & events) == 0 && late.empty()) late = name;
        possible = static_cast<EventSet>(possible & events);
    };
    for (const RuleCondition& c : rule.conditions) {
        const EventSet known = known_in(c.variable);
        if (known == 0) return std::unexpected("there is no variable '" + c.variable + "' to look at");
        narrow(known, c.variable);
    }
    for (const RuleAction& action : rule.actions) {
        const ActionKind* kind = find_action(action.kind);
        if (!kind) return std::unexpected("there is no action '" + action.kind + "'");
        for (const auto& [var, value] : kind->fixed) narrow(variable(var).settable, kind->name);
        for (Var var : kind->arguments) narrow(variable(var).settable, kind->name);
        if (kind->call) narrow(row(*kind->call).events, kind->name);
    }
    for (std::size_t i = 0; i < event_count; ++i)
        if (has(possible, static_cast<Event>(i))) return static_cast<Event>(i);
    return std::unexpected("there is no moment for '" + late + "' at which all else is known or can be done");
}

}  // namespace postrider::policy
