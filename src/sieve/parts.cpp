#include <fmt/format.h>

#include <algorithm>

#include "mime/description.h"
#include "sieve/machine.h"
#include "sieve/variables.h"
#include "sieve/words.h"
#include "text/utf8.h"

/// foreverypart, break, extracttext. RFC 5703 §3, §7.
namespace postrider::sieve {
namespace {

constexpr std::size_t max_loops = 10;  ///< inside each other

class ForEveryPart final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Message& message = machine.message();
        std::size_t begin = 0, end = message.parts().size();
        if (auto outer = machine.part()) {
            begin = end = *outer + 1;
            auto& parts = message.parts();
            while (end < parts.size() && parts[end].parent >= *outer) ++end;
        }
        auto& loops = machine.loops();
        if (loops.size() >= max_loops) machine.fail("too many loops inside each other");
        message.hold();
        loops.push_back({name, begin});
        for (std::size_t part = begin; part < end; ++part) {
            loops.back().part = part;
            machine.run(block);
            if (machine.flow() == Machine::Flow::go) continue;
            if (machine.flow() == Machine::Flow::leave_loop && machine.leave_to + 1 >= loops.size())
                machine.set_flow(Machine::Flow::go);
            break;
        }
        loops.pop_back();
        message.release();
        // Parts have been replaced: from here on the message has other ones.
        if (loops.empty()) message.settle();
    }
    std::string name;
    Block block;
};

class Break final : public CommandNode {
public:
    void run(Machine& machine) const override {
        auto& loops = machine.loops();
        if (loops.empty()) return;
        std::size_t at = loops.size() - 1;
        if (!name.empty())
            while (at > 0 && loops[at].name != name) --at;
        machine.leave_to = at;
        machine.set_flow(Machine::Flow::leave_loop);
    }
    std::string name;
};

class ExtractText final : public CommandNode {
public:
    void run(Machine& machine) const override {
        MimePart& part = machine.message().parts()[machine.part().value_or(0)];
        std::string text;
        // RFC 5703 §7: what is no text gives the empty string.
        if (part.kind == mime::Part::leaf && part.type.starts_with("text/")) {
            std::string_view all = part.plain();
            if (first) {
                std::string_view rest = all;
                for (std::uint64_t i = 0; i < *first && !rest.empty(); ++i) text::take_code_point(rest);
                all = all.substr(0, all.size() - rest.size());
            }
            text = all.substr(0, machine.limits().max_variable + 4);
        }
        machine.work(text.size());
        store(machine, variable, modifiers.apply(machine, std::move(text)));
    }
    std::optional<std::uint64_t> first;
    Modifiers modifiers;
    Binder::Variable variable;
};

}  // namespace

CommandPtr build_foreverypart(Args& args) {
    auto made = std::make_unique<ForEveryPart>();
    made->name = args.constant("name").value_or("");
    if (args.binder().loops.size() >= max_loops)
        args.fail(ProblemKind::validation, fmt::format("more than {} loops inside each other", max_loops));
    args.binder().loops.push_back(made->name);
    try {
        made->block = args.block();
    } catch (const Abandoned&) {
        args.binder().loops.pop_back();
        throw;
    }
    args.binder().loops.pop_back();
    args.done();
    return made;
}

CommandPtr build_break(Args& args) {
    auto made = std::make_unique<Break>();
    made->name = args.constant("name").value_or("");
    const auto& loops = args.binder().loops;
    if (loops.empty()) args.wrong("\"break\" must stand in a loop");
    if (!made->name.empty() && std::find(loops.begin(), loops.end(), made->name) == loops.end())
        args.wrong(fmt::format("no loop around this has the name \"{}\"", made->name));
    args.done();
    return made;
}

CommandPtr build_extracttext(Args& args) {
    auto made = std::make_unique<ExtractText>();
    if (!args.binder().has(Extension::variables)) args.wrong("\"extracttext\" needs: require \"variables\"");
    if (args.binder().loops.empty()) args.wrong("\"extracttext\" must stand in \"foreverypart\"");
    made->first = args.number("first");
    made->modifiers.tags(args);
    made->variable = take_variable_name(args);
    args.done();
    return made;
}

}  // namespace postrider::sieve
