#include <fmt/format.h>

#include "sieve/control.h"
#include "sieve/machine.h"
#include "sieve/words.h"

/// if; allof, anyof, not, true, false (RFC 5228 §3.1, §5); ihave and error (RFC 5463).
namespace postrider::sieve {

void If::run(Machine& machine) const {
    for (const Branch& branch : branches) {
        if (branch.test && !machine.holds(*branch.test)) continue;
        machine.run(branch.block);
        return;
    }
}

namespace {

class AllOf final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        for (const TestPtr& test : tests)
            if (!machine.holds(*test)) return false;
        return true;
    }
    std::vector<TestPtr> tests;
};

class AnyOf final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        for (const TestPtr& test : tests)
            if (machine.holds(*test)) return true;
        return false;
    }
    std::vector<TestPtr> tests;
};

class Not final : public TestNode {
public:
    bool holds(Machine& machine) const override { return !machine.holds(*test); }
    TestPtr test;
};

class Constant final : public TestNode {
public:
    explicit Constant(bool value) { known = value; }
    bool holds(Machine&) const override { return *known; }
};

class Error final : public CommandNode {
public:
    void run(Machine& machine) const override { machine.fail(text.value(machine)); }
    TextTemplate text;
};

template <class Made>
TestPtr several(Args& args, bool decides) {
    auto made = std::make_unique<Made>();
    made->tests = args.tests();
    args.done();
    bool all_known = true;
    for (const TestPtr& test : made->tests) {
        if (!test) throw Abandoned{};
        if (test->known == decides) made->known = decides;
        all_known &= test->known.has_value();
    }
    if (all_known && !made->known) made->known = !decides;
    return made;
}

}  // namespace

TestPtr build_allof(Args& args) {
    return several<AllOf>(args, false);
}

TestPtr build_anyof(Args& args) {
    return several<AnyOf>(args, true);
}

TestPtr build_not(Args& args) {
    auto made = std::make_unique<Not>();
    made->test = args.only_test();
    args.done();
    if (!made->test) throw Abandoned{};
    if (made->test->known) made->known = !*made->test->known;
    return made;
}

TestPtr build_true(Args& args) {
    args.done();
    return std::make_unique<Constant>(true);
}

TestPtr build_false(Args& args) {
    args.done();
    return std::make_unique<Constant>(false);
}

/// RFC 5463 §4: what is there counts as required from here on.
TestPtr build_ihave(Args& args) {
    TextList names = args.list();
    bool all = true;
    std::vector<Extension> found;
    for (const TextTemplate& name : names) {
        if (!name.constant()) args.wrong("\"ihave\" needs constant names");
        auto extension = find_extension(name.source());
        if (!extension || !args.binder().allowed(*extension))
            all = false;
        else
            found.push_back(*extension);
    }
    args.done();
    if (all)
        for (Extension extension : found) args.binder().enable(extension);
    return std::make_unique<Constant>(all);
}

CommandPtr build_error(Args& args) {
    auto made = std::make_unique<Error>();
    made->text = args.text();
    args.done();
    return made;
}

}  // namespace postrider::sieve
