#include "screening/screening.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "base/make_directory.h"
#include "screening/visit.h"

namespace postrider::screening {
namespace {

namespace fs = std::filesystem;
std::string sentences(const std::vector<policy::Problem>& problems) {
    std::string all;
    for (std::size_t i = 0; i < problems.size() && i < 10; ++i)
        all.append(i == 0 ? "" : "; ").append(problems[i].sentence());
    return all;
}

/// Whole or not at all, and for nobody else to read: it may hold passwords.
std::expected<void, std::string> write_file(const fs::path& path, std::string_view text) {
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    const fs::path draft = path.string() + ".new";
    const int fd = ::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = fd >= 0;
    while (good && !text.empty()) {
        const auto n = ::write(fd, text.data(), text.size());
        if (n <= 0)
            good = false;
        else
            text.remove_prefix(static_cast<std::size_t>(n));
    }
    good = good && ::fsync(fd) == 0;
    if (fd >= 0) ::close(fd);
    if (good) fs::rename(draft, path, error);
    if (!good || error) return std::unexpected("The file " + path.string() + " cannot be written");
    return {};
}

}  // namespace

Screening::Screening(Parts parts)
    : p_{std::move(parts)},
      country_{p_.directory_path, p_.log},
      refused_{
          p_.metrics.counter("screening.refused", "Commands and messages that policy or checks refused")},
      policy_errors_{p_.metrics.counter("policy.stopped", "Runs of the policy that had to be stopped")} {}

std::expected<std::unique_ptr<Screening>, std::string> Screening::open(Parts parts,
                                                                       const ScreeningSettings& settings,
                                                                       std::chrono::minutes cache) {
    std::unique_ptr<Screening> made{new Screening{std::move(parts)}};
    made->greylisting_cache_ = cache;
    auto greylist =
        filter::Greylist::open(made->p_.store, made->p_.clock, made->p_.metrics, settings.greylist, cache);
    if (!greylist) return std::unexpected(greylist.error());
    made->greylist_ = std::move(*greylist);
    if (auto taken = made->take(settings, true); !taken) return std::unexpected(taken.error());
    return made;
}

fs::path Screening::path_of(const ScreeningSettings& settings) const {
    if (settings.policy_file.empty() || settings.policy_file == "none") return {};
    return p_.directory_path / settings.policy_file;
}

fs::path Screening::policy_file() const {
    return path_of(rules()->settings);
}

std::expected<std::shared_ptr<const policy::Program>, std::string> Screening::read_policy(
    const ScreeningSettings& settings) const {
    const fs::path path = path_of(settings);
    std::error_code error;
    if (path.empty() || !fs::exists(path, error)) return nullptr;
    std::ifstream file{path, std::ios::binary};
    std::string text(policy::Limits::script + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (!file.is_open() || file.bad())
        return std::unexpected("The policy " + path.string() + " cannot be read");
    text.resize(static_cast<std::size_t>(file.gcount()));
    auto built = policy::build(text);
    if (!built)
        return std::unexpected("The policy " + path.string() + " has errors: " + sentences(built.error()));
    if (built->size() == 0) return nullptr;
    return std::make_shared<const policy::Program>(std::move(*built));
}

std::expected<void, std::string> Screening::take(const ScreeningSettings& settings, bool first) {
    auto made = std::make_shared<Rules>();
    made->settings = settings;
    auto trusted = filter::IpRanges::compile(settings.trusted_clients);
    if (!trusted) return std::unexpected(trusted.error());
    made->trusted = std::move(*trusted);
    auto lists = filter::DnsLists::compile(settings.dns);
    if (!lists) return std::unexpected(lists.error());
    made->lists = std::move(*lists);
    if (auto done = country_.configure(settings.country); !done) {
        if (first) p_.log.error({}, "{}", done.error());
        if (!first) return done;
    }
    if (auto done = greylist_->reconfigure(settings.greylist, greylisting_cache_); !done) return done;

    std::expected<void, std::string> outcome;
    auto policy = read_policy(settings);
    if (policy) {
        made->policy = std::move(*policy);
    } else {
        p_.log.error({}, "{}{}", policy.error(), first ? "" : "; the one before stays in force");
        if (!first) made->policy = rules()->policy;
        if (!first) outcome = std::unexpected(policy.error());
    }
    std::lock_guard lock{mutex_};
    rules_ = std::move(made);
    return outcome;
}

std::vector<std::string> Screening::apply(const ScreeningSettings& settings, std::chrono::minutes cache) {
    std::lock_guard lock{changing_};
    greylisting_cache_ = cache;
    auto taken = take(settings, false);
    if (!taken) return {taken.error()};
    return {};
}

std::expected<void, std::string> Screening::reload_policy() {
    std::lock_guard lock{changing_};
    const ScreeningSettings settings = rules()->settings;
    return take(settings, false);
}

std::expected<void, std::vector<policy::Problem>> Screening::replace_policy(std::string_view text) {
    auto built = policy::build(text);
    if (!built) return std::unexpected(built.error());
    const fs::path path = policy_file();
    std::expected<void, std::string> done = std::unexpected("The setting smtpFiltersFile is none");
    if (!path.empty()) done = write_file(path, text);
    if (done) done = reload_policy();
    if (!done) return std::unexpected(std::vector{policy::Problem{0, done.error()}});
    return {};
}

std::shared_ptr<const Rules> Screening::rules() const {
    std::lock_guard lock{mutex_};
    return rules_;
}

std::unique_ptr<Visit> Screening::visit(const Client& client) const {
    auto now = rules();
    const ScreeningSettings& s = now->settings;
    const auto ip = settings::parse_ip(client.ip);
    const bool trusted = client.ours || !ip || now->trusted.has(*ip);
    const bool checks = s.authentication.enable || !s.dns.lists.empty() || s.greylist.enable
                        || s.country.enable || s.dns.reverse_dns != filter::ListAction::ignore
                        || s.dns.sender_mx != filter::ListAction::ignore
                        || s.dns.helo != filter::ListAction::ignore;
    if (!now->policy && (trusted || !checks) && (s.milters.empty() || !milters_)) return nullptr;
    return std::make_unique<Visit>(*this, std::move(now), client, trusted);
}

void Screening::tidy() {
    country_.refresh();
    if (++ticks_ % 60 == 0) greylist_->sweep();
}

PolicyReport check_policy(std::string_view text) {
    PolicyReport report;
    auto script = policy::parse(text);
    if (!script) {
        report.errors.push_back(script.error());
        return report;
    }
    if (auto program = policy::compile(*script); !program)
        report.errors = std::move(program.error());
    else
        report.doubts = policy::doubts(*script);
    return report;
}

}  // namespace postrider::screening
