#include "mime/edit.h"

#include <benchmark/benchmark.h>

using namespace postrider::mime;

namespace {

void make_received_line(benchmark::State& state) {
    Trace trace{"mx.example.net", "mx.example.net", "192.0.2.7",       "mail.example.org", "ESMTPS",
                "2C2605",         "TLSv1.3",        "bob@example.org", {1763632800, 0}};
    for (auto _ : state) benchmark::DoNotOptimize(received_line(trace));
}

void read_addr_spec(benchmark::State& state) {
    for (auto _ : state) benchmark::DoNotOptimize(parse_addr_spec("bob.example@example.org"));
}

void repair_complete_header(benchmark::State& state) {
    std::string message =
        "From: a@example.org\r\nTo: b@example.org\r\nSubject: x\r\nDate: Fri, 21 Nov 1997 09:55:06 -0600\r\n"
        "Message-ID: <x@example.org>\r\nMIME-Version: 1.0\r\n\r\nbody\r\n";
    Repair with{{1763632800, 0}, "abc.1", "mail.example.org", {"alice", "example.org"}};
    for (auto _ : state) benchmark::DoNotOptimize(repair(message, with));
}

}  // namespace

BENCHMARK(make_received_line);
BENCHMARK(read_addr_spec);
BENCHMARK(repair_complete_header);
