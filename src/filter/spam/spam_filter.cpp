#include "filter/spam/spam_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/codec.h"

namespace postrider::filter {
namespace {

constexpr std::string_view table_prefix = "Us", journal_prefix = "Ut";
constexpr std::uint8_t version = 1;
constexpr std::uint16_t head_page = 0xffff;
constexpr std::size_t most_users = 100'000;  // whose share of today is counted

std::string table_key(std::uint64_t id, std::uint16_t page) {
    std::string key{table_prefix};
    put_be(key, id);
    put_be(key, page);
    return key;
}
std::string account_key(std::string_view prefix, AccountId account) {
    std::string key{prefix};
    put_be(key, account.value());
    return key;
}
std::string behind(std::string key) {
    for (std::size_t i = key.size(); i-- > 0;)
        if (static_cast<unsigned char>(++key[i]) != 0) break;
    return key;
}
std::uint64_t seconds_of(Time time) {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

/// Most mail that comes to a filter at all is wanted.
constexpr double before_anything = -1.5;
constexpr double most_learned = 6;

/// Above which logarithm of the odds a level begins, from 2 on. 5 is even; 10 wants odds of a thousand.
constexpr double level_from[] = {-1.2, -0.8, -0.4, 0, 0.8, 1.8, 3, 4.5, 6.5};

unsigned level_of(double log_odds) {
    unsigned level = 1;
    for (double from : level_from)
        if (log_odds >= from) ++level;
    return level;
}

}  // namespace

std::string SpamVerdict::text() const {
    std::string out = fmt::format("level {}", level);
    std::string why;
    if (learned.confidence > 0)
        why = fmt::format("learned {:.3f}, confidence {:.2f}, by {} features", learned.score,
                          learned.confidence, learned.evidence);
    for (const Sign& sign : signs) {
        if (!why.empty()) why += "; ";
        why += fmt::format("{} {:+.1f}", sign.name, sign.weight);
    }
    return why.empty() ? out : out + " (" + why + ")";
}

SpamFilter::SpamFilter(kv::Store& store, const Clock& clock, observe::Metrics& metrics, observe::Logger log)
    : store_{store},
      clock_{clock},
      log_{log},
      judged_{metrics.counter("spam.judged", "Messages that the statistical filter has looked at")},
      spam_{metrics.counter("spam.found", "Messages that it gave level 5 or more")},
      learned_{metrics.counter("spam.learned", "Messages that it has learned or unlearned")} {}

SpamFilter::~SpamFilter() {
    flush();
}

std::expected<std::unique_ptr<SpamFilter>, std::string> SpamFilter::open(kv::Store& store, const Clock& clock,
                                                                         observe::Metrics& metrics,
                                                                         observe::Logger log,
                                                                         const SpamSettings& settings) {
    std::unique_ptr<SpamFilter> out{new SpamFilter{store, clock, metrics, log}};
    out->settings_ = settings;
    auto loaded = out->load(0, server_slots);
    if (!loaded)
        return std::unexpected("What the spam filter has learned cannot be read: " + loaded.error().what);
    if (*loaded) out->server_ = std::move(**loaded);
    return out;
}

void SpamFilter::reconfigure(const SpamSettings& settings) {
    std::unique_lock lock{mutex_};
    settings_ = settings;
}

SpamSettings SpamFilter::settings() const {
    std::shared_lock lock{mutex_};
    return settings_;
}

/// nullptr when nothing is stored.
kv::Result<std::shared_ptr<SpamFilter::Table>> SpamFilter::load(std::uint64_t id, std::size_t slots) {
    auto head = store_.get(table_key(id, head_page));
    if (!head) return std::unexpected(head.error());
    if (!*head) return nullptr;
    Decoder in{**head};
    const auto its_version = in.be<std::uint8_t>();
    const auto spam = in.varint(), ham = in.varint();
    if (!in.ok() || its_version != version) {
        log_.warning({}, "What was learned for account {} cannot be read and counts as nothing", id);
        return nullptr;
    }
    auto table = std::make_shared<Table>(slots);
    table->stored = true;
    table->counts.set_messages(static_cast<std::uint32_t>(spam), static_cast<std::uint32_t>(ham));
    const std::string begin = table_key(id, 0), end = table_key(id, head_page);
    auto cursor = store_.scan(begin, end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(begin.size() - 2)};
        table->counts.set_page(key.be<std::uint16_t>(), cursor->value());
    }
    if (auto ok = cursor->status(); !ok) return std::unexpected(ok.error());
    return table;
}

/// With `mutex_` held.
bool SpamFilter::write(std::uint64_t id, Table& table) {
    if (!table.dirty) return true;
    kv::Batch batch;
    const auto pages = table.counts.take_changed();
    for (std::size_t number : pages) {
        const std::string octets = table.counts.page(number);
        const std::string key = table_key(id, static_cast<std::uint16_t>(number));
        octets.empty() ? batch.erase(key) : batch.put(key, octets);
    }
    std::string head;
    head += static_cast<char>(version);
    put_varint(head, table.counts.messages(MailClass::spam));
    put_varint(head, table.counts.messages(MailClass::ham));
    batch.put(table_key(id, head_page), head);
    if (!store_.write(std::move(batch))) {
        for (std::size_t number : pages) table.counts.mark_changed(number);
        return false;
    }
    table.dirty = false;
    table.stored = true;
    return true;
}

bool SpamFilter::flush() {
    std::lock_guard users_lock{users_mutex_};
    std::unique_lock lock{mutex_};
    bool ok = write(0, server_);
    for (User& one : users_)
        if (one.table) ok = write(one.account.value(), *one.table) && ok;
    return ok;
}

/// With `users_mutex_` held.
void SpamFilter::evict() {
    // Entries without a table are cheap, so there may be many more of them.
    std::size_t tables = 0;
    for (const User& one : users_)
        if (one.table) ++tables;
    while (tables > users_in_memory || by_account_.size() > most_users) {
        auto last = std::prev(users_.end());
        if (tables > users_in_memory)
            while (!last->table) --last;
        if (last->table) {
            std::unique_lock lock{mutex_};
            if (!write(last->account.value(), *last->table)) return;  // kept until it can be written
            --tables;
        }
        by_account_.erase(last->account);
        users_.erase(last);
    }
}

/// The user's table; nullptr when he has not trained and none is to be made.
std::shared_ptr<SpamFilter::Table> SpamFilter::user(AccountId account, bool make) {
    std::lock_guard lock{users_mutex_};
    return user_locked(account, make);
}

std::shared_ptr<SpamFilter::Table> SpamFilter::user_locked(AccountId account, bool make) {
    if (account == AccountId{}) return nullptr;
    auto at = by_account_.find(account);
    if (at == by_account_.end()) {
        auto loaded = load(account.value(), user_slots);
        if (!loaded) {
            log_.warning({}, "What account {} has taught cannot be read: {}", account.value(),
                         loaded.error().what);
            return nullptr;
        }
        users_.push_front({account, std::move(*loaded)});
        at = by_account_.emplace(account, users_.begin()).first;
    } else {
        users_.splice(users_.begin(), users_, at->second);
    }
    if (make && !at->second->table) at->second->table = std::make_shared<Table>(user_slots);
    auto table = at->second->table;
    if (table) evict();
    return table;
}

SpamVerdict SpamFilter::judge(std::string_view message, AccountId account, const Surroundings& around) {
    const mime::Description description = mime::describe(message);
    return judge(message, description.parts, account, around);
}

SpamVerdict SpamFilter::judge(std::string_view message, const std::vector<mime::Part>& parts,
                              AccountId account, const Surroundings& around) {
    const SpamSettings now = settings();
    SpamVerdict out;
    if (now.heuristics) out.signs = signs_of(message, parts, clock_.now(), around);
    auto its = user(account, false);
    {
        std::shared_lock lock{mutex_};
        const CountTable* own = its ? &its->counts : nullptr;
        if (own && (own->messages(MailClass::spam) < user_from || own->messages(MailClass::ham) < user_from))
            own = nullptr;
        const CountTable& all = server_.counts;
        if (own || (all.messages(MailClass::spam) != 0 && all.messages(MailClass::ham) != 0)) {
            lock.unlock();
            const Features features = features_of(message, parts);
            lock.lock();
            out.learned = likelihood(features, all, own);
        }
    }
    constexpr double least = 1e-6;
    const double score = std::clamp(out.learned.score, least, 1 - least);
    out.log_odds = before_anything
                   + out.learned.confidence
                         * (std::clamp(std::log(score / (1 - score)), -most_learned, most_learned)
                            - before_anything / 2);
    for (const Sign& sign : out.signs) out.log_odds += sign.weight;
    out.level = level_of(out.log_odds);
    judged_.add();
    if (out.level >= 5) spam_.add();
    return out;
}

bool SpamFilter::may_train_server(AccountId account) {
    if (account == AccountId{}) return true;
    const SpamSettings now = settings();
    if (!now.users_train_server) return false;
    const std::int64_t day = static_cast<std::int64_t>(seconds_of(clock_.now()) / 86'400);
    std::lock_guard lock{users_mutex_};
    if (day != shares_day_ || shares_.size() > most_users) {
        shares_.clear();
        shares_day_ = day;
    }
    return ++shares_[account] <= now.daily_share;
}

void SpamFilter::change(const Features& features, MailClass as, AccountId account, bool add,
                        bool server_too) {
    std::lock_guard users_lock{users_mutex_};  // so that the table is not dropped before it has changed
    auto its = user_locked(account, add);
    std::unique_lock lock{mutex_};
    auto apply = [&](Table& table) {
        add ? table.counts.learn(features, as) : table.counts.unlearn(features, as);
        table.dirty = true;
    };
    if (server_too) apply(server_);
    if (its) apply(*its);
    learned_.add();
}

void SpamFilter::learn(const Features& features, MailClass as, AccountId account) {
    change(features, as, account, true, may_train_server(account));
}

void SpamFilter::unlearn(const Features& features, MailClass as, AccountId account) {
    change(features, as, account, false, account == AccountId{} || settings().users_train_server);
}

/// The journal says what a message was learned as, and whether that counted for the server too: unlearning
/// takes back exactly what learning has added.
bool SpamFilter::sorted(AccountId account, std::uint64_t email_id, const Features& features, MailClass as) {
    std::lock_guard one{sorting_};
    std::string key = account_key(journal_prefix, account);
    put_be(key, email_id);
    auto before = store_.get(key);
    if (!before) return false;
    if (*before) {
        Decoder in{**before};
        const auto was = in.be<std::uint8_t>();
        const bool server_too = in.be<std::uint8_t>() != 0;
        if (in.ok() && was == static_cast<std::uint8_t>(as)) return false;
        if (in.ok()) change(features, static_cast<MailClass>(was & 1), account, false, server_too);
    }
    const bool server_too = may_train_server(account);
    std::string value;
    value += static_cast<char>(as);
    value += static_cast<char>(server_too);
    put_varint(value, seconds_of(clock_.now()));
    kv::Batch batch;
    batch.put(key, value);
    if (!store_.write(std::move(batch))) return false;
    change(features, as, account, true, server_too);
    if (!*before && email_id % 64 == 0) trim_journal(account);
    return true;
}

/// Now and then, and then the tenth that is oldest goes.
void SpamFilter::trim_journal(AccountId account) {
    const std::string begin = account_key(journal_prefix, account), end = behind(begin);
    std::vector<std::pair<std::uint64_t, std::string>> all;
    auto cursor = store_.scan(begin, end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder in{cursor->value()};
        in.take(2);
        all.emplace_back(in.varint(), std::string{cursor->key()});
    }
    if (all.size() <= remembered_messages) return;
    const std::size_t many = remembered_messages / 10;
    std::ranges::nth_element(all, all.begin() + static_cast<std::ptrdiff_t>(many));
    kv::Batch batch;
    for (std::size_t i = 0; i < many; ++i) batch.erase(all[i].second);
    (void)store_.write(std::move(batch));
}

SpamFilter::Status SpamFilter::status(AccountId account) {
    auto its = user(account, false);
    std::shared_lock lock{mutex_};
    if (account != AccountId{} && !its) return {0, 0, 0, user_slots};
    const CountTable& counts = its ? its->counts : server_.counts;
    return {counts.messages(MailClass::spam), counts.messages(MailClass::ham), counts.used(),
            account == AccountId{} ? server_slots : user_slots};
}

void SpamFilter::erase(AccountId account, kv::Batch& batch) {
    batch.erase_range(table_key(account.value(), 0), behind(table_key(account.value(), head_page)));
    const std::string journal = account_key(journal_prefix, account);
    batch.erase_range(journal, behind(journal));
}

kv::Result<> SpamFilter::reset(AccountId account) {
    kv::Batch batch;
    erase(account, batch);
    std::lock_guard sorting{sorting_};
    std::lock_guard users_lock{users_mutex_};
    std::unique_lock lock{mutex_};
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok) return ok;
    if (account == AccountId{}) {
        server_ = Table{server_slots};
    } else if (auto at = by_account_.find(account); at != by_account_.end()) {
        users_.erase(at->second);
        by_account_.erase(at);
    }
    return {};
}

void SpamFilter::forget(AccountId account) {
    if (account == AccountId{}) return;
    if (auto ok = reset(account); !ok)
        log_.warning({}, "What account {} has taught stays in the store: {}", account.value(),
                     ok.error().what);
}

}  // namespace postrider::filter
