#include <cstdint>
#include <cstdlib>

#include "policy/program.h"
#include "policy/rules.h"

using namespace postrider::policy;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

}  // namespace

/// Whatever script the tables can hold: what is written of them compiles or says why the values do not, and
/// is read as the same tables.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto script = parse({reinterpret_cast<const char*>(data), size});
    if (!script) return 0;
    auto model = to_model(*script);
    if (!model) {
        require(!model.error().empty());
        return 0;
    }
    auto written = to_script(*model);
    require(written.has_value());
    auto read = parse(write(*written));
    require(read && *read == *written);
    auto back = to_model(*read);
    require(back && *back == *model);
    require(compile(*script).has_value() == compile(*written).has_value());
    return 0;
}
