#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "directory/names.h"
#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

using namespace postrider;
using namespace postrider::directory;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// The form in which a domain is kept is stable, and all the ways to write it lead to it.
void domain(std::string_view name) {
    const auto normal = normal_domain(name);
    if (!normal) return;
    require(!normal->empty() && text::valid_utf8(*normal));
    require(normal->find_first_of(" @/\\\"<>") == normal->npos);
    const auto alabels = text::to_alabels(*normal);
    require(alabels && alabels->size() <= 253);
    require(normal_domain(*normal) == *normal);
    require(normal_domain(*alabels) == *normal);
}

/// A local part that may be given can be written in a path without quotes. Folding twice is folding once for
/// US-ASCII only: by RFC 5051 §2 U+03B0 becomes a small upsilon with marks, which by itself would become a
/// capital one.
void local(std::string_view name) {
    const std::string folded = fold_local(name);
    if (text::valid_utf8(name)) require(text::valid_utf8(folded));
    if (local_name_fault(name)) return;
    require(!name.empty() && name.size() <= 64 && text::valid_utf8(name));
    require(name.find_first_of("+@<>()[]\\,;: \"\r\n") == name.npos);
    if (text::is_ascii(name))
        require(fold_local(folded) == folded && fold_local(text::to_lower(name)) == folded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view name{reinterpret_cast<const char*>(data), size};
    domain(name);
    local(name);
    if (!label_fault(name)) require(!name.empty() && text::valid_utf8(name) && name.find('/') == name.npos);
    const std::string_view folder = folder_detail(name);
    require(folder.empty() || (folder == name && text::valid_utf8(folder)));
    return 0;
}
