#include "filter/chain/definitions.h"

#include "base/codec.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Fd";
constexpr std::uint8_t version = 1;

std::string key_of(const DefinitionOwner& owner) {
    std::string key{prefix};
    key.push_back(static_cast<char>(owner.kind));
    put_be(key, owner.id);
    return key;
}

}  // namespace

std::string encode(const FilterDefinitions& definitions) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_varint(out, definitions.scripts.size());
    for (const ScriptFilter& script : definitions.scripts) {
        put_string(out, script.name);
        out.push_back(static_cast<char>(script.type));
        put_string(out, script.file);
    }
    put_varint(out, definitions.active.size());
    for (const ActiveFilter& active : definitions.active) {
        put_varint(out, active.priority);
        put_string(out, active.name);
        out.push_back(static_cast<char>(active.type));
        out.push_back(static_cast<char>(active.apply_on.bits()));
    }
    return out;
}

std::optional<FilterDefinitions> decode_definitions(std::string_view bytes) {
    Decoder in{bytes};
    if (in.be<std::uint8_t>() != version) return std::nullopt;
    FilterDefinitions out;
    for (auto count = in.varint(); count > 0 && in.ok(); --count) {
        ScriptFilter script;
        script.name = in.string();
        if (in.be<std::uint8_t>() != static_cast<std::uint8_t>(ScriptFilter::Type::sieve))
            return std::nullopt;
        script.file = in.string();
        out.scripts.push_back(std::move(script));
    }
    for (auto count = in.varint(); count > 0 && in.ok(); --count) {
        ActiveFilter active;
        active.priority = static_cast<std::uint32_t>(in.varint());
        active.name = in.string();
        const auto type = in.be<std::uint8_t>(), applies = in.be<std::uint8_t>();
        if (type > static_cast<std::uint8_t>(FilterType::integrated) || applies > 3) return std::nullopt;
        active.type = static_cast<FilterType>(type);
        active.apply_on = settings::Set<Applies>::from_bits(applies);
        out.active.push_back(std::move(active));
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return out;
}

kv::Result<FilterDefinitions> Definitions::get(const DefinitionOwner& owner) const {
    auto found = store_.get(key_of(owner));
    if (!found) return std::unexpected(found.error());
    if (!*found) return FilterDefinitions{};
    auto decoded = decode_definitions(**found);
    if (!decoded) return std::unexpected(kv::Failure{kv::KvError::corrupt, "a filter definition is damaged"});
    return std::move(*decoded);
}

kv::Result<> Definitions::set(const DefinitionOwner& owner, const FilterDefinitions& definitions) {
    kv::Batch batch;
    if (definitions.empty())
        batch.erase(key_of(owner));
    else
        batch.put(key_of(owner), encode(definitions));
    auto written = store_.write(std::move(batch), kv::Durability::now);
    if (written && changed_) changed_(owner);
    return written;
}

void Definitions::forget(const DefinitionOwner& owner, kv::Batch& batch) {
    batch.erase(key_of(owner));
}

}  // namespace postrider::filter
