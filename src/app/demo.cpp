#include "app/demo.h"

#include <fmt/core.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "base/make_directory.h"
#include "net/tls.h"
#include "settings/writer.h"

namespace postrider::app {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view domain_name = "example.org";
constexpr std::string_view certificate = "run/demo_cert.pem";
constexpr std::size_t accounts_at_once = 1000;

/// The demo's limits are those of a busy server: one machine plays all clients.
settings::ListenerSettings listener(const DemoOptions& options, std::uint16_t port, bool tls) {
    settings::ListenerSettings l;
    l.address = fmt::format("{}:{}", options.address, options.port_base == 0 ? 0 : options.port_base + port);
    l.ssl_enable = tls;
    l.ssl.cert_file = certificate;
    l.limits = {2048 * 8, 0, std::chrono::seconds{60}, 2048 * 8, 0, std::chrono::seconds{60}};
    return l;
}

Settings demo_settings(const DemoOptions& options) {
    Settings s;
    s.server.server_name = fmt::format("mail.{}", domain_name);
    s.server.primary_domain = domain_name;
    s.server.log.path = "log";
    auto add = [&](std::uint16_t port, bool tls, smtp::Protocol protocol) {
        s.smtp.listeners.push_back({listener(options, port, tls), protocol});
    };
    add(25, false, smtp::Protocol::smtp);
    add(587, false, smtp::Protocol::submission);
    add(465, true, smtp::Protocol::submission);
    add(24, false, smtp::Protocol::lmtp);
    // On loopback nobody listens in, and people try things with telnet.
    s.smtp.plain_auth = auth::every_mechanism;
    s.imap.listeners.clear();
    for (auto [port, tls] : {std::pair{143, false}, {993, true}}) {
        auto l = listener(options, static_cast<std::uint16_t>(port), tls);
        l.idle_timeout = std::chrono::seconds{1800};
        s.imap.listeners.push_back(std::move(l));
    }
    s.imap.login.plain_allow_login = true;
    for (auto [port, tls] : {std::pair{110, false}, {995, true}})
        s.pop3.listeners.push_back(listener(options, static_cast<std::uint16_t>(port), tls));
    s.pop3.login.plain_allow_login = true;
    s.manage_sieve.listeners = {listener(options, 4190, false)};
    s.manage_sieve.login.plain_allow_login = true;
    s.cli.listeners = {listener(options, 7000, false)};
    return s;
}

/// Generated at the first start, kept in a file that only the owner can read, so that it can be shown again.
std::expected<std::string, std::string> demo_password(const fs::path& directory) {
    fs::path file = directory / "run" / "demo_password";
    std::string password;
    if (std::ifstream in{file}; in >> password) return password;
    password = auth::Authenticator::random_password();
    std::ofstream{file};  // empty, so that nobody else can read it at any time; saving keeps its mode
    std::error_code error;
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write, error);
    if (error) return std::unexpected(file.string() + " cannot be written");
    // Synced: the accounts' passwords are, and this is the only place where theirs can be read.
    if (auto saved = settings::save_file(file.string(), password + "\n"); !saved)
        return std::unexpected(saved.error());
    return password;
}

template <class T>
std::expected<T, std::string> or_text(directory::Result<T> result) {
    if (!result) return std::unexpected(result.error().what);
    if constexpr (std::is_void_v<T>)
        return {};
    else
        return std::move(*result);
}

}  // namespace

std::expected<Demo, std::string> Demo::open(const DemoOptions& options) {
    if (auto made = make_directory(options.directory / "run"); !made)
        return std::unexpected(fmt::format("The directory {} cannot be made: {}", options.directory.string(),
                                           made.error().message()));
    auto password = demo_password(options.directory);
    if (!password) return std::unexpected(password.error());
    if (!fs::exists(options.directory / certificate)) {
        auto made = net::write_self_signed_certificate((options.directory / certificate).string(),
                                                       {"mail.example.org", "localhost", "127.0.0.1", "::1"});
        if (!made) return std::unexpected(made.error());
    }
    ServerOptions server;
    server.directory = options.directory;
    server.config_file = (options.directory / "run" / "postrider.cfg").string();
    server.settings = demo_settings(options);
    // So that `postrider config show` and the other commands see what runs here.
    auto saved = settings::save_file(server.config_file, settings::write(settings_table(), server.settings));
    if (!saved) return std::unexpected(saved.error());

    Demo demo;
    demo.password_ = std::move(*password);
    auto opened = Server::open(std::move(server));
    if (!opened) return std::unexpected(opened.error());
    demo.server_ = std::move(*opened);
    if (auto ok = demo.populate(options.users); !ok) return std::unexpected(ok.error());
    return demo;
}

std::expected<void, std::string> Demo::populate(unsigned users) {
    directory::Directory& directory = server_->directory();
    auth::Authenticator& authenticator = server_->authenticator();
    auto credentials = or_text(authenticator.make_credentials(password_));
    if (!credentials) return std::unexpected(credentials.error());

    if (!directory.domain(domain_name)) {
        directory::NewDomain domain;
        domain.name = domain_name;
        domain.postmaster_credentials = *credentials;
        if (auto made = directory.create_domain(domain); !made) return std::unexpected(made.error().what);
    }
    DomainId id = directory.domain(domain_name)->id;
    directory.set_primary_domain(domain_name);
    if (auto set = or_text(authenticator.set_admin_password("admin", password_)); !set) return set;

    std::vector<std::string> names{"alice", "bob", "carol"};
    for (unsigned i = 0; i < users; ++i) names.push_back(fmt::format("user{}", i));
    std::vector<directory::NewAccount> missing;
    for (const std::string& name : names) {
        std::string address = fmt::format("{}@{}", name, domain_name);
        accounts_.push_back({address, password_});
        if (!directory.account(*mime::parse_addr_spec(address)))
            missing.push_back({name, *credentials, name, ""});
    }
    for (std::size_t at = 0; at < missing.size(); at += accounts_at_once) {
        std::span some{missing.begin() + static_cast<std::ptrdiff_t>(at),
                       std::min(accounts_at_once, missing.size() - at)};
        if (auto made = directory.create_accounts(id, some); !made) return std::unexpected(made.error().what);
    }
    return {};
}

std::string Demo::json() const {
    nlohmann::json out;
    out["ports"] = server_->ports();
    out["accounts"] = nlohmann::json::array();
    for (const DemoAccount& account : accounts_)
        out["accounts"].push_back({{"address", account.address}, {"password", account.password}});
    out["admin"] = {{"user", "admin"}, {"password", password_}};
    return out.dump();
}

std::string Demo::text() const {
    const auto& ports = server_->ports();
    std::string out = fmt::format(
        "Postrider {} is running. Data: {}\n\nLog in as {} (there are {} accounts), password {}\n\n",
        POSTRIDER_VERSION, server_->directory_path().string(), accounts_.front().address, accounts_.size(),
        password_);
    for (const auto& [service, port] : ports) out += fmt::format("  {:<12} 127.0.0.1:{}\n", service, port);
    out += fmt::format(
        "\nTry it:\n"
        "  swaks --server 127.0.0.1:{} --to alice@example.org --from you@example.net\n"
        "  curl -u 'alice@example.org:{}' 'imap://127.0.0.1:{}/INBOX;MAILINDEX=1'\n"
        "  nc -C 127.0.0.1 {}    # administration: USER admin, password {}\n"
        "\nCtrl-C stops the server; the data stay.\n",
        ports.at("smtp"), password_, ports.at("imap"), ports.at("cli"), password_);
    return out;
}

}  // namespace postrider::app
