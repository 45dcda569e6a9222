#include "options.h"

#include <fmt/core.h>

#include <cstdlib>

namespace postrider::bench {

namespace {

[[noreturn]] void usage(std::string_view problem) {
    fmt::print(stderr, "loadgen: {}\nusage: loadgen MODE [--option value]...   (see bench/README.md)\n",
               problem);
    std::exit(2);
}

}  // namespace

Options::Options(int argc, char** argv) {
    if (argc < 2) usage("a mode is missing");
    mode_ = argv[1];
    for (int i = 2; i < argc; ++i) {
        std::string_view word = argv[i];
        if (!word.starts_with("--")) usage(fmt::format("'{}' is not an option", word));
        bool alone = i + 1 == argc || std::string_view{argv[i + 1]}.starts_with("--");
        values_[std::string{word.substr(2)}] = alone ? "1" : argv[++i];
    }
}

const std::string* Options::find(std::string_view name) const {
    used_[std::string{name}] = true;
    auto found = values_.find(name);
    return found == values_.end() ? nullptr : &found->second;
}

std::string Options::text(std::string_view name, std::string_view otherwise) const {
    const std::string* value = find(name);
    return value ? *value : std::string{otherwise};
}

std::int64_t Options::number(std::string_view name, std::int64_t otherwise) const {
    const std::string* value = find(name);
    if (!value) return otherwise;
    char* end = nullptr;
    std::int64_t result = std::strtoll(value->c_str(), &end, 10);
    if (*end != '\0' || end == value->c_str())
        usage(fmt::format("--{} wants a number, not '{}'", name, *value));
    return result;
}

double Options::real(std::string_view name, double otherwise) const {
    const std::string* value = find(name);
    if (!value) return otherwise;
    char* end = nullptr;
    double result = std::strtod(value->c_str(), &end);
    if (*end != '\0' || end == value->c_str())
        usage(fmt::format("--{} wants a number, not '{}'", name, *value));
    return result;
}

std::uint16_t Options::port(std::string_view name) const {
    auto value = number(name, 0);
    if (value < 1 || value > 65535) usage(fmt::format("--{} wants a port", name));
    return static_cast<std::uint16_t>(value);
}

void Options::reject_unused() const {
    for (const auto& [name, value] : values_)
        if (!used_.contains(name)) usage(fmt::format("mode {} has no option --{}", mode_, name));
}

}  // namespace postrider::bench
