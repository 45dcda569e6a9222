// storage_check DIRECTORY [repair]: opens the data of a stopped server, replays what a crash left, and
// verifies it as a whole; with `repair` it repairs every account first. One line per finding; exit code 1 if
// there are any.
#include <fmt/core.h>

#include <set>
#include <string_view>

#include "delivery/intake.h"
#include "mailstore/mailstore.h"

int main(int count, char** arguments) {
    using namespace postrider;
    if (count < 2) return 2;
    const std::filesystem::path directory = arguments[1];
    mailstore::Options options;
    options.directory = directory;
    mailstore::LocationConfig location;
    location.options.directory = directory / "messages";
    options.locations.push_back(std::move(location));
    auto store = mailstore::MailStore::open(options, &delivery::Intake::replay);
    if (!store) {
        fmt::print("cannot be opened: {}\n", store.error().what);
        return 3;
    }
    const auto progress = [](const mailstore::MailStore::Progress&) {};
    if (auto kv = (*store)->kv().verify([](int) {}); !kv) {
        fmt::print("records: {}\n", kv.error().what);
        return 1;
    }
    auto found = (*store)->verify(progress);
    if (found && count > 2 && std::string_view{arguments[2]} == "repair") {
        std::set<AccountId> damaged;
        for (const auto& each : *found) damaged.insert(each.account);
        for (AccountId account : damaged)
            if (account.value() != 0)
                if (auto repaired = (*store)->repair(account, progress); !repaired)
                    fmt::print("account {} cannot be repaired: {}\n", account.value(), repaired.error().what);
        found = (*store)->verify(progress);
    }
    if (!found) {
        fmt::print("cannot be verified: {}\n", found.error().what);
        return 1;
    }
    for (const auto& each : *found) fmt::print("account {}: {}\n", each.account.value(), each.what);
    return found->empty() ? 0 : 1;
}
