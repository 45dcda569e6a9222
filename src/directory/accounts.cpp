#include <algorithm>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

constexpr std::size_t max_created_at_once = 10'000;
constexpr std::size_t max_text = 1024;  // octets of a full name and the like
constexpr std::size_t max_page = 10'000;

std::int64_t seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

Result<> take_text(std::string& into, const std::optional<std::string>& text, std::string_view attribute) {
    if (!text) return {};
    if (text->size() > max_text)
        return fail(DirectoryError::bad_value, std::string{attribute} + " has at most 1024 octets");
    into = *text;
    return {};
}

Result<> must_be_account(const records::Object& object) {
    if (object.kind != ObjectKind::account)
        return fail(DirectoryError::not_found, "there is no such account");
    return {};
}

}  // namespace

Result<AccountId> Directory::create_account(DomainId domain, const NewAccount& account) {
    auto created = create_accounts(domain, {&account, 1});
    if (!created) return std::unexpected(created.error());
    return created->front();
}

Result<std::vector<AccountId>> Directory::create_accounts(DomainId domain,
                                                          std::span<const NewAccount> accounts) {
    if (accounts.size() > max_created_at_once)
        return fail(DirectoryError::not_allowed, "at most 10000 accounts are created at once");
    std::vector<AccountId> ids;
    std::vector<records::Object> made;
    {
        std::lock_guard lock{impl_->writing};
        if (impl_->domains.find(domain) == nullptr)
            return fail(DirectoryError::not_found, "there is no such domain");
        kv::Batch batch;
        std::vector<std::string> taken;  // by accounts of this very call
        std::int64_t now = seconds(impl_->clock.now());
        for (const NewAccount& given : accounts) {
            records::Object object;
            object.domain = domain;
            object.name = given.name;
            object.aliases = given.aliases;
            object.created = now;
            object.must_change_password = given.must_change_password;
            if (auto good = take_text(object.full_name, given.full_name, "the full name"); !good)
                return std::unexpected(good.error());
            if (!given.account_class.empty()) {
                auto its_class = account_class(domain, given.account_class);
                if (!its_class) return std::unexpected(its_class.error());
                object.class_id = its_class->id;
            }
            AccountId id = impl_->counters.next_account;
            impl_->counters.next_account = AccountId{id.value() + 1};
            if (!given.credentials.empty()) {
                object.password_version = 1;
                object.password_changed = now;
                batch.put(keys::password(id), records::encode(Credentials{given.credentials, 1}));
            }
            if (auto put = impl_->put_object(batch, id, nullptr, &object); !put)
                return std::unexpected(put.error());
            taken.push_back(fold_local(object.name));
            for (const std::string& alias : object.aliases) taken.push_back(fold_local(alias));
            ids.push_back(id);
            made.push_back(std::move(object));
        }
        std::sort(taken.begin(), taken.end());
        if (auto twice = std::adjacent_find(taken.begin(), taken.end()); twice != taken.end())
            return fail(DirectoryError::exists,
                        "the name '" + *twice + "' stands twice among the new accounts");
        impl_->put_counters(batch);
        if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
        for (std::size_t i = 0; i < ids.size(); ++i) impl_->forget(ids[i], made[i]);
    }
    for (AccountId id : ids) impl_->tell(ChangeEvent::Kind::account_created, domain, id);
    return ids;
}

Result<> Directory::delete_account(AccountId id) {
    DomainId domain;
    {
        std::lock_guard lock{impl_->writing};
        auto object = impl_->need(id, "account");
        if (!object) return std::unexpected(object.error());
        if (auto good = must_be_account(*object); !good) return good;
        domain = object->domain;
        if (impl_->domains.find(domain)->postmaster == id
            || fold_local(object->name) == fold_local("postmaster"))
            return fail(DirectoryError::not_allowed,
                        "the postmaster cannot be removed (RFC 5321 asks for one in every "
                        "domain); give its mail to another account instead");
        kv::Batch batch;
        if (auto put = impl_->put_object(batch, id, &*object, nullptr); !put) return put;
        if (auto done = impl_->commit(std::move(batch)); !done) return done;
        impl_->forget(id, *object);
    }
    impl_->tell(ChangeEvent::Kind::account_deleted, domain, id);
    return {};
}

Result<> Directory::change_account(AccountId id, const AccountChange& change) {
    DomainId domain;
    {
        std::lock_guard lock{impl_->writing};
        auto after = impl_->update(id, "account", [&](records::Object& object) -> Result<> {
            if (auto good = must_be_account(object); !good) return good;
            if (change.enabled) object.enabled = *change.enabled;
            if (change.must_change_password) object.must_change_password = *change.must_change_password;
            if (change.publish_contact) object.publish_contact = *change.publish_contact;
            if (auto good = take_text(object.full_name, change.full_name, "the full name"); !good)
                return good;
            if (auto good = take_text(object.first_name, change.first_name, "firstName"); !good) return good;
            if (auto good = take_text(object.last_name, change.last_name, "lastName"); !good) return good;
            return take_text(object.customer_reference, change.customer_reference, "customerReference");
        });
        if (!after) return std::unexpected(after.error());
        domain = after->domain;
    }
    impl_->tell(ChangeEvent::Kind::account_changed, domain, id);
    return {};
}

Result<> Directory::set_class(AccountId id, std::string_view class_name) {
    DomainId domain;
    {
        std::lock_guard lock{impl_->writing};
        auto after = impl_->update(id, "account", [&](records::Object& object) -> Result<> {
            if (auto good = must_be_account(object); !good) return good;
            object.class_id = {};
            if (class_name.empty()) return {};
            auto its_class = account_class(object.domain, class_name);
            if (!its_class) return std::unexpected(its_class.error());
            object.class_id = its_class->id;
            return {};
        });
        if (!after) return std::unexpected(after.error());
        domain = after->domain;
    }
    impl_->tell(ChangeEvent::Kind::settings_changed, domain, id);
    return {};
}

Result<std::shared_ptr<const AccountEntry>> Directory::account(AccountId id) const {
    auto entry = impl_->find_object(id);
    if (!entry) return std::unexpected(entry.error());
    if (auto* account = std::get_if<std::shared_ptr<const AccountEntry>>(&*entry)) return std::move(*account);
    return fail(DirectoryError::not_found, "there is no such account");
}

Result<std::shared_ptr<const AccountEntry>> Directory::account(const mime::AddrSpec& address) const {
    auto its_domain = domain(address.domain);
    if (its_domain == nullptr)
        return fail(DirectoryError::not_found, "there is no domain '" + address.domain + "' here");
    std::string folded = fold_local(address.local);
    auto named = impl_->find_name({its_domain->id, folded});
    if (!named) return std::unexpected(named.error());
    if (named->id.value() == 0 || named->kind != ObjectKind::account)
        return fail(DirectoryError::not_found,
                    "there is no account '" + address.local + "' in '" + its_domain->name + "'");
    return account(named->id);
}

Result<Page> Directory::list(DomainId domain, ObjectKind kind, std::string_view prefix,
                             std::string_view after, std::size_t limit) const {
    limit = std::clamp<std::size_t>(limit, 1, max_page);
    std::string base = keys::list_of(domain, kind);
    std::string begin = base + fold_local(prefix);
    std::string end = keys::after(begin);
    auto cursor = impl_->store.scan(begin, end);
    if (!after.empty()) {
        std::string last = base + fold_local(after);
        if (last >= begin) {
            cursor->seek(last);
            if (cursor->valid() && cursor->key() == last) cursor->next();
        }
    }
    Page page;
    for (; cursor->valid(); cursor->next()) {
        if (page.objects.size() == limit) {
            page.next = page.objects.back().name;
            break;
        }
        Decoder value{cursor->value()};
        AccountId id{value.be<std::uint64_t>()};
        std::string name{value.string()};
        if (!value.ok()) return fail(DirectoryError::storage, "a list entry of the directory is damaged");
        page.objects.push_back({id, kind, std::move(name)});
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    return page;
}

// ---- passwords

Result<std::uint32_t> Directory::set_credentials(AccountId id, std::string_view bytes, bool must_change) {
    DomainId domain;
    std::uint32_t version = 0;
    {
        std::lock_guard lock{impl_->writing};
        auto before = impl_->need(id, "account");
        if (!before) return std::unexpected(before.error());
        if (auto good = must_be_account(*before); !good) return std::unexpected(good.error());
        records::Object after = *before;
        version = ++after.password_version;
        after.password_changed = seconds(impl_->clock.now());
        after.must_change_password = must_change;
        domain = after.domain;
        kv::Batch batch;
        if (auto put = impl_->put_object(batch, id, &*before, &after); !put)
            return std::unexpected(put.error());
        batch.put(keys::password(id), records::encode(Credentials{std::string{bytes}, version}));
        if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
        impl_->forget(id, after);
    }
    impl_->tell(ChangeEvent::Kind::password_changed, domain, id);
    return version;
}

Result<bool> Directory::refresh_credentials(AccountId id, std::uint32_t version, std::string_view bytes) {
    std::lock_guard lock{impl_->writing};
    auto current = credentials(id);
    if (!current) return std::unexpected(current.error());
    if (current->version != version || version == 0) return false;
    kv::Batch batch;
    batch.put(keys::password(id), records::encode(Credentials{std::string{bytes}, version}));
    // Losing it in a power cut costs nothing: the next log-in makes it again.
    if (auto done = impl_->commit(std::move(batch), kv::Durability::soon); !done)
        return std::unexpected(done.error());
    return true;
}

Result<Credentials> Directory::credentials(AccountId id) const {
    auto bytes = impl_->get(keys::password(id));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return Credentials{};
    auto read = records::decode_credentials(**bytes);
    if (!read) return fail(DirectoryError::storage, "the password record of an account is damaged");
    return std::move(*read);
}

}  // namespace postrider::directory
