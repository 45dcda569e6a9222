#include <benchmark/benchmark.h>

#include "imap/session/commands.h"
#include "imap/session/fetch_run.h"
#include "imap/session/test_service.h"

namespace postrider::imap {
namespace {

/// A client with `count` small messages in its INBOX, selected.
struct Mailbox {
    explicit Mailbox(int count) : client{*service.services, SessionId{1}} {
        client.account = service.store->account(service.accounts[0]).value();
        FolderId inbox = client.account->folder("INBOX")->id;
        while (count > 0) {
            std::vector<mailstore::Account::NewItem> items(static_cast<std::size_t>(std::min(count, 1000)));
            for (auto& item : items) {
                std::string number = std::to_string(count--);
                item.payload =
                    "From: Alice <alice@example.org>\r\nTo: Bob <bob@example.org>\r\nSubject: message "
                    + number + "\r\nDate: Sat, 24 Mar 2007 23:00:00 +0200\r\nMessage-ID: <" + number
                    + "@example.org>\r\n\r\nHello, this is a short message.\r\n";
                item.internal_date = Time{std::chrono::seconds{1'700'000'000}};
            }
            (void)client.account->append(inbox, std::move(items)).value();
        }
        run("SELECT INBOX");
    }
    void run(std::string_view text) {
        std::string line = "a " + std::string{text};
        auto command = parse_command(line);
        (void)find_command(command->verb)->handler(client, *command);
        client.out.clear();
    }
    TestService service;
    Client client;
};

/// Messages per second of FETCH 1:* as mail programs list a folder.
void list_folder(benchmark::State& state) {
    Mailbox mailbox{20'000};
    std::uint64_t octets = 0;
    for (auto _ : state) {
        FetchRun run{mailbox.client,
                     parse_fetch("1:* (UID FLAGS ENVELOPE BODYSTRUCTURE RFC822.SIZE)").value(), false};
        (void)run.begin();
        for (bool more = true; more;) {
            more = run.more(256 * 1024);
            octets += mailbox.client.out.size();
            mailbox.client.out.clear();
        }
    }
    state.SetItemsProcessed(state.iterations() * 20'000);
    state.SetBytesProcessed(static_cast<std::int64_t>(octets));
}
BENCHMARK(list_folder)->Unit(benchmark::kMillisecond);

/// Messages per second looked at by searches that items, descriptions and whole messages decide.
void search_folder(benchmark::State& state, std::string_view program) {
    Mailbox mailbox{5'000};
    for (auto _ : state) mailbox.run(program);
    state.SetItemsProcessed(state.iterations() * 5'000);
}
BENCHMARK_CAPTURE(search_folder, flags, "SEARCH UNSEEN LARGER 100 SINCE 1-Jan-2020")
    ->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search_folder, subject, "SEARCH SUBJECT \"message 77\"")->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(search_folder, text, "SEARCH BODY nothing")->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace postrider::imap
