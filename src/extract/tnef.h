#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The container in which Outlook wraps a whole message ("winmail.dat", application/ms-tnef): MS-OXTNEF, with
/// the properties of MS-OXPROPS, and the text formats of MS-OXRTFCP and MS-OXRTFEX.
namespace postrider::extract {

struct TnefFile {
    std::string name;       ///< UTF-8; "" when it has none
    std::string_view data;  ///< a view into the container
};

struct Tnef {
    std::string body;  ///< plain text, UTF-8; of HTML or RTF what a reader sees
    std::vector<TnefFile> files;
};

inline constexpr std::size_t max_tnef_files = 256;

/// Pure. nullopt: it is no such container. One that is damaged is read up to there.
/// @param limit  octets of `body`
std::optional<Tnef> read_tnef(std::string_view bytes, std::size_t limit);

/// What compressed RTF unpacks to (MS-OXRTFCP §3); at most `limit` octets, "" when it is none.
std::string unpack_rtf(std::string_view packed, std::size_t limit);

/// The text of an RTF document in UTF-8, or of the HTML inside it (MS-OXRTFEX); at most `limit` octets.
std::string rtf_text(std::string_view rtf, std::size_t limit);

}  // namespace postrider::extract
