#include "settings/inherit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"
#include "settings/table.h"

namespace postrider::settings {

namespace {

constexpr std::size_t max_values = 1024;
constexpr std::uint8_t format_version = 1;

bool is_simple(Kind kind) {
    switch (kind) {
        case Kind::boolean:
        case Kind::number:
        case Kind::text:
        case Kind::choice:
        case Kind::choice_set:
        case Kind::text_list: return true;
        case Kind::object:
        case Kind::object_set:
        case Kind::inlined:
        case Kind::absent: break;
    }
    return false;
}

}  // namespace

std::expected<void, ValueError> Overrides::set(Table table, std::string_view name, std::string_view text) {
    std::shared_ptr<void> scratch = table.make();
    std::vector<Place> places = open(table, scratch.get());
    const Place* place = settings::find(places, name);
    if (place == nullptr || !is_simple(place->row.field.kind)) {
        return std::unexpected(ValueError{fmt::format("there is no setting \"{}\"", name), ""});
    }
    auto left_out = set_value(place->row, place->object, text);
    if (!left_out) return std::unexpected(left_out.error());
    if (!left_out->empty()) {
        return std::unexpected(
            ValueError{fmt::format("not in this build: {}", *left_out), allowed_text(place->row)});
    }
    std::string canonical = print_value(get_value(place->row, place->object));
    auto at = std::find_if(values_.begin(), values_.end(),
                           [&](const auto& value) { return same_name(value.first, place->row.name); });
    if (at != values_.end()) {
        at->second = std::move(canonical);
        return {};
    }
    if (values_.size() >= max_values) return std::unexpected(ValueError{"too many explicit values", ""});
    values_.emplace_back(place->row.name, std::move(canonical));
    std::sort(values_.begin(), values_.end());
    return {};
}

bool Overrides::reset(std::string_view name) {
    return std::erase_if(values_, [&](const auto& value) { return same_name(value.first, name); }) != 0;
}

std::optional<std::string_view> Overrides::find(std::string_view name) const {
    for (const auto& [key, text] : values_) {
        if (same_name(key, name)) return text;
    }
    return std::nullopt;
}

std::string Overrides::encode() const {
    std::string bytes;
    put_be(bytes, format_version);
    put_varint(bytes, values_.size());
    for (const auto& [name, text] : values_) {
        put_string(bytes, name);
        put_string(bytes, text);
    }
    return bytes;
}

std::optional<Overrides> Overrides::decode(std::string_view bytes) {
    Decoder in{bytes};
    Overrides overrides;
    if (in.be<std::uint8_t>() != format_version) return std::nullopt;
    std::uint64_t count = in.varint();
    if (count > max_values) return std::nullopt;
    for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
        std::string_view name = in.string();
        std::string_view text = in.string();
        overrides.values_.emplace_back(name, text);
    }
    bool sorted = std::is_sorted(overrides.values_.begin(), overrides.values_.end());
    if (!in.ok() || !in.at_end() || !sorted) return std::nullopt;
    return overrides;
}

namespace detail {

std::vector<Origin> apply(Table table, void* values, std::span<const Level> chain) {
    std::vector<Place> places = open(table, values);
    std::vector<Origin> origins;
    origins.reserve(places.size());
    for (const Place& place : places) origins.push_back({place.row.name, std::nullopt});
    for (const Level& level : chain) {
        if (level.overrides == nullptr) continue;
        for (const auto& [name, text] : level.overrides->all()) {
            const Place* place = settings::find(places, name);
            if (place == nullptr || !is_simple(place->row.field.kind)) continue;
            if (!set_value(place->row, place->object, text)) continue;
            origins[static_cast<std::size_t>(place - places.data())].scope = level.scope;
        }
    }
    return origins;
}

}  // namespace detail

std::string_view to_string(Scope scope) {
    switch (scope) {
        case Scope::server: return "server";
        case Scope::listener: return "listener";
        case Scope::domain: return "domain";
        case Scope::account_class: return "account class";
        case Scope::account: return "account";
    }
    return "";
}

}  // namespace postrider::settings
