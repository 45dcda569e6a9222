#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "filter/milter/wire/packet.h"

namespace postrider::filter::milter {

/// Where macros are sent; numbers of the protocol (SMFIM_*).
enum class Stage : std::uint8_t { connect, helo, mail, rcpt, data, body_end, eoh };
inline constexpr std::size_t stages = 7;

/// One side's word in the negotiation.
struct Options {
    std::uint32_t version = 6;
    std::uint32_t actions = 0;
    std::uint32_t steps = 0;
    /// Macros that the filter wants at a stage, instead of those that are sent anyway.
    std::array<std::optional<std::vector<std::string>>, stages> macros;
};

/// What we offer in this version, 2 to 6.
Options offer(std::uint32_t version);

std::string pack_options(const Options& options);
/// @return nothing when it is too short, names an unknown stage, or asks for more than 100 macros
std::optional<Options> parse_options(std::string_view data);

/// What holds between us and a filter that has answered; the text says why nothing can.
struct Agreement {
    Options options;
    std::string problem;  ///< "" = agreed
};
Agreement agree(const Options& offered, const Options& answered);

/// "j {daemon_name} v": as macros are listed in settings and in the negotiation.
std::vector<std::string> macro_names(std::string_view list);

}  // namespace postrider::filter::milter
