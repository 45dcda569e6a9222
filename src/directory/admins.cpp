#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

constexpr std::string_view built_in = "admin";

bool is_built_in(std::string_view name) {
    return fold_local(name) == fold_local(built_in);
}

/// The built-in administrator is there without a record too, until it is given a password.
Result<records::Admin> read_admin(const Directory::Impl& impl, std::string_view name) {
    auto bytes = impl.get(keys::admin(fold_local(name)));
    if (!bytes) return std::unexpected(bytes.error());
    records::Admin admin;
    if (*bytes) {
        auto read = records::decode_admin(**bytes);
        if (!read) return fail(DirectoryError::storage, "the record of an administrator is damaged");
        admin = std::move(*read);
    } else if (is_built_in(name)) {
        admin.entry.name = built_in;
    } else {
        return fail(DirectoryError::not_found, "there is no administrator '" + std::string{name} + "'");
    }
    admin.entry.built_in = is_built_in(name);
    return admin;
}

Result<> write_admin(Directory::Impl& impl, const records::Admin& admin) {
    kv::Batch batch;
    batch.put(keys::admin(fold_local(admin.entry.name)), encode(admin));
    return impl.commit(std::move(batch));
}

}  // namespace

Result<> Directory::create_admin(std::string_view name, std::string_view description,
                                 std::string_view credentials, AdminKind kind) {
    if (auto fault = label_fault(name))
        return fail(DirectoryError::bad_name, "'" + std::string{name} + "': " + *fault);
    if (description.size() > 1024)
        return fail(DirectoryError::bad_value, "a description has at most 1024 octets");
    std::lock_guard lock{impl_->writing};
    auto taken = read_admin(*impl_, name);
    if (taken)
        return fail(DirectoryError::exists, "there is an administrator '" + std::string{name} + "' already");
    if (taken.error().kind != DirectoryError::not_found) return std::unexpected(taken.error());
    records::Admin admin;
    admin.entry.name = name;
    admin.entry.description = description;
    admin.entry.super_user = kind == AdminKind::super_user;
    admin.credentials = {std::string{credentials}, 1};
    return write_admin(*impl_, admin);
}

Result<> Directory::change_admin(std::string_view name, std::optional<bool> enabled,
                                 std::optional<std::string> description) {
    std::lock_guard lock{impl_->writing};
    auto admin = read_admin(*impl_, name);
    if (!admin) return std::unexpected(admin.error());
    if (admin->entry.built_in && enabled && !*enabled)
        return fail(DirectoryError::not_allowed, "the built-in administrator cannot be switched off");
    if (enabled) admin->entry.enabled = *enabled;
    if (description) {
        if (description->size() > 1024)
            return fail(DirectoryError::bad_value, "a description has at most 1024 octets");
        admin->entry.description = *description;
    }
    return write_admin(*impl_, *admin);
}

Result<> Directory::delete_admin(std::string_view name) {
    std::lock_guard lock{impl_->writing};
    auto admin = read_admin(*impl_, name);
    if (!admin) return std::unexpected(admin.error());
    if (admin->entry.built_in)
        return fail(DirectoryError::not_allowed, "the built-in administrator cannot be removed");
    kv::Batch batch;
    batch.erase(keys::admin(fold_local(name)));
    batch.erase(keys::rights(Principal::user, fold_local(name)));
    return impl_->commit(std::move(batch));
}

Result<> Directory::set_admin_credentials(std::string_view name, std::string_view bytes) {
    std::lock_guard lock{impl_->writing};
    auto admin = read_admin(*impl_, name);
    if (!admin) return std::unexpected(admin.error());
    admin->credentials.bytes = bytes;
    ++admin->credentials.version;
    return write_admin(*impl_, *admin);
}

Result<AdminEntry> Directory::admin(std::string_view name) const {
    auto admin = read_admin(*impl_, name);
    if (!admin) return std::unexpected(admin.error());
    return std::move(admin->entry);
}

Result<Credentials> Directory::admin_credentials(std::string_view name) const {
    auto admin = read_admin(*impl_, name);
    if (!admin) return std::unexpected(admin.error());
    return std::move(admin->credentials);
}

Result<std::vector<AdminEntry>> Directory::admins() const {
    auto first = admin(built_in);
    if (!first) return std::unexpected(first.error());
    std::vector<AdminEntry> all{std::move(*first)};
    std::string begin = keys::of('u');
    auto cursor = impl_->store.scan(begin, keys::after(begin));
    for (; cursor->valid(); cursor->next()) {
        auto read = records::decode_admin(cursor->value());
        if (!read) return fail(DirectoryError::storage, "the record of an administrator is damaged");
        if (!is_built_in(read->entry.name)) all.push_back(std::move(read->entry));
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    return all;
}

}  // namespace postrider::directory
