#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "cli/wire/queue_filter.h"
#include "queue/view.h"
#include "text/ascii.h"

/// Messages that wait.
namespace postrider::cli {
namespace {

using queue::Entry;
using queue::Recipient;

constexpr std::size_t max_shown = 10'000;     ///< rows of one LIST
constexpr std::size_t max_found = 1'000'000;  ///< messages that lastFilter remembers

std::int64_t seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

bool waits(const Recipient& one) {
    return one.state == Recipient::State::pending || one.state == Recipient::State::held;
}

std::string sender(const Entry& entry) {
    return entry.envelope.reverse_path.null() ? "<>" : entry.envelope.reverse_path.text();
}

/// The word for where it stands, as the queue's operations have it.
std::string status_of(Shell& shell, const Entry& entry) {
    const std::string record = queue::encode(entry);
    queue::EntryView view;
    admin::Context& admin = shell.admin();
    if (!view.read(entry.id, record)) return "IO Error";
    const bool sending = admin.is_sending && admin.is_sending(entry.id);
    if (!sending && admin.queue.busy(entry.id)) return "Processing";
    return std::string{queue::state_word(view, sending)};
}

/// Which mails a context shows: all that waits, or what filters have quarantined.
enum class Which { all, quarantine };

Which which(const Call& call) {
    return std::string_view{call.subject}.starts_with("quarantine") ? Which::quarantine : Which::all;
}

FilterSubject subject_of(Shell& shell, const Entry& entry, Time now, Which which) {
    FilterSubject subject;
    subject.status = status_of(shell, entry);
    subject.size = entry.size;
    subject.age = seconds(now) - seconds(entry.envelope.arrival);
    subject.retries = entry.attempts();
    if (auto next = entry.next_attempt()) subject.next_schedule = seconds(*next);
    subject.sender = sender(entry);
    for (const Recipient& one : entry.envelope.recipients) {
        if (!waits(one) || (which == Which::quarantine && !queue::quarantined(one))) continue;
        if (subject.recipients.empty()) subject.message = one.diagnostic;
        subject.recipients.push_back(one.address.text());
    }
    return subject;
}

Row row_of(const Entry& entry, const FilterSubject& subject) {
    std::string to = subject.recipients.empty() ? "" : subject.recipients.front();
    if (subject.recipients.size() > 1) to += fmt::format(" +{}", subject.recipients.size() - 1);
    return {queue::to_string(entry.id),
            std::to_string(subject.size),
            subject.sender,
            to,
            subject.status,
            std::to_string(subject.retries),
            subject.next_schedule == 0 ? "-" : date_text(Time{std::chrono::seconds{subject.next_schedule}}),
            subject.message};
}

const Row headings{"id", "size", "sender", "recipient", "status", "retries", "next schedule", "message"};

Reply list(Call& call, const std::vector<FilterTerm>& filter, bool remember) {
    const Time now = call.shell.admin().clock.now();
    std::vector<Row> rows;
    std::vector<QueueId> found;
    std::size_t more = 0;
    auto done = step(call.shell.admin().queue.each([&](const Entry& entry) {
        FilterSubject subject = subject_of(call.shell, entry, now, which(call));
        if (subject.recipients.empty() || !matches(filter, subject)) return true;
        if (remember) found.push_back(entry.id);
        if (rows.size() < max_shown)
            rows.push_back(row_of(entry, subject));
        else
            ++more;
        return found.size() < max_found;
    }));
    if (!done) return error(done.error());
    if (remember) call.shell.set_last_filter(std::move(found));
    Reply reply = ok(table("Mails", headings, rows));
    if (more != 0) reply.text = fmt::format("command successful; {} more are not shown", more);
    return reply;
}

Reply list_all(Call& call) {
    return list(call, {}, false);
}

Reply list_filter(Call& call) {
    auto filter = parse_filter(call.given.rest());
    if (!filter) return error(filter.error());
    return list(call, *filter, true);
}

Reply list_one(Call& call) {
    auto id = queue::parse_queue_id(call.given.text("id"));
    if (!id) return error(fmt::format("{} is not the id of a mail", clean(call.given.text("id"))));
    auto entry = step(call.shell.admin().queue.find(*id));
    if (!entry) return error(entry.error());
    if (!*entry) return error(fmt::format("there is no mail {}", call.given.text("id")));
    const Time now = call.shell.admin().clock.now();
    FilterSubject subject = subject_of(call.shell, **entry, now, which(call));
    if (which(call) == Which::quarantine && subject.recipients.empty())
        return error(fmt::format("mail {} is not in quarantine", call.given.text("id")));
    NamedValues values{
        {"id", queue::to_string((*entry)->id)},
        {"size", std::to_string(subject.size)},
        {"arrival", date_text((*entry)->envelope.arrival)},
        {"sender", quoted_text(subject.sender)},
        {"retries", std::to_string(subject.retries)},
        {"nextSchedule",
         subject.next_schedule == 0 ? "-" : date_text(Time{std::chrono::seconds{subject.next_schedule}})}};
    for (const Recipient& one : (*entry)->envelope.recipients)
        if (waits(one))
            values.emplace_back(
                "recipient", quoted_text(fmt::format("{} {} {}", one.address.text(),
                                                     one.state == Recipient::State::held ? "held" : "pending",
                                                     one.diagnostic)));
    return ok(attributes("the mail " + queue::to_string((*entry)->id), values));
}

/// One mail by its id, or all that the last LIST FILTER found.
Reply act(Call& call) {
    std::vector<QueueId> ids;
    const std::string& given = call.given.text("mailid");
    const bool all = text::equal_ci(given, "lastFilter");
    if (all) {
        ids = call.shell.last_filter();
        if (ids.empty()) return error("the last LIST FILTER of this session found nothing");
    } else {
        auto id = queue::parse_queue_id(given);
        if (!id) return error(fmt::format("{} is not the id of a mail", clean(given)));
        ids.push_back(*id);
    }
    std::size_t done = 0, gone = 0;
    std::string failed;
    for (QueueId id : ids) {
        auto result = admin::run(call.shell.admin(), call.subject, admin::Json{{"id", queue::to_string(id)}},
                                 [](std::string_view, int) {});
        if (result)
            ++done;
        else if (all && result.error().kind == admin::Error::Kind::not_found)
            ++gone;
        else
            failed = result.error().what;
    }
    if (!failed.empty())
        return error(all ? fmt::format("{} of {} done; {}", done, ids.size(), failed) : failed);
    Reply reply = ok();
    if (all)
        reply.text = fmt::format("command successful; {} mails{}", done,
                                 gone == 0 ? "" : fmt::format(", {} were gone", gone));
    return reply;
}

Reply force(Call& call) {
    auto result =
        admin::run(call.shell.admin(), "queue force", admin::Json::object(), [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    return ok();
}

Reply enter_quarantine(Call& call) {
    Shell& shell = call.shell;
    shell.enter(std::make_unique<PlainFrame>(shell, shell.tree().at("QUEUE/QUARANTINE"), "the quarantine"));
    return ok();
}

}  // namespace

std::vector<Context> queue_branch() {
    Context context;
    context.path = "QUEUE";
    context.prompt = "queue";
    context.help = "Messages that wait";
    context.commands = {
        {"LIST", "All of them", list_all},
        {"LIST ID <id>", "One, with its recipients", list_one},
        {"LIST FILTER <filters>...",
         "Those for which all terms hold: size> age< retries= status= sender= sender!= recipient= "
         "next_schedule> message=",
         list_filter},
        {"RETRY <mailid>", "Try it now; lastFilter: all that LIST FILTER found", act, {}, "queue retry"},
        {"DELETE <mailid>",
         "Delete it; nobody is told. lastFilter: all that LIST FILTER found",
         act,
         {},
         "queue delete"},
        {"NDR <mailid>",
         "Give it back to its sender; lastFilter: all that LIST FILTER found",
         act,
         {},
         "queue bounce"},
        {"FORCE QUEUE", "Try everything now", force},
        {"ENTER QUARANTINE", "Go to the messages that filters have quarantined", enter_quarantine},
    };
    Context quarantine;
    quarantine.path = "QUEUE/QUARANTINE";
    quarantine.prompt = "queue-quarantine";
    quarantine.help = "Messages that filters have quarantined";
    quarantine.commands = {
        {"LIST", "All of them", list_all, {}, "quarantine"},
        {"LIST ID <id>", "One, with its recipients", list_one, {}, "quarantine"},
        {"LIST FILTER <filters>...",
         "Those for which all terms hold, as in QUEUE",
         list_filter,
         {},
         "quarantine"},
        {"DELIVER <mailid>",
         "Let it go to its recipients; no filter looks at it again. lastFilter: all that LIST FILTER found",
         act,
         {},
         "quarantine deliver"},
        {"DELETE <mailid>",
         "Delete it; nobody is told. lastFilter: all that LIST FILTER found",
         act,
         {},
         "quarantine delete"},
    };
    std::vector<Context> all;
    all.push_back(std::move(context));
    all.push_back(std::move(quarantine));
    return all;
}

std::unique_ptr<Frame> make_queue_frame(Shell& shell) {
    return std::make_unique<PlainFrame>(shell, shell.tree().at("QUEUE"), "the queue");
}

}  // namespace postrider::cli
