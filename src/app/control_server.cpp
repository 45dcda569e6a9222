#include "app/control_server.h"

namespace postrider::app {
namespace {

constexpr std::chrono::milliseconds request_wait{30'000};

std::string refusal(std::string what) {
    return admin::answer_line(std::unexpected(admin::Error{admin::Error::Kind::usage, std::move(what)}));
}

/// What the operation was about, for the log: its required arguments but secrets.
std::string subject(const admin::Operation& operation, const admin::Json& arguments) {
    std::string out;
    for (const admin::Argument& one : operation.arguments) {
        if (!one.required || one.type == admin::Type::secret || !arguments.contains(one.name)) continue;
        out.append(" ").append(admin::to_text(arguments[std::string{one.name}]).substr(0, 300));
    }
    return out;
}

}  // namespace

std::expected<std::unique_ptr<ControlServer>, std::string> ControlServer::open(
    const std::filesystem::path& path, admin::Context& context, observe::Logger log) {
    std::unique_ptr<ControlServer> made{new ControlServer{context, log}};
    LocalServer::Options options;
    options.path = path;
    options.busy = refusal("Too many administration commands at once; try again");
    auto server = LocalServer::open(std::move(options), [self = made.get()](int fd) { self->serve(fd); });
    if (!server) return std::unexpected(server.error());
    made->server_ = std::move(*server);
    return made;
}

void ControlServer::stop() {
    if (!server_ || quit_.exchange(true)) return;
    context_.store.stop_compacting();
    server_->stop();
}

void ControlServer::serve(int fd) {
    LineReader lines{fd, admin::max_request_bytes};
    while (true) {
        auto line = lines.next(request_wait);
        if (!line) {
            if (line.error() == LineReader::End::too_long)
                send_all(fd, refusal("The request is longer than 1 MB"));
            break;
        }
        if (!send_all(fd, answer(fd, *line))) break;
    }
}

std::string ControlServer::answer(int fd, const std::string& line) {
    auto request = admin::parse_request(line);
    if (!request) return admin::answer_line(std::unexpected(request.error()));
    int last = -1;
    std::string last_what;
    auto progress = [&](std::string_view what, int percent) {
        if (quit_.load(std::memory_order_relaxed)) throw admin::Cancelled{};
        if (percent == last && what == last_what) return;
        last = percent;
        last_what = what;
        // Who has gone does not stop what it began.
        send_all(fd, admin::progress_line({last_what, percent}));
    };
    admin::Result result;
    try {
        result = admin::run(context_, request->operation, request->arguments, progress);
    } catch (const admin::Cancelled&) {
        result = std::unexpected(admin::Error{
            admin::Error::Kind::not_running,
            "The server is stopping, so the work was given up; nothing is half done, begin it again later"});
    } catch (const std::exception& fault) {
        // Mostly no memory; the server goes on.
        result = std::unexpected(
            admin::Error{admin::Error::Kind::storage, std::string{"The operation failed: "} + fault.what()});
    }
    const admin::Operation* operation = admin::find_operation(request->operation);
    if (operation && operation->changes)
        log_.info({}, "Administration: {}{}{}{}", operation->name, subject(*operation, request->arguments),
                  result ? "" : ": failed: ", result ? "" : result.error().what);
    return admin::answer_line(result);
}

}  // namespace postrider::app
