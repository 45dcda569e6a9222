#include "admin/control.h"

namespace postrider::admin {
namespace {

std::optional<Json> parse(std::string_view line, int max_depth) {
    bool too_deep = false;
    auto watch = [&](int depth, Json::parse_event_t, Json&) {
        too_deep = too_deep || depth > max_depth;
        return !too_deep;
    };
    Json json = Json::parse(line, watch, false);
    if (json.is_discarded() || too_deep) return std::nullopt;
    return json;
}

const std::string* text_member(const Json& object, const char* name) {
    auto at = object.find(name);
    return at == object.end() || !at->is_string() ? nullptr : &at->get_ref<const std::string&>();
}

std::unexpected<Error> bad_request(std::string what) {
    return std::unexpected(Error{Error::Kind::usage, std::move(what)});
}

}  // namespace

std::string to_text(const Json& json, int indent) {
    return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

std::string request_line(const Request& request) {
    return to_text(Json{{"operation", request.operation}, {"arguments", request.arguments}}) + "\n";
}

std::expected<Request, Error> parse_request(std::string_view line) {
    auto json = parse(line, max_request_depth);
    if (!json || !json->is_object())
        return bad_request("A request is one JSON object on a line: {\"operation\", \"arguments\"}");
    const std::string* operation = text_member(*json, "operation");
    if (!operation) return bad_request("The request has no \"operation\"");
    Request request;
    request.operation = *operation;
    if (auto at = json->find("arguments"); at != json->end() && !at->is_null()) {
        if (!at->is_object()) return bad_request("\"arguments\" must be an object of names and values");
        request.arguments = std::move(*at);
    }
    return request;
}

std::string progress_line(const ProgressNote& note) {
    return to_text(Json{{"progress", {{"what", note.what}, {"percent", note.percent}}}}) + "\n";
}

std::string answer_line(const Result& result) {
    if (result) return to_text(Json{{"result", *result}}) + "\n";
    return to_text(Json{{"error", {{"kind", word(result.error().kind)}, {"what", result.error().what}}}})
           + "\n";
}

std::variant<ProgressNote, Result> parse_answer(std::string_view line) {
    Result garbage = bad_request("The server's answer cannot be understood; is it another version?");
    auto json = parse(line, 64);
    if (!json || !json->is_object()) return garbage;
    if (auto at = json->find("result"); at != json->end()) return Result{std::move(*at)};
    if (auto at = json->find("progress"); at != json->end() && at->is_object()) {
        ProgressNote note;
        if (auto* what = text_member(*at, "what")) note.what = *what;
        if (auto percent = at->find("percent"); percent != at->end() && percent->is_number_integer())
            note.percent = *percent;
        return note;
    }
    auto at = json->find("error");
    if (at == json->end() || !at->is_object()) return garbage;
    auto *kind = text_member(*at, "kind"), *what = text_member(*at, "what");
    if (!kind || !what) return garbage;
    return Result{std::unexpected(Error{error_kind(*kind).value_or(Error::Kind::usage), *what})};
}

}  // namespace postrider::admin
