#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth/auth.h"
#include "directory/test_directory.h"

namespace {

using namespace postrider;
using namespace postrider::auth;

struct Server {
    directory::TestDirectory t;
    observe::Metrics metrics;
    Authenticator auth{*t.directory, t.clock, metrics, [] {
                           AuthOptions options;
                           options.secret_key = std::string(32, 'k');
                           options.account_failures = options.ip_failures = 0;  // no end of tries
                           options.argon2_waiting = 0;
                           return options;
                       }()};
};

}  // namespace

/// First octet: mechanism and whether there is TLS; then the client's messages, divided by 0xff. Nobody knows
/// the password (there is none), so nothing may ever pass, and every exchange must end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static Server server;
    if (size == 0) return 0;
    auto mechanism = static_cast<Mechanism>(data[0] % mechanism_count);
    // Each PLAIN and LOGIN costs an argon2: they are two memchr(), and auth_test has them.
    if (mechanism == Mechanism::plain || mechanism == Mechanism::login) return 0;
    Context context;
    context.peer_ip = "192.0.2.1";
    if ((data[0] & 0x80) != 0) {
        context.secure = true;
        context.binding.exporter = std::string(32, 'e');
        context.binding.server_endpoint = std::string(32, 'c');
    }
    std::string_view rest{reinterpret_cast<const char*>(data) + 1, size - 1};
    auto session = server.auth.start(context, mechanism);
    auto take = [&] {
        auto end = rest.find('\xff');
        std::string_view message = rest.substr(0, end);
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        return message;
    };
    auto step = (data[0] & 0x40) != 0 ? session->begin(std::nullopt) : session->begin(take());
    int steps = 0;
    while (step.kind == SaslSession::Step::challenge) {
        if (++steps > 10) std::abort();
        step = session->step(take());
    }
    if (step.kind == SaslSession::Step::done || step.outcome.ok() || step.outcome.account) std::abort();
    return 0;
}
