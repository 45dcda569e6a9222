#include "imap/session/fetch_run.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "imap/session/message_limit.h"
#include "imap/session/object_id.h"
#include "imap/session/resync.h"
#include "imap/wire/encode.h"
#include "mime/header.h"

namespace postrider::imap {
namespace {

using Kind = FetchSection::Kind;
using What = FetchSection::What;

bool header_only(const FetchSection& section) {
    return section.kind == Kind::body && section.part.empty()
           && (section.what == What::header || section.what == What::header_fields
               || section.what == What::header_fields_not);
}

std::string_view cut(std::string_view octets, const std::optional<FetchSection::Partial>& partial) {
    if (!partial) return octets;
    if (partial->begin >= octets.size()) return {};  // RFC 9051 §6.4.5: beyond the end is empty
    return octets.substr(static_cast<std::size_t>(partial->begin),
                         static_cast<std::size_t>(std::min<std::uint64_t>(partial->count, octets.size())));
}

}  // namespace

mime::Section::What section_kind(What what) {
    switch (what) {
        case What::content: break;
        case What::header: return mime::Section::What::header;
        case What::header_fields: return mime::Section::What::header_fields;
        case What::header_fields_not: return mime::Section::What::header_fields_not;
        case What::text: return mime::Section::What::text;
        case What::mime: return mime::Section::What::mime;
    }
    return mime::Section::What::all;
}

std::optional<Reply> FetchRun::begin() {
    Selected& selected = *client_.selected;
    if (args_.changed_since || (args_.items & FetchArgs::modseq)) enable_condstore(client_);
    if (args_.changed_since) args_.items |= FetchArgs::modseq;        // RFC 7162 §3.1.4.1
    if (by_uid_ && !client_.uid_only) args_.items |= FetchArgs::uid;  // RFC 9051 §6.4.9
    auto uids = resolve(client_, args_.set, by_uid_);
    if (!uids) return uids.error();
    for (const FetchSection& section : args_.sections)
        sections_.push_back({section.part, section_kind(section.what), section.fields});

    if ((args_.partial || args_.vanished) && !by_uid_)  // RFC 9394 §3.3, RFC 7162 §3.2.6
        return bad("That modifier is UID FETCH's");
    if (args_.vanished && !client_.qresync) return bad("QRESYNC was not enabled");
    if (args_.partial) *uids = part_of(*uids, *args_.partial);
    if (limited_)
        if (auto failed = keep_newest(*uids)) return failed;
    bool marks = !selected.read_only
                 && std::any_of(args_.sections.begin(), args_.sections.end(),
                                [](const FetchSection& section) { return !section.peek; });
    if (marks)
        if (auto failed = mark_seen(*uids)) return failed;
    if (!view_ || !now_seen_.empty()) {
        auto view = selected.account->view(selected.folder);
        if (!view) return to_reply(view.error());
        view_ = std::move(*view);
    }
    announce_keywords(client_, view_->info());
    wanted_ = count(*uids);
    if (args_.changed_since)
        if (auto failed = narrow(*uids)) return failed;
    rest_ = std::move(*uids);
    walk_.emplace(selected.map);
    return std::nullopt;
}

/// RFC 9738 §3.1. Of CHANGEDSINCE, what has not changed since does not count.
std::optional<Reply> FetchRun::keep_newest(UidSet& uids) {
    if (client_.settings->message_limit == 0) return std::nullopt;
    UidSet counted = uids;
    if (args_.changed_since) {
        auto missed =
            missed_since(*client_.selected->account, client_.selected->folder, ModSeq{*args_.changed_since});
        if (!missed) return to_reply(missed.error());
        if (missed->complete) counted = intersect(counted, missed->touched);
    }
    lowest_ = keep_within_limit(client_, counted);
    if (!lowest_) return std::nullopt;
    if (args_.partial) return over_limit(client_);
    uids = intersect(uids, UidSet{{*lowest_, Uid{UINT32_MAX}}});
    return std::nullopt;
}

/// CHANGEDSINCE: the change log says which messages are worth a look, and what has vanished.
std::optional<Reply> FetchRun::narrow(UidSet& uids) {
    auto missed =
        missed_since(*client_.selected->account, client_.selected->folder, ModSeq{*args_.changed_since});
    if (!missed) return to_reply(missed.error());
    if (args_.vanished) {
        const Uid next = view_->info().uid_next;
        UidSet asked = to_uids(args_.set.resolve(client_.selected->map.last().value()));
        if (next.value() > 1)
            put_vanished_earlier(client_, *missed, intersect(asked, UidSet{{Uid{1}, Uid{next.value() - 1}}}));
    }
    if (!missed->complete) return std::nullopt;
    UidSet touched = intersect(uids, missed->touched);
    there_ = wanted_ - count(touched);  // the rest was not changed: as good as answered
    uids = std::move(touched);
    return std::nullopt;
}

/// RFC 9051 §6.4.5: what is read without PEEK is \Seen, and the answer says so.
std::optional<Reply> FetchRun::mark_seen(const UidSet& uids) {
    Selected& selected = *client_.selected;
    auto view = selected.account->view(selected.folder);
    if (!view) return to_reply(view.error());
    if ((*view)->info().unseen == 0) return std::nullopt;
    UidSet unseen;
    auto done = (*view)->each_item(uids, [&](const Item& item) {
        bool wanted = !args_.changed_since || item.modseq.value() > *args_.changed_since;
        if (wanted && !(item.flags.system & mailstore::seen)) append(unseen, item.uid);
        return true;
    });
    if (!done) return to_reply(done.error());
    if (unseen.empty()) return std::nullopt;
    auto stored = selected.account->store(selected.folder, unseen,
                                          {mailstore::FlagChange::Mode::add, mailstore::seen, {}});
    if (!stored) return to_reply(stored.error());
    if (stored->anything) selected.own.push_back(stored->modseq);
    now_seen_ = std::move(unseen);
    return std::nullopt;
}

bool FetchRun::needs_description() const {
    constexpr std::uint16_t described = FetchArgs::envelope | FetchArgs::body_structure | FetchArgs::body
                                        | FetchArgs::thread_id | FetchArgs::preview;
    if (args_.items & described) return true;
    return std::any_of(args_.sections.begin(), args_.sections.end(), [](const FetchSection& section) {
        return !section.part.empty() || section.kind != Kind::body;
    });
}

bool FetchRun::more(std::size_t octets) {
    Uid stopped_at;
    constexpr std::uint64_t shortest = 48;  // octets of an answer, about
    client_.out.reserve(client_.out.size() + std::min<std::uint64_t>(octets, count(rest_) * shortest));
    auto visit = [&](const Item& item, std::string_view description) {
        ++there_;
        if (!args_.changed_since || item.modseq.value() > *args_.changed_since)
            put_message(item, description);
        if (client_.out.size() < octets && !failed_) return true;
        stopped_at = item.uid;
        return false;
    };
    auto done = needs_description()
                    ? view_->each_described(rest_, visit)
                    : view_->each_item(rest_, [&](const Item& item) { return visit(item, {}); });
    if (!done) failed_ = to_reply(done.error());
    if (failed_ || stopped_at == Uid{0} || stopped_at == Uid{UINT32_MAX}) return false;
    rest_ = intersect(rest_, UidSet{{Uid{stopped_at.value() + 1}, Uid{UINT32_MAX}}});
    return !rest_.empty();
}

Reply FetchRun::end() {
    view_.reset();
    if (failed_) return *failed_;
    // RFC 2180 §4.1.2: by number, what is gone is an error; by UID it never was there (RFC 9051 §6.4.9).
    Reply reply = ok(by_uid_ ? "UID FETCH completed" : "FETCH completed");
    if (there_ < wanted_ && !by_uid_) reply = no("[EXPUNGEISSUED] Some of the messages no longer exist");
    return within_limit(client_, lowest_, std::move(reply));
}

void FetchRun::put_message(const Item& item, std::string_view description) {
    std::uint32_t number = walk_->number_of(item.uid);
    if (number == 0) return;
    message_.reset();
    head_.reset();
    parts_.reset();
    description_ = description;
    std::string& out = client_.out;
    std::size_t before = out.size();
    const std::uint16_t items = items_of(item);
    put_beginning(number, items, item);
    put_items(items, item, description);
    for (std::size_t i = 0; i < args_.sections.size() && !failed_; ++i)
        put_section(args_.sections[i], i, item);
    if (failed_) {
        out.resize(before);  // half a reply is no reply
        return;
    }
    out.back() = ')';  // each item leaves a space behind it
    out += "\r\n";
}

std::uint16_t FetchRun::items_of(const Item& item) const {
    std::uint16_t items = args_.items;
    if (now_seen_.empty() || !contains(now_seen_, item.uid)) return items;
    items |= FetchArgs::flags;
    if (client_.condstore) items |= FetchArgs::modseq;  // RFC 7162 §3.2
    return items;
}

/// "* 12 FETCH (UID 17 FLAGS (\Seen) ", which is all that is said of many messages: put together in one
/// piece, because appending many costs more than they do. Flags are mostly those of the message before.
void FetchRun::put_beginning(std::uint32_t number, std::uint16_t items, const Item& item) {
    std::array<char, 64> line{};  // 11 + 10 + 4 + 10 + 1 + 7 at the most
    char* at = line.data();
    auto word = [&](std::string_view text) { at = std::ranges::copy(text, at).out; };
    auto value = [&](std::uint32_t one) { at = std::to_chars(at, line.data() + line.size(), one).ptr; };
    word("* ");
    value(client_.uid_only ? item.uid.value() : number);
    word(client_.uid_only ? " UIDFETCH (" : " FETCH (");
    if (items & FetchArgs::uid) {
        word("UID ");
        value(item.uid.value());
        word(" ");
    }
    if (items & FetchArgs::flags) word("FLAGS (");
    client_.out.append(line.data(), static_cast<std::size_t>(at - line.data()));
    if (!(items & FetchArgs::flags)) return;
    const bool recent = !client_.rev2 && contains(client_.selected->recent, item.uid);
    if (flags_text_.empty() || recent != recent_ || item.flags != flags_) {
        flags_text_.clear();
        put_flags(flags_text_, item.flags, recent, view_->info().keywords);
        flags_text_ += ") ";
        flags_ = item.flags;
        recent_ = recent;
    }
    client_.out += flags_text_;
}

/// What is asked for besides.
void FetchRun::put_items(std::uint16_t items, const Item& item, std::string_view description) {
    std::string& out = client_.out;
    if (items & FetchArgs::internal_date) {
        out += "INTERNALDATE ";
        put_date_time(out, item.internal_date);
        out += ' ';
    }
    if (items & FetchArgs::size) {
        out += "RFC822.SIZE ";
        put_number(out, item.size);
        out += ' ';
    }
    if (items & FetchArgs::modseq) {
        out += "MODSEQ (";
        put_number(out, item.modseq.value());
        out += ") ";
    }
    if (items & FetchArgs::email_id) {
        out += "EMAILID (";
        put_email_id(out, item.email_id);
        out += ") ";
    }
    if (items & FetchArgs::save_date) {
        out += "SAVEDATE ";
        put_date_time(out, item.save_date);
        out += ' ';
    }
    if (items & (FetchArgs::thread_id | FetchArgs::preview)) put_summary(items, item, description);
    if (!(items & (FetchArgs::envelope | FetchArgs::body_structure | FetchArgs::body))) return;
    if (auto listing = mime::Listing::decode(description)) {
        put_structures(items, listing->envelope, listing->body_structure, listing->body);
        return;
    }
    auto made = view_->description(item.uid);  // a damaged record: made anew from the message
    if (!made)
        failed_ = to_reply(made.error());
    else if (*made)
        put_structures(items, (*made)->envelope, (*made)->body_structure, (*made)->body);
}

/// THREADID (RFC 8474 §5.2) and PREVIEW (RFC 8970 §3.2).
void FetchRun::put_summary(std::uint16_t items, const Item& item, std::string_view description) {
    std::uint64_t thread = 0;
    std::string preview;
    if (auto summary = mime::Summary::decode(description)) {
        thread = summary->thread_key;
        preview = summary->preview;
    } else if (auto made = view_->description(item.uid); made && *made) {  // a damaged record
        thread = (*made)->thread_key;
        preview = std::move((*made)->preview);
    }
    std::string& out = client_.out;
    if (items & FetchArgs::thread_id) {
        out += "THREADID ";
        put_thread_id(out, thread);
        out += ' ';
    }
    if (items & FetchArgs::preview) {
        out += "PREVIEW ";
        put_string(out, preview, client_.utf8);
        out += ' ';
    }
}

void FetchRun::put_structures(std::uint16_t items, std::string_view envelope, std::string_view body_structure,
                              std::string_view body) {
    auto put = [&](FetchArgs::Item wanted, std::string_view word, std::string_view value) {
        if (!(items & wanted)) return;
        client_.out += word;
        client_.out += value;
        client_.out += ' ';
    };
    put(FetchArgs::envelope, "ENVELOPE ", envelope);
    put(FetchArgs::body_structure, "BODYSTRUCTURE ", body_structure);
    put(FetchArgs::body, "BODY ", body);
}

const std::string& FetchRun::message(const Item& item) {
    if (!message_) {
        auto read = view_->message(item);
        if (!read && read.error().kind != mailstore::MailError::gone) failed_ = to_reply(read.error());
        message_ = read ? std::move(*read) : std::string{};
    }
    return *message_;
}

/// The header of the message, without reading the rest where that is long.
std::string_view FetchRun::head(const Item& item) {
    constexpr std::size_t first_piece = 16 * 1024;
    if (!message_ && !head_ && item.size > 2 * first_piece) {
        auto read = view_->head(item, first_piece);
        if (read) {
            std::size_t size = mime::header_size(*read);
            if (size < read->size()) head_ = read->substr(0, size);
        }
    }
    if (head_) return *head_;
    std::string_view whole = message(item);
    return whole.substr(0, mime::header_size(whole));
}

const std::vector<mime::Part>& FetchRun::parts(const Item& item) {
    if (!parts_) {
        auto decoded = mime::Description::decode(description_);
        if (!decoded) decoded = view_->description(item.uid).value_or(std::nullopt);
        parts_ = decoded ? std::move(decoded->parts) : std::vector<mime::Part>{};
    }
    return *parts_;
}

/// A section that the message does not have is NIL.
void FetchRun::put_section(const FetchSection& section, std::size_t index, const Item& item) {
    std::string& out = client_.out;
    std::optional<std::string_view> octets;
    if (section.kind != Kind::body) {
        auto content = mime::read_binary(message(item), parts(item), section.part);
        if (content) {
            scratch_ = std::move(*content);
            octets = scratch_;
        } else if (content.error() == mime::ContentError::unknown_encoding) {
            failed_ = no("[UNKNOWN-CTE] A part has an encoding that is not known");  // RFC 3516 §4.3
            return;
        }
    } else if (header_only(section)) {
        std::string_view block = head(item);
        if (section.what == What::header) {
            octets = block;
        } else {
            scratch_ = mime::filter_header(block, section.fields, section.what == What::header_fields);
            octets = scratch_;
        }
    } else if (section.part.empty() && section.what == What::content) {
        octets = message(item);
    } else if (section.part.empty()) {  // TEXT
        std::string_view whole = message(item);
        octets = whole.substr(mime::header_size(whole));
    } else {
        octets = mime::read_section(message(item), parts(item), sections_[index], scratch_);
    }
    out += section.label;
    out += ' ';
    if (section.kind == Kind::binary_size)
        put_number(out, octets ? octets->size() : std::size_t{0});
    else if (!octets)
        out += "NIL";
    else if (section.kind == Kind::binary)
        put_binary(out, cut(*octets, section.partial));
    else
        put_literal(out, cut(*octets, section.partial));
    out += ' ';
}

}  // namespace postrider::imap
