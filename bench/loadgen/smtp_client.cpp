#include "smtp_client.h"

#include <fmt/core.h>

#include <cctype>

namespace postrider::bench {

SmtpOptions SmtpOptions::from(const Options& options) {
    SmtpOptions result;
    result.lmtp = options.flag("lmtp");
    result.port = options.port(result.lmtp ? "lmtp-port" : "smtp-port");
    result.pipelining = options.number("pipelining", 1) != 0;
    result.domain = options.text("domain", "example.org");
    result.first_user = static_cast<std::uint32_t>(options.number("first-user", 0));
    result.users = static_cast<std::uint32_t>(options.number("users", 1000));
    return result;
}

std::string SmtpOptions::address(std::uint32_t user) const {
    return fmt::format("user{}@{}", first_user + user % users, domain);
}

void SmtpClient::start() {
    state_ = State::banner;
    opened_ = loop().now();
    on_connection_ = 0;
    open(options_.port, false);
}

void SmtpClient::kick() {
    if (state_ == State::waiting) next();
}

std::size_t SmtpClient::on_data(std::string_view input) {
    auto size = input.size();
    while (auto line = take_line(input)) {
        if (line->size() < 3 || (line->size() > 3 && (*line)[3] == '-')) {
            // Keywords stand in the continuation lines of EHLO's reply; PIPELINING is the one we look for.
            if (state_ == State::ehlo && line->substr(4) == "PIPELINING") server_pipelines_ = true;
            continue;
        }
        if (state_ == State::ehlo && line->size() > 4 && line->substr(4) == "PIPELINING")
            server_pipelines_ = true;
        reply(*line);
        if (!is_open()) break;
        if (state_ == State::banner) break;  // reopened: what is left belongs to the old connection
    }
    return size - input.size();
}

void SmtpClient::on_lost(std::string_view why) {
    auto before = state_;
    state_ = State::closed;
    if (before != State::quit) driver_.failed(fmt::format("SMTP connection lost: {}", why));
    if (driver_.reopen()) start();
}

void SmtpClient::unexpected(std::string_view line) {
    driver_.failed(fmt::format("SMTP: {}", line));
    state_ = State::closed;
    close();
    if (driver_.reopen()) start();
}

void SmtpClient::reply(std::string_view line) {
    char kind = line[0];
    switch (state_) {
        case State::closed:
        case State::waiting: return unexpected(line);
        case State::banner:
            if (kind != '2') return unexpected(line);
            server_pipelines_ = false;
            state_ = State::ehlo;
            return send(options_.lmtp ? "LHLO client.example.net\r\n" : "EHLO client.example.net\r\n");
        case State::ehlo:
            if (kind != '2') return unexpected(line);
            return next();
        case State::mail:
            if (kind != '2') return unexpected(line);
            sent_rcpts_ = 0;
            state_ = State::rcpt;
            if (!(server_pipelines_ && options_.pipelining)) send_rcpt(sent_rcpts_++);
            return;
        case State::rcpt:
            if (kind != '2') return unexpected(line);
            if (--replies_left_ == 0) {
                state_ = State::data;
                if (!(server_pipelines_ && options_.pipelining)) send("DATA\r\n");
            } else if (!(server_pipelines_ && options_.pipelining)) {
                send_rcpt(sent_rcpts_++);
            }
            return;
        case State::data:
            if (kind != '3') return unexpected(line);
            return send_content();
        case State::content:
            // LMTP answers once for each recipient (RFC 2033 §4.2).
            if (kind == '2')
                delivered_ += options_.lmtp ? 1 : mail_.recipients;
            else
                driver_.failed(fmt::format("{}: {}", options_.lmtp ? "LMTP" : "SMTP", line));
            if (--replies_left_ > 0) return;
            driver_.accepted(mail_, delivered_);
            return next();
        case State::quit:
            state_ = State::closed;
            close();
            if (driver_.reopen()) start();
            return;
    }
}

void SmtpClient::send_rcpt(std::uint32_t index) {
    send(fmt::format("RCPT TO:<{}>\r\n", options_.address(mail_.first_user + index)));
}

void SmtpClient::next() {
    switch (driver_.next_mail(mail_, on_connection_)) {
        case Next::wait: state_ = State::waiting; return;
        case Next::quit: state_ = State::quit; return send("QUIT\r\n");
        case Next::mail: break;
    }
    mail_.begun = on_connection_++ == 0 ? opened_ : loop().now();
    state_ = State::mail;
    replies_left_ = mail_.recipients;
    delivered_ = 0;
    command_.clear();
    fmt::format_to(std::back_inserter(command_), "MAIL FROM:<sender{}@example.net>\r\n", mail_.number % 1000);
    if (server_pipelines_ && options_.pipelining) {
        for (std::uint32_t i = 0; i < mail_.recipients; ++i)
            fmt::format_to(std::back_inserter(command_), "RCPT TO:<user{}@{}>\r\n",
                           options_.first_user + (mail_.first_user + i) % options_.users, options_.domain);
        command_ += "DATA\r\n";
    }
    send(command_);
}

void SmtpClient::send_content() {
    driver_.render(mail_);
    state_ = State::content;
    replies_left_ = options_.lmtp ? mail_.recipients : 1;
    send(mail_.header, mail_.body);
}

}  // namespace postrider::bench
