// The policy script that is asked when mail comes and goes.

#include <fmt/core.h>

#include <filesystem>
#include <fstream>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "admin/policy_script.h"
#include "net/run_task.h"
#include "policy/rules.h"
#include "screening/trace.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

std::expected<std::string, Error> read_text(const std::string& path, std::size_t limit) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return fail(Kind::not_found, fmt::format("{} cannot be read", path));
    std::string text(limit + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
    if (text.size() > limit) return fail(Kind::bad_value, fmt::format("{} is too large", path));
    return text;
}

std::expected<screening::Screening*, Error> screening_of(Context& context) {
    if (context.screening) return context.screening;
    return fail(Kind::not_running, "There is no server here");
}

Json rows_of(const std::vector<policy::Problem>& problems) {
    Json rows = Json::array();
    for (const policy::Problem& one : problems) rows.push_back(Json{{"line", one.line}, {"what", one.text}});
    return rows;
}

std::string sentences(const std::vector<policy::Problem>& problems) {
    std::string all;
    for (const policy::Problem& one : problems)
        all.append(all.empty() ? "" : "\n").append(one.line != 0 ? one.sentence() : one.text);
    return all;
}

/// The file that was named, else the server's own.
std::expected<std::string, Error> script_of(Context& context, const Arguments& arguments) {
    auto path = arguments.maybe_text("file");
    auto text = path ? read_script(*path) : policy_script(context);
    if (!text) return fail(Kind::not_found, text.error());
    return *text;
}

Result check(Context& context, const Arguments& arguments, const Progress&) {
    auto text = script_of(context, arguments);
    if (!text) return std::unexpected(text.error());
    const screening::PolicyReport report = screening::check_policy(*text);
    if (!report.errors.empty()) return fail(Kind::bad_value, sentences(report.errors));
    Json out{{"errors", rows_of(report.errors)}, {"doubts", rows_of(report.doubts)}};
    if (auto script = policy::parse(*text)) {
        auto model = policy::to_model(*script);
        out["rules"] = model ? Json(model->rules.size()) : Json(nullptr);
        if (!model) out["by_hand"] = model.error();
    }
    return out;
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto text = script_of(context, arguments);
    if (!text) return std::unexpected(text.error());
    return Json{{"script", *text}};
}

Result update(Context& context, const Arguments& arguments, const Progress&) {
    auto text = script_of(context, arguments);
    if (!text) return std::unexpected(text.error());
    if (auto done = replace_policy(context, *text); !done) return fail(Kind::bad_value, done.error());
    return Json{{"file", context.screening->policy_file().string()}};
}

std::string_view word(screening::Decision::Action action) {
    using Action = screening::Decision::Action;
    switch (action) {
        case Action::none: return "none";
        case Action::accept: return "accept";
        case Action::reject: return "reject";
        case Action::tmpreject: return "tmpreject";
        case Action::discard: return "discard";
    }
    return "";
}

std::string_view word(policy::Step::Kind kind) {
    using Step = policy::Step::Kind;
    switch (kind) {
        case Step::set: return "set";
        case Step::ignored: return "no effect";
        case Step::called: return "called";
        case Step::stopped: return "stopped";
    }
    return "";
}

Json row_of(const screening::TraceStep& step, const policy::Program* policy) {
    Json lines = Json::array();
    for (const policy::Step& line : step.lines)
        lines.push_back(Json{{"line", line.line},
                             {"in", policy ? policy->blocks()[line.block].name : ""},
                             {"did", word(line.kind)},
                             {"name", line.name},
                             {"value", line.value}});
    Json row{{"step", step.step}, {"decision", word(step.decision.action)}};
    if (step.decision.refuses())
        row["answer"] = fmt::format("{} {} {}", step.decision.code, step.decision.status, step.decision.text);
    row["lines"] = std::move(lines);
    return row;
}

Result trace(Context& context, const Arguments& arguments, const Progress&) {
    auto screening = screening_of(context);
    if (!screening) return std::unexpected(screening.error());
    screening::TraceRequest request;
    request.ip = arguments.text("ip", request.ip);
    request.helo = arguments.text("helo", request.helo);
    request.sender = arguments.text("from");
    request.recipients = arguments.list("to");
    request.account = arguments.text("auth");
    request.secure = arguments.flag("tls");
    if (auto path = arguments.maybe_text("message")) {
        constexpr std::size_t largest = 32u << 20;
        auto text = read_text(*path, largest);
        if (!text) return std::unexpected(text.error());
        for (std::size_t i = 0; i < text->size(); ++i) {
            if ((*text)[i] == '\n' && (i == 0 || (*text)[i - 1] != '\r')) request.message.push_back('\r');
            request.message.push_back((*text)[i]);
        }
    }
    const screening::TraceReport report = net::run_task(screening::trace(**screening, std::move(request)));
    Json steps = Json::array();
    for (const screening::TraceStep& step : report.steps) steps.push_back(row_of(step, report.policy.get()));
    Json out{{"policy", report.policy != nullptr}, {"steps", std::move(steps)}};
    if (!report.route.empty()) out["route"] = report.route;
    if (report.wishes.delay != 0) out["delay"] = report.wishes.delay;
    if (!report.wishes.add.empty()) out["recipients_added"] = report.wishes.add;
    if (!report.wishes.drop.empty()) out["recipients_dropped"] = report.wishes.drop;
    if (!report.wishes.prefix.empty()) out["header"] = report.wishes.prefix;
    if (report.wishes.message) out["message"] = report.wishes.message->substr(0, 4096);
    return out;
}

Result reference(Context&, const Arguments&, const Progress&) {
    Json variables = Json::array();
    const auto names = [](policy::EventSet set) {
        std::string all;
        for (std::size_t i = 0; i < policy::event_count; ++i)
            if (policy::has(set, static_cast<policy::Event>(i)))
                all.append(all.empty() ? "" : " ").append(policy::event_names[i].name);
        return all;
    };
    for (const policy::Variable& one : policy::variables())
        variables.push_back(Json{{"variable", one.name},
                                 {"values", one.values},
                                 {"default", one.fallback},
                                 {"known", names(one.known)},
                                 {"settable", names(one.settable)},
                                 {"meaning", one.meaning}});
    Json methods = Json::array();
    for (const policy::MethodRow& one : policy::methods())
        methods.push_back(
            Json{{"method", one.name}, {"events", names(one.events)}, {"meaning", one.meaning}});
    Json events = Json::array();
    for (const policy::EventName& one : policy::event_names)
        events.push_back(Json{{"event", one.name}, {"when", one.when}});
    return Json{
        {"events", std::move(events)}, {"variables", std::move(variables)}, {"methods", std::move(methods)}};
}

constexpr Argument maybe_file[] = {{"file", Type::path,
                                    "The script; without it the one that the setting smtpFiltersFile names",
                                    false, true}};
constexpr Argument one_file[] = {{"file", Type::path, "The new script", true}};
constexpr Argument trace_arguments[] = {
    {"ip", Type::text, "Address of the client [192.0.2.1]"},
    {"helo", Type::text, "What it calls itself [client.example]"},
    {"from", Type::text, "Sender; without it, none (<>)"},
    {"to", Type::list, "Recipients"},
    {"auth", Type::text, "Account that has logged in"},
    {"tls", Type::flag, "The connection is encrypted"},
    {"message", Type::path, "File with the message; without it, all ends with the recipients"},
};
constexpr Operation operations[] = {
    {"policy check",
     "Read a policy script: its errors with their lines, else what is hardly meant so, and whether the "
     "tables of "
     "rules can hold it",
     maybe_file, check},
    {"policy show", "Show the policy script", maybe_file, show},
    {"policy update", "Take another policy script into force and write it to the server's file", one_file,
     update, true},
    {"policy trace",
     "Go through a reception that has not taken place: what policy and checks say at each step, and which "
     "lines of "
     "the script said it. The DNS is asked; nothing is delivered or remembered",
     trace_arguments, trace},
    {"policy reference", "Show all events, variables and methods of the policy language", {}, reference},
};

}  // namespace

std::expected<std::string, std::string> read_script(const std::string& path) {
    auto text = read_text(path, policy::Limits::script);
    if (!text) return std::unexpected(text.error().what);
    return *text;
}

std::expected<std::string, std::string> policy_script(Context& context) {
    if (!context.screening) return std::unexpected("There is no policy here");
    const auto path = context.screening->policy_file();
    if (path.empty()) return std::unexpected("There is no policy: the setting smtpFiltersFile is none");
    // No file is a policy without rules.
    if (std::error_code failed; !std::filesystem::exists(path, failed) && !failed) return std::string{};
    return read_script(path.string());
}

std::expected<void, std::string> replace_policy(Context& context, std::string_view text) {
    if (!context.screening) return std::unexpected("There is no policy here");
    if (auto done = context.screening->replace_policy(text); !done)
        return std::unexpected(sentences(done.error()));
    return {};
}

Chapter policy_chapter() {
    return {"policy", "What is asked before mail is taken and sent", operations};
}

}  // namespace postrider::admin
