#include "app/filtering.h"

#include "extract/helper.h"

namespace postrider::app {
namespace {

filter::Scanners::Options scanner_options(const Filtering::Parts& parts) {
    filter::Scanners::Options options;
    options.directory = parts.directory_path.string();
    options.stock = {(parts.directory_path / "filters").string(), "/usr/share/postrider/filters"};
    options.log = parts.log;
    options.health = parts.scanners;
    return options;
}

}  // namespace

Filtering::Filtering(const Parts& parts)
    : directory_{parts.directory},
      definitions_{parts.store.kv()},
      scripts_{parts.store.kv()},
      memory_{parts.store.kv(), parts.clock},
      scanners_{scanner_options(parts), parts.metrics, parts.clock},
      registry_{{parts.directory, definitions_, scripts_, &scanners_, parts.directory_path, parts.clock,
                 parts.log}},
      chain_{registry_, parts.directory, parts.store, memory_, parts.clock, parts.host} {
    definitions_.on_change([this](const filter::DefinitionOwner& owner) { registry_.changed(owner); });
    chain_.document_text = [](std::string_view type, std::string_view content) -> std::optional<std::string> {
        const auto format = extract::format_of(type, "");
        if (!format) return std::nullopt;
        std::string text = extract::read_in_helper(content, *format);
        return text.empty() ? std::nullopt : std::optional{std::move(text)};
    };
    scripts_.on_change([this](const filter::ScriptOwner& owner) { registry_.changed(owner); });
}

std::vector<std::string> Filtering::configure(const filter::ScannerSettings& scanners,
                                              const filter::ChainSettings& chain) {
    auto problems = scanners_.configure(scanners);
    auto more = registry_.configure(chain);
    problems.insert(problems.end(), more.begin(), more.end());
    return problems;
}

std::string Filtering::give_template(AccountId account) {
    auto entry = directory_.account(account);
    if (!entry) return entry.error().what;
    auto text = scripts_.get(filter::ScriptOwner::of((*entry)->domain), filter::template_script);
    if (!text) return text.error().kind == filter::ScriptError::no_such_script ? "" : text.error().what;
    auto put = scripts_.put(filter::ScriptOwner::of(account), filter::webmail_script, *text);
    return put ? "" : put.error().what;
}

void Filtering::forget(AccountId account, kv::Batch& batch) {
    filter::Memory::forget(account, batch);
    filter::ScriptStore::forget(filter::ScriptOwner::of(account), batch);
    filter::ScriptStore::forget(filter::ScriptOwner::admin_of(account), batch);
    filter::Definitions::forget({filter::DefinitionOwner::Kind::account, account.value()}, batch);
}

void Filtering::forget(DomainId domain, kv::Batch& batch) {
    filter::ScriptStore::forget(filter::ScriptOwner::of(domain), batch);
    filter::Definitions::forget({filter::DefinitionOwner::Kind::domain, domain.value()}, batch);
    filter::Definitions::forget({filter::DefinitionOwner::Kind::account_defaults, domain.value()}, batch);
}

void Filtering::sweep() {
    while (memory_.sweep()) {
    }
}

}  // namespace postrider::app
