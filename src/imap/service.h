#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "imap/session/services.h"
#include "mailstore/mailstore.h"
#include "net/stream.h"
#include "net/task.h"

namespace postrider::imap {

/// One session, from greeting to close. Returns when the dialogue has ended in whatever way; throws nothing.
/// `services` and all that it refers to must outlive the session.
net::Task<> serve(std::unique_ptr<net::Stream> stream, const Services& services, Door door, SessionId id);

/// What clients hear when they are silent for too long or the server stops: for ListenerOptions::farewell.
std::shared_ptr<const net::Farewell> farewell();

/// What a client hears that flow control turned away: for ListenerOptions::refuse.
std::string refusal();

/// Why a text cannot be the criteria of a search folder; nullopt when it can: search-keys of RFC 9051 §6.4.4
/// in UTF-8 and of all extensions, but without message numbers, UIDs, modification sequences, RECENT, "$" and
/// FILTER, which mean something else in each folder or at each moment.
std::optional<std::string> wrong_search_criteria(std::string_view criteria);

/// The messages of a folder that such criteria find. Blocks on disk.
/// @param full_text  nullptr: every message is looked at
mailstore::Result<mailstore::UidSet> find_messages(mailstore::Account& account, mailstore::FolderView& folder,
                                                   std::string_view criteria, const Clock& clock,
                                                   index::Index* full_text);

}  // namespace postrider::imap
