#pragma once

#include <cstdint>
#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "app/server.h"

/// A server to try out and to test against: the domain example.org, some accounts with one generated
/// password, a certificate of its own, every service on ports above a base.
namespace postrider::app {

struct DemoOptions {
    std::filesystem::path directory = "data";
    std::uint16_t port_base = 10000;  ///< 0: any free ports
    unsigned users = 0;               ///< user0, user1, ... besides alice, bob and carol
    std::string address = "127.0.0.1";
};

struct DemoAccount {
    std::string address, password;
};

class Demo {
public:
    /// Makes the domain and the accounts at the first start, and what is missing of them later.
    static std::expected<Demo, std::string> open(const DemoOptions& options);

    Server& server() { return *server_; }
    const std::vector<DemoAccount>& accounts() const { return accounts_; }
    const std::string& admin_password() const { return password_; }

    std::string json() const;  ///< one line, for programs
    std::string text() const;  ///< what to open and how to log in, for people

private:
    std::expected<void, std::string> populate(unsigned users);

    std::unique_ptr<Server> server_;
    std::vector<DemoAccount> accounts_;
    std::string password_;
};

}  // namespace postrider::app
