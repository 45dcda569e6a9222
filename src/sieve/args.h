#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/binder.h"
#include "sieve/matcher.h"

namespace postrider::sieve {

/// The arguments of one command or test, taken one after the other by whoever knows it: tags first, then
/// what stands without one, then done(). Each that is wrong is noted and leaves by Abandoned.
class Args {
public:
    Args(Binder& binder, const syntax::Node& node);

    Binder& binder() { return binder_; }
    const syntax::Node& node() const { return node_; }
    Position at() const { return node_.at; }

    // Tags. A tag that needs an extension is unknown without it.
    bool flag(std::string_view tag, Extension need = Extension::none);
    std::optional<std::uint64_t> number(std::string_view tag, Extension need = Extension::none);
    std::optional<TextTemplate> text(std::string_view tag, Extension need = Extension::none);
    std::optional<TextList> list(std::string_view tag, Extension need = Extension::none);
    std::optional<std::string> constant(std::string_view tag, Extension need = Extension::none);
    /// At most one of several.
    std::optional<std::size_t> one_of(std::initializer_list<std::string_view> tags, Extension need = Extension::none);

    // What has no tag, in order.
    bool more();
    bool next_is_number();
    std::uint64_t number();
    TextTemplate text();
    TextList list();
    std::string constant();

    /// Match type and comparator; keys are given later to Matcher::prepare by keys().
    Matcher matcher();
    void keys(Matcher& matcher, TextList keys);

    TestPtr only_test();
    std::vector<TestPtr> tests();
    Block block();

    /// Nothing may be left over. Call it last.
    void done();

    [[noreturn]] void fail(ProblemKind kind, std::string text) { binder_.fail(kind, last_at_, std::move(text)); }
    /// As fail(), at the argument that was taken last.
    [[noreturn]] void invalid(std::string text) { fail(ProblemKind::validation, std::move(text)); }
    [[noreturn]] void wrong(std::string text) { fail(ProblemKind::semantic, std::move(text)); }
    Position last_at() const { return last_at_; }

private:
    std::optional<std::size_t> take_tag(std::string_view tag, Extension need);
    const syntax::Argument& tag_value(std::string_view tag, std::string_view what);
    const syntax::Argument& positional(std::string_view what);
    TextTemplate to_text(const syntax::Argument& argument, std::string_view what);
    TextList to_list(const syntax::Argument& argument, std::string_view what);

    Binder& binder_;
    const syntax::Node& node_;
    std::vector<const syntax::Argument*> left_;
    Position last_at_;
    bool positional_ = false;
    bool tests_taken_ = false, block_taken_ = false;
};

}  // namespace postrider::sieve
