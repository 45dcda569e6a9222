#include "mime/address_list.h"
#include "mime/edit.h"
#include "mime/header.h"
#include "rights/sharing.h"
#include "smtp/session/session.h"
#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

/// Whose name stands on a message of somebody who has logged in.
namespace postrider::smtp {
namespace {

std::optional<mime::AddrSpec> spec_of(const mime::Address& address) {
    return mime::parse_addr_spec(address.local + "@" + address.domain);
}

/// As a header field may carry it; "" when only UTF-8 could say it and the message is not SMTPUTF8.
std::string for_header(const std::string& text, bool utf8) {
    auto address = mime::parse_addr_spec(text);
    if (!address) return {};
    if (utf8 || text::is_ascii(text)) return address->text();
    auto domain = text::to_alabels(address->domain);
    if (!domain || !text::is_ascii(address->local)) return {};
    return mime::AddrSpec{address->local, *domain}.text();
}

}  // namespace

bool Session::is_own(const mime::AddrSpec& address) const {
    auto route = s_.directory.route(address);
    auto* mailbox = std::get_if<directory::Mailbox>(&route);
    return mailbox != nullptr && mailbox->account->id == account_->id;
}

bool Session::may_send_as(const mime::AddrSpec& address) const {
    return is_own(address) || (s_.sharing != nullptr && s_.sharing->may_send_as(*account_, address));
}

std::optional<Reply> Session::check_author(std::string_view message) {
    std::size_t authors = 0, own = 0, of_others_here = 0;
    bool sender_may_stay = true, sender_is_own = false;
    const bool strict = s_.settings.sender_must_match_login;
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);) {
        const bool from = text::equal_ci(field.name, "From");
        if (!from && !text::equal_ci(field.name, "Sender")) continue;
        for (const mime::Address& address : mime::parse_address_list(field.value)) {
            auto spec = spec_of(address);
            const bool is_mine = spec && is_own(*spec);
            if (strict && !is_mine && (!spec || !may_send_as(*spec))) {
                if (from)
                    return Reply{550, "5.7.1",
                                 "The From header names an address that does not belong to the account that "
                                 "is logged in"};
                sender_may_stay = false;
            }
            if (!from) {
                sender_is_own = sender_is_own || is_mine;
                continue;
            }
            ++authors;
            if (is_mine)
                ++own;
            else if (spec && s_.router.is_local_domain(spec->domain))
                ++of_others_here;
        }
    }
    // Who names no author gets the sender of the envelope as one (complete()).
    const mime::AddrSpec& path = transaction_->envelope.reverse_path;
    if (authors == 0 && !path.null() && !is_own(path) && s_.router.is_local_domain(path.domain))
        ++of_others_here;
    // RFC 5322 §3.6.2: with several authors, or when none of them has sent it, Sender says who has.
    const bool on_behalf = of_others_here != 0 || (own != 0 && authors > 1);
    using Field = Transaction::SenderField;
    transaction_->sender_field = on_behalf && s_.settings.add_sender && !sender_is_own ? Field::replace
                                 : sender_may_stay                                     ? Field::leave
                                                                                       : Field::remove;
    return std::nullopt;
}

void Session::set_sender() {
    Transaction& t = *transaction_;
    using Field = Transaction::SenderField;
    if (t.sender_field == Field::leave) return;
    std::vector<std::pair<std::size_t, std::size_t>> old;
    const std::string_view message = std::string_view{t.payload}.substr(t.trace_size);
    mime::HeaderReader header{message};
    for (mime::Field field; header.next(field);)
        if (text::equal_ci(field.name, "Sender"))
            old.emplace_back(static_cast<std::size_t>(field.bytes.data() - t.payload.data()),
                             field.bytes.size());
    for (std::size_t i = old.size(); i-- > 0;) t.payload.erase(old[i].first, old[i].second);
    if (t.sender_field == Field::remove) return;
    if (std::string name = for_header(account_->address, t.envelope.smtputf8); !name.empty())
        t.payload.insert(t.trace_size, "Sender: <" + name + ">\r\n");
}

}  // namespace postrider::smtp
