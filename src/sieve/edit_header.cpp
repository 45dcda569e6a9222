#include <fmt/format.h>

#include "mime/edit.h"
#include "sieve/header_source.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// addheader and deleteheader. RFC 5293.
namespace postrider::sieve {
namespace {

/// RFC 5293 §6: the trace of a message and what tells loops is not for scripts to take away.
bool protected_from_removal(std::string_view name) {
    return text::equal_ci(name, "Received") || text::equal_ci(name, "Auto-Submitted");
}

class AddHeader final : public CommandNode {
public:
    void run(Machine& machine) const override {
        std::string field = name.value(machine), text = value.value(machine);
        if (!is_field_name(field)) machine.fail(fmt::format("\"{}\" is no name of a header field", field));
        if (text.size() > machine.limits().max_header) machine.fail("the value of the header field is too long");
        for (char c : text)
            if (c == '\0') machine.fail("a header field cannot hold a NUL");
        if (!machine.environment().may_edit(field)) return;
        machine.work(text.size() * 4);
        if (machine.message().header().fields().size() > max_fields) machine.fail("too many header fields");
        machine.message().settle();
        machine.message().add_field(mime::header_line(field, text), last);
    }
    TextTemplate name, value;
    bool last = false;

private:
    static constexpr std::size_t max_fields = 5000;
};

class DeleteHeader final : public CommandNode {
public:
    void run(Machine& machine) const override {
        std::string field = name.value(machine);
        if (!is_field_name(field)) machine.fail(fmt::format("\"{}\" is no name of a header field", field));
        if (protected_from_removal(field) || !machine.environment().may_edit(field)) return;
        machine.message().settle();
        Header& header = machine.message().header();
        std::uint32_t hash = header_hash(field);
        std::vector<std::size_t> found;
        for (std::size_t at = header.find(field, hash, 0); at != Header::npos; at = header.find(field, hash, at + 1))
            found.push_back(at);
        if (index) {
            if (*index > found.size()) return;
            std::size_t only = last ? found[found.size() - *index] : found[*index - 1];
            found.assign(1, only);
        }
        // From the end, so that places of others stay what they are.
        for (std::size_t i = found.size(); i-- > 0;) {
            HeaderField& one = header.fields()[found[i]];
            if (!has_patterns || matcher.value(machine, one.text(), &one.folded))
                machine.message().remove_field(found[i]);
        }
    }
    TextTemplate name;
    std::optional<std::uint64_t> index;
    bool last = false, has_patterns = false;
    Matcher matcher;
};

void check_name(Args& args, const TextTemplate& name) {
    if (name.constant() && !is_field_name(name.source()))
        args.invalid(fmt::format("\"{}\" is no name of a header field", name.source()));
}

}  // namespace

CommandPtr build_addheader(Args& args) {
    auto made = std::make_unique<AddHeader>();
    made->last = args.flag("last");
    made->name = args.text();
    check_name(args, made->name);
    made->value = args.text();
    if (made->value.constant() && made->value.source().find('\0') != std::string::npos)
        args.invalid("a header field cannot hold a NUL");
    args.done();
    return made;
}

CommandPtr build_deleteheader(Args& args) {
    auto made = std::make_unique<DeleteHeader>();
    made->index = args.number("index");
    if (made->index && *made->index == 0) args.invalid("\":index\" counts from 1");
    made->last = args.flag("last");
    if (made->last && !made->index) args.wrong("\":last\" needs \":index\"");
    made->matcher = args.matcher();
    // RFC 5293 §5: what would be counted?
    if (made->matcher.counts()) args.invalid("\"deleteheader\" cannot use \":count\"");
    made->matcher.sets_variables = false;
    made->name = args.text();
    check_name(args, made->name);
    if (made->name.constant() && protected_from_removal(made->name.source()))
        args.binder().warn(args.last_at(), fmt::format("\"{}\" is never removed", made->name.source()));
    if (args.more()) {
        made->has_patterns = true;
        args.keys(made->matcher, args.list());
    }
    args.done();
    return made;
}

}  // namespace postrider::sieve
