#include <benchmark/benchmark.h>
#include <malloc.h>
#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "net/connect.h"
#include "net/proxy_header.h"
#include "net/run_task.h"
#include "net/test_server.h"
#include "net/tls.h"

// CPU times are those of the whole process: server and client.
namespace postrider::net {
namespace {

Task<> echo(std::unique_ptr<Stream> stream) {
    while (true) {
        const Line line = co_await stream->read_line(1000);
        stream->send(line.text);
        stream->send("\r\n");
        if (stream->buffered().empty()) co_await stream->flush();
    }
}

/// Lines there and back, `range` of them sent before the first answer is awaited.
void echo_lines(benchmark::State& state) {
    TestServer server{echo};
    TestPeer peer{server.address()};
    std::string lines;
    for (int i = 0; i < state.range(0); ++i) lines += "MAIL FROM:<someone@example.org> SIZE=4096\r\n";
    for (auto _ : state) {
        peer.say(lines);
        if (peer.hear(lines.size()).size() != lines.size()) state.SkipWithError("lost");
    }
    state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(echo_lines)->Arg(1)->Arg(100)->MeasureProcessCPUTime()->UseRealTime();

/// Connect, one line there and back, close.
void connections(benchmark::State& state) {
    TestServer server{echo};
    for (auto _ : state) {
        TestPeer peer{server.address()};
        peer.say("NOOP\r\n");
        if (peer.hear(6).size() != 6) state.SkipWithError("lost");
    }
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(connections)->MeasureProcessCPUTime()->UseRealTime();

/// Whole TLS connections, the client's work included: connect, handshake, one line each way, close.
Task<> one_log_in(Endpoint to, std::shared_ptr<const TlsContext> context) {
    ConnectOptions options;
    options.to = to;
    options.tls = context;
    auto stream = co_await connect(std::move(options));
    stream->send("NOOP\r\n");
    co_await stream->flush();
    co_await stream->read_line(100);
    co_await stream->close();
}

void tls_connections(benchmark::State& state) {
    const auto path = std::filesystem::temp_directory_path() / "postrider-net-bench.pem";
    if (!write_self_signed_certificate(path, {"localhost"})) return state.SkipWithError("no certificate");
    ListenerOptions options;
    options.implicit_tls = true;
    options.tls = TlsContext::server({.cert_file = path});
    TestServer server{echo, options};
    const auto client = TlsContext::client({}, TlsOptions::Verify::no);
    asio::io_context context{1};
    for (auto _ : state) run_task(context, one_log_in(server.address(), client));
    state.SetItemsProcessed(state.iterations());
    std::filesystem::remove(path);
}
BENCHMARK(tls_connections)->MeasureProcessCPUTime()->UseRealTime();

std::size_t resident() {
    std::ifstream statm{"/proc/self/statm"};
    std::size_t total = 0;
    std::size_t pages = 0;
    statm >> total >> pages;
    return pages * 4096;
}

/// Octets of heap and of resident memory for each session that has served a line and now waits for the next
/// one.
void idle_memory(benchmark::State& state) {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const auto count = static_cast<std::size_t>(state.range(0));
    if (files.rlim_cur < 2 * count + 100) return state.SkipWithError("too few file descriptors");
    for (auto _ : state) {
        TestServer server{echo};
        std::vector<TestPeer> peers;
        peers.reserve(count);
        TestPeer warm{server.address()};
        warm.say("NOOP\r\n");
        warm.hear(6);
        const std::size_t heap_before = mallinfo2().uordblks;
        const std::size_t resident_before = resident();
        for (std::size_t i = 0; i < count; ++i) peers.emplace_back(server.address());
        for (auto& peer : peers) peer.say("NOOP\r\n");
        for (auto& peer : peers) peer.hear(6);
        std::this_thread::sleep_for(std::chrono::milliseconds{100});
        const auto per = [&](std::size_t now, std::size_t before) {
            return static_cast<double>(now - before) / static_cast<double>(count);
        };
        state.counters["heap_B"] = per(mallinfo2().uordblks, heap_before);
        state.counters["rss_B"] = per(resident(), resident_before);
    }
}
BENCHMARK(idle_memory)->Arg(5000)->Iterations(1)->UseRealTime();

void proxy_header_v1(benchmark::State& state) {
    for (auto _ : state)
        benchmark::DoNotOptimize(parse_proxy_header("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"));
    state.SetItemsProcessed(state.iterations());
}
BENCHMARK(proxy_header_v1);

}  // namespace
}  // namespace postrider::net
