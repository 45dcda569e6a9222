#include <cstdlib>
#include <string>
#include <string_view>

#include "imap/wire/acl.h"
#include "imap/wire/append.h"
#include "imap/wire/command.h"
#include "imap/wire/encode.h"
#include "imap/wire/esearch.h"
#include "imap/wire/fetch.h"
#include "imap/wire/imap_url.h"
#include "imap/wire/list.h"
#include "imap/wire/literal_skip.h"
#include "imap/wire/metadata.h"
#include "imap/wire/notify.h"
#include "imap/wire/pattern.h"
#include "imap/wire/receiver.h"
#include "imap/wire/search.h"
#include "imap/wire/simple.h"
#include "imap/wire/sort.h"
#include "imap/wire/status.h"
#include "imap/wire/store.h"
#include "imap/wire/tokens.h"
#include "imap/wire/urlauth.h"

// A dialogue as a client may send it: the receiver must find the same commands whatever the pieces, and every
// grammar must keep within the command it was given.
namespace {

using namespace postrider::imap;

void require(bool holds) {
    if (!holds) std::abort();
}

void require_inside(std::string_view part, std::string_view whole) {
    if (part.empty()) return;
    require(part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void require_sorted(const SequenceSet& set) {
    auto ranges = set.resolve(1000);
    for (std::size_t i = 0; i < ranges.size(); ++i) {
        require(ranges[i].first != 0 && ranges[i].first <= ranges[i].last);
        require(i == 0 || ranges[i].first > ranges[i - 1].last + 1ull);
    }
}

void read(std::string_view text) {
    auto command = parse_command(text);
    if (!command) {
        require(command.error().at <= text.size() && !command.error().expected.empty());
        return;
    }
    require_inside(command->tag, text);
    require_inside(command->args, text);
    std::string_view args = command->args;
    if (auto store = parse_store(args)) {
        for (std::string_view flag : store->flags) require_inside(flag, args);
        require_sorted(store->set);
    }
    if (auto fetch = parse_fetch(args)) {
        require_sorted(fetch->set);
        require(fetch->sections.size() <= max_sections);
        // What a response repeats is itself an item that can be fetched, with the same meaning.
        for (const FetchSection& section : fetch->sections) {
            if (section.partial || section.label.starts_with("RFC822")) continue;
            auto again = parse_fetch("1 " + section.label);
            require(again && again->sections.size() == 1 && again->sections[0].label == section.label);
        }
    }
    if (auto append = parse_append(args))
        for (const auto& message : append->messages) require_inside(message.octets, args);
    if (auto list = parse_list(args))
        for (const std::string& pattern : list->patterns) (void)Pattern{pattern}.matches("INBOX/a");
    (void)parse_search(args);
    (void)parse_thread(args);
    if (auto get = parse_get_metadata(args))
        for (const std::string& entry : get->query.entries) require(get->query.wants(entry));
    (void)parse_set_metadata(args);
    (void)parse_replace(args);
    (void)parse_genurlauth(args);
    (void)parse_resetkey(args);
    (void)parse_esearch(args);
    if (auto notify = parse_notify(args)) {
        require(notify->groups.size() <= max_groups);
        for (const auto& group : notify->groups) {
            using Kind = MailboxFilter::Kind;
            bool selected =
                group.filter.kind == Kind::selected || group.filter.kind == Kind::selected_delayed;
            require(selected || !group.fetch);
            require(!selected || (group.events & ~NotifyArgs::of_messages) == 0);
        }
    }
    (void)parse_words(args);
    if (auto url = parse_imap_url(args)) {
        require(url->uid != 0 && url->rump <= args.size());
        require((url->rump == 0) == url->access.empty());
    }
    if (auto sort = parse_sort(args)) require(!sort->keys.empty() && sort->keys.size() <= max_sort_keys);
    (void)parse_lsub(args);
    (void)parse_status(args);
    (void)parse_authenticate(args);
    (void)parse_create(args);
    (void)parse_rename(args);
    (void)parse_select(args);
    (void)parse_copy(args);
    (void)parse_set(args);
    (void)parse_enable(args);
    (void)parse_id(args);
    (void)parse_set_quota(args);
    if (auto acl = parse_set_acl(args)) {
        require(!acl->identifier.empty() && acl->identifier.size() <= max_identifier);
        require(parse_acl_identifier(args).has_value() == false);  // one argument more
    }
    // One word and nothing else: what is written of it reads back the same.
    auto reads_back = [](const auto& name, auto&& parse) {
        if (!name) return;
        std::string written;
        put_astring(written, *name);
        auto again = parse(written);
        require(again && *again == *name);
    };
    reads_back(parse_mailbox(args), [](std::string_view text) { return parse_mailbox(text); });
    reads_back(parse_quota_root(args), [](std::string_view text) { return parse_quota_root(text); });
    reads_back(parse_acl_mailbox(args), [](std::string_view text) { return parse_acl_mailbox(text); });
    if (auto tags = parse_tags(args)) require(!tags->empty());
    if (auto urls = parse_urlfetch(args)) {
        require(!urls->empty() && urls->size() <= max_urls);
        for (const std::string& url : *urls) (void)parse_imap_url(url);
    }
    if (auto set = parse_set(args)) {  // what is written of a set is the same set
        require_sorted(*set);
        std::string written;
        for (const auto& range : set->resolve(1000)) {
            if (!written.empty()) written += ',';
            put_number(written, range.first);
            written += ':';
            put_number(written, range.last);
        }
        if (!written.empty()) {
            auto again = parse_set(written);
            require(again && again->resolve(1000) == set->resolve(1000));
        }
    }
    if (auto batches = parse_uid_batches(args)) require(batches->size > 0 && batches->first <= batches->last);
    if (auto login = parse_login(args)) {  // what we write reads back as what it was
        std::string again;
        put_astring(again, login->user);
        again += ' ';
        put_string(again, login->password);
        auto twice = parse_login(again);
        require(twice && twice->user == login->user && twice->password == login->password);
    }
}

std::string run(std::string_view octets, std::size_t piece, bool parse) {
    ReceiverLimits limits;
    limits.line = 2000;
    limits.literals = 1000;
    limits.append = 3000;
    limits.literal_count = 5;
    Receiver receiver{limits};
    std::string history;
    while (!octets.empty()) {
        auto fed = receiver.feed(octets.substr(0, piece));
        require(fed.used <= piece && (fed.used > 0));
        octets.remove_prefix(fed.used);
        if (fed.step == Receiver::Step::more) continue;
        history += static_cast<char>('0' + static_cast<int>(fed.step));
        if (fed.step == Receiver::Step::go_ahead) continue;
        if (fed.step == Receiver::Step::hopeless) break;
        if (fed.step == Receiver::Step::command) {
            history += receiver.command();
            if (parse) read(receiver.command());
        }
        require(receiver.command().size() <= 2000 + 3000 + 100);
        receiver.next();
    }
    return history;
}

}  // namespace

namespace {

/// The log sees whole lines of what was received and nothing of literals.
void skip_literals(std::string_view octets) {
    std::string_view rest = octets;
    while (!rest.empty()) {
        const std::size_t before = rest.size();
        const std::string_view line = next_line(rest);
        require_inside(line, octets);
        require(line.find("\r\n") == std::string_view::npos && rest.size() < before);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view octets{reinterpret_cast<const char*>(data), size};
    skip_literals(octets);
    std::string whole = run(octets, size + 1, true);
    require(run(octets, 1, false) == whole);
    require(run(octets, 7, false) == whole);
    return 0;
}
