#include "filter/confirm/identity_confirmation.h"

#include <openssl/rand.h>

#include <algorithm>

#include "base/codec.h"
#include "filter/confirm/code.h"
#include "filter/confirm/mail_kind.h"
#include "filter/lists/address_lists.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/searchable.h"
#include "rules/text_template.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::filter {
namespace {

constexpr std::string_view secret_key = "Uk";
constexpr std::string_view challenge_prefix = "Ux";
constexpr std::size_t secret_size = 32;
constexpr std::uint64_t day = 86'400, hour = 3'600;
constexpr std::size_t most_windows = 100'000;
constexpr std::size_t most_remembered = 1'000'000;  // challenges of all accounts
constexpr std::size_t head_size = 32u << 10;

constexpr std::string_view subject_text = "Please confirm your message (%MARK%)";
constexpr std::string_view body_text =
    "Your message to %ACCOUNT%\n"
    "\n"
    "    %SUBJECT%\n"
    "\n"
    "has arrived, but %ACCOUNT% does not know your address yet. To have it delivered, and all that you will "
    "send, answer "
    "this message. The subject of the answer must contain\n"
    "\n"
    "    %MARK%\n"
    "\n"
    "If you have not sent such a message, somebody has used your address: then please do nothing.\n";

std::uint64_t seconds_of(Time time) {
    const auto since = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    return since < 0 ? 0 : static_cast<std::uint64_t>(since);
}

std::string challenges_of(AccountId account) {
    std::string key{challenge_prefix};
    put_be(key, account.value());
    return key;
}
std::string challenge_key(AccountId account, const mime::AddrSpec& sender) {
    return challenges_of(account) + text::to_lower(sender.local) + "@" + sender.domain;
}

}  // namespace

bool IdentityConfirmation::Window::take(std::uint64_t now, unsigned limit) {
    if (now != period) {
        period = now;
        many = 0;
    }
    if (many >= limit) return false;
    ++many;
    return true;
}

IdentityConfirmation::IdentityConfirmation(Parts parts, const ConfirmSettings& settings)
    : parts_{std::move(parts)},
      collected_{parts_.store, parts_.clock},
      parked_{parts_.metrics.counter("confirm.parked", "Messages of strangers that wait for confirmation")},
      asked_{parts_.metrics.counter("confirm.asked", "Strangers that were asked to confirm who they are")},
      confirmed_{parts_.metrics.counter("confirm.confirmed", "Senders that have confirmed")},
      settings_{settings} {}

IdentityConfirmation::~IdentityConfirmation() {
    stop();
}

std::expected<std::unique_ptr<IdentityConfirmation>, std::string> IdentityConfirmation::open(
    Parts parts, const ConfirmSettings& settings) {
    std::unique_ptr<IdentityConfirmation> out{new IdentityConfirmation{std::move(parts), settings}};
    if (auto ok = out->load_secret(); !ok) return std::unexpected(ok.error());
    return out;
}

std::expected<void, std::string> IdentityConfirmation::load_secret() {
    auto stored = parts_.store.get(secret_key);
    if (!stored) return std::unexpected("The secret of confirmations cannot be read: " + stored.error().what);
    if (*stored && (*stored)->size() == secret_size) {
        secret_ = std::move(**stored);
        return {};
    }
    secret_.resize(secret_size);
    if (RAND_bytes(reinterpret_cast<unsigned char*>(secret_.data()), static_cast<int>(secret_size)) != 1)
        return std::unexpected("There are no random numbers");
    kv::Batch batch;
    batch.put(secret_key, secret_);
    if (auto ok = parts_.store.write(std::move(batch), kv::Durability::now); !ok)
        return std::unexpected("The secret of confirmations cannot be kept: " + ok.error().what);
    return {};
}

void IdentityConfirmation::reconfigure(const ConfirmSettings& settings) {
    std::lock_guard lock{mutex_};
    settings_ = settings;
}

/// The settings of an account that wants strangers to be asked; nullptr: it does not, or must not.
std::shared_ptr<const settings::AccountSettings> IdentityConfirmation::wanted_by(AccountId account) const {
    auto its = parts_.directory.effective(account);
    if (!its || !(*its)->allow_identity_confirmation) return nullptr;
    const bool of_unwanted = (*its)->filtering_option == settings::FilteringOption::move_to_filtered_with_ic;
    if (!(*its)->identity_confirmation && !of_unwanted) return nullptr;
    return *its;
}

IdentityConfirmation::Decision IdentityConfirmation::decide(const Arrival& arrival) {
    Decision out;
    {
        std::lock_guard lock{mutex_};
        if (!settings_.enable) return out;
    }
    // Answers to questions come with mail that is not unwanted itself: whoever asks only then hears them too.
    const auto its = wanted_by(arrival.account);
    if (!its) return out;
    const std::string_view header =
        arrival.message.substr(0, std::min(mime::header_size(arrival.message), std::size_t{1} << 20));
    const auto from = from_addresses(header);
    out.sender = arrival.reverse_path.null() && !from.empty() ? from.front() : arrival.reverse_path;
    auto deliver = [&](std::string_view why) {
        out.kind = Decision::Kind::deliver;
        out.why = why;
        return out;
    };
    if (!arrival.authenticated.empty()) return deliver("sent by who has logged in here");
    if (arrival.is_spam && !arrival.ask_unwanted) return deliver("it is spam");
    const bool asks_all = its->identity_confirmation;
    if (arrival.whitelisted) return deliver("its sender is in a whitelist");
    // Reports about what the account has sent; strangers cannot be asked behind them anyway.
    if (arrival.reverse_path.null()) return deliver("it has no sender");

    const auto no_answer = never_answer(arrival.reverse_path, header);
    if (!no_answer && !arrival.authentication_failed) {
        std::optional<std::string> code;
        if (auto subject = mime::find_field(header, "Subject"))
            code = find_code(mime::decode_encoded_words(mime::unfold(*subject)));
        if (!code) code = find_code(arrival.message.substr(header.size()));
        if (code) {
            std::vector<mime::AddrSpec> who{arrival.reverse_path};
            who.insert(who.end(), from.begin(), from.end());
            for (mime::AddrSpec& one : who) {
                if (!same_code(*code,
                               confirmation_code(secret_, arrival.account, one, its->confirmation_code)))
                    continue;
                out.sender = std::move(one);
                out.kind = Decision::Kind::confirmed;
                out.why = "it has the right code";
                return out;
            }
        }
    }
    if (!asks_all && !arrival.ask_unwanted) return deliver("it is not unwanted");
    // Who writes must be known by the address that people see; a forged one is known to nobody.
    if (!arrival.authentication_failed) {
        for (const mime::AddrSpec& one : from.empty() ? std::vector{arrival.reverse_path} : from) {
            auto known = collected_.has(arrival.account, one);
            if (!known) return deliver("collected addresses cannot be read");
            if (*known) return deliver("its sender is known");
        }
    }
    if (!has_folder(arrival.account)) return deliver("there is no folder to park it in");
    out.kind = Decision::Kind::park;
    parked_.add();
    if (arrival.authentication_failed) {
        out.why = "its sender is not known and may be forged";
    } else if (no_answer) {
        out.why = "its sender is not known, and not asked: " + std::string{*no_answer};
    } else {
        out.challenge = true;
        out.why = "its sender is not known";
    }
    return out;
}

bool IdentityConfirmation::has_folder(AccountId account) const {
    auto box = mailstore::open_or_create(parts_.mail, account);
    if (!box) return false;
    if ((*box)->folder(unconfirmed_folder)) return true;
    auto made = (*box)->create_folder(unconfirmed_folder);
    return made || made.error().kind == mailstore::MailError::exists;
}

bool IdentityConfirmation::may_challenge(AccountId account, const mime::AddrSpec& sender,
                                         unsigned skip_days) {
    const std::string key = challenge_key(account, sender);
    auto before = parts_.store.get(key);
    if (!before) return false;
    const std::uint64_t now = seconds_of(parts_.clock.now());
    if (*before) {
        Decoder in{**before};
        const std::uint64_t asked = in.varint();
        if (in.ok() && now < asked + std::max(skip_days, 1U) * day) return false;
    }
    std::lock_guard lock{mutex_};
    if (accounts_.size() > most_windows) accounts_.clear();
    if (senders_.size() > most_windows) senders_.clear();
    if (!senders_[text::to_lower(sender.local) + "@" + sender.domain].take(now / day,
                                                                           settings_.challenges_per_sender)
        || !accounts_[account].take(now / day, settings_.challenges_per_account)
        || !server_.take(now / hour, settings_.challenges_per_hour))
        return false;
    std::string value;
    put_varint(value, now);
    kv::Batch batch;
    batch.put(key, value);
    return parts_.store.write(std::move(batch)).has_value();
}

bool IdentityConfirmation::challenge(AccountId account, const mime::AddrSpec& sender,
                                     std::string_view header) {
    const auto its = wanted_by(account);
    if (!its || sender.null() || never_answer(sender, header)) return false;
    if (!may_challenge(account, sender, its->confirmation_skip_days)) return false;
    Task task{account, sender, {}, false};
    if (auto subject = mime::find_field(header, "Subject")) {
        task.subject = mime::decode_encoded_words(mime::unfold(*subject));
        task.subject.resize(std::min<std::size_t>(task.subject.size(), 200));
    }
    return add(std::move(task));
}

bool IdentityConfirmation::confirm(AccountId account, const mime::AddrSpec& sender) {
    auto added = collected_.add(account, sender, CollectedAddresses::How::confirmed);
    if (!added) return false;
    confirmed_.add();
    return add({account, sender, {}, true});
}

void IdentityConfirmation::written_to(AccountId account, const std::vector<mime::AddrSpec>& recipients) {
    constexpr std::size_t most = 50;  // of one message: what goes to more is no letter
    if (recipients.size() > most) return;
    for (const mime::AddrSpec& one : recipients)
        (void)collected_.add(account, one, CollectedAddresses::How::written_to);
}

std::optional<std::string> IdentityConfirmation::code(AccountId account, const mime::AddrSpec& sender) const {
    auto its = parts_.directory.effective(account);
    if (!its) return std::nullopt;
    return confirmation_code(secret_, account, sender, (*its)->confirmation_code);
}

bool IdentityConfirmation::add(Task task) {
    {
        std::lock_guard lock{mutex_};
        if (tasks_.size() >= max_tasks || stopping_) return false;
        tasks_.push_back(std::move(task));
    }
    wake_.notify_one();
    return true;
}

void IdentityConfirmation::start() {
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void IdentityConfirmation::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void IdentityConfirmation::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || !tasks_.empty(); });
        if (stopping_) break;
        const Task task = std::move(tasks_.front());
        tasks_.pop_front();
        busy_ = true;
        lock.unlock();
        if (task.release) {
            auto moved = release(task.account, task.sender);
            if (!moved)
                parts_.log.error({}, "What {} has sent to account {} stays unconfirmed: {}",
                                 task.sender.text(), task.account.value(), moved.error().what);
        } else {
            ask(task);
        }
        lock.lock();
        busy_ = false;
        idle_.notify_all();
    }
    idle_.notify_all();
}

void IdentityConfirmation::wait_idle() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [&] { return stopping_ || (tasks_.empty() && !busy_); });
}

void IdentityConfirmation::ask(const Task& task) {
    auto entry = parts_.directory.account(task.account);
    const auto its = wanted_by(task.account);
    if (!entry || !its) return;
    const std::string mark =
        code_mark(confirmation_code(secret_, task.account, task.sender, its->confirmation_code));
    auto address = mime::parse_addr_spec((*entry)->address);
    if (!address) return;
    unsigned char random[8];
    if (RAND_bytes(random, sizeof random) != 1) return;
    rules::OwnMessage about;
    about.from = *address;
    about.from_name = (*entry)->full_name;
    about.to = task.sender;
    about.host = parts_.host;
    about.unique = "confirm." + text::to_hex({reinterpret_cast<const char*>(random), sizeof random});
    about.now = parts_.clock.now();
    rules::Placeholders values{{"ACCOUNT", (*entry)->address},
                               {"NAME", (*entry)->full_name},
                               {"SUBJECT", task.subject.empty() ? "(no subject)" : task.subject},
                               {"MARK", mark}};
    std::string text{its->confirmation_text};
    if (text.find("%MARK%") == text.npos)
        text = text.empty() ? std::string{body_text} : text + "\n\n%MARK%\n";
    const std::string subject = rules::fill_in(subject_text, values);
    if (!parts_.send(task.sender, rules::own_message(about, subject, text, values))) {
        parts_.log.warning({}, "{} could not be asked to confirm mail for {}", task.sender.text(),
                           (*entry)->address);
        return;
    }
    asked_.add();
    parts_.log.info({}, "{} has been asked to confirm mail for {}", task.sender.text(), (*entry)->address);
}

mailstore::Result<std::size_t> IdentityConfirmation::release(AccountId account,
                                                             const mime::AddrSpec& sender) {
    auto box = mailstore::open_or_create(parts_.mail, account);
    if (!box) return std::unexpected(box.error());
    auto parked = (*box)->folder(unconfirmed_folder);
    if (!parked) return 0;
    auto inbox = (*box)->folder("INBOX");
    if (!inbox) return std::unexpected(inbox.error());
    mailstore::UidSet his;
    std::size_t many = 0;
    {
        auto view = (*box)->view(parked->id);
        if (!view) return std::unexpected(view.error());
        std::size_t looked = 0;
        auto ok = (*view)->each_item({{Uid{1}, Uid{0xffffffff}}}, [&](const mailstore::Item& item) {
            auto head = (*view)->head(item, head_size);
            if (head) {
                auto people = from_addresses(*head);
                if (auto path = mime::find_field(*head, "Return-Path")) {
                    std::string_view text = text::trim(*path);
                    if (text.starts_with('<') && text.ends_with('>')) text = text.substr(1, text.size() - 2);
                    if (auto spec = mime::parse_addr_spec(text)) people.push_back(std::move(*spec));
                }
                if (std::ranges::any_of(people, [&](const mime::AddrSpec& one) {
                        return one.domain == sender.domain && text::equal_ci(one.local, sender.local);
                    })) {
                    his.push_back({item.uid, item.uid});
                    ++many;
                }
            }
            return ++looked < max_parked;
        });
        if (!ok) return std::unexpected(ok.error());
    }
    if (his.empty()) return 0;
    auto moved = (*box)->move(parked->id, his, inbox->id);
    if (!moved) return std::unexpected(moved.error());
    parts_.log.info({}, "{} messages of {} are confirmed for account {}", many, sender.text(),
                    account.value());
    return many;
}

void IdentityConfirmation::sweep() {
    constexpr std::uint64_t longest_skip = 366 * day;
    const std::uint64_t now = seconds_of(parts_.clock.now());
    std::string end{challenge_prefix};
    ++end.back();
    std::vector<std::pair<std::uint64_t, std::string>> kept;
    kv::Batch batch;
    auto cursor = parts_.store.scan(challenge_prefix, end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder in{cursor->value()};
        const std::uint64_t asked = in.varint();
        if (!in.ok() || now > asked + longest_skip)
            batch.erase(cursor->key());
        else
            kept.emplace_back(asked, std::string{cursor->key()});
    }
    if (kept.size() > most_remembered) {
        const std::size_t many = kept.size() - most_remembered;
        std::ranges::nth_element(kept, kept.begin() + static_cast<std::ptrdiff_t>(many));
        for (std::size_t i = 0; i < many; ++i) batch.erase(kept[i].second);
    }
    if (!batch.empty()) (void)parts_.store.write(std::move(batch));
}

void IdentityConfirmation::erase(AccountId account, kv::Batch& batch) {
    batch.erase_range(challenges_of(account), challenges_of(AccountId{account.value() + 1}));
    CollectedAddresses::erase(account, batch);
}

}  // namespace postrider::filter
