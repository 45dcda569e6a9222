#include "app/service_board.h"

#include <fmt/core.h>

#include <algorithm>
#include <ranges>
#include <thread>

#include "settings/compare.h"
#include "settings/reader.h"
#include "settings/writer.h"

namespace postrider::app {

std::string_view name_of(settings::Service service) {
    const settings::Table table = settings::server_table();
    for (std::size_t i = 0; i < table.count; ++i) {
        const settings::Row row = table[i];
        if (row.name != "services") continue;
        for (const settings::Choice& one : row.field.choices)
            if (one.in_this_build && one.value == static_cast<std::int64_t>(service)) return one.word;
    }
    return {};
}

void ServiceBoard::add(std::unique_ptr<Service> service) {
    places_.push_back({std::move(service), false});
}

std::expected<void, std::string> ServiceBoard::prepare() {
    for (Place& place : places_) {
        if (!settings_.server.services.has(place.service->id())) continue;
        if (auto ok = place.service->prepare(settings_); !ok) {
            for (Place& other : places_)
                if (std::exchange(other.running, false)) other.service->stop(Addresses::given_up);
            return ok;
        }
        place.running = true;
    }
    return {};
}

void ServiceBoard::start() {
    std::lock_guard lock{changing_};
    started_ = true;
    for (Place& place : places_)
        if (place.running) place.service->start();
    remember();
}

void ServiceBoard::remember() {
    if (good_file_.empty()) return;
    auto saved = settings::save_file(good_file_, settings::write(settings_table(), settings_));
    if (!saved) log_.warning({}, "{}", saved.error());
}

void ServiceBoard::stop() {
    std::lock_guard lock{changing_};
    started_ = false;
    // Who takes connections all at once: their clients have the same time to end.
    std::vector<std::jthread> ending;
    for (Place& place : places_ | std::views::reverse) {
        if (!std::exchange(place.running, false)) continue;
        if (place.service->id() == settings::Service::processing) {
            ending.clear();  // sessions first: what they still accept is worked on
            place.service->stop(Addresses::kept);
        } else {
            ending.emplace_back([&place] { place.service->stop(Addresses::kept); });
        }
    }
}

Ports ServiceBoard::ports() const {
    Ports ports;
    for (const Place& place : places_) place.service->add_ports(ports);
    return ports;
}

std::vector<admin::ServiceState> ServiceBoard::services() const {
    std::lock_guard lock{changing_};
    std::vector<admin::ServiceState> all;
    for (const Place& place : places_)
        all.push_back({name_of(place.service->id()), place.running,
                       settings_.server.services.has(place.service->id()), place.service->sessions()});
    return all;
}

ServiceBoard::Place* ServiceBoard::find(std::string_view name) {
    auto at = std::ranges::find_if(
        places_, [&](const Place& place) { return settings::same_name(name_of(place.service->id()), name); });
    return at == places_.end() ? nullptr : &*at;
}

std::expected<void, std::string> ServiceBoard::start(Place& place) {
    if (place.running) return {};
    if (auto ok = place.service->prepare(settings_); !ok) {
        log_.error({}, "Service {} cannot be started: {}", name_of(place.service->id()), ok.error());
        return ok;
    }
    place.running = true;
    place.service->start();
    log_.info({}, "Service {} is running", name_of(place.service->id()));
    return {};
}

void ServiceBoard::stop(Place& place) {
    if (!std::exchange(place.running, false)) return;
    place.service->stop(Addresses::given_up);
    log_.info({}, "Service {} has stopped", name_of(place.service->id()));
}

std::expected<void, std::string> ServiceBoard::start_service(std::string_view name) {
    std::lock_guard lock{changing_};
    Place* place = find(name);
    if (!place) return std::unexpected(fmt::format("There is no service '{}'", name));
    if (!started_) return std::unexpected("The server is stopping");
    return start(*place);
}

std::expected<void, std::string> ServiceBoard::stop_service(std::string_view name) {
    std::lock_guard lock{changing_};
    Place* place = find(name);
    if (!place) return std::unexpected(fmt::format("There is no service '{}'", name));
    stop(*place);
    return {};
}

std::shared_ptr<void> ServiceBoard::settings() const {
    std::lock_guard lock{mutex_};
    return std::make_shared<Settings>(settings_);
}

std::expected<admin::Applied, std::string> ServiceBoard::apply(const void* given) {
    const Settings& wanted = *static_cast<const Settings*>(given);
    std::lock_guard lock{changing_};
    if (!started_) return std::unexpected("The server is stopping");
    admin::Applied applied;
    for (settings::Difference& one : settings::differences(settings_table(), &settings_, &wanted)) {
        if (one.restart) applied.needs_restart.push_back(one.key);
        applied.changed.push_back(std::move(one.key));
    }
    const auto before = settings_.server.services;
    {
        std::lock_guard looking{mutex_};
        settings_ = wanted;
    }
    applied.problems = common_(settings_);
    for (Place& place : places_) {
        const auto id = place.service->id();
        const bool was = before.has(id), is = settings_.server.services.has(id);
        if (was && !is) {
            stop(place);
        } else if (!was && is) {
            if (auto ok = start(place); !ok) applied.problems.push_back(ok.error());
        } else if (place.running) {
            for (std::string& problem : place.service->apply(settings_))
                applied.problems.push_back(fmt::format("{}: {}", name_of(id), problem));
        }
        if (place.running)
            for (std::string& warning : place.service->warnings())
                applied.warnings.push_back(fmt::format("{}: {}", name_of(id), warning));
    }
    remember();
    for (const std::string& one : applied.problems) log_.error({}, "New settings: {}", one);
    for (const std::string& one : applied.needs_restart)
        log_.warning({}, "The change of {} counts after a restart", one);
    log_.info({}, "New settings are in force; {} changed", applied.changed.size());
    return applied;
}

std::expected<admin::Applied, std::string> ServiceBoard::reload() {
    if (file_.empty()) return std::unexpected("This server was started without a configuration file");
    auto text = settings::load_file(file_);
    if (!text) {
        log_.error({}, "The configuration was not read again: {}", text.error());
        return std::unexpected(text.error());
    }
    auto loaded = settings::load(settings_table(), *text, file_);
    std::string errors;
    for (const settings::Diagnostic& one : loaded.found) {
        log_.write(
            one.severity == settings::Severity::error ? observe::Level::error : observe::Level::warning, {},
            one.text());
        if (one.severity == settings::Severity::error)
            errors.append(errors.empty() ? "" : "\n").append(one.text());
    }
    if (!loaded.ok()) {
        log_.error({}, "The configuration has errors; the old settings stay in force");
        return std::unexpected(errors + "\nThe old settings stay in force");
    }
    if (override_) override_(loaded.values);
    return apply(&loaded.values);
}

std::expected<void, std::string> ServiceBoard::save() {
    if (file_.empty()) return std::unexpected("This server was started without a configuration file");
    std::lock_guard lock{mutex_};
    return settings::save_file(file_, settings::write(settings_table(), settings_));
}

}  // namespace postrider::app
