#include "directory/directory.h"

#include <unistd.h>

#include <algorithm>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {

constexpr std::size_t secret_size = 32;

std::string_view word(ObjectKind kind) {
    switch (kind) {
        case ObjectKind::account: return "account";
        case ObjectKind::group: return "group";
        case ObjectKind::forwarder: return "forwarder";
        case ObjectKind::folder_recipient: return "folder recipient";
    }
    return "";
}

Directory::Directory(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}
Directory::~Directory() = default;

Result<std::unique_ptr<Directory>> Directory::open(kv::Store& store, const Clock& clock, Options options) {
    auto impl = std::make_unique<Impl>(store, clock, options);
    auto counters = impl->get(keys::counters());
    if (!counters) return std::unexpected(counters.error());
    if (*counters) {
        auto read = records::decode_counters(**counters);
        if (!read) return fail(DirectoryError::storage, "the directory's counters are damaged");
        impl->counters = *read;
    }

    auto secret = impl->get(keys::server_secret());
    if (!secret) return std::unexpected(secret.error());
    if (*secret && (*secret)->size() == secret_size) {
        impl->server_secret = std::move(**secret);
    } else {
        impl->server_secret.resize(secret_size);
        if (getentropy(impl->server_secret.data(), secret_size) != 0)
            return fail(DirectoryError::storage, "the system gives no random numbers");
        kv::Batch batch;
        batch.put(keys::server_secret(), impl->server_secret);
        if (auto done = impl->commit(std::move(batch)); !done) return std::unexpected(done.error());
    }

    std::vector<std::pair<DomainId, Domain>> unfinished;
    std::string begin = keys::of('d');
    auto cursor = store.scan(begin, keys::after(begin));
    for (; cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(begin.size())};
        DomainId id{key.be<std::uint32_t>()};
        auto record = records::decode_domain(cursor->value());
        if (!record || !key.ok())
            return fail(DirectoryError::storage,
                        "the directory's record of domain " + std::to_string(id.value()) + " is damaged");
        record->domain.id = id;
        if (record->state == records::DomainState::deleting)
            unfinished.emplace_back(id, std::move(record->domain));
        else
            impl->domains.put(std::make_shared<const Domain>(std::move(record->domain)));
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    cursor.reset();
    for (const auto& [id, domain] : unfinished)
        if (auto done = impl->finish_deletion(id, domain); !done) return std::unexpected(done.error());
    return std::unique_ptr<Directory>{new Directory{std::move(impl)}};
}

void Directory::on_change(std::function<void(const ChangeEvent&)> listener) {
    impl_->listener = std::move(listener);
}

std::shared_ptr<const Domain> Directory::domain_at(std::string_view location_name) const {
    if (location_name.empty()) return nullptr;
    const auto all = impl_->domains.all();
    const auto at = std::find_if(all.begin(), all.end(),
                                 [&](const auto& one) { return one->location_name == location_name; });
    return at == all.end() ? nullptr : *at;
}

std::vector<std::shared_ptr<const Domain>> Directory::domains() const {
    auto all = impl_->domains.all();
    std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a->name < b->name; });
    return all;
}

std::shared_ptr<const Domain> Directory::domain(std::string_view name) const {
    if (auto found = impl_->domains.find(name)) return found;
    auto normal = normal_domain(name);
    return normal && *normal != name ? impl_->domains.find(*normal) : nullptr;
}

std::shared_ptr<const Domain> Directory::domain(DomainId id) const {
    return impl_->domains.find(id);
}

bool Directory::is_local_domain(std::string_view name) const {
    return domain(name) != nullptr;
}

void Directory::set_primary_domain(std::string_view name) {
    impl_->domains.set_primary(normal_domain(name).value_or(""));
}

std::shared_ptr<const Domain> Directory::primary_domain() const {
    return impl_->domains.primary();
}

const std::string& Directory::server_secret() const {
    return impl_->server_secret;
}

Directory::Stats Directory::stats() const {
    auto names = impl_->names.stats();
    auto settings = impl_->account_settings.stats();
    return {names.hits, names.misses, names.size, settings.size, impl_->domains.size()};
}

}  // namespace postrider::directory
