#pragma once

#include <mutex>

#include "base/test_eventually.h"
#include "filter/milter/wire/request.h"
#include "filter/milter/wire/response.h"
#include "filter/scan/test_scanner.h"

namespace postrider::filter::milter {

/// A milter that answers each request as a test says, and keeps a line about everything it was shown.
class ScriptedMilter {
public:
    using Answers = std::vector<Response>;
    using Handler = std::function<Answers(const Request&)>;
    explicit ScriptedMilter(Handler handler, Options wants = {})
        : handler_{std::move(handler)}, wants_{wants}, server_{[this](ScannerEnd& end, int) {
              serve(end);
          }} {}

    std::atomic<bool> deaf_after_quit_nc = false;  ///< as libmilter is
    std::string url() const { return server_.url(); }
    int connections() const { return server_.connections(); }
    std::vector<std::string> heard() const {
        std::lock_guard lock{mutex_};
        return heard_;
    }
    bool heard(std::string_view line) const {
        for (const std::string& one : heard())
            if (one == line) return true;
        return false;
    }
    /// What is not answered comes when it comes.
    bool hears(std::string_view line) const {
        return eventually([&] { return heard(line); });
    }

    static Response say(Answer answer, std::string name = {}, std::string value = {},
                        std::uint32_t index = 0) {
        Response response;
        response.answer = answer;
        response.name = std::move(name);
        response.value = std::move(value);
        response.index = index;
        return response;
    }

private:
    static std::string describe(const Request& request) {
        std::string line{static_cast<char>(request.command)};
        if (request.command == Command::connect)
            return line + " " + request.client.name + " " + request.client.ip;
        if (request.command == Command::macro) {
            line += static_cast<char>(request.before);
            for (const auto& [name, value] : request.macros) line += " " + name + "=" + value;
            return line;
        }
        if (!request.name.empty()) line += " " + request.name;
        if (request.command == Command::header) line += ":" + request.value;
        for (const std::string& one : request.parameters) line += " " + one;
        if (!request.body.empty()) line += " " + std::string{request.body};
        return line;
    }

    bool silent(Command command) const {
        switch (command) {
            case Command::connect: return (wants_.steps & silent_connect) != 0;
            case Command::helo: return (wants_.steps & silent_helo) != 0;
            case Command::mail: return (wants_.steps & silent_mail) != 0;
            case Command::rcpt: return (wants_.steps & silent_rcpt) != 0;
            case Command::data: return (wants_.steps & silent_data) != 0;
            case Command::header: return (wants_.steps & silent_header) != 0;
            case Command::eoh: return (wants_.steps & silent_eoh) != 0;
            case Command::body: return (wants_.steps & silent_body) != 0;
            case Command::macro:
            case Command::abort:
            case Command::quit:
            case Command::quit_nc: return true;
            default: return false;
        }
    }

    void serve(ScannerEnd& end) {
        for (;;) {
            const std::string length = end.hear(4);
            if (length.size() < 4) return;
            std::size_t size = 0;
            for (unsigned char c : length) size = size << 8 | c;
            const std::string octets = end.hear(size);
            const auto request = parse_request({octets.at(0), std::string_view{octets}.substr(1)});
            std::unique_lock lock{mutex_};
            heard_.push_back(request ? describe(*request) : "nonsense");
            lock.unlock();
            if (!request || request->command == Command::quit) return;
            if (request->command == Command::quit_nc && deaf_after_quit_nc) {
                end.hear_all();
                return;
            }
            if (request->command == Command::options) {
                Response options = say(Answer::options);
                options.options = wants_;
                end.say(pack_response(options));
                continue;
            }
            const Answers answers = handler_(*request);
            if (silent(request->command)) continue;
            if (answers.empty()) end.say(pack_response(say(Answer::go_on)));
            for (const Response& one : answers) end.say(pack_response(one));
        }
    }

    Handler handler_;
    Options wants_;
    mutable std::mutex mutex_;
    std::vector<std::string> heard_;
    ScriptedScanner server_;
};

}  // namespace postrider::filter::milter
