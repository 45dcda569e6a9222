#include "admin/mail_of.h"

#include "admin/lookup.h"

namespace postrider::admin {

std::expected<std::shared_ptr<mailstore::Account>, Error> mail_of(Context& context, std::string_view named) {
    if (named.starts_with('@')) {
        auto domain = find_domain(context, named.substr(1));
        if (!domain) return std::unexpected(domain.error());
        return need(mailstore::open_public(context.store, (*domain)->public_account));
    }
    auto entry = find_account(context, named);
    if (!entry) return std::unexpected(entry.error());
    return need(mailstore::open_or_create(context.store, (*entry)->id));
}

}  // namespace postrider::admin
