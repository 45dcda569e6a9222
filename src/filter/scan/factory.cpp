#include "filter/scan/factory.h"

#include <fmt/format.h>

#include <filesystem>
#include <fstream>

#include "filter/scan/afsl_run.h"
#include "filter/scan/clamd.h"
#include "filter/scan/external.h"
#include "filter/scan/managed.h"
#include "filter/scan/rspamd.h"
#include "filter/scan/spamd.h"
#include "text/ascii.h"

namespace postrider::filter {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t longest_source = 64 * 1024;

std::optional<std::string> read_file(const fs::path& path) {
    std::error_code error;
    if (!fs::is_regular_file(path, error)) return std::nullopt;
    std::ifstream file{path, std::ios::binary};
    std::string text(longest_source + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) return std::nullopt;
    text.resize(static_cast<std::size_t>(file.gcount()));
    return text;
}

bool variable_name(std::string_view name) {
    for (char c : name)
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '_') return false;
    return !name.empty();
}

}  // namespace

bool built_in_protocol(std::string_view file) {
    return file == "clam-av.afsl" || file == "spamassassin.afsl" || file == "rspamd.afsl";
}

std::expected<std::pair<std::string, std::string>, std::string> find_protocol_file(
    const std::string& name, const ProtocolFiles& files) {
    std::vector<fs::path> places;
    if (fs::path{name}.is_absolute()) {
        places.emplace_back(name);
    } else {
        places.push_back(fs::path{files.directory} / name);
        places.push_back(fs::path{files.directory} / "filters" / name);
        for (const std::string& folder : files.stock) places.push_back(fs::path{folder} / name);
    }
    for (const fs::path& place : places) {
        auto text = read_file(place);
        if (text && text->size() > longest_source)
            return std::unexpected(place.string() + ": larger than 64 KB");
        if (text) return std::pair{place.string(), std::move(*text)};
    }
    return std::unexpected(fmt::format("there is no protocol file {}", places.front().string()));
}

std::expected<MadeConnector, std::string> make_connector(const SocketFilter& filter,
                                                         const std::string& source,
                                                         const observe::Logger& log) {
    const auto address = parse_scanner_address(filter.address);
    if (!address)
        return std::unexpected(
            fmt::format("'{}' is neither inet://host:port nor local:///path", filter.address));
    const ConnectionPool::Limits limits{filter.max_connections, filter.idle_timeout, filter.connect_timeout};
    const ScanOptions options{filter.connect_timeout, filter.read_timeout, filter.request_timeout, log};
    MadeConnector made;
    std::string title;
    if (filter.protocol_file == "clam-av.afsl") {
        title = "ClamAV";
        made.connector = std::make_unique<ClamdConnector>(*address, limits, options);
    } else if (filter.protocol_file == "spamassassin.afsl") {
        title = "SpamAssassin";
        made.connector = std::make_unique<SpamdConnector>(*address, limits, options);
    } else if (filter.protocol_file == "rspamd.afsl") {
        title = "rspamd";
        made.connector = std::make_unique<RspamdConnector>(*address, limits, options);
    } else {
        auto program = afsl::parse(source);
        if (!program)
            return std::unexpected(fmt::format("line {}: {}", program.error().line, program.error().what));
        title = program->title.empty() ? fs::path{filter.protocol_file}.stem().string() : program->title;
        auto shared = std::make_shared<const afsl::Program>(std::move(*program));
        made.connector = std::make_unique<AfslConnector>(std::move(shared), *address, limits, options);
    }
    made.title = fmt::format("{}({})", title, address->text());
    return made;
}

std::expected<MadeConnector, std::string> make_connector(const IntegratedFilter& filter,
                                                         const observe::Logger& log) {
    auto words = command_words(filter.command);
    if (!words) return std::unexpected("the command is no full path with arguments, or a quote is open");
    std::vector<std::pair<std::string, std::string>> parameters;
    for (const NameValue& parameter : filter.config_params) {
        if (!variable_name(parameter.name))
            return std::unexpected(fmt::format("configParams: '{}' is no name", parameter.name));
        parameters.emplace_back(parameter.name, parameter.value);
    }
    MadeConnector made;
    made.title = fmt::format("{}({})", filter.name, words->front());
    if (filter.type == IntegratedFilter::Type::managed_command) {
        ManagedConnector::Options kept;
        kept.words = std::move(*words);
        kept.parameters = std::move(parameters);
        if (filter.request_timeout.count() != 0) kept.whole = filter.request_timeout;
        kept.processes = filter.max_processes;
        kept.log = log;
        made.connector = std::make_unique<ManagedConnector>(std::move(kept));
        return made;
    }
    ExternalConnector::Options options;
    options.parameters = std::move(parameters);
    options.words = std::move(*words);
    if (filter.request_timeout.count() != 0) options.whole = filter.request_timeout;
    options.processes = filter.max_processes;
    options.log = log;
    made.connector = std::make_unique<ExternalConnector>(std::move(options));
    return made;
}

}  // namespace postrider::filter
