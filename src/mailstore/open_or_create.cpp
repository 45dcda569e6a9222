#include "mailstore/mailstore.h"

namespace postrider::mailstore {

Result<std::shared_ptr<Account>> open_or_create(MailStore& store, AccountId id) {
    auto account = store.account(id);
    if (account || account.error().kind != MailError::no_such_account) return account;
    if (auto made = store.create_account(id); !made && made.error().kind != MailError::exists)
        return std::unexpected(made.error());
    return store.account(id);
}

Result<std::shared_ptr<Account>> open_public(MailStore& store, AccountId owner) {
    auto account = store.account(owner);
    if (account || account.error().kind != MailError::no_such_account) return account;
    if (auto made = store.create_empty_account(owner); !made && made.error().kind != MailError::exists)
        return std::unexpected(made.error());
    return store.account(owner);
}

}  // namespace postrider::mailstore
