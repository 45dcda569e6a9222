#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

std::string id_value(ClassId id) {
    std::string value;
    put_be(value, id.value());
    return value;
}

std::unexpected<Failure> no_class(std::string_view name) {
    return fail(DirectoryError::not_found, "there is no account class '" + std::string{name} + "'");
}

Result<> free_class_name(const Directory::Impl& impl, DomainId domain, std::string_view name) {
    if (auto fault = label_fault(name))
        return fail(DirectoryError::bad_name, "'" + std::string{name} + "': " + *fault);
    auto taken = impl.get(keys::class_name(domain, fold_local(name)));
    if (!taken) return std::unexpected(taken.error());
    if (*taken)
        return fail(DirectoryError::exists,
                    "the domain has an account class '" + std::string{name} + "' already");
    return {};
}

}  // namespace

Result<ClassId> Directory::create_class(DomainId domain, std::string_view name) {
    std::lock_guard lock{impl_->writing};
    if (impl_->domains.find(domain) == nullptr)
        return fail(DirectoryError::not_found, "there is no such domain");
    if (auto free = free_class_name(*impl_, domain, name); !free) return std::unexpected(free.error());
    ClassId id = impl_->counters.next_class;
    impl_->counters.next_class = ClassId{id.value() + 1};
    kv::Batch batch;
    impl_->put_counters(batch);
    batch.put(keys::account_class(id), records::encode(AccountClass{id, domain, std::string{name}}));
    batch.put(keys::class_name(domain, fold_local(name)), id_value(id));
    if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
    return id;
}

Result<> Directory::rename_class(ClassId id, std::string_view name) {
    std::lock_guard lock{impl_->writing};
    auto record = impl_->read_class(id);
    if (!record) return std::unexpected(record.error());
    if (!*record) return no_class(std::to_string(id.value()));
    std::string old_folded = fold_local((*record)->name);
    if (fold_local(name) != old_folded)
        if (auto free = free_class_name(*impl_, (*record)->domain, name); !free) return free;
    kv::Batch batch;
    batch.erase(keys::class_name((*record)->domain, old_folded));
    (*record)->name = name;
    batch.put(keys::account_class(id), records::encode(**record));
    batch.put(keys::class_name((*record)->domain, fold_local(name)), id_value(id));
    if (auto done = impl_->commit(std::move(batch)); !done) return done;
    impl_->objects.clear();  // entries of its accounts show the name
    return {};
}

Result<> Directory::delete_class(ClassId id) {
    std::lock_guard lock{impl_->writing};
    auto record = impl_->read_class(id);
    if (!record) return std::unexpected(record.error());
    if (!*record) return no_class(std::to_string(id.value()));
    std::string users = keys::class_users(id);
    auto cursor = impl_->store.scan(users, keys::after(users));
    bool used = cursor->valid();
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    cursor.reset();
    if (used)
        return fail(DirectoryError::in_use, "accounts inherit from the class '" + (*record)->name
                                                + "': let them inherit from another one first");
    kv::Batch batch;
    batch.erase(keys::account_class(id));
    batch.erase(keys::class_name((*record)->domain, fold_local((*record)->name)));
    batch.erase(keys::settings(SettingsLevel::account_class(id)));
    if (auto done = impl_->commit(std::move(batch)); !done) return done;
    impl_->class_settings.clear();
    return {};
}

Result<std::vector<AccountClass>> Directory::classes(DomainId domain) const {
    std::string begin = keys::class_names_of(domain);
    std::vector<AccountClass> all;
    auto cursor = impl_->store.scan(begin, keys::after(begin));
    for (; cursor->valid(); cursor->next()) {
        Decoder value{cursor->value()};
        auto record = impl_->read_class(ClassId{value.be<std::uint32_t>()});
        if (!record) return std::unexpected(record.error());
        if (*record) all.push_back(std::move(**record));
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    return all;
}

Result<AccountClass> Directory::account_class(DomainId domain, std::string_view name) const {
    auto bytes = impl_->get(keys::class_name(domain, fold_local(name)));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return no_class(name);
    Decoder value{**bytes};
    auto record = impl_->read_class(ClassId{value.be<std::uint32_t>()});
    if (!record) return std::unexpected(record.error());
    if (!*record) return no_class(name);
    return std::move(**record);
}

}  // namespace postrider::directory
