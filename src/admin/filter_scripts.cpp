#include "admin/filter_scripts.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "screening/screening.h"
#include "sieve/sieve.h"

namespace postrider::admin {
namespace {

using filter::ScriptOwner;
namespace fs = std::filesystem;

std::expected<fs::path, std::string> path_of(Context& context, const std::string& file,
                                             const std::string& only_in) {
    if (context.screening == nullptr) return std::unexpected("This server has no working directory");
    const fs::path path{file};
    if (path.empty() || path.is_absolute() || *path.begin() != "filters" || !path.has_filename()
        || std::ranges::find(path, fs::path{".."}) != path.end())
        return std::unexpected("Scripts of domains and accounts lie below filters/");
    if (!only_in.empty()
        && (std::distance(path.begin(), path.end()) < 3 || *std::next(path.begin()) != fs::path{only_in}))
        return std::unexpected(fmt::format("You may write files below filters/{}/ alone", only_in));
    const fs::path whole = (context.screening->directory() / path).lexically_normal();
    if (whole == context.screening->policy_file().lexically_normal())
        return std::unexpected("That is the policy script, which is no Sieve script");
    return whole;
}

}  // namespace

std::expected<void, std::string> check_script(const filter::ScriptStore& scripts, const ScriptOwner& owner,
                                              const std::string& text) {
    sieve::Options options;
    options.allowed = sieve::storable_extensions();
    options.find_script = [&](sieve::Location where, const std::string& name) -> std::optional<std::string> {
        auto found = scripts.get(where == sieve::Location::personal ? owner : ScriptOwner::of_server(), name);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    };
    auto compiled = sieve::compile(text, options);
    if (compiled) return {};
    std::string wrong;
    for (const sieve::Problem& problem : compiled.error())
        wrong.append(wrong.empty() ? "" : "\n").append(problem.shown());
    return std::unexpected(wrong);
}

std::expected<void, std::string> may_write_script_file(Context& context, const std::string& file,
                                                       const std::string& only_in) {
    auto path = path_of(context, file, only_in);
    if (!path) return std::unexpected(path.error());
    return {};
}

std::expected<void, std::string> write_script_file(Context& context, const std::string& file,
                                                   const std::string& only_in, const std::string& text) {
    auto path = path_of(context, file, only_in);
    if (!path) return std::unexpected(path.error());
    std::error_code failed;
    fs::create_directories(path->parent_path(), failed);
    fs::path fresh = *path;
    fresh += ".new";
    std::ofstream out{fresh, std::ios::binary | std::ios::trunc};
    out << text;
    out.close();
    if (!out) return std::unexpected(fmt::format("{} cannot be written", path->string()));
    fs::permissions(fresh, fs::perms::owner_read | fs::perms::owner_write, failed);
    fs::rename(fresh, *path, failed);
    if (failed) return std::unexpected(fmt::format("{}: {}", path->string(), failed.message()));
    return {};
}

}  // namespace postrider::admin
