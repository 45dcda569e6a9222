#include "filter/scan/scanners.h"

#include <fmt/format.h>

#include <map>
#include <thread>

#include "filter/scan/watched.h"

namespace postrider::filter {
namespace {

/// Everything that a scanner is made of, as one text: equal means nothing has changed.
std::string fingerprint(const std::vector<LevelAction>& rows) {
    std::string text;
    for (const LevelAction& row : rows)
        text += fmt::format("{}={} ", row.level, static_cast<int>(row.action));
    return text;
}

std::string fingerprint(const SocketFilter& f, const std::string& source) {
    return fmt::format("{}\x1f{}\x1f{}\x1f{} {} {} {} {} {} {} {} {}\x1f{}", f.name, f.address,
                       f.protocol_file, f.idle_timeout.count(), static_cast<int>(f.action_on_match),
                       f.max_connections, f.max_message_size, f.connect_timeout.count(),
                       f.read_timeout.count(), f.request_timeout.count(),
                       static_cast<int>(f.action_on_failure), fingerprint(f.level_actions), source);
}

std::string fingerprint(const IntegratedFilter& f) {
    std::string text = fmt::format("{}\x1f{}\x1f{} {} {} {} {} {} {} {}", f.name, f.command,
                                   static_cast<int>(f.type), f.enable, f.request_timeout.count(),
                                   static_cast<int>(f.action_on_match), static_cast<int>(f.action_on_failure),
                                   f.max_processes, f.max_message_size, fingerprint(f.level_actions));
    for (const NameValue& one : f.config_params) text += fmt::format("\x1f{}\x1f{}", one.name, one.value);
    return text;
}

using Key = std::pair<ScannerKind, std::string>;

}  // namespace

struct Scanners::Impl {
    Options options;
    ScanMetrics metrics;
    const Clock& clock;
    std::shared_ptr<Bell> bell = std::make_shared<Bell>();

    struct Known {
        std::shared_ptr<WatchedScanner> scanner;
        std::string fingerprint;
    };
    using AllKnown = std::map<Key, Known>;
    mutable std::mutex mutex;
    std::map<Key, Known> known;
    std::mutex calling;  ///< held while `back` runs
    std::function<void(const std::string&)> back;
    std::thread keeper;

    Impl(Options given, observe::Metrics& all, const Clock& time)
        : options{std::move(given)}, metrics{all}, clock{time} {}

    std::vector<std::shared_ptr<WatchedScanner>> list() const {
        std::lock_guard lock{mutex};
        std::vector<std::shared_ptr<WatchedScanner>> all;
        for (const auto& [key, one] : known) all.push_back(one.scanner);
        return all;
    }

    void keep() {
        while (bell->wait(options.ping_interval)) {
            for (const auto& scanner : list()) {
                if (bell->stopped()) return;
                if (!scanner->look_after()) continue;
                std::lock_guard one_at_a_time{calling};
                std::function<void(const std::string&)> tell;
                {
                    std::lock_guard lock{mutex};
                    tell = back;
                }
                if (tell) tell(scanner->name());
            }
        }
    }

    /// The scanner of `key` in `next`: the one there was if nothing has changed, or if what there should be
    /// cannot be set up; else a new one.
    template <class Make>
    void set(AllKnown& next, const Key& key, std::string fingerprint, WatchedScanner::Policy policy,
             std::string title, std::vector<std::string>& problems, const Make& make) {
        Known before;
        {
            std::lock_guard lock{mutex};
            if (const auto found = known.find(key); found != known.end()) before = found->second;
        }
        if (before.scanner && before.fingerprint == fingerprint && before.scanner->problem().empty()) {
            next[key] = std::move(before);
            return;
        }
        auto made = make();
        std::string problem = made ? "" : made.error();
        if (!made) problems.push_back(fmt::format("filter {}: {}", key.second, problem));
        if (!made && before.scanner && before.scanner->problem().empty()) {
            problems.back() += "; it stays as it was";
            next[key] = std::move(before);
            return;
        }
        MadeConnector connector;
        if (made)
            connector = std::move(*made);
        else
            connector.title = std::move(title);
        next[key] = {
            std::make_shared<WatchedScanner>(std::move(policy), std::move(connector), std::move(problem),
                                             metrics, clock, bell, options.health),
            std::move(fingerprint)};
    }
};

Scanners::Scanners(Options options, observe::Metrics& metrics, const Clock& clock)
    : impl_{std::make_unique<Impl>(std::move(options), metrics, clock)} {
    impl_->keeper = std::thread{[this] { impl_->keep(); }};
}

Scanners::~Scanners() {
    impl_->bell->stop();
    impl_->keeper.join();
}

std::vector<std::string> Scanners::configure(const ScannerSettings& settings) {
    std::vector<std::string> problems;
    Impl::AllKnown next;
    const ProtocolFiles files{impl_->options.directory, impl_->options.stock};
    for (const SocketFilter& f : settings.socket_filters) {
        std::expected<std::pair<std::string, std::string>, std::string> file;
        if (!built_in_protocol(f.protocol_file)) file = find_protocol_file(f.protocol_file, files);
        WatchedScanner::Policy policy{f.name,
                                      ScannerKind::socket,
                                      true,
                                      std::uint64_t{f.max_message_size} * 1024,
                                      f.action_on_match,
                                      f.action_on_failure,
                                      f.level_actions};
        const auto make = [&]() -> std::expected<MadeConnector, std::string> {
            if (!file) return std::unexpected(file.error());
            auto made = make_connector(f, file->second, impl_->options.log);
            if (!made && !file->first.empty()) return std::unexpected(file->first + ": " + made.error());
            return made;
        };
        impl_->set(next, {ScannerKind::socket, f.name}, fingerprint(f, file ? file->second : file.error()),
                   std::move(policy), fmt::format("{}({})", f.name, f.address), problems, make);
    }
    for (const IntegratedFilter& f : settings.filters.integrated_filters) {
        WatchedScanner::Policy policy{f.name,
                                      ScannerKind::integrated,
                                      f.enable,
                                      std::uint64_t{f.max_message_size} * 1024,
                                      f.action_on_match,
                                      f.action_on_failure,
                                      f.level_actions};
        const auto make = [&] { return make_connector(f, impl_->options.log); };
        impl_->set(next, {ScannerKind::integrated, f.name}, fingerprint(f), std::move(policy), f.name,
                   problems, make);
    }
    std::lock_guard lock{impl_->mutex};
    impl_->known.swap(next);
    return problems;
}

std::shared_ptr<ConfiguredScanner> Scanners::find(ScannerKind kind, std::string_view name) const {
    std::lock_guard lock{impl_->mutex};
    const auto found = impl_->known.find(Key{kind, std::string{name}});
    return found == impl_->known.end() ? nullptr : found->second.scanner;
}

std::vector<ScannerStatus> Scanners::status() const {
    std::vector<ScannerStatus> all;
    for (const auto& scanner : impl_->list()) all.push_back(scanner->status());
    return all;
}

bool Scanners::any() const {
    std::lock_guard lock{impl_->mutex};
    return !impl_->known.empty();
}

void Scanners::on_return(std::function<void(const std::string&)> back) {
    std::lock_guard not_now{impl_->calling};
    std::lock_guard lock{impl_->mutex};
    impl_->back = std::move(back);
}

std::vector<Finding> scan_all(const std::vector<std::shared_ptr<ConfiguredScanner>>& scanners,
                              const Subject& subject) {
    std::vector<Finding> findings(scanners.size());
    std::vector<std::jthread> others;
    for (std::size_t i = 0; i + 1 < scanners.size(); ++i)
        others.emplace_back([&, i] { findings[i] = scanners[i]->scan(subject); });
    if (!scanners.empty()) findings.back() = scanners.back()->scan(subject);
    others.clear();  // joins
    return findings;
}

}  // namespace postrider::filter
