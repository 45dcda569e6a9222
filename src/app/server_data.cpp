#include "app/identity.h"
#include "app/key_file.h"
#include "app/server_rooms.h"
#include "base/make_directory.h"
#include "directory/admin_limits.h"
#include "extract/attachments.h"
#include "extract/helper.h"
#include "imap/service.h"
#include "net/run_task.h"
#include "relay/sts_policy.h"
#include "rules/notice_memory.h"

/// What a server keeps: logs, mail, who exists, the queue, and what administration may do with them.
namespace postrider::app {
namespace {

namespace fs = std::filesystem;

observe::LogOptions log_options(const settings::LogSettings& log, const std::string& host,
                                const fs::path& directory) {
    observe::LogOptions options;
    options.host = host;
    options.directory = (directory / log.path).string();
    options.rules = log.rules;
    options.deduplicate = log.deduplicate;
    options.security_log = log.security_log;
    options.remote = log.log.remote;
    return options;
}

}  // namespace

std::expected<void, std::string> Server::Rooms::open_data() {
    if (auto made = make_directory(directory_path / "run"); !made)
        return std::unexpected("The directory " + directory_path.string()
                               + " cannot be made: " + made.error().message());

    log = std::make_unique<observe::LogService>(log_options(settings.server.log, host, directory_path), clock,
                                                metrics);
    server_log = log->logger("SERVER");
    store_log = log->logger("STORAGE");

    auto asking =
        dns::UnboundResolver::open({dnr_settings(settings), log->logger("DNR", settings.dnr.log)}, metrics);
    if (!asking) return std::unexpected(asking.error());
    resolver = std::move(*asking);

    mailstore::Options options;
    options.directory = directory_path;
    mailstore::LocationConfig location;
    location.options.directory = directory_path / "messages";
    options.locations.push_back(std::move(location));
    if (auto ok = open_locations(); !ok) return ok;
    for (const mailstore::LocationConfig& one : locations->all()) options.locations.push_back(one);
    options.clock = &clock;
    options.log = &store_log;
    options.quota = &quotas;
    options.placing = &places;
    options.on_transfer = [this](const mailstore::Transferred& what) {
        if (anti_spam) anti_spam->learner().transferred(what);
    };
    auto opened = mailstore::MailStore::open(options, &delivery::Intake::replay);
    if (!opened)
        return std::unexpected("The mail store in " + directory_path.string()
                               + " cannot be opened: " + opened.error().what);
    store = std::move(*opened);
    open_index();

    directory::Options directory_options;
    std::vector<AccountId> deleted;  // with domains whose deletion a crash cut short
    directory_options.erasing = [this, opening = &deleted](AccountId account, kv::Batch& batch) {
        store->mark_deleted(account, batch);
        directory::FolderQuotaBook::forget(account, batch);
        Filtering::forget(account, batch);
        filter::AntiSpam::erase(account, batch);
        rights::Sharing::forget(store->kv(), account, batch);
        if (!directory) opening->push_back(account);  // during open() alone
    };
    auto known = directory::Directory::open(store->kv(), clock, directory_options);
    if (!known) return std::unexpected("The directory cannot be opened: " + known.error().what);
    directory = std::move(*known);
    folder_quotas = std::make_unique<directory::FolderQuotaBook>(store->kv());
    if (auto read = folder_quotas->open(); !read)
        return std::unexpected("The quotas of folders cannot be read: " + read.error().what);
    sharing = std::make_unique<rights::Sharing>(*store, *directory);
    directory->set_primary_domain(settings.server.primary_domain);
    for (AccountId account : deleted) erase_mail(account);
    directory->on_change([this](const directory::ChangeEvent& event) { on_change(event); });
    quotas_known = quotas.ask(*directory, *folder_quotas, *sharing);
    places.ask(*directory, *store);

    auth::AuthOptions auth_options;
    auth_options.host_name = host;
    auth_options.allow_alias_logins = settings.server.allow_alias_logins;
    auto key = load_or_create_key(directory_path / "run" / "secret.key");
    if (!key) return std::unexpected(key.error());
    own_secret = *key;
    auth_options.secret_key = std::move(*key);
    authenticator = std::make_unique<auth::Authenticator>(*directory, clock, metrics, auth_options);

    if (auto ok = place_domains(); !ok) return ok;
    open_queue();
    open_xmpp();
    open_rules();
    if (auto ok = open_anti_spam(); !ok) return ok;
    if (auto ok = open_tls_keeper(); !ok) return ok;
    if (auto ok = open_reports(); !ok) return ok;
    if (auto ok = open_rpop(); !ok) return ok;
    if (auto ok = open_screening(); !ok) return ok;
    open_admin();
    return {};
}

void Server::Rooms::open_index() {
    index::Options options;
    options.directory = directory_path / "index";
    options.log = store_log;
    options.enabled = settings.full_text.enabled;
    options.delay = settings.full_text.delay;
    options.read_attachments = settings.full_text.attachments;
    options.attachments = [](std::string_view message, const mime::Description& description) {
        return extract::attachment_texts(message, description.parts,
                                         [](std::string_view bytes, extract::Format format) {
                                             return extract::read_in_helper(bytes, format);
                                         });
    };
    full_text = index::Index::open(*store, metrics, std::move(options));
}

void Server::Rooms::open_queue() {
    observe::Logger processing = log->logger("PROCESSING", settings.processing.log);
    mailbox_rate = std::make_unique<rules::MailboxRate>(settings.processing.messages_per_second,
                                                        settings.processing.disable_interval);
    router = std::make_unique<delivery::Router>(*directory, *store, mailbox_rate.get(), &clock);
    queue = std::make_unique<queue::Queue>(*store);
    delivery::VirtualQueues::Options options;
    options.schedule = settings.processing.schedule();
    virtual_queues = std::make_unique<delivery::VirtualQueues>(*queue, clock, processing, metrics, options,
                                                               [this] { processor->wake(); });
    intake = std::make_unique<delivery::Intake>(*store, clock, processing, metrics, [this] {
        queue->added();
        processor->wake();
        virtual_queues->ready();
    });
    signer = std::make_unique<filter::Signer>(clock, processing, metrics);
    take_keys(settings);  // what cannot be used is in the log
    intake->sign_by(signer.get());
    processor = std::make_unique<delivery::Processor>(*store, *queue, *router, *intake, clock, processing,
                                                      settings.processing.options(host));
    max_queue_size = settings.processing.max_queue_size;
    intake->limit_queue([this] { return max_queue_size != 0 && queue->size() >= max_queue_size; });
    filtering = std::make_unique<Filtering>(
        Filtering::Parts{*directory, *store, metrics, clock, processing,
                         log->logger("FILTERS", settings.scanners.filters.log), directory_path, host});
    for (const std::string& problem : filtering->configure(settings.scanners, settings.filters))
        server_log.error({}, "Filters: {}", problem);
    intake->filter_by(&filtering->chain(), router.get());
    processor->filter_by(&filtering->chain());
    imap_events = std::make_unique<delivery::ImapEvents>(filtering->chain(), filtering->scripts(), *intake,
                                                         log->logger("PROCESSING"));
    filtering->scanners().on_return(
        [this](const std::string& scanner) { processor->release_scanned_by(scanner); });
    processor->connect({[this](QueueId id) { return virtual_queues->is_given(id); },
                        [this] { virtual_queues->ready(); }, [this] { return virtual_queues->work(); }});
    policy_routes = std::make_unique<relay::PolicyRoutes>(directory_path / "run" / "policy_routes");
    if (auto loaded = policy_routes->load(); !loaded) processing.error({}, "{}", loaded.error());
    take_routes(settings);
    take_srs(settings);
    router->stand_ins([this](const mime::AddrSpec& address) -> std::optional<mime::AddrSpec> {
        if (!address.local.starts_with("SRS") && !address.local.starts_with("srs")) return std::nullopt;
        std::shared_ptr<const relay::Srs> in_force;
        bool ours = directory->is_local_domain(address.domain);
        {
            std::lock_guard lock{srs_mutex};
            in_force = srs;
            ours = ours || address.domain == srs_domain;
        }
        if (!in_force || !ours) return std::nullopt;
        auto original = in_force->reverse(address, clock.now());
        if (original.verdict != relay::Srs::Verdict::good) return std::nullopt;
        return std::move(original.address);
    });
    send_by(&routes);
}

std::vector<std::string> Server::Rooms::take_keys(const Settings& from) {
    const std::string& domain = from.server.primary_domain.empty() ? host.get() : from.server.primary_domain;
    return signer->configure(from.signing, directory_path, host, domain);
}

void Server::Rooms::take_routes(const Settings& from) {
    auto assigned = [this](const std::string& name) {
        const auto domain = directory->domain(name);
        return domain ? domain->assigned_ip : std::string{};
    };
    routes.set(std::make_shared<const relay::RouteTable>(from.outgoing, host, std::move(assigned),
                                                         policy_routes.get()));
}

void Server::Rooms::take_srs(const Settings& from) {
    const std::string& secret = from.server.srs_secret_key.empty() ? own_secret : from.server.srs_secret_key;
    std::lock_guard lock{srs_mutex};
    srs = from.server.enable_srs ? std::make_shared<const relay::Srs>(secret) : nullptr;
    srs_domain = from.server.primary_domain.empty() ? host.get() : from.server.primary_domain;
}

/// Only mail from elsewhere that goes elsewhere has been forwarded by us; who has logged in sends it himself.
/// A transaction has one reverse-path: when addresses of several domains have forwarded to one destination,
/// the first of them speaks for all.
std::optional<mime::AddrSpec> Server::Rooms::sender_of(const delivery::Consignment& consignment) const {
    const queue::Envelope& envelope = consignment.entry->envelope;
    std::shared_ptr<const relay::Srs> in_force;
    std::string domain;
    {
        std::lock_guard lock{srs_mutex};
        in_force = srs;
        domain = srs_domain;
    }
    if (!in_force || envelope.reverse_path.null() || !envelope.authenticated.empty()) return std::nullopt;
    if (directory->is_local_domain(envelope.reverse_path.domain)) return std::nullopt;
    for (const std::size_t i : consignment.recipients) {
        const std::string& by = envelope.recipients[i].forwarded_by;
        if (by.empty() || !directory->is_local_domain(by)) continue;
        domain = by;
        break;
    }
    return in_force->forward(envelope.reverse_path, domain, clock.now());
}

void Server::Rooms::send_by(const delivery::Routes* ways) {
    intake->send_by(ways);
    processor->send_by(ways);
}

/// Reads which locations there are, and makes those that the configuration names for domains and that are
/// new.
std::expected<void, std::string> Server::Rooms::open_locations() {
    auto loaded = LocationsFile::load(directory_path);
    if (!loaded) return std::unexpected(loaded.error());
    locations = std::move(*loaded);
    for (const settings::DomainStorageParams& domain : settings.server.domains) {
        if (!domain.enable) continue;
        std::vector<std::uint16_t> numbers;
        for (const std::string& path : domain.message_locations) {
            auto number = locations->number_of(path);
            if (!number) {
                mailstore::LocationConfig made;
                made.number = locations->next_number();
                made.options.directory = path;
                auto added = locations->add(std::move(made));
                if (!added)
                    return std::unexpected("A messageStorageLocations entry of domain " + domain.domain_name
                                           + " cannot be used: " + added.error().what);
                number = added->number;
            }
            numbers.push_back(*number);
        }
        if (!numbers.empty()) locations_of_domain[domain.domain_name] = std::move(numbers);
    }
    return {};
}

/// The configuration's word on where a domain's messages go counts more than what was set before.
std::expected<void, std::string> Server::Rooms::place_domains() {
    for (const auto& [name, numbers] : locations_of_domain) {
        auto domain = directory->domain(name);
        if (!domain || domain->locations == numbers) continue;
        directory::DomainChange change;
        change.locations = numbers;
        if (auto ok = directory->change_domain(domain->id, change); !ok)
            return std::unexpected(ok.error().what);
    }
    return {};
}

/// What new settings mean outside of the services.
std::vector<std::string> Server::Rooms::apply(const Settings& now) {
    host.change(name_of_server(now));
    log->configure(log_options(now.server.log, host, directory_path));
    directory->set_primary_domain(now.server.primary_domain);
    authenticator->allow_alias_logins(now.server.allow_alias_logins);
    mailbox_rate->change(now.processing.messages_per_second, now.processing.disable_interval);
    full_text->configure(now.full_text.enabled, now.full_text.delay, now.full_text.attachments);
    take_routes(now);
    take_srs(now);
    log->logger("DNR", now.dnr.log);
    tls_keeper->apply(now);
    log->logger("FILTERS", now.scanners.filters.log);
    auto problems = filtering->configure(now.scanners, now.filters);
    for (std::string& wrong : screening->apply(now.screening, now.processing.greylisting_cache))
        problems.push_back(std::move(wrong));
    dmarc_reports->configure(dmarc_options(now));
    if (auto wrong = xmpp_notices->configure(now.xmpp, log->logger("XMPP", now.xmpp.log)); !wrong.empty())
        problems.push_back(std::move(wrong));
    for (std::string& wrong : take_keys(now)) problems.push_back(std::move(wrong));
    for (std::string& wrong : anti_spam->reconfigure(now.anti_spam)) problems.push_back(std::move(wrong));
    if (auto ok = resolver->reconfigure(dnr_settings(now)); !ok) problems.push_back(ok.error());
    return problems;
}

std::expected<void, std::string> Server::Rooms::open_tls_keeper() {
    tls_keeper = std::make_unique<TlsKeeper>(
        TlsKeeper::Parts{*resolver, store->kv(), *router, *intake, clock,
                         log->logger("SMTP-OUT", settings.outgoing.log), metrics, host, directory_path},
        settings);
    return tls_keeper->load();
}

admin::Identity Server::Rooms::identity() {
    const auto in_force = board ? std::static_pointer_cast<Settings>(board->settings()) : nullptr;
    admin::Identity us = identity_of(in_force ? *in_force : settings, host, directory_path.string());
    us.sts_policy = [this](const std::string& domain) {
        net::asio::io_context context{1};
        const auto fetched = net::run_task(context, tls_keeper->policies().fetch(domain));
        return admin::Identity::FetchedPolicy{fetched.problem, std::string{relay::word(fetched.policy.mode)},
                                              fetched.policy.mx};
    };
    return us;
}

/// With paths that do not depend on where the process stands.
dns::DnrSettings Server::Rooms::dnr_settings(const Settings& from) const {
    dns::DnrSettings out = from.dnr;
    if (!out.trust_anchor_file.empty() && out.trust_anchor_file != "none")
        out.trust_anchor_file = (directory_path / out.trust_anchor_file).string();
    return out;
}

mailstore::Result<> Server::Rooms::add_location(const mailstore::LocationConfig& location) {
    std::lock_guard lock{locations_mutex};
    if (location.number == 0)
        return std::unexpected(
            mailstore::Failure{mailstore::MailError::exists, "Storage location 0 is always there"});
    // Remembered before it is used: mail must not lie where the next start does not look.
    auto added = locations->add(location);
    if (!added) return std::unexpected(added.error());
    auto opened = store->add_location(*added);
    if (!opened)
        if (auto undone = locations->remove(location.number); !undone)
            server_log.error({}, "{}", undone.error());
    return opened;
}

void Server::Rooms::open_admin() {
    operations = std::make_unique<admin::Context>(
        admin::Context{*directory, *store, *authenticator, *queue, metrics, clock, false, {}, {}, {}});
    operations->sharing = sharing.get();
    operations->send_quota = send_quota.get();
    operations->anti_spam = anti_spam.get();
    operations->resolver = resolver.get();
    operations->screening = screening.get();
    operations->signer = signer.get();
    operations->identity = [this] { return identity(); };
    operations->rpop = rpop_connections.get();
    operations->wake_queue = [this] {
        processor->wake();
        virtual_queues->ready();
    };
    operations->is_sending = [this](QueueId id) { return virtual_queues->is_given(id); };
    operations->release_destination = [this](const std::string& name) {
        return virtual_queues->release(name);
    };
    operations->add_location = [this](const mailstore::LocationConfig& location) {
        return add_location(location);
    };
    operations->change_location = [this](const admin::StorageLocation& location) {
        return change_location(location);
    };
    operations->locations_of = [this](std::string_view name) {
        auto at = locations_of_domain.find(name);
        return at == locations_of_domain.end() ? std::vector<std::uint16_t>{0} : at->second;
    };
    operations->location_at = [this](const std::string& path, std::uint32_t files, std::uint64_t bytes) {
        return location_at(path, files, bytes);
    };
    operations->locations = [this] { return known_locations(); };
    operations->scripts = &filtering->scripts();
    operations->definitions = &filtering->definitions();
    operations->scanners = &filtering->scanners();
    operations->xmpp_state = [this] {
        xmpp::Notices::State now = xmpp_notices->state();
        return admin::XmppState{now.configured, now.connected, now.waiting, std::move(now.problem)};
    };
    operations->check_xmpp = [this] { return xmpp_notices->check(); };
    operations->wrong_search = [](std::string_view criteria) {
        return imap::wrong_search_criteria(criteria);
    };
    operations->find_messages = [this](mailstore::Account& account, mailstore::FolderView& folder,
                                       std::string_view criteria) {
        return imap::find_messages(account, folder, criteria, clock, full_text.get());
    };
    operations->stopping = [this] { return operations->running && !started; };
    operations->log_directory = directory_path / settings.server.log.path;
}

void Server::Rooms::on_change(const directory::ChangeEvent& event) {
    using Kind = directory::ChangeEvent::Kind;
    mailstore::Result<> done;
    if (event.kind == Kind::account_created) {
        done = store->create_account(event.account);
        if (filtering)
            if (auto given = filtering->give_template(event.account); !given.empty())
                server_log.error({}, "Account {} begins without the rules of its domain: {}",
                                 event.account.value(), given);
        if (notices) notices->account_created(event.account);
    }
    if (!done) server_log.error({}, "Folders of account {}: {}", event.account.value(), done.error().what);
    if (filtering && (event.kind == Kind::settings_changed || event.kind == Kind::domain_deleted))
        filtering->settings_changed();
    if (filtering && (event.kind == Kind::account_changed || event.kind == Kind::account_deleted))
        filtering->account_changed(event.account);
    if (filtering && event.kind == Kind::domain_deleted) {
        kv::Batch batch;
        Filtering::forget(event.domain, batch);
        if (!store->kv().write(std::move(batch)))
            server_log.warning({}, "Filters of a deleted domain stay in the store");
    }
    if (event.kind == Kind::domain_deleted && anti_spam) anti_spam->forget(event.domain);
    if (event.kind == Kind::domain_deleted)
        if (auto gone = directory::forget_admin_limits(store->kv(), event.domain); !gone)
            server_log.warning({}, "The limits of a deleted domain stay in the store: {}", gone.error().what);
    if (event.kind == Kind::account_deleted) {
        erase_mail(event.account);
        full_text->forget(event.account);
        if (anti_spam) anti_spam->forget(event.account);
        if (rpop_connections) rpop_connections->remove_all(event.account);
        if (send_quota) send_quota->reset(event.account);
        if (!rules::forget_notices(store->kv(), event.account))
            server_log.warning({}, "What was noted about the deleted account {} stays in the store",
                               event.account.value());
    }
}

void Server::Rooms::erase_mail(AccountId account) {
    auto done = store->delete_account(account);
    if (!done && done.error().kind != mailstore::MailError::no_such_account)
        server_log.error({}, "Mail of the deleted account {}: {}", account.value(), done.error().what);
}

/// The storage location in that directory; a new one gets the next number.
mailstore::Result<std::uint16_t> Server::Rooms::location_at(const std::string& path, std::uint32_t max_files,
                                                            std::uint64_t max_file_bytes) {
    mailstore::LocationConfig made;
    {
        std::lock_guard lock{locations_mutex};
        if (auto number = locations->number_of(path)) return *number;
        made.number = locations->next_number();
    }
    made.options.directory = locations->absolute(path);
    if (max_files != 0) made.options.max_files = max_files;
    if (max_file_bytes != 0) made.options.max_file_bytes = max_file_bytes;
    if (auto added = add_location(made); !added) return std::unexpected(added.error());
    return made.number;
}

/// Remembered first, so that the next start knows it too.
mailstore::Result<> Server::Rooms::change_location(const admin::StorageLocation& location) {
    std::lock_guard lock{locations_mutex};
    auto changed =
        locations->change(location.number, location.max_files, location.max_file_bytes, location.read_only);
    if (!changed) return std::unexpected(changed.error());
    return store->change_location(*changed);
}

std::vector<admin::StorageLocation> Server::Rooms::known_locations() {
    std::lock_guard lock{locations_mutex};
    const container::LocationOptions usual;
    std::vector<admin::StorageLocation> all{{0, (directory_path / "messages").string(),
                                             static_cast<std::uint32_t>(usual.max_files),
                                             usual.max_file_bytes}};
    for (const mailstore::LocationConfig& one : locations->all())
        all.push_back({one.number, one.options.directory.string(),
                       static_cast<std::uint32_t>(one.options.max_files), one.options.max_file_bytes,
                       one.options.read_only});
    return all;
}

}  // namespace postrider::app
