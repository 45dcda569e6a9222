#include "imap/session/client.h"

#include <bit>

#include "imap/wire/encode.h"
#include "rights/shared_account.h"
#include "text/mutf7.h"
#include "text/utf8.h"

namespace postrider::imap {

void Client::forget_user() {
    selected.reset();
    notify.reset();
    account.reset();
    who.reset();
    place = {};
    rev2 = utf8 = utf8_accept = condstore = qresync = uid_only = false;
    collation = Collation::unicode_casemap;
    language = Language::i_default;
}

std::optional<std::string> Client::folder_path(std::string_view name) const {
    std::optional<std::string> path;
    if (utf8) {
        if (text::valid_utf8(name)) path = std::string{name};
    } else {
        path = text::decode_mutf7(name);
    }
    // A trailing separator asks for a name that may have children (RFC 9051 §6.3.4): all may.
    if (path && path->size() > 1 && path->ends_with('/')) path->pop_back();
    return path;
}

mailstore::Result<std::shared_ptr<mailstore::Account>> Client::account_at(std::string_view path) const {
    if (services.sharing == nullptr) return account;
    auto shared = services.sharing->at(who, path);
    if (!shared) return std::unexpected(shared.error());
    if (*shared) return std::shared_ptr<mailstore::Account>{std::move(*shared)};
    return account;
}

bool Client::surely_own(std::string_view path) const {
    return services.sharing == nullptr || services.sharing->surely_own(*who, path);
}

mailstore::Result<Mailbox> Client::any_folder(std::string_view name) const {
    std::optional<std::string> path = folder_path(name);
    if (!path)
        return std::unexpected(
            mailstore::Failure{mailstore::MailError::no_such_folder, "not a mailbox name"});
    auto its = account_at(*path);
    if (!its) return std::unexpected(its.error());
    auto found = (*its)->folder(*path);
    if (!found) return std::unexpected(found.error());
    return Mailbox{std::move(*found), std::move(*its)};
}

mailstore::Result<Mailbox> Client::folder(std::string_view name) const {
    auto found = any_folder(name);
    if (found && !found->selectable)
        return std::unexpected(mailstore::Failure{mailstore::MailError::no_such_folder, "only holds others"});
    return found;
}

void enable_condstore(Client& client) {
    if (client.condstore) return;
    client.condstore = true;
    if (!client.selected) return;
    auto info = client.selected->account->folder(client.selected->folder);
    if (!info) return;
    client.out += "* OK [HIGHESTMODSEQ ";
    put_number(client.out, info->highest_modseq.value());
    client.out += "] Modification sequences are reported from now on\r\n";
}

std::expected<UidSet, Reply> resolve(const Client& client, const SequenceSet& set, bool uid) {
    const Selected& selected = *client.selected;
    if (set.saved) return intersect(selected.saved, selected.map.uids());
    if (!uid) {
        // RFC 9051 §9, seq-number: a number that no message has is an error, "*" in an empty mailbox too.
        std::uint32_t size = selected.map.size();
        if (set.greatest() > size || (size == 0 && set.has_star()))
            return std::unexpected(bad("There are not so many messages"));
        return selected.map.at(set.resolve(size));
    }
    return intersect(to_uids(set.resolve(selected.map.last().value())), selected.map.uids());
}

void put_flags(std::string& out, const mailstore::Flags& flags, bool recent,
               const std::vector<std::string>& keywords) {
    std::size_t begin = out.size();
    auto space = [&] {
        if (out.size() != begin) out += ' ';
    };
    auto put = [&](std::uint8_t flag, std::string_view name) {
        if (!(flags.system & flag)) return;
        space();
        out += name;
    };
    put(mailstore::answered, "\\Answered");
    put(mailstore::flagged, "\\Flagged");
    put(mailstore::deleted, "\\Deleted");
    put(mailstore::seen, "\\Seen");
    put(mailstore::draft, "\\Draft");
    if (recent) {
        space();
        out += "\\Recent";
    }
    for (std::size_t word = 0; word < flags.keywords.size(); ++word) {
        for (std::uint64_t bits = flags.keywords[word]; bits != 0; bits &= bits - 1) {
            std::size_t index = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            if (index >= keywords.size()) break;
            space();
            out += keywords[index];
        }
    }
}

void put_flag_report(Client& client, std::uint32_t number, const mailstore::Item& item,
                     const std::vector<std::string>& keywords, FlagReport what) {
    std::string& out = client.out;
    out += "* ";
    put_number(out, client.uid_only ? item.uid.value() : number);
    out += client.uid_only ? " UIDFETCH (" : " FETCH (UID ";
    if (!client.uid_only) {
        put_number(out, item.uid.value());
        out += ' ';
    }
    if (what.flags) {
        out += "FLAGS (";
        put_flags(out, item.flags, !client.rev2 && contains(client.selected->recent, item.uid), keywords);
        out += ") ";
    }
    if (what.modseq) {
        out += "MODSEQ (";
        put_number(out, item.modseq.value());
        out += ") ";
    }
    out.back() = ')';  // each item leaves a space behind it
    out += "\r\n";
}

}  // namespace postrider::imap
