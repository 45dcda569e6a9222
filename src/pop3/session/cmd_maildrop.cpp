#include <fmt/format.h>

#include <charconv>

#include "pop3/session/session.h"

/// The TRANSACTION state (RFC 1939 §5, §7) and the end of it (§6).
namespace postrider::pop3 {
namespace {

std::optional<std::uint64_t> number(std::string_view digits) {
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (digits.empty() || error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    return value;
}

}  // namespace

Maildrop::Message* Session::message(std::string_view digits) {
    auto at = number(digits);
    if (!at) {
        fault("A message number is needed");
        return nullptr;
    }
    auto& all = drop_->messages();
    if (*at == 0 || *at > all.size() || all[*at - 1].deleted) {
        error("No such message");
        return nullptr;
    }
    return &all[*at - 1];
}

net::Task<> Session::stat(std::string_view) {
    ok(fmt::format("{} {}", drop_->count(), drop_->octets()));
    co_return;
}

net::Task<> Session::list(std::string_view arguments) {
    const auto& all = drop_->messages();
    if (!arguments.empty()) {
        if (auto* one = message(arguments)) ok(fmt::format("{} {}", one - all.data() + 1, one->size));
        co_return;
    }
    ok(fmt::format("{} messages ({} octets)", drop_->count(), drop_->octets()));
    std::string lines;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (!all[i].deleted) fmt::format_to(std::back_inserter(lines), "{} {}\r\n", i + 1, all[i].size);
    lines += ".\r\n";
    peer_.send(lines);
}

net::Task<> Session::uidl(std::string_view arguments) {
    const auto& all = drop_->messages();
    if (!arguments.empty()) {
        if (auto* one = message(arguments))
            ok(fmt::format("{} {}", one - all.data() + 1, drop_->unique_id(*one)));
        co_return;
    }
    ok("");
    std::string lines;
    for (std::size_t i = 0; i < all.size(); ++i)
        if (!all[i].deleted)
            fmt::format_to(std::back_inserter(lines), "{} {}\r\n", i + 1, drop_->unique_id(all[i]));
    lines += ".\r\n";
    peer_.send(lines);
}

net::Task<> Session::retr(std::string_view arguments) {
    auto* one = message(arguments);
    if (!one) co_return;
    auto read = [this, one]() -> mailstore::Result<std::string> {
        auto text = drop_->text(*one);
        if (!text) return text;
        return multiline(*text);
    };
    mailstore::Result<std::string> lines = co_await s_.workers.run(std::move(read));
    if (!lines) {
        storage_error(lines.error());
        co_return;
    }
    one->retrieved = true;
    s_.retrieved.add();
    ok(fmt::format("{} octets", one->size));
    peer_.send(*lines);
    co_await peer_.flush_if_large();
}

net::Task<> Session::top(std::string_view arguments) {
    auto space = arguments.find(' ');
    auto lines = space == std::string_view::npos ? std::nullopt : number(arguments.substr(space + 1));
    if (!lines) {
        fault("TOP needs a message number and a number of lines");
        co_return;
    }
    auto* one = message(arguments.substr(0, space));
    if (!one) co_return;
    auto read = [this, one, count = *lines]() -> mailstore::Result<std::string> {
        auto text = drop_->top(*one, count);
        if (!text) return text;
        return multiline(std::string_view{*text}.substr(0, cut_top(*text, count).size));
    };
    mailstore::Result<std::string> text = co_await s_.workers.run(std::move(read));
    if (!text) {
        storage_error(text.error());
        co_return;
    }
    ok("");
    peer_.send(*text);
    co_await peer_.flush_if_large();
}

net::Task<> Session::dele(std::string_view arguments) {
    if (auto* one = message(arguments)) {
        one->deleted = true;
        ok("Marked to be deleted");
    }
    co_return;
}

net::Task<> Session::rset(std::string_view) {
    for (auto& one : drop_->messages()) one.deleted = false;
    ok(fmt::format("{} messages ({} octets)", drop_->count(), drop_->octets()));
    co_return;
}

net::Task<> Session::noop(std::string_view) {
    ok("");
    co_return;
}

net::Task<> Session::quit(std::string_view) {
    done_ = true;
    if (!drop_) {
        ok("have a nice day");
        co_return;
    }
    auto update = [this] { return drop_->remove_deleted(); };
    mailstore::Result<> removed = co_await s_.workers.run(std::move(update));
    co_await finish();
    drop_.reset();
    lease_.reset();  // a client that has heard the answer may come back at once
    if (removed) {
        ok("have a nice day");
    } else {
        s_.log.error(id_, "Messages could not be deleted: {}", removed.error().what);
        error("[SYS/TEMP] Some messages could not be deleted");  // RFC 1939 §6
    }
}

}  // namespace postrider::pop3
