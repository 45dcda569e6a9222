#include <cstdint>
#include <cstdlib>

#include "rights/access_list.h"

using namespace postrider;
using namespace postrider::rights;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

/// What decodes comes back the same; nobody has a right that an entry for him denies, and a list that says
/// nothing about somebody gives him nothing.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    if (auto letters_set = rights_of_letters(bytes))
        require(rights_of_letters(letters(*letters_set)).has_value());
    auto list = decode_access_list(bytes);
    if (!list) return 0;
    require(decode_access_list(encode(*list)) == list);
    const AccessList* chain[] = {&*list, &*list};
    for (const Entry& entry : *list) {
        Who who;
        if (entry.who.kind == Principal::Kind::everyone)
            who.domain = DomainId{static_cast<std::uint32_t>(entry.who.id)};
        else if (entry.who.kind == Principal::Kind::account)
            who.account = AccountId{entry.who.id};
        else
            who.groups = {AccountId{entry.who.id}};
        if (!who.is(entry.who)) continue;
        require((evaluate(who, chain) & entry.deny).empty());
    }
    bool spoken_to = false;
    const Who nobody{AccountId{UINT64_MAX}, DomainId{UINT32_MAX}, {}};
    for (const Entry& entry : *list) spoken_to = spoken_to || nobody.is(entry.who);
    require(spoken_to || evaluate(nobody, chain).empty());
    return 0;
}
