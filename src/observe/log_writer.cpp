#include "observe/log_writer.h"

#include <fmt/format.h>

namespace postrider::observe {

namespace {

constexpr auto repeat_patience = 10s;  // a count is not held back longer than this

/// security.txt has the limits of a default rule.
FileLimits security_limits() {
    return FileLimits::of(LogRule{});
}

}  // namespace

LogWriter::LogWriter(Metrics& metrics, std::string syslog_path)
    : lines_{metrics.counter("log.lines", "Log lines that were stored or sent.")},
      failed_{metrics.counter("log.failed", "Log lines that a disk, syslog or network refused.")},
      syslog_{std::move(syslog_path)} {}

void LogWriter::use(std::shared_ptr<const Plan> plan, std::unordered_map<const Producer*, Route> routes) {
    if (directory_ != plan->options().directory) {
        files_.clear();
        directory_ = plan->options().directory;
    }
    plan_ = std::move(plan);
    routes_ = std::move(routes);
}

void LogWriter::write(const LogEvent& event) {
    if (event.security) {
        rest_.clear();
        append_rest(rest_, event.level, plan_->options().host, "SECURITY", event.id, event.text);
        to_file("security.txt", security_limits(), event.time, event.time, rest_, rest_.size());
        return;
    }
    if (event.remote) {
        Route route = plan_->remote_route(event.remote->host, event.remote->module);
        deliver(route, event, event.remote->host, event.remote->module);
    } else if (auto found = routes_.find(event.from); found != routes_.end()) {
        deliver(found->second, event, plan_->options().host, event.from->module);
    }
}

void LogWriter::deliver(const Route& route, const LogEvent& event, std::string_view host,
                        std::string_view module) {
    if (route.type == LogType::system) {
        (syslog_.send(event.time, event.level, module, event.id, event.text) ? lines_ : failed_).add();
        return;
    }
    if (route.rule != nullptr && !has(static_cast<LevelMask>(route.rule->levels), event.level)) return;
    Time date = event.remote ? event.remote->date.value_or(event.time) : event.time;
    rest_.clear();
    append_rest(rest_, event.level, host, module, event.id, event.text);
    if (route.endpoint) {
        // A line is not sent back to where it came from, else two servers would play ball with it.
        if (!event.remote || event.remote->sender != route.endpoint->ip()) {
            to_endpoint(*route.endpoint, date, rest_);
        }
    } else if (route.rule != nullptr && route.rule->destination == Destination::local) {
        std::size_t prefix = 3 + host.size() + 1 + module.size() + 11;  // "08 host MODULE:XXXXXXXX: "
        to_file(route.rule->file, FileLimits::of(*route.rule), event.time, date, rest_, prefix);
    }
}

void LogWriter::say(Time now, Level level, std::string_view text) {
    LogEvent event;
    event.time = now;
    event.level = level;
    event.text = text;
    deliver(plan_->remote_route(plan_->options().host, "LOG"), event, plan_->options().host, "LOG");
}

void LogWriter::to_file(const std::string& name, const FileLimits& limits, Time now, Time date,
                        std::string_view rest, std::size_t prefix) {
    auto [at, fresh] = files_.try_emplace(name, directory_, name);
    OpenFile& open = at->second;
    open.limits = limits;
    bool repeated =
        plan_->options().deduplicate && !fresh && open.last == rest && now - open.last_time < repeat_patience;
    if (repeated) {
        ++open.repeats;
        return;
    }
    end_repeats(open, now);
    line_.assign(date_(date));
    line_ += ' ';
    line_ += rest;
    open.file.append(line_, now, limits);
    lines_.add();
    open.last = rest;
    open.last_prefix = std::min(prefix, rest.size());
    open.last_time = now;
}

void LogWriter::end_repeats(OpenFile& open, Time now) {
    if (open.repeats == 0) return;
    line_.assign(date_(now));
    line_ += ' ';
    line_ += std::string_view{open.last}.substr(0, open.last_prefix);
    line_ += fmt::format("{}the line before repeated {} times",
                         open.last_prefix == open.last.size() ? " " : "", open.repeats);
    open.file.append(line_, now, open.limits);
    open.repeats = 0;
}

void LogWriter::to_endpoint(const Endpoint& endpoint, Time time, std::string_view rest) {
    UdpSocket& socket = endpoint.address.ss_family == AF_INET6 ? v6_ : v4_;
    if (!socket.is_open()) socket = UdpSocket{endpoint.address.ss_family};
    line_.assign(date_(time));
    line_ += ' ';
    line_ += rest;
    line_ += '\n';
    (socket.send(endpoint, line_) ? lines_ : failed_).add();
}

void LogWriter::flush(Time now) {
    for (auto& [name, open] : files_) {
        if (now - open.last_time >= repeat_patience) end_repeats(open, now);
        open.file.flush(now);
        failed_.add(open.file.lost() - open.lost_seen);
        open.lost_seen = open.file.lost();
    }
}

void LogWriter::finish(Time now) {
    for (auto& [name, open] : files_) end_repeats(open, now);
    flush(now);
}

}  // namespace postrider::observe
