// The quarantine's chapter: messages that filters keep from their recipients until somebody has looked at
// them.

#include "admin/chapters.h"
#include "admin/queue_operations.h"

namespace postrider::admin {
namespace {

constexpr Argument list_arguments[] = {filter_sender,
                                       filter_recipient,
                                       filter_failure,
                                       filter_larger,
                                       filter_smaller,
                                       filter_older,
                                       filter_younger,
                                       {"count", Type::flag, "Only say how many there are"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument show_arguments[] = {{"id", Type::text, "Id of the message", true},
                                       {"header", Type::flag, "Also the message's header"}};
constexpr Argument change_arguments[] = {
    {"id", Type::text, "Id of one message; without it those that the filters find", false, true},
    filter_sender,
    filter_recipient,
    filter_failure,
    filter_larger,
    filter_smaller,
    filter_older,
    filter_younger,
    {"all", Type::flag, "Every message in quarantine"}};

constexpr Operation operations[] = {
    {"quarantine list", "List messages that filters have quarantined, and why", list_arguments,
     list_quarantine},
    {"quarantine show", "Show one message and the state of each recipient", show_arguments, show_message},
    {"quarantine deliver", "Let messages go to their recipients; no filter looks at them again",
     change_arguments, deliver_quarantined, true},
    {"quarantine delete", "Delete messages; nobody is told", change_arguments, delete_quarantined, true},
};

}  // namespace

Chapter quarantine_chapter() {
    return {"quarantine", "Messages that filters have set aside", operations};
}

}  // namespace postrider::admin
