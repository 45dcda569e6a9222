#include "filter/milter/wire/options.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/codec.h"

namespace postrider::filter::milter {
namespace {

constexpr std::size_t most_macros = 100;

constexpr std::uint32_t actions_v2 = 0x3f;
constexpr std::uint32_t actions_v6 = 0x1ff;

/// The steps that each version knows of.
constexpr std::uint32_t steps_of(std::uint32_t version) {
    std::uint32_t steps = 0x7f;  // version 2
    if (version >= 3) steps |= no_unknown;
    if (version >= 4) steps |= no_data;
    if (version >= 6) steps |= silent_header | can_skip | rejected_rcpt | 0x1ff000 | pieces_256k | pieces_1m;
    return steps;
}

}  // namespace

Options offer(std::uint32_t version) {
    Options options;
    options.version = std::clamp<std::uint32_t>(version, 2, 6);
    options.actions = options.version >= 6 ? actions_v6 : actions_v2;
    options.steps = steps_of(options.version);
    return options;
}

std::string pack_options(const Options& options) {
    std::string data;
    put_be(data, options.version);
    put_be(data, options.actions);
    put_be(data, options.steps);
    for (std::size_t i = 0; i < options.macros.size(); ++i) {
        if (!options.macros[i]) continue;
        put_be(data, static_cast<std::uint32_t>(i));
        for (std::size_t k = 0; k < options.macros[i]->size(); ++k)
            data += (k == 0 ? "" : " ") + (*options.macros[i])[k];
        data += '\0';
    }
    std::string packet;
    pack(packet, static_cast<char>(Command::options), {data});
    return packet;
}

std::vector<std::string> macro_names(std::string_view list) {
    std::vector<std::string> names;
    while (!list.empty() && names.size() < most_macros) {
        const std::size_t end = std::min(list.find_first_of(" ,\t"), list.size());
        if (end > 0) names.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return names;
}

std::optional<Options> parse_options(std::string_view data) {
    Decoder in{data};
    Options options;
    options.version = in.be<std::uint32_t>();
    options.actions = in.be<std::uint32_t>();
    options.steps = in.be<std::uint32_t>();
    if (!in.ok()) return std::nullopt;
    std::size_t count = 0;
    while (!in.at_end()) {
        const auto stage = in.be<std::uint32_t>();
        const std::size_t end = in.rest().find('\0');
        if (!in.ok() || stage >= stages || end == std::string_view::npos) return std::nullopt;
        auto names = macro_names(in.take(end));
        in.take(1);
        count += names.size();
        if (count > most_macros) return std::nullopt;
        options.macros[stage] = std::move(names);
    }
    return options;
}

Agreement agree(const Options& offered, const Options& answered) {
    Agreement out;
    out.options = answered;
    if (answered.version < 2 || answered.version > offered.version)
        out.problem = fmt::format("it speaks version {}, we {}", answered.version, offered.version);
    else if ((answered.actions & ~offered.actions) != 0)
        out.problem =
            fmt::format("it wants to do what was not offered ({:#x})", answered.actions & ~offered.actions);
    else if ((answered.steps & ~offered.steps) != 0)
        out.problem =
            fmt::format("it wants steps that were not offered ({:#x})", answered.steps & ~offered.steps);
    // What its version has never heard of is left out.
    if (answered.version < 3) out.options.steps |= no_unknown;
    if (answered.version < 4) out.options.steps |= no_data;
    return out;
}

}  // namespace postrider::filter::milter
