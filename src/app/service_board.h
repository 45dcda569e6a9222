#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>

#include "admin/live.h"
#include "app/service.h"
#include "observe/log.h"

namespace postrider::app {

/// All services of one server and which of them run; the settings that are in force, and how new ones are
/// taken.
class ServiceBoard final : public admin::LiveServer {
public:
    /// What new settings mean outside of the services (log rules, primary domain); returns what went wrong.
    using ApplyCommon = std::function<std::vector<std::string>(const Settings& settings)>;

    /// @param file  where the settings came from and are saved to; "" = nowhere
    ServiceBoard(Settings settings, std::string file, observe::Logger log, ApplyCommon common)
        : settings_{std::move(settings)}, file_{std::move(file)}, log_{log}, common_{std::move(common)} {}

    /// In starting order; they stop in the opposite one.
    void add(std::unique_ptr<Service> service);
    /// What is changed in each configuration file before it is applied (options of the command line).
    void override_with(std::function<void(Settings&)> change) { override_ = std::move(change); }

    /// Where the settings in force are always to be found, for a start while the configuration has errors.
    void remember_in(std::string file) { good_file_ = std::move(file); }
    void search_with(index::Index& full_text) { full_text_ = &full_text; }
    void limit_folders_with(directory::FolderQuotaBook& quotas) { folder_quotas_ = &quotas; }
    void upgrade_with(std::function<std::expected<void, std::string>()> ask) { upgrade_ = std::move(ask); }

    /// Prepares those that the settings name. On an error none is left.
    std::expected<void, std::string> prepare();
    void start();
    void stop();
    Ports ports() const;

    std::vector<admin::ServiceState> services() const override;
    std::expected<void, std::string> start_service(std::string_view name) override;
    std::expected<void, std::string> stop_service(std::string_view name) override;
    settings::Table table() const override { return settings_table(); }
    std::shared_ptr<void> settings() const override;
    std::expected<admin::Applied, std::string> apply(const void* settings) override;
    std::expected<admin::Applied, std::string> reload() override;
    std::expected<void, std::string> save() override;
    index::Index* full_text() override { return full_text_; }
    directory::FolderQuotaBook& folder_quotas() override { return *folder_quotas_; }
    std::string configuration_file() const override { return file_; }
    std::expected<void, std::string> upgrade() override {
        if (!upgrade_)
            return std::unexpected("This server runs without a supervisor; stop it and start the new one");
        return upgrade_();
    }

private:
    struct Place {
        std::unique_ptr<Service> service;
        bool running = false;
    };
    Place* find(std::string_view name);
    std::expected<void, std::string> start(Place& place);
    void stop(Place& place);
    void remember();

    mutable std::mutex changing_;  ///< held while something starts, stops or changes
    mutable std::mutex mutex_;     ///< settings_, for who only looks
    Settings settings_;
    std::string file_;
    index::Index* full_text_ = nullptr;
    directory::FolderQuotaBook* folder_quotas_ = nullptr;  ///< set before the services start
    observe::Logger log_;
    ApplyCommon common_;
    std::function<void(Settings&)> override_;
    std::function<std::expected<void, std::string>()> upgrade_;
    std::string good_file_;
    std::vector<Place> places_;
    bool started_ = false;
};

/// The service's name, as the setting `services` has it.
std::string_view name_of(settings::Service service);

}  // namespace postrider::app
