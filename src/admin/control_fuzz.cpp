#include <cstdlib>

#include "admin/control.h"
#include "admin/present.h"

using namespace postrider::admin;

/// Requests and answers from anybody: what is understood is written again and means the same, and what is
/// shown holds no control characters but line feeds and tabs.
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
    std::string_view line{reinterpret_cast<const char*>(data), size};
    if (auto request = parse_request(line)) {
        auto again = parse_request(request_line(*request));
        if (!again || request_line(*again) != request_line(*request)) std::abort();
        if (const Operation* operation = find_operation(request->operation))
            (void)check_arguments(*operation, request->arguments);
    }
    auto answer = parse_answer(line);
    if (auto* result = std::get_if<Result>(&answer); result && *result) {
        for (char c : present(**result))
            if (static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') std::abort();
        if (answer_line(*result).find('\n') != answer_line(*result).size() - 1) std::abort();
    }
    return 0;
}
