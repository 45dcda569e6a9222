#include "index/index_impl.h"

#include <fmt/core.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace postrider::index {

namespace fs = std::filesystem;

std::unique_ptr<Index> Index::open(mailstore::MailStore& store, observe::Metrics& metrics, Options options) {
    return std::make_unique<IndexImpl>(store, metrics, std::move(options));
}

IndexImpl::IndexImpl(mailstore::MailStore& store, observe::Metrics& metrics, Options options)
    : store_{store},
      options_{std::move(options)},
      enabled_{options_.enabled},
      delay_{options_.delay},
      read_attachments_{options_.read_attachments},
      waiting_accounts_{
          metrics.gauge("index.waiting.accounts", "Accounts that changed since they were indexed")},
      waiting_messages_{metrics.gauge("index.waiting.messages",
                                      "Messages not indexed yet, of the account that is worked on")},
      indexed_{metrics.counter("index.messages", "Messages indexed since the start")} {}

IndexImpl::~IndexImpl() {
    stop();
}

void IndexImpl::start() {
    std::lock_guard lock{starting_};
    started_ = true;
    begin();
}

void IndexImpl::stop() {
    std::lock_guard lock{starting_};
    started_ = false;
    end();
}

void IndexImpl::configure(bool enabled, std::chrono::milliseconds delay, bool read_attachments) {
    std::lock_guard lock{starting_};
    enabled_ = enabled;
    delay_ = delay;
    read_attachments_ = read_attachments;
    if (!enabled) {
        end();
        stopping_ = !started_;  // catch_up() goes on
        return;
    }
    if (started_) begin();
    {
        std::lock_guard looking{queue_mutex_};
        hurry_ = true;  // the pause that it makes now was measured by the delay before
    }
    wake_.notify_one();
}

void IndexImpl::begin() {
    if (!enabled_ || thread_.joinable()) return;
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void IndexImpl::end() {
    {
        std::lock_guard lock{queue_mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

/// Whether somebody waits for the next look; asked once.
bool IndexImpl::hurry() {
    std::lock_guard lock{queue_mutex_};
    return std::exchange(hurry_, false);
}

void IndexImpl::run() {
    using SteadyClock = std::chrono::steady_clock;
    // Whoever delivers or reads mail goes first. Not SCHED_IDLE: a lock that this thread holds when the
    // machine is busy would be held five times as long.
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 19);
    while (going()) {
        const auto before = SteadyClock::now();
        const bool hurried = hurry();
        const std::uint64_t changes = find_changed();
        // With very many accounts the look itself takes long: it is given a small part of the time.
        const auto next =
            SteadyClock::now()
            + std::max<SteadyClock::duration>(delay_.load(), (SteadyClock::now() - before) * 20);
        std::unique_lock lock{queue_mutex_};
        const bool now = pace_.now_is_the_time(changes, SteadyClock::now()) || hurried;
        while (now && going() && !waiting_.empty()) {
            const AccountId account = waiting_.back();
            waiting_.pop_back();
            lock.unlock();
            waiting_accounts_.sub();
            const bool good = catch_up(account);
            lock.lock();
            if (!good) again_.push_back(account);
        }
        wake_.wait_until(lock, next, [this] { return !going() || hurry_; });
    }
}

fs::path IndexImpl::directory_of(AccountId account) const {
    const std::uint64_t number = account.value();
    return options_.directory / fmt::format("{:02x}", number % 256) / fmt::format("{:x}", number);
}

std::shared_ptr<Shelf> IndexImpl::shelf(AccountId account) {
    std::lock_guard lock{shelves_mutex_};
    auto at = shelves_.find(account);
    if (at != shelves_.end()) {
        recently_used_.splice(recently_used_.begin(), recently_used_, at->second.place);
        return at->second.shelf;
    }
    auto made = std::make_shared<Shelf>(directory_of(account), options_.log);
    recently_used_.push_front(account);
    shelves_[account] = {made, recently_used_.begin()};
    if (shelves_.size() > options_.open_accounts) {
        // Not one that somebody works with: there must never be two of one account.
        const auto oldest = shelves_.find(recently_used_.back());
        if (oldest->second.shelf.use_count() == 1) {
            recently_used_.pop_back();
            shelves_.erase(oldest);
        } else {
            recently_used_.splice(recently_used_.begin(), recently_used_, oldest->second.place);
        }
    }
    return made;
}

std::shared_ptr<const Reader> IndexImpl::reader(AccountId account) {
    if (!enabled_) return nullptr;
    return shelf(account)->reader();
}

void IndexImpl::forget(AccountId account) {
    std::lock_guard working{working_};
    shelf(account)->clear();
    std::lock_guard lock{shelves_mutex_};
    auto at = shelves_.find(account);
    if (at == shelves_.end()) return;
    recently_used_.erase(at->second.place);
    shelves_.erase(at);
}

void IndexImpl::rebuild(AccountId account) {
    {
        std::lock_guard working{working_};
        shelf(account)->clear();
    }
    {
        std::lock_guard lock{queue_mutex_};
        again_.push_back(account);
        hurry_ = true;
    }
    wake_.notify_one();
}

Status IndexImpl::status() const {
    Status now;
    {
        std::lock_guard lock{queue_mutex_};
        now.waiting_accounts = waiting_.size();
    }
    now.waiting_messages = static_cast<std::uint64_t>(waiting_messages_.value());
    now.indexed = indexed_.value();
    return now;
}

mailstore::Result<AccountStatus> IndexImpl::status(AccountId id) {
    auto account = store_.account(id);
    if (!account) return std::unexpected(account.error());
    AccountStatus status;
    Missing missing;
    const auto kept = shelf(id);
    auto folders = (*account)->folders();
    if (!folders) return std::unexpected(folders.error());
    for (const auto& folder : *folders) status.messages += folder.messages;
    auto upto = find_missing(**account, *kept, missing);
    if (!upto) return std::unexpected(upto.error());
    status.covered = status.messages;
    for (const auto& [folder, uids] : missing) {
        auto view = (*account)->view(folder);
        if (!view) continue;
        auto ok = (*view)->each_item(uids, [&](const mailstore::Item&) {
            if (status.covered > 0) --status.covered;
            return true;
        });
        if (!ok) return std::unexpected(ok.error());
    }
    status.files = kept->reader()->segments().size();
    status.bytes = kept->bytes();
    return status;
}

}  // namespace postrider::index
