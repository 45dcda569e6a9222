#include "filter/country/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

constexpr Choice modes[] = {{"acceptExclusively", CountryMode::accept_only}, {"block", CountryMode::block}};

using S = CountrySettings;
constexpr Setting<S> rows[] = {
    {.name = "enable", .field = field<&S::enable>, .help = "Whether clients are refused by their country."},
    {.name = "databaseFile",
     .field = field<&S::file>,
     .range = {0, 4096},
     .help = "Which addresses are where: a MaxMind database (.mmdb), a CSV file of the GeoIPCountry layout, "
             "or the "
             "blocks file of GeoLite2 with its locations file beside it. Read again when it changes.",
     .format = Format::path},
    {.name = "mode",
     .field = choice<&S::mode, modes>,
     .help = "Accept exclusively from the countries named, or block them. Addresses of no known country are "
             "never "
             "refused."},
    {.name = "countries",
     .field = field<&S::countries>,
     .range = {0, 300},
     .help = "Their codes of two letters (ISO 3166)."},
    {.name = "exclusions",
     .field = field<&S::exclusions>,
     .range = {0, 10'000},
     .help = "Clients that are never refused.",
     .format = Format::ip_set},
};

}  // namespace

TableOf<CountrySettings> country_table() {
    return {rows, "countryFilter", "Clients by their country."};
}

}  // namespace postrider::filter
