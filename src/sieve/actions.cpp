#include <fmt/format.h>

#include "sieve/file_into.h"
#include "sieve/flags.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/utf8.h"

/// keep, discard, stop, fileinto (RFC 5228 §4), reject and ereject (RFC 5429).
namespace postrider::sieve {
namespace {

constexpr std::size_t max_mailbox_name = 1000;

class KeepCommand final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Keep keep;
        keep.flags = flags ? read_flags(machine, *flags) : machine.flags();
        machine.cancel_keep();
        machine.act(std::move(keep));
    }
    std::optional<TextList> flags;
};

class DiscardCommand final : public CommandNode {
public:
    void run(Machine& machine) const override {
        machine.cancel_keep();
        machine.act(Discard{});
    }
};

class Stop final : public CommandNode {
public:
    void run(Machine& machine) const override { machine.set_flow(Machine::Flow::stop); }
};

class FileIntoCommand final : public CommandNode {
public:
    void run(Machine& machine) const override {
        FileInto file = plan.now(machine);
        file.copy = copy;
        if (!copy) machine.cancel_keep();
        machine.act(std::move(file));
    }
    FileIntoPlan plan;
    bool copy = false;
};

class RejectCommand final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Reject reject;
        reject.reason = reason.value(machine);
        reject.extended = extended;
        machine.cancel_keep();
        machine.act(std::move(reject));
    }
    TextTemplate reason;
    bool extended = false;
};

bool is_mailbox_name(std::string_view name) {
    if (name.empty() || name.size() > max_mailbox_name || !text::valid_utf8(name)) return false;
    for (char c : name)
        if (static_cast<unsigned char>(c) < 32 || c == 127) return false;
    return true;
}

CommandPtr reject(Args& args, bool extended) {
    auto made = std::make_unique<RejectCommand>();
    made->extended = extended;
    made->reason = args.text();
    args.done();
    return made;
}

}  // namespace

void FileIntoPlan::tags(Args& args) {
    flags = args.list("flags", Extension::imap4flags);
    create = args.flag("create", Extension::mailbox);
    mailbox_id = args.text("mailboxid", Extension::mailboxid);
    special_use = args.text("specialuse", Extension::special_use);
    // RFC 9042 §4: one of both says where.
    if (mailbox_id && special_use) args.wrong("\":mailboxid\" cannot stand beside \":specialuse\"");
}

FileInto FileIntoPlan::now(Machine& machine) const {
    FileInto file;
    file.mailbox = mailbox.value(machine);
    if (!is_mailbox_name(file.mailbox)) machine.fail("no folder can have the name that \"fileinto\" was given");
    file.flags = flags ? read_flags(machine, *flags) : machine.flags();
    file.create = create;
    if (mailbox_id) file.mailbox_id = mailbox_id->value(machine);
    if (special_use) file.special_use = special_use->value(machine);
    return file;
}

std::optional<FileIntoPlan> take_file_copy(Args& args) {
    auto mailbox = args.text("fcc", Extension::fcc);
    if (!mailbox) return std::nullopt;
    FileIntoPlan plan;
    plan.tags(args);
    if (!plan.flags) plan.flags.emplace();
    plan.mailbox = std::move(*mailbox);
    return plan;
}

CommandPtr build_keep(Args& args) {
    auto made = std::make_unique<KeepCommand>();
    made->flags = args.list("flags", Extension::imap4flags);
    args.done();
    return made;
}

CommandPtr build_discard(Args& args) {
    args.done();
    return std::make_unique<DiscardCommand>();
}

CommandPtr build_stop(Args& args) {
    args.done();
    return std::make_unique<Stop>();
}

CommandPtr build_fileinto(Args& args) {
    auto made = std::make_unique<FileIntoCommand>();
    made->copy = args.flag("copy", Extension::copy);
    made->plan.tags(args);
    made->plan.mailbox = args.text();
    if (made->plan.mailbox.constant() && made->plan.mailbox.source().empty())
        args.invalid("the name of a folder cannot be empty");
    args.done();
    return made;
}

CommandPtr build_reject(Args& args) {
    return reject(args, false);
}

CommandPtr build_ereject(Args& args) {
    return reject(args, true);
}

}  // namespace postrider::sieve
