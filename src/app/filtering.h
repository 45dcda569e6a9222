#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/server_name.h"
#include "filter/chain/chain.h"
#include "filter/chain/registry.h"
#include "filter/scan/scanners.h"

namespace postrider::app {

/// All that filters messages on their way to folders, put together.
class Filtering {
public:
    struct Parts {
        directory::Directory& directory;
        mailstore::MailStore& store;
        observe::Metrics& metrics;
        const Clock& clock;
        observe::Logger log;
        observe::Logger scanners;              ///< what becomes of them
        std::filesystem::path directory_path;  ///< the working directory
        ServerName host;
    };
    /// All must live longer.
    explicit Filtering(const Parts& parts);

    /// @return what is wrong with the settings, a line each.
    std::vector<std::string> configure(const filter::ScannerSettings& scanners,
                                       const filter::ChainSettings& chain);
    void account_changed(AccountId account) { registry_.changed(filter::ScriptOwner::of(account)); }
    /// A new account begins with the rules that its domain has for new ones. @return what went wrong; ""
    std::string give_template(AccountId account);
    void settings_changed() { registry_.forget_all(); }
    /// Adds to a batch that all that is kept for an account is gone.
    static void forget(AccountId account, kv::Batch& batch);
    static void forget(DomainId domain, kv::Batch& batch);
    void sweep();  ///< forgets what has run out; now and then, on a thread that may block

    /// Lists, the spam filter and identity confirmation work too, from the next message on. Before the first.
    void judge_by(filter::AntiSpam& anti_spam) { chain_.anti_spam = &anti_spam; }

    /// Scripts may have people told by this. Before the first message.
    void tell_by(filter::Messenger& messenger) { chain_.messenger = &messenger; }

    const filter::ChainParts& chain() const { return chain_; }
    filter::ScriptStore& scripts() { return scripts_; }
    filter::Definitions& definitions() { return definitions_; }
    filter::Registry& registry() { return registry_; }
    filter::Scanners& scanners() { return scanners_; }

private:
    directory::Directory& directory_;
    filter::Definitions definitions_;
    filter::ScriptStore scripts_;
    filter::Memory memory_;
    filter::Scanners scanners_;
    filter::Registry registry_;
    filter::ChainParts chain_;
};

}  // namespace postrider::app
