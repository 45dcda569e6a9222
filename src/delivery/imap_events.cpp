#include "delivery/imap_events.h"

#include <fmt/format.h>

#include <algorithm>

#include "filter/chain/world.h"
#include "mailstore/uid_set.h"
#include "mime/date.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "sieve/script.h"
#include "sieve/sieve.h"
#include "text/ascii.h"

namespace postrider::delivery {
namespace {

std::string_view word(ImapEvents::Cause cause) {
    switch (cause) {
        case ImapEvents::Cause::append: return "APPEND";
        case ImapEvents::Cause::copy: return "COPY";
        case ImapEvents::Cause::flag: return "FLAG";
    }
    return "";
}

std::string joined(const std::vector<std::string>& words) {
    std::string all;
    for (const std::string& one : words) all.append(all.empty() ? "" : " ").append(one);
    return all;
}

/// What a script may ask (RFC 6785 §4.3 to §4.5).
class EventWorld final : public filter::World {
public:
    EventWorld(const filter::ChainParts& parts, const filter::Owner& owner, const queue::Envelope& envelope,
               const filter::Levels& levels, const ImapEvents::Event& event, std::string mailbox,
               std::vector<std::string> flags)
        : World{parts, owner, envelope, levels},
          event_{event},
          mailbox_{std::move(mailbox)},
          flags_{std::move(flags)} {}

    std::optional<std::string> item(std::string_view name) override {
        if (name == "imap.cause") return std::string{word(event_.cause)};
        if (name == "imap.user" || name == "imap.email") return event_.user;
        if (name == "imap.mailbox") return mailbox_;
        if (name == "imap.changedflags") return joined(event_.flags);
        return World::item(name);
    }
    std::vector<std::string> flags() override { return flags_; }

private:
    const ImapEvents::Event& event_;
    std::string mailbox_;
    std::vector<std::string> flags_;
};

std::vector<std::string> flag_names(const mailstore::Item& item, const mailstore::FolderInfo& folder) {
    constexpr std::pair<std::uint8_t, std::string_view> system[] = {{mailstore::seen, "\\Seen"},
                                                                    {mailstore::answered, "\\Answered"},
                                                                    {mailstore::flagged, "\\Flagged"},
                                                                    {mailstore::deleted, "\\Deleted"},
                                                                    {mailstore::draft, "\\Draft"}};
    std::vector<std::string> names;
    for (const auto& [bit, name] : system)
        if ((item.flags.system & bit) != 0) names.emplace_back(name);
    for (std::size_t i = 0; i < folder.keywords.size(); ++i)
        if (item.flags.keyword(i)) names.push_back(folder.keywords[i]);
    return names;
}

mailstore::FlagChange exactly(const sieve::Flags& flags) {
    filter::Copy copy;
    filter::set_flags(copy, flags);
    return {mailstore::FlagChange::Mode::replace, copy.flags, std::move(copy.keywords)};
}

std::optional<std::string> script_named(mailstore::Account& account, FolderId folder) {
    auto all = account.annotations(folder);
    if (!all) return std::nullopt;
    for (mailstore::Annotation& one : *all)
        if (text::equal_ci(one.name, ImapEvents::annotation) && !one.value.empty())
            return std::move(one.value);
    return std::nullopt;
}

SideMessage side_message(const mime::AddrSpec& from, const std::vector<std::string>& to, std::string text,
                         Time now) {
    SideMessage side;
    side.envelope.reverse_path = from;
    side.envelope.arrival = now;
    side.envelope.body = queue::BodyType::eight_bit;
    side.text = std::move(text);
    for (const std::string& address : to) {
        auto parsed = mime::parse_addr_spec(address);
        if (!parsed) continue;
        queue::Recipient one;
        one.address = std::move(*parsed);
        one.notify = queue::Notify::never;
        side.envelope.recipients.push_back(std::move(one));
    }
    return side;
}

}  // namespace

struct ImapEvents::Script {
    std::string name;
    std::shared_ptr<const sieve::Script> compiled;
    std::shared_ptr<const directory::AccountEntry> entry;
};

void ImapEvents::start() {
    {
        std::lock_guard lock{mutex_};
        if (!stopping_) return;
        stopping_ = false;
    }
    thread_ = std::thread{[this] { run(); }};
}

void ImapEvents::stop() {
    {
        std::lock_guard lock{mutex_};
        stopping_ = true;
        waiting_.clear();
    }
    wake_.notify_all();
    idle_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void ImapEvents::happened(Event event) {
    bool full = false;
    {
        std::lock_guard lock{mutex_};
        if (stopping_) return;
        if (auto at = quiet_.find({event.account, event.folder});
            event.shape != 0 && at != quiet_.end() && at->second == event.shape)
            return;
        full = waiting_.size() >= max_waiting;
        if (!full) waiting_.push_back(std::move(event));
        full = full && !std::exchange(told_, true);
    }
    if (full) log_.warning({}, "More happens to mail than scripts can look at: some of it is left out");
    wake_.notify_one();
}

void ImapEvents::wait_idle() {
    std::unique_lock lock{mutex_};
    idle_.wait(lock, [&] { return stopping_ || (waiting_.empty() && !busy_); });
}

void ImapEvents::run() {
    std::unique_lock lock{mutex_};
    while (true) {
        wake_.wait(lock, [&] { return stopping_ || !waiting_.empty(); });
        if (stopping_) return;
        const Event event = std::move(waiting_.front());
        waiting_.pop_front();
        if (waiting_.empty()) told_ = false;
        busy_ = true;
        lock.unlock();
        look_at(event);
        lock.lock();
        busy_ = false;
        if (waiting_.empty()) idle_.notify_all();
    }
}

void ImapEvents::look_at(const Event& event) {
    auto account = mailstore::open_or_create(parts_.store, event.account);
    if (!account) return;
    auto name = script_named(**account, event.folder);
    if (!name) name = script_named(**account, FolderId{0});
    if (!name) {
        // Whoever names one later makes the shape another one.
        std::lock_guard lock{mutex_};
        if (quiet_.size() >= max_quiet) quiet_.clear();
        if (event.shape != 0) quiet_[{event.account, event.folder}] = event.shape;
        return;
    }
    auto folder = (*account)->folder(event.folder);
    auto entry = parts_.directory.account(event.account);
    if (!folder || !entry || !*entry) return;

    const auto owner = filter::ScriptOwner::of(event.account);
    auto text = scripts_.get(owner, *name);
    if (!text) {
        log_.warning({}, "The folder {} of {} names the script \"{}\" for what happens in it: {}",
                     folder->path, (*entry)->address, *name, text.error().what);
        return;
    }
    sieve::Options options;
    options.allowed = sieve::storable_extensions();
    options.find_script = [&](sieve::Location where,
                              const std::string& wanted) -> std::optional<std::string> {
        auto found = scripts_.get(
            where == sieve::Location::personal ? owner : filter::ScriptOwner::of_server(), wanted);
        return found ? std::optional{std::move(*found)} : std::nullopt;
    };
    auto compiled = sieve::compile(*text, options);
    if (!compiled) {
        log_.error({}, "The script \"{}\" of {} is not run: {}", *name, (*entry)->address,
                   compiled.error().front().shown());
        return;
    }
    run_on(event, {*name, compiled->script, *entry}, **account, *folder);
}

void ImapEvents::run_on(const Event& event, const Script& script, mailstore::Account& account,
                        const mailstore::FolderInfo& folder) {
    mailstore::UidSet uids;
    for (Uid uid : event.uids) {
        if (mailstore::count(uids) >= max_of_event) break;
        mailstore::append(uids, uid);
    }
    struct Seen {
        Uid uid;
        std::vector<std::string> flags;
        std::string text;
        Time date{};
    };
    std::vector<Seen> seen;
    {
        auto view = account.view(folder.id);
        if (!view) return;
        (void)(*view)->each_item(uids, [&](const mailstore::Item& item) {
            auto message = (*view)->message(item);
            if (message)
                seen.push_back({item.uid, flag_names(item, folder), std::move(*message),
                                Time{} + std::chrono::seconds{item.internal_date}});
            return true;
        });
    }
    filter::Owner owner{script.entry->domain, event.account, script.entry.get()};
    const Time now = parts_.clock.now();
    Beside beside;
    for (Seen& one : seen) {
        queue::Envelope envelope;
        const filter::Levels levels = filter::read_levels(one.text);
        EventWorld world{parts_, owner, envelope, levels, event, folder.path, one.flags};
        sieve::Message message{"", one.text, {.from = "", .to = script.entry->address}};
        sieve::Result result = sieve::run(*script.compiled, message, world);
        if (result.error) {
            log_.warning({}, "The script \"{}\" of {}, run on {} in {}: {}", script.name,
                         script.entry->address, word(event.cause), folder.path, result.error->shown());
            continue;
        }
        mailstore::UidSet self;
        mailstore::append(self, one.uid);
        auto failed = [&](std::string_view what, const mailstore::Failure& why) {
            log_.warning({}, "The script \"{}\" of {} cannot {} UID {} of {}: {}", script.name,
                         script.entry->address, what, one.uid.value(), folder.path, why.what);
        };
        bool kept = false, filed = false;
        struct Edited {
            std::string text;
            std::vector<std::string> flags;
        };
        std::optional<Edited> edited;  // what is to lie there instead
        // A message for one of the folders, made with the flags that a script wants.
        auto put = [&](FolderId into, std::string text, const std::vector<std::string>& flags, Time date) {
            filter::Copy copy;
            filter::set_flags(copy, flags);
            mailstore::Account::NewItem item;
            item.payload = std::move(text);
            item.flags = copy.flags;
            item.keywords = std::move(copy.keywords);
            item.internal_date = date;
            std::vector<mailstore::Account::NewItem> items;
            items.push_back(std::move(item));
            return account.append(into, std::move(items));
        };
        auto folder_for = [&](const sieve::FileInto& into) {
            const filter::Copy copy = world.copy_of(into);
            auto target = account.folder(copy.folder);
            if (!target && copy.create) target = account.create_folder(copy.folder);
            return target;
        };
        for (sieve::Action& action : result.actions) {
            auto text_now = [&]() -> std::string {
                const sieve::Version& version = result.versions[action.version];
                return version.whole ? *version.whole : version.prefix + one.text;
            };
            if (auto* keep = std::get_if<sieve::Keep>(&action.what)) {
                kept = true;
                const std::vector<std::string>& wanted = keep->flags;
                // Only such scripts begin with the flags that the message has.
                const bool knows = script.compiled->required.test(bit(sieve::Extension::imapsieve));
                if (action.version != 0) {
                    edited = Edited{text_now(), knows ? wanted : one.flags};
                    continue;
                }
                if (knows && wanted != one.flags)
                    if (auto stored = account.store(folder.id, self, exactly(wanted)); !stored)
                        failed("flag", stored.error());
            } else if (auto* into = std::get_if<sieve::FileInto>(&action.what)) {
                auto target = folder_for(*into);
                if (!target || target->id == folder.id) {
                    kept = true;  // where it lies, or it would be lost
                    continue;
                }
                if (action.version != 0) {
                    auto added = put(target->id, text_now(), into->flags, one.date);
                    if (!added) failed("file", added.error());
                    filed = filed || added;
                    kept = kept || !added;
                    continue;
                }
                auto copied = account.copy(folder.id, self, target->id);
                if (!copied || copied->to.empty()) {
                    if (!copied) failed("file", copied.error());
                    kept = true;
                    continue;
                }
                filed = true;
                if (!into->flags.empty()) {
                    mailstore::UidSet there;
                    mailstore::append(there, copied->to.front());
                    (void)account.store(target->id, there, exactly(into->flags));
                }
            } else if (auto* redirect = std::get_if<sieve::Redirect>(&action.what)) {
                mime::Trace trace;
                trace.helo = script.entry->address;
                trace.by = parts_.host;
                trace.with = "local";
                trace.when = mime::in_zone(now);
                const auto from = mime::parse_addr_spec(script.entry->address);
                SideMessage side = side_message(from.value_or(mime::AddrSpec{}), redirect->addresses,
                                                mime::received_line(trace) + text_now(), now);
                if (!side.envelope.recipients.empty()) beside.messages.push_back(std::move(side));
                kept = true;  // what lies in a folder stays there unless it is filed or discarded
            } else if (auto* note = std::get_if<sieve::Notification>(&action.what)) {
                if (note->method != sieve::Notification::Method::mailto) {
                    parts_.messenger->tell(*note);
                    continue;
                }
                const auto from = mime::parse_addr_spec(note->sender);
                std::string letter =
                    fmt::format("Date: {}\r\n", mime::format_date(mime::in_zone(now))) + note->message;
                if (note->copy)
                    if (auto target = folder_for(note->copy->into); target)
                        if (auto added = put(target->id, letter, note->copy->into.flags, now); !added)
                            failed("file the notice about", added.error());
                SideMessage side =
                    side_message(from.value_or(mime::AddrSpec{}), note->recipients, std::move(letter), now);
                if (!side.envelope.recipients.empty()) beside.messages.push_back(std::move(side));
            } else if (!std::holds_alternative<sieve::Discard>(action.what)) {
                kept = true;
                log_.warning({}, "The script \"{}\" of {} refuses or answers mail that lies in {}: not done",
                             script.name, script.entry->address, folder.path);
            }
        }
        if (edited) {
            if (auto added = put(folder.id, std::move(edited->text), edited->flags, one.date); !added)
                failed("change", added.error());
            else if (auto gone = account.expunge(folder.id, self, false); !gone)
                failed("replace", gone.error());
            continue;
        }
        if (kept || result.implicit_keep) continue;
        if (filed) {
            if (auto gone = account.expunge(folder.id, self, false); !gone) failed("move", gone.error());
            continue;
        }
        mailstore::FlagChange deleted;
        deleted.system = mailstore::deleted;
        if (auto stored = account.store(folder.id, self, deleted); !stored) failed("discard", stored.error());
    }
    if (!beside.empty()) intake_.send(std::move(beside));
}

}  // namespace postrider::delivery
