#include <algorithm>

#include "directory/impl.h"
#include "directory/keys.h"

namespace postrider::directory {
namespace {

constexpr std::size_t max_entries = 64, max_name = 64, max_text = 4096;

Result<ExplicitValues> read_contact(const Directory::Impl& impl, AccountId id) {
    auto bytes = impl.get(keys::contact(id));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return ExplicitValues{};
    auto read = records::decode_contact(**bytes);
    if (!read) return fail(DirectoryError::storage, "the contact information of an account is damaged");
    return std::move(*read);
}

}  // namespace

Result<ExplicitValues> Directory::contact(AccountId id) const {
    if (auto there = account(id); !there) return std::unexpected(there.error());
    return read_contact(*impl_, id);
}

Result<> Directory::change_contact(AccountId id, const ExplicitValues& changes) {
    DomainId domain;
    {
        std::lock_guard lock{impl_->writing};
        auto object = impl_->need(id, "account");
        if (!object) return std::unexpected(object.error());
        if (object->kind != ObjectKind::account)
            return fail(DirectoryError::not_found, "there is no such account");
        domain = object->domain;
        auto contact = read_contact(*impl_, id);
        if (!contact) return std::unexpected(contact.error());
        for (const auto& [name, text] : changes) {
            if (name.empty() || name.size() > max_name || text.size() > max_text)
                return fail(
                    DirectoryError::bad_value,
                    name.substr(0, max_name) + ": a text of contact information has at most 4096 octets");
            auto at =
                std::ranges::lower_bound(*contact, name, {}, &std::pair<std::string, std::string>::first);
            bool there = at != contact->end() && at->first == name;
            if (text.empty()) {
                if (there) contact->erase(at);
            } else if (there) {
                at->second = text;
            } else {
                contact->emplace(at, name, text);
            }
        }
        if (contact->size() > max_entries)
            return fail(DirectoryError::not_allowed, "contact information has at most 64 entries");
        kv::Batch batch;
        if (contact->empty())
            batch.erase(keys::contact(id));
        else
            batch.put(keys::contact(id), records::encode(*contact));
        if (auto done = impl_->commit(std::move(batch)); !done) return done;
    }
    impl_->tell(ChangeEvent::Kind::account_changed, domain, id);
    return {};
}

}  // namespace postrider::directory
