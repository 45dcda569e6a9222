#include <fmt/format.h>

#include <algorithm>

#include "mime/address_list.h"
#include "mime/message_id.h"
#include "sieve/compose.h"
#include "sieve/file_into.h"
#include "sieve/machine.h"
#include "sieve/one_address.h"
#include "sieve/reply_rules.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// vacation. RFC 5230, RFC 6131.
namespace postrider::sieve {
namespace {

constexpr std::uint64_t day = 86400;
constexpr std::uint64_t min_days = 1, max_days = 180;
constexpr std::uint64_t max_days_compatible = 45, default_days = 7;

class Vacation final : public CommandNode {
public:
    void run(Machine& machine) const override {
        if (machine.vacation_done) {
            // filters.md §4: further ones are ignored; RFC 5230 §4.7: they are an error.
            if (!machine.script().compatible) machine.fail("\"vacation\" can be done only once");
            machine.warn("a second \"vacation\" is ignored");
            return;
        }
        machine.vacation_done = true;
        Message& message = machine.message();
        Header& header = message.header();
        const std::string& sender = message.envelope().from;
        std::string no = why_no_answer(header, sender);
        if (!no.empty()) return machine.trace("vacation: no answer, " + no);

        std::vector<std::string> own = machine.own_addresses();
        if (!message.envelope().to.empty()) own.push_back(message.envelope().to);
        for (const TextTemplate& address : addresses)
            if (auto one = one_address(address.value(machine))) own.push_back(std::move(*one));
        for (const std::string& address : own)
            if (text::equal_ci(address, sender))
                return machine.trace("vacation: no answer to the owner's own mail");
        std::string to_own = addressed_to(header, own);
        if (to_own.empty()) return machine.trace("vacation: no answer, the message is not addressed to the owner");

        VacationReply reply;
        reply.to = sender;
        reply.interval = interval;
        reply.key = text::to_lower(sender);
        reply.key += '\0';
        reply.key += identity;
        if (machine.environment().answered(reply.key, interval))
            return machine.trace(fmt::format("vacation: {} has been answered already", sender));
        compose_reply(machine, reply, to_own);
        if (copy) reply.copy = FileCopy{copy->now(machine)};
        machine.act(std::move(reply));
    }

    std::chrono::seconds interval{default_days * day};
    std::optional<TextTemplate> subject, from;
    TextList addresses;
    bool mime = false;
    TextTemplate reason;
    std::string identity;  ///< what makes this the same answer as another time (RFC 5230 §4.2)
    std::optional<FileIntoPlan> copy;

private:
    void compose_reply(Machine& machine, VacationReply& reply, const std::string& to_own) const {
        Header& header = machine.message().header();
        auto first = [&](std::string_view name) -> HeaderField* {
            std::size_t at = header.find(name, header_hash(name), 0);
            return at == Header::npos ? nullptr : &header.fields()[at];
        };
        std::string& text = reply.message;
        std::string from_field;
        reply.from = to_own;
        if (from) {
            std::string given = from->value(machine);
            // A value made of variables may be anything (§4.3: then it is not used).
            if (valid_senders(given)) from_field = compose::address_field("From", given);
            if (auto one = one_address(given)) reply.from = *one;
        }
        if (from_field.empty()) from_field = compose::address_field("From", machine.environment().owner_name(), to_own);
        text += from_field;
        text += compose::address_field("To", "", reply.to);
        std::string about;
        if (subject) {
            about = subject->value(machine);
        } else {
            HeaderField* original = first("Subject");
            std::string_view value = original != nullptr ? original->text() : std::string_view{};
            about = value.empty() ? "Automated reply" : fmt::format("Auto: {}", value.substr(0, 500));
        }
        text += compose::field("Subject", about);
        if (HeaderField* id = first("Message-ID")) {
            if (auto own_id = mime::first_message_id(id->text())) {
                std::string bare = "<" + *own_id + ">";
                text += "In-Reply-To: " + bare + "\r\n";
                // filters.md §4: the interpreter that we are compatible with writes none.
                if (!machine.script().compatible) text += references(first, bare);
            }
        }
        text += "Auto-Submitted: auto-replied (vacation)\r\nPrecedence: bulk\r\nX-Auto-Response-Suppress: All\r\n";
        text += "MIME-Version: 1.0\r\n";
        std::string body = reason.value(machine);
        machine.work(body.size() * 2);
        text += mime ? compose::given_entity(body) : compose::text_entity(body);
    }

    /// RFC 5322 §3.6.4: the References of the original (or its one In-Reply-To) and its Message-ID.
    template <class First>
    static std::string references(const First& first, const std::string& id) {
        HeaderField* field = first("References");
        if (field == nullptr) field = first("In-Reply-To");
        std::vector<std::string> ids = field != nullptr ? mime::parse_message_ids(field->raw, 100)
                                                        : std::vector<std::string>{};
        std::string line = "References:";
        for (const std::string& one : ids)
            if ("<" + one + ">" != id) line += " <" + one + ">\r\n";
        return line + " " + id + "\r\n";
    }

public:
    /// mailbox-list. RFC 5230 §4.3.
    static bool valid_senders(std::string_view list) {
        if (one_address(list)) return true;
        std::size_t count = 0;
        while (!list.empty()) {
            std::size_t comma = std::min(list.find(','), list.size());
            if (!one_address(list.substr(0, comma))) return false;
            ++count;
            list.remove_prefix(std::min(comma + 1, list.size()));
        }
        return count > 0;
    }
};

}  // namespace

CommandPtr build_vacation(Args& args) {
    auto made = std::make_unique<Vacation>();
    auto days = args.number("days");
    auto seconds = args.number("seconds", Extension::vacation_seconds);
    if (days && seconds) args.wrong("\":days\" cannot stand beside \":seconds\"");
    std::uint64_t most = args.binder().compatible() ? max_days_compatible : max_days;
    if (days) {
        std::uint64_t clamped = std::clamp(*days, min_days, most);
        if (clamped != *days) args.binder().warn(args.last_at(), fmt::format("\":days\" can be {} to {}", min_days, most));
        made->interval = std::chrono::seconds{clamped * day};
    }
    if (seconds) made->interval = std::chrono::seconds{std::min(*seconds, most * day)};
    made->subject = args.text("subject");
    made->from = args.text("from");
    if (made->from && made->from->constant() && !Vacation::valid_senders(made->from->source()))
        args.invalid(fmt::format("\"{}\" is no address", made->from->source()));
    made->addresses = args.list("addresses").value_or(TextList{});
    for (const TextTemplate& address : made->addresses)
        if (address.constant() && !one_address(address.source()))
            args.invalid(fmt::format("\"{}\" is no address", address.source()));
    made->mime = args.flag("mime");
    auto handle = args.text("handle");
    made->copy = take_file_copy(args);
    made->reason = args.text();
    args.done();
    if (handle) {
        made->identity = "h" + handle->source();
    } else {
        // The arguments as they stand in the script, variables not replaced (§4.2).
        made->identity = made->mime ? "m" : "t";
        for (const auto* part : {&made->subject, &made->from}) {
            made->identity += '\0';
            if (*part) made->identity += (*part)->source();
        }
        made->identity += '\0';
        made->identity += made->reason.source();
    }
    return made;
}

}  // namespace postrider::sieve
