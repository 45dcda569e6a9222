#include <fmt/core.h>

#include <array>
#include <memory>
#include <stdexcept>
#include <vector>

#include "corpus.h"
#include "imap_blocking.h"
#include "imap_client.h"
#include "modes.h"

namespace postrider::bench {

namespace {

enum class Op { select, append, store, copy, mark_deleted, expunge, search };
constexpr std::array<const char*, 7> op_names = {"select", "append",  "store", "copy",
                                                 "mark",   "expunge", "search"};

struct MixRun {
    Clock::time_point end;
    FixedMessages* messages = nullptr;
    std::uint64_t appended = 0;
    std::uint64_t operations = 0;
    std::uint64_t errors = 0;
    std::string first_error;
    std::array<Latencies, op_names.size()> latency;
};

/// One user at work in a folder of their own: adds, marks, files, throws away and looks for messages. As
/// many messages are expunged as are appended, so that the folder keeps its size.
class Worker : public ImapClient {
public:
    Worker(Loop& loop, const ImapOptions& options, std::uint32_t user, MixRun& run, std::uint64_t seed)
        : ImapClient{loop, options, user}, run_{run}, random_{seed + user} {}

    bool selected() const { return selected_; }
    bool finished() const { return finished_; }
    void begin() { next(); }

protected:
    void on_login() override {
        op_ = Op::select;
        command("SELECT Mix");
    }
    void on_untagged(std::string_view line) override {
        if (line.ends_with(" EXISTS")) count_ = std::strtoull(line.data() + 2, nullptr, 10);
        if (line.ends_with(" EXPUNGE")) --count_;
    }
    void on_continuation(std::string_view) override {}
    void on_tagged(bool ok, std::string_view line) override {
        if (!ok && run_.errors++ == 0) run_.first_error = line;
        if (!selected_) {
            selected_ = true;
            return;
        }
        ++run_.operations;
        run_.latency[static_cast<std::size_t>(op_)].add(
            std::chrono::duration<double, std::micro>(loop().now() - begun_).count());
        if (loop().now() >= run_.end || run_.errors > 100) {
            finished_ = true;
            return close();
        }
        next();
    }
    void on_lost(std::string_view why) override {
        if (run_.errors++ == 0) run_.first_error = why;
        selected_ = finished_ = true;
    }

private:
    std::uint64_t any() { return 1 + random_() % count_; }

    Op choose() {
        if (op_ == Op::mark_deleted) return Op::expunge;
        if (count_ < 10) return Op::append;
        auto dice = random_() % 100;
        if (dice < 22) return Op::append;
        if (dice < 55) return Op::store;
        if (dice < 66) return Op::copy;
        if (dice < 77) return Op::mark_deleted;
        return Op::search;
    }

    void next() {
        op_ = choose();
        begun_ = loop().now();
        switch (op_) {
            case Op::select: break;
            case Op::append: {
                auto number = run_.appended++;
                auto header = run_.messages->header(number);
                auto body = run_.messages->body(number);
                body.remove_suffix(3);  // the end-of-data line
                command_.clear();
                fmt::format_to(std::back_inserter(command_), "APPEND Mix (\\Seen) {{{}+}}\r\n{}{}",
                               header.size() + body.size(), header, body);
                return command(command_);
            }
            case Op::store: {
                constexpr std::array<const char*, 4> changes = {"+FLAGS (\\Seen)", "-FLAGS (\\Seen)",
                                                                "+FLAGS (\\Flagged)", "-FLAGS (\\Flagged)"};
                return command(fmt::format("STORE {} {}", any(), changes[random_() % 4]));
            }
            case Op::copy: return command(fmt::format("COPY {} Copies", any()));
            case Op::mark_deleted:
                return command(fmt::format("STORE {},{} +FLAGS.SILENT (\\Deleted)", any(), any()));
            case Op::expunge: return command("EXPUNGE");
            case Op::search: {
                switch (random_() % 4) {
                    case 0: return command("SEARCH UNSEEN");
                    case 1: return command("SEARCH FLAGGED SINCE 1-Jan-2020 LARGER 100");
                    case 2:
                        return command(fmt::format("SEARCH SUBJECT {:010}", random_() % (run_.appended + 1)));
                    default: return command(fmt::format("SEARCH FROM sender{:04}", random_() % 1000));
                }
            }
        }
    }

    MixRun& run_;
    Random random_;
    bool selected_ = false;
    bool finished_ = false;
    Op op_ = Op::select;
    std::uint64_t count_ = 0;
    Clock::time_point begun_;
    std::string command_;
};

void prepare(const ImapOptions& imap, std::uint32_t user, FixedMessages& source, std::uint64_t& number) {
    BlockingImap session{imap.port, imap.address(user), imap.quoted_password()};
    for (const char* folder : {"Mix", "Copies"}) {
        session.try_command(fmt::format("DELETE {}", folder));
        session.command(fmt::format("CREATE {}", folder));
    }
    std::vector<std::string> messages;
    for (int i = 0; i < 100; ++i, ++number) {
        auto message = std::string{source.header(number)};
        message += source.body(number);
        message.resize(message.size() - 3);
        messages.push_back(std::move(message));
    }
    session.append("Mix", messages);
}

}  // namespace

void run_imap_mix(const Options& options, Result& result) {
    auto imap = ImapOptions::from(options);
    auto connections = static_cast<std::uint32_t>(options.number("connections", 40));
    auto seconds = options.real("seconds", 5);
    auto seed = static_cast<std::uint64_t>(options.number("seed", 1));
    FixedMessages messages{static_cast<std::size_t>(options.number("size", 4096)), seed};
    Phases phases{options.flag("phases")};
    options.reject_unused();

    MixRun run;
    run.messages = &messages;
    for (std::uint32_t user = 0; user < connections; ++user) prepare(imap, user, messages, run.appended);

    Loop loop;
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::uint32_t user = 0; user < connections; ++user) {
        workers.push_back(std::make_unique<Worker>(loop, imap, user, run, seed));
        workers.back()->start();
    }
    auto all = [&workers](bool (Worker::*what)() const) {
        for (const auto& worker : workers)
            if (!(worker.get()->*what)()) return false;
        return true;
    };
    loop.run([&all] { return all(&Worker::selected); });

    phases.mark("begin");
    auto cpu = own_cpu_seconds();
    auto begun = Clock::now();
    run.end = begun + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
    for (auto& worker : workers)
        if (worker->is_open()) worker->begin();
    loop.run([&all] { return all(&Worker::finished); });
    auto took = std::chrono::duration<double>(Clock::now() - begun).count();
    cpu = own_cpu_seconds() - cpu;
    phases.mark("end");

    if (run.operations == 0) throw std::runtime_error{"no operation succeeded: " + run.first_error};
    result.add("operations", run.operations);
    result.add("seconds", took);
    result.add("per_s", static_cast<double>(run.operations) / took);
    for (std::size_t i = 1; i < op_names.size(); ++i) run.latency[i].report(result, op_names[i]);
    result.add("errors", run.errors);
    if (run.errors) result.add("first_error", run.first_error);
    result.add("client_cpu_seconds", cpu);
}

}  // namespace postrider::bench
