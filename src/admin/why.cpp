// Why a message was accepted, delayed, filed or refused.

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/log_story.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

constexpr Argument why_arguments[] = {
    {"id", Type::text, "Id of the message in the queue, as replies and logs name it", false, true},
    {"message-id", Type::text, "Its Message-ID"},
    {"sender", Type::text, "Envelope sender, or a part of it"},
    {"recipient", Type::text, "Envelope recipient, or a part of it"},
    {"client", Type::text, "Address of the host that it came from"},
    {"hours", Type::number, "Look back so many hours [24]; 0: the whole log"},
    {"limit", Type::number, "At most so many messages, the latest, 1 to 1000 [20]"}};

Result why(Context& context, const Arguments& arguments, const Progress&) {
    StoryQuery query;
    query.queue_id = arguments.text("id");
    query.message_id = arguments.text("message-id");
    query.sender = arguments.text("sender");
    query.recipient = arguments.text("recipient");
    query.client = arguments.text("client");
    if (!query.queue_id.empty() && !queue::parse_queue_id(query.queue_id))
        return fail(Kind::bad_value, fmt::format("'{}' is not the id of a message", query.queue_id));
    if (query.queue_id.empty() && query.message_id.empty() && query.sender.empty() && query.recipient.empty()
        && query.client.empty())
        return fail(Kind::usage,
                    "Say which message: its id, or --message-id, --sender, --recipient, --client");
    if (const auto hours = arguments.number("hours", 24); hours > 0)
        query.since = context.clock.now() - std::chrono::hours{std::min<std::uint64_t>(hours, 1'000'000)};
    const auto limit = arguments.number("limit", 20);
    if (limit < 1 || limit > 1000) return fail(Kind::bad_value, "limit is 1 to 1000");
    query.max_stories = limit;
    if (context.log_directory.empty())
        return fail(Kind::not_running, "It is not known where the log of these data is");
    auto stories = find_stories(context.log_directory, query);
    if (!stories) return fail(Kind::storage, stories.error());
    if (stories->empty())
        return fail(Kind::not_found, fmt::format("The log in {} says nothing about such a message{}",
                                                 context.log_directory.string(),
                                                 query.since ? "; look further back with --hours" : ""));
    Json rows = Json::array();
    std::size_t number = 0;
    for (const Story& story : *stories) {
        ++number;
        for (const std::string& line : story.lines)
            rows.push_back(Json{{"message", number}, {"id", story.queue_id}, {"log", line}});
    }
    return Json{{"lines", std::move(rows)}};
}

constexpr Operation why_operations[] = {
    {"why", "Show what the log tells about a message: why it was accepted, delayed, filed or refused",
     why_arguments, why}};

}  // namespace

Chapter why_chapter() {
    return {"why", "The story of a message", why_operations};
}

}  // namespace postrider::admin
