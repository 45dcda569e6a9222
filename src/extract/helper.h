#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <string_view>

#include "extract/format.h"

namespace postrider::extract {

struct HelperOptions {
    std::filesystem::path program = "/proc/self/exe";  ///< understands `extract FORMAT`
    std::chrono::milliseconds patience{20'000};        ///< then it is killed
    std::size_t most = 1u << 20;  ///< octets of text; what comes beyond is not waited for
};

/// Has a confined process read a document. "" when it says nothing, fails or takes too long. Blocks.
std::string read_in_helper(std::string_view bytes, Format format, const HelperOptions& options = {});

/// The helper's side: confines itself, then reads standard input. Returns the exit code, unless it became
/// `pdftotext`.
int run_helper(std::string_view format);

}  // namespace postrider::extract
