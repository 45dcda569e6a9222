#include <cstdlib>

#include "app/sendmail.h"

/// The first line holds the options, separated by blanks; the rest is the message.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::app;
    std::string_view input{reinterpret_cast<const char*>(data), size};
    std::string_view first = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(input.size(), first.size() + 1));
    std::vector<std::string> arguments;
    while (!first.empty()) {
        arguments.emplace_back(first.substr(0, first.find(' ')));
        first.remove_prefix(std::min(first.size(), arguments.back().size() + 1));
    }
    auto call = parse_sendmail("sendmail", arguments);
    if (!call) return 0;
    Composed made = compose(input, *call);
    // What goes out has no line end but CRLF, and composing it again changes nothing.
    for (std::size_t i = 0; i < made.message.size(); ++i) {
        if (made.message[i] == '\n' && (i == 0 || made.message[i - 1] != '\r')) std::abort();
        if (made.message[i] == '\r' && (i + 1 == made.message.size() || made.message[i + 1] != '\n'))
            std::abort();
    }
    SendmailCall again;
    again.dot_ends = false;
    if (!made.message.starts_with("From ") && compose(made.message, again).message != made.message)
        std::abort();
    return 0;
}
