#include "rules/notices.h"

#include <fmt/core.h>

#include <fstream>

#include "base/codec.h"
#include "rules/notice_memory.h"
#include "rules/text_template.h"

namespace postrider::rules {
namespace {

constexpr std::string_view quota_subject = "Your mailbox %ACCOUNT% is nearly full";
constexpr std::string_view quota_text =
    "Mailbox: %ACCOUNT%\n"
    "Used: %SIZEUSED% of %SIZEQUOTA% KB (%SIZEUSEDPERCENT%%%), %COUNTUSED% of %COUNTQUOTA% messages "
    "(%COUNTUSEDPERCENT%%%)\n"
    "\n"
    "A mailbox that is full takes no more mail. Remove what is not needed, and empty the folder for deleted "
    "mail.\n";
constexpr std::string_view sending_subject = "%ACCOUNT% has sent more than it may";
constexpr std::string_view sending_text =
    "Account: %ACCOUNT% (%FULLNAME%)\n"
    "Messages: %MESSAGES% (limit %MESSAGESLIMIT%)\n"
    "Recipients: %RECIPIENTS% (limit %RECIPIENTSLIMIT%)\n"
    "Size: %SIZE% KB (limit %SIZELIMIT%)\n"
    "Interval: %INTERVAL% seconds\n"
    "\n"
    "What it sends is refused until the interval ends. If it sends what its owner did not write, change its "
    "password.\n";
constexpr std::string_view welcome_subject = "Welcome, %ACCOUNT%";
constexpr std::string_view welcome_text = "The mailbox %ACCOUNT% is ready.\n";

std::string last_notice_key(AccountId account) {
    std::string key = "Rn";
    put_be(key, account.value());
    return key;
}

std::uint64_t seconds(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// A limit, 0 being none.
std::string limit_text(std::uint64_t limit) {
    return limit == 0 ? "-" : std::to_string(limit);
}
/// Rounded down, so that 100 means full.
std::uint64_t percent(std::uint64_t used, std::uint64_t limit) {
    return limit == 0 ? 0 : static_cast<std::uint64_t>(static_cast<long double>(used) * 100 / limit);
}

/// A setting is one line: \n in it stands for a line end.
std::string with_line_ends(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool line_end = text.substr(i, 2) == "\\n";
        out += line_end ? '\n' : text[i];
        if (line_end) ++i;
    }
    return out;
}

}  // namespace

struct Notices::Person {
    std::shared_ptr<const directory::AccountEntry> entry;
    std::shared_ptr<const settings::AccountSettings> settings;
    std::shared_ptr<const directory::Domain> domain;
    mime::AddrSpec address;

    static std::optional<Person> find(const directory::Directory& directory, AccountId id) {
        auto entry = directory.account(id);
        auto settings = directory.effective(id);
        if (!entry || !settings) return std::nullopt;
        Person person{std::move(*entry), std::move(*settings), nullptr, {}};
        person.domain = directory.domain(person.entry->domain);
        if (!person.domain) return std::nullopt;
        person.address = {person.entry->name, person.domain->name};
        return person;
    }
};

Notices::Notices(const directory::Directory& directory, mailstore::MailStore& store, const Clock& clock,
                 observe::Logger log, NoticeOptions options, Send send)
    : directory_{directory},
      store_{store},
      clock_{clock},
      log_{log},
      options_{std::move(options)},
      send_{std::move(send)} {}

Notices::~Notices() {
    stop();
}

void Notices::start() {
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void Notices::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Notices::mail_arrived(AccountId account) {
    std::lock_guard lock{mutex_};
    if (grown_.size() >= max_tasks) return;
    if (grown_.insert(account).second && grown_.size() == 1) wake_.notify_one();
}

void Notices::sent_too_much(AccountId account, const SendQuota::Use& use) {
    std::lock_guard lock{mutex_};
    if (tasks_.size() >= max_tasks) return;
    tasks_.push_back({Kind::sending, account, use});
    wake_.notify_one();
}

void Notices::account_created(AccountId account) {
    std::lock_guard lock{mutex_};
    if (tasks_.size() >= max_tasks) return;
    tasks_.push_back({Kind::welcome, account, {}});
    wake_.notify_one();
}

void Notices::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || !grown_.empty() || !tasks_.empty(); });
        if (grown_.empty() && tasks_.empty()) return;
        std::unordered_set<AccountId> grown;
        std::deque<Task> tasks;
        grown.swap(grown_);
        tasks.swap(tasks_);
        lock.unlock();
        for (AccountId account : grown) look_at_quota(account);
        for (const Task& task : tasks) {
            if (task.kind == Kind::sending)
                tell_sender_limit(task);
            else
                welcome(task.account);
        }
        lock.lock();
        // Under load one look a second at each account is enough.
        if (!stopping_) wake_.wait_for(lock, 1s, [&] { return stopping_ || !tasks_.empty(); });
    }
}

bool forget_notices(kv::Store& store, AccountId account) {
    kv::Batch batch;
    batch.erase(last_notice_key(account));
    return store.write(std::move(batch), kv::Durability::soon).has_value();
}

bool Notices::look_at_quota(AccountId id) {
    auto person = Person::find(directory_, id);
    if (!person || !person->settings->quota_notices) return false;
    const settings::AccountSettings& settings = *person->settings;
    auto account = mailstore::open_or_create(store_, id);
    if (!account) return false;
    mailstore::Quota quota = (*account)->quota();
    const auto size_percent = percent(quota.used_bytes, quota.limit_bytes);
    const auto count_percent = percent(quota.used_messages, quota.limit_messages);
    if (size_percent < settings.quota_limit_threshold && count_percent < settings.quota_limit_threshold)
        return false;

    const Time now = clock_.now();
    const std::string key = last_notice_key(id);
    auto last = store_.kv().get(key);
    if (!last) return false;
    if (*last) {
        Decoder in{**last};
        auto when = in.be<std::uint64_t>();
        auto pause = static_cast<std::uint64_t>(
            std::chrono::duration_cast<std::chrono::seconds>(settings.quota_notice_interval).count());
        if (in.ok() && seconds(now) >= when && seconds(now) - when < pause) return false;
    }
    // Written first: better no notice than one after the other when the disk fails in between.
    std::string value;
    put_be(value, seconds(now));
    kv::Batch batch;
    batch.put(key, value);
    if (!store_.kv().write(std::move(batch), kv::Durability::soon)) return false;

    std::string_view subject = settings.quota_notice_subject.empty()
                                   ? quota_subject
                                   : std::string_view{settings.quota_notice_subject};
    std::string body = with_line_ends(settings.quota_notice_body);
    if (body.empty()) body = quota_text;
    return send(*person, person->address, "quota", subject, text_of(settings.quota_notice_file, body),
                {{"THRESHOLD", std::to_string(settings.quota_limit_threshold)},
                 {"SIZEQUOTA", limit_text(quota.limit_bytes / 1024)},
                 {"SIZEUSED", std::to_string(quota.used_bytes / 1024)},
                 {"SIZEUSEDPERCENT", std::to_string(size_percent)},
                 {"COUNTQUOTA", limit_text(quota.limit_messages)},
                 {"COUNTUSED", std::to_string(quota.used_messages)},
                 {"COUNTUSEDPERCENT", std::to_string(count_percent)}});
}

void Notices::tell_sender_limit(const Task& task) {
    auto person = Person::find(directory_, task.account);
    if (!person || person->settings->sent_overquota_address.empty()) return;
    auto to = mime::parse_addr_spec(person->settings->sent_overquota_address);
    if (!to) {
        log_.warning({}, "sentOverquotaEmailAddress of {} is no address: {}", person->entry->address,
                     person->settings->sent_overquota_address);
        return;
    }
    const settings::AccountSettings& limits = *person->settings;
    send(*person, *to, "send-quota", sending_subject, text_of(limits.sent_overquota_file, sending_text),
         {{"MESSAGES", std::to_string(task.use.messages)},
          {"RECIPIENTS", std::to_string(task.use.recipients)},
          {"SIZE", std::to_string(task.use.bytes / 1024)},
          {"MESSAGESLIMIT", limit_text(limits.sent_messages_count)},
          {"RECIPIENTSLIMIT", limit_text(limits.sent_recipients_count)},
          {"SIZELIMIT", limit_text(limits.sent_messages_size_kb)},
          {"INTERVAL", std::to_string(limits.sent_messages_interval.count())}});
}

void Notices::welcome(AccountId id) {
    auto person = Person::find(directory_, id);
    if (!person || !person->settings->welcome_message) return;
    send(*person, person->address, "welcome", welcome_subject,
         text_of(person->settings->welcome_message_file, welcome_text), {});
}

std::string Notices::text_of(const std::string& file, std::string_view otherwise) const {
    if (file.empty() || file == "none") return std::string{otherwise};
    std::ifstream in{options_.directory / file, std::ios::binary};
    std::string text(max_text + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (in.bad() || text.empty() || text.size() > max_text) {
        log_.warning({}, "The text {} cannot be used (it must be a file of 1 to {} octets); our own is sent",
                     (options_.directory / file).string(), max_text);
        return std::string{otherwise};
    }
    return text;
}

bool Notices::send(const Person& person, const mime::AddrSpec& to, std::string_view kind,
                   std::string_view subject, std::string_view text,
                   std::vector<std::pair<std::string_view, std::string>> values) {
    values.emplace_back("DOMAIN", person.domain->name);
    values.emplace_back("ACCOUNT", person.entry->address);
    values.emplace_back("FULLNAME", person.entry->full_name);
    OwnMessage about;
    about.from = {"postmaster", person.domain->name};
    about.to = to;
    about.from_name = "Mail server";
    about.host = options_.host;
    about.now = clock_.now();
    about.unique = fmt::format(
        "{}.{}.{}", kind, person.entry->id.value(),
        std::chrono::duration_cast<std::chrono::microseconds>(about.now.time_since_epoch()).count());
    bool sent = send_(to, own_message(about, subject, text, values));
    if (sent)
        log_.info({}, "Notice ({}) about {} sent to <{}>", kind, person.entry->address, to.text());
    else
        log_.warning({}, "Notice ({}) about {} could not be sent to <{}>", kind, person.entry->address,
                     to.text());
    return sent;
}

}  // namespace postrider::rules
