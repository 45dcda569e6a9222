#pragma once

#include "admin/operation.h"
#include "admin/queue_filter.h"

/// What stands in the queue's chapter, by file.
namespace postrider::admin {

// queue_show.cpp
Result list_queue(Context& context, const Arguments& arguments, const Progress& progress);
Result list_quarantine(Context& context, const Arguments& arguments, const Progress& progress);
Result show_message(Context& context, const Arguments& arguments, const Progress& progress);
Result list_destinations(Context& context, const Arguments& arguments, const Progress& progress);

// queue_change.cpp
Result retry_messages(Context& context, const Arguments& arguments, const Progress& progress);
Result hold_messages(Context& context, const Arguments& arguments, const Progress& progress);
Result release_messages(Context& context, const Arguments& arguments, const Progress& progress);
Result delete_messages(Context& context, const Arguments& arguments, const Progress& progress);
Result bounce_messages(Context& context, const Arguments& arguments, const Progress& progress);
Result deliver_quarantined(Context& context, const Arguments& arguments, const Progress& progress);
Result delete_quarantined(Context& context, const Arguments& arguments, const Progress& progress);
Result force_queue(Context& context, const Arguments& arguments, const Progress& progress);

std::expected<QueueId, Error> parse_message_id(const std::string& text);
std::unexpected<Error> no_message(const std::string& id);

}  // namespace postrider::admin
