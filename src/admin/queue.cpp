// The queue's chapter.

#include "admin/chapters.h"
#include "admin/queue_operations.h"

namespace postrider::admin {
namespace {

constexpr Argument list_arguments[] = {filter_sender,
                                       filter_recipient,
                                       filter_destination,
                                       filter_state,
                                       filter_failure,
                                       filter_larger,
                                       filter_smaller,
                                       filter_older,
                                       filter_younger,
                                       filter_attempts,
                                       {"count", Type::flag, "Only say how many there are"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};

constexpr Argument one_message{"id", Type::text, "Id of one message; without it those that the filters find",
                               false, true};
constexpr Argument every{"all", Type::flag, "Every message in the queue"};
constexpr Argument change_arguments[] = {one_message,  filter_sender,  filter_recipient, filter_destination,
                                         filter_state, filter_failure, filter_larger,    filter_smaller,
                                         filter_older, filter_younger, filter_attempts,  every};
constexpr Argument bounce_arguments[] = {
    one_message,
    filter_sender,
    filter_recipient,
    filter_destination,
    filter_state,
    filter_failure,
    filter_larger,
    filter_smaller,
    filter_older,
    filter_younger,
    filter_attempts,
    every,
    {"reason", Type::text, "What the senders are told [Returned by the administrator]"}};
constexpr Argument show_arguments[] = {{"id", Type::text, "Id of the message in the queue", true},
                                       {"header", Type::flag, "Also the message's header"}};
constexpr Argument destinations_arguments[] = {
    {"destination", Type::text, "Only those whose name contains this"},
    {"down", Type::flag, "Only those that cannot be reached"},
    {"after", Type::text, "The 'next' of the page before"},
    {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument force_arguments[] = {
    {"destination", Type::text, "Only virtual queues whose name contains this"}};

constexpr Operation operations[] = {
    {"queue list", "List what waits for delivery, and why", list_arguments, list_queue},
    {"queue show", "Show one message and the state of each recipient", show_arguments, show_message},
    {"queue destinations", "List the virtual queues: what waits where, and which hosts are down",
     destinations_arguments, list_destinations},
    {"queue retry", "Try to deliver messages now, also what is held", change_arguments, retry_messages, true},
    {"queue hold", "Keep messages until they are released", change_arguments, hold_messages, true},
    {"queue release", "Let messages go that are held", change_arguments, release_messages, true},
    {"queue delete", "Delete messages; nobody is told", change_arguments, delete_messages, true},
    {"queue bounce", "Give messages back to their senders", bounce_arguments, bounce_messages, true},
    {"queue force", "Try everything now, also destinations that are down", force_arguments, force_queue,
     true},
};

}  // namespace

Chapter queue_chapter() {
    return {"queue", "Messages that wait for delivery", operations};
}

}  // namespace postrider::admin
