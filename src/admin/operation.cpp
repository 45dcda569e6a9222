#include "admin/operation.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <limits>

#include "admin/chapters.h"

namespace postrider::admin {
namespace {

constexpr std::size_t max_arguments = 100;
constexpr std::size_t max_list = 10'000;
constexpr std::size_t max_text = 64 << 10;

struct KindWord {
    Error::Kind kind;
    std::string_view word;
};
constexpr KindWord kind_words[] = {
    {Error::Kind::usage, "usage"},
    {Error::Kind::not_found, "not_found"},
    {Error::Kind::exists, "exists"},
    {Error::Kind::bad_value, "bad_value"},
    {Error::Kind::not_allowed, "not_allowed"},
    {Error::Kind::in_use, "in_use"},
    {Error::Kind::not_running, "not_running"},
    {Error::Kind::storage, "storage"},
};

std::unexpected<Error> usage(const Operation& operation, std::string what) {
    return std::unexpected(Error{Error::Kind::usage, fmt::format("{}: {}", operation.name, what)});
}

bool fits(const Json& value) {
    return value.is_string() && value.get_ref<const std::string&>().size() <= max_text;
}

bool is_of(Type type, const Json& value) {
    switch (type) {
        case Type::text:
        case Type::secret: return fits(value);
        case Type::path: return fits(value) && value.get_ref<const std::string&>().starts_with('/');
        case Type::number:
            return value.is_number_integer() && value >= 0
                   && value <= std::numeric_limits<std::int64_t>::max();
        case Type::flag: return value.is_boolean();
        case Type::list:
            return value.is_array() && value.size() <= max_list && std::ranges::all_of(value, fits);
    }
    return false;
}

}  // namespace

std::string_view word(Error::Kind kind) {
    for (const KindWord& one : kind_words)
        if (one.kind == kind) return one.word;
    return "";
}

std::optional<Error::Kind> error_kind(std::string_view text) {
    for (const KindWord& one : kind_words)
        if (one.word == text) return one.kind;
    return std::nullopt;
}

std::string_view word(Type type) {
    switch (type) {
        case Type::text: return "text";
        case Type::number: return "number";
        case Type::flag: return "flag";
        case Type::list: return "list";
        case Type::path: return "absolute path";
        case Type::secret: return "secret";
    }
    return "";
}

std::optional<std::string> Arguments::maybe_text(std::string_view name) const {
    auto at = values_.find(name);
    if (at == values_.end()) return std::nullopt;
    return at->get<std::string>();
}

std::string Arguments::text(std::string_view name, std::string_view otherwise) const {
    return maybe_text(name).value_or(std::string{otherwise});
}

std::uint64_t Arguments::number(std::string_view name, std::uint64_t otherwise) const {
    auto at = values_.find(name);
    return at == values_.end() ? otherwise : at->get<std::uint64_t>();
}

bool Arguments::flag(std::string_view name) const {
    auto at = values_.find(name);
    return at != values_.end() && at->get<bool>();
}

std::vector<std::string> Arguments::list(std::string_view name) const {
    auto at = values_.find(name);
    return at == values_.end() ? std::vector<std::string>{} : at->get<std::vector<std::string>>();
}

std::span<const Chapter> chapters() {
    static const std::array all{policy_chapter(),        domain_chapter(),     account_chapter(),
                                group_chapter(),         forwarder_chapter(),  folder_recipient_chapter(),
                                public_folder_chapter(), permission_chapter(), class_chapter(),
                                rpop_chapter(),          server_chapter(),     admin_chapter(),
                                queue_chapter(),         quarantine_chapter(), scanner_chapter(),
                                xmpp_chapter(),          storage_chapter(),    undelete_chapter(),
                                purge_chapter(),         import_chapter(),     export_chapter(),
                                dns_chapter(),           filter_chapter(),     script_chapter(),
                                why_chapter(),           bans_chapter(),       whitelist_chapter(),
                                blacklist_chapter(),     collected_chapter(),  spam_chapter(),
                                metrics_chapter(),       service_chapter(),    reload_chapter(),
                                save_config_chapter(),   upgrade_chapter(),    dkim_chapter(),
                                dmarc_chapter(),         sieve_chapter(),      index_chapter()};
    return all;
}

const Operation* find_operation(std::string_view name) {
    for (const Chapter& chapter : chapters()) {
        if (!name.starts_with(chapter.name)) continue;
        for (const Operation& operation : chapter.operations)
            if (operation.name == name) return &operation;
    }
    return nullptr;
}

std::expected<Arguments, Error> check_arguments(const Operation& operation, const Json& given) {
    if (!given.is_null() && !given.is_object())
        return usage(operation, "arguments are an object of names and values");
    if (given.size() > max_arguments) return usage(operation, "too many arguments");
    Json checked = Json::object();
    for (const auto& [name, value] : given.items()) {
        auto known = std::ranges::find(operation.arguments, name, &Argument::name);
        if (known == operation.arguments.end())
            return usage(operation, fmt::format("there is no argument '{}'", name));
        if (value.is_null()) continue;
        if (!is_of(known->type, value))
            return usage(operation, fmt::format("the value of '{}' is not a {}, or is too long", name,
                                                word(known->type)));
        checked[name] = value;
    }
    for (const Argument& one : operation.arguments)
        if (one.required && !checked.contains(one.name))
            return usage(operation, fmt::format("the argument '{}' is missing ({})", one.name, one.help));
    return Arguments{std::move(checked)};
}

Result run(Context& context, std::string_view name, const Json& arguments, const Progress& progress) {
    const Operation* operation = find_operation(name);
    if (!operation)
        return std::unexpected(
            Error{Error::Kind::usage, fmt::format("There is no operation '{}'", name.substr(0, 100))});
    auto checked = check_arguments(*operation, arguments);
    if (!checked) return std::unexpected(checked.error());
    if (operation->needs_server && !context.running)
        return std::unexpected(
            Error{Error::Kind::not_running, fmt::format("'{}' works on what a running server holds in "
                                                        "memory, and no server is running",
                                                        name)});
    return operation->run(context, *checked, progress);
}

}  // namespace postrider::admin
