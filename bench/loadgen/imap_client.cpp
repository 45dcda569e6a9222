#include "imap_client.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

namespace postrider::bench {

namespace {

/// The size announced by "{n}" at the end of a line; 0 if there is none.
std::size_t announced_literal(std::string_view line) {
    if (!line.ends_with('}')) return 0;
    auto open = line.rfind('{');
    if (open == std::string_view::npos) return 0;
    std::size_t size = 0;
    std::from_chars(line.data() + open + 1, line.data() + line.size() - 1, size);
    return size;
}

}  // namespace

ImapOptions ImapOptions::from(const Options& options) {
    ImapOptions result;
    result.tls = options.flag("tls");
    result.port = options.port(result.tls ? "imaps-port" : "imap-port");
    result.password = options.text("password");
    result.domain = options.text("domain", "example.org");
    result.first_user = static_cast<std::uint32_t>(options.number("first-user", 0));
    result.users = static_cast<std::uint32_t>(options.number("users", 1000));
    return result;
}

std::string ImapOptions::address(std::uint32_t user) const {
    return fmt::format("user{}@{}", first_user + user % users, domain);
}

std::string ImapOptions::quoted_password() const {
    std::string result = "\"";
    for (char c : password) {
        if (c == '"' || c == '\\') result += '\\';
        result += c;
    }
    return result + '"';
}

void ImapClient::start() {
    state_ = State::greeting;
    literal_left_ = 0;
    open(options_.port, options_.tls);
}

void ImapClient::command(std::string_view words) {
    send(fmt::format("a{} {}\r\n", ++tags_, words));
}

std::size_t ImapClient::on_data(std::string_view input) {
    auto size = input.size();
    while (!input.empty()) {
        if (literal_left_ > 0) {
            auto skip = std::min(literal_left_, input.size());
            input.remove_prefix(skip);
            literal_left_ -= skip;
            continue;
        }
        auto line = take_line(input);
        if (!line) break;
        literal_left_ = announced_literal(*line);
        if (line->starts_with("* ")) {
            if (state_ == State::greeting) {
                state_ = State::login;
                command(fmt::format("LOGIN {} {}", options_.address(user_), options_.quoted_password()));
            } else if (state_ == State::ready) {
                on_untagged(*line);
            }
        } else if (line->starts_with("+")) {
            on_continuation(*line);
        } else if (line->starts_with("a")) {
            auto space = line->find(' ');
            bool ok = space != std::string_view::npos && line->substr(space + 1).starts_with("OK");
            if (state_ == State::login && ok) {
                state_ = State::ready;
                on_login();
            } else {
                on_tagged(ok, *line);
            }
        }
        if (!is_open() || state_ == State::greeting) break;  // closed, or opened anew
    }
    return size - input.size();
}

}  // namespace postrider::bench
