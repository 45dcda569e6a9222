#include <benchmark/benchmark.h>

#include "mime/seven_bit.h"
#include "relay/wire/command.h"
#include "relay/wire/dots.h"
#include "relay/wire/extensions.h"
#include "relay/wire/reply.h"

namespace postrider::relay {
namespace {

std::string text(std::size_t size) {
    std::string out = "From: a@example.org\r\nSubject: bench\r\n\r\n";
    while (out.size() < size)
        out += "A line of text that ends with a dot, as lines of letters to people often do.\r\n";
    return out;
}

void stuff_dots(benchmark::State& state) {  // octets per second
    const std::string message = text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        std::size_t sent = 0;
        DotStuffer pieces{message};
        for (std::string_view piece = pieces.next(); !piece.empty(); piece = pieces.next())
            sent += piece.size();
        benchmark::DoNotOptimize(sent);
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(stuff_dots)->Arg(4096)->Arg(102'400);

void look_for_eight_bit(benchmark::State& state) {
    const std::string message = text(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) benchmark::DoNotOptimize(mime::has_eight_bit(message));
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
}
BENCHMARK(look_for_eight_bit)->Arg(4096)->Arg(102'400);

void envelope_and_replies(benchmark::State& state) {  // what one message costs beside its octets
    queue::Recipient to;
    MailParameters mail;
    mail.size = 4096;
    mail.dsn = true;
    for (auto _ : state) {
        std::string out;
        append_mail(out, "alice@example.org", mail);
        append_rcpt(out, "bob@example.net", to, mail);
        ReplyReader reader;
        for (const std::string_view line :
             {"250 2.1.0 Ok", "250 2.1.5 Ok", "354 Go", "250 2.0.0 Ok: queued"}) {
            reader.take(line);
            benchmark::DoNotOptimize(reader.reply().code);
            reader.reset();
        }
        benchmark::DoNotOptimize(out);
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(envelope_and_replies);

}  // namespace
}  // namespace postrider::relay
