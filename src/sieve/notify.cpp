#include <fmt/format.h>

#include <algorithm>

#include "sieve/compose.h"
#include "sieve/file_into.h"
#include "sieve/machine.h"
#include "sieve/notify_uri.h"
#include "sieve/one_address.h"
#include "sieve/reply_rules.h"
#include "sieve/words.h"
#include "text/ascii.h"
#include "text/utf8.h"

/// notify. RFC 5435; mailto: RFC 5436; xmpp: RFC 5437.
namespace postrider::sieve {
namespace {

std::string first_text(Header& header, std::string_view name) {
    std::size_t at = header.find(name, header_hash(name), 0);
    return at == Header::npos ? std::string{} : std::string{header.fields()[at].text()};
}

class Notify final : public CommandNode {
public:
    void run(Machine& machine) const override {
        std::string method_uri = method.value(machine);
        auto uri = parse_notify_uri(method_uri);
        if (!uri) machine.fail(fmt::format("\"{}\" is no way to notify that there is here", method_uri));
        Notification made;
        made.method = uri->method;
        made.uri = std::move(method_uri);
        if (message) made.text = message->value(machine);
        if (importance) {
            std::string value = importance->value(machine);
            if (value.size() != 1 || value[0] < '1' || value[0] > '3')
                machine.fail("\":importance\" can be 1, 2 or 3");
            made.importance = static_cast<unsigned>(value[0] - '0');
        }
        for (const TextTemplate& option : options) made.options.push_back(option.value(machine));
        if (from) made.from = from->value(machine);
        if (copy) made.copy = FileCopy{copy->now(machine)};
        // RFC 5436 §2.7: what was made by a machine makes no further messages.
        if (made_by_machine(machine.message().header())) {
            machine.trace("notify: not for a message that was made automatically");
            return;
        }
        if (uri->method == Notification::Method::mailto) {
            if (!mail(machine, *uri, made)) return;
        } else {
            if (!machine.environment().can_notify_by_xmpp()) {
                machine.trace("notify: nobody can be told by XMPP here");
                machine.warn("nobody can be told by XMPP here");
                return;
            }
            jabber(machine, *uri, made);
        }
        machine.act(std::move(made));
    }

    TextTemplate method;
    std::optional<TextTemplate> from, importance, message;
    TextList options;
    std::optional<FileIntoPlan> copy;

private:
    /// RFC 5437 §3: a message of this text.
    static void jabber(Machine& machine, const NotifyUri& uri, Notification& made) {
        made.xmpp_to = uri.jid;
        made.xmpp_subject = uri.subject.value_or("");
        if (made.text.empty()) made.text = uri.body.value_or("");
        if (made.text.empty()) {
            Header& header = machine.message().header();
            made.text = fmt::format("{}: {}", first_text(header, "From"), first_text(header, "Subject"));
        }
    }

    bool mail(Machine& machine, const NotifyUri& uri, Notification& made) const {
        for (const auto* list : {&uri.to, &uri.cc, &uri.bcc})
            for (const std::string& address : *list) made.recipients.push_back(address);
        // RFC 5436 §2.7: nobody is told twice by one run.
        for (const Action& action : machine.result().actions)
            if (const auto* before = std::get_if<Notification>(&action.what))
                std::erase_if(made.recipients, [&](const std::string& one) {
                    return std::find(before->recipients.begin(), before->recipients.end(), one)
                           != before->recipients.end();
                });
        if (made.recipients.empty()) {
            machine.trace("notify: nobody is to be told");
            return false;
        }
        if (made.recipients.size() > max_notify_recipients)
            machine.fail(fmt::format("more than {} recipients of a notification", max_notify_recipients));
        Header& header = machine.message().header();
        const Envelope& envelope = machine.message().envelope();
        std::string owner = envelope.to;
        if (owner.empty() && !machine.own_addresses().empty()) owner = machine.own_addresses().front();
        auto given = from ? one_address(made.from) : std::nullopt;
        if (!envelope.from.empty()) made.sender = given.value_or(owner);

        std::string subject = made.text;
        if (!message) subject = uri.subject.value_or(first_text(header, "Subject"));
        if (subject.empty()) subject = fmt::format("New mail from {}", first_text(header, "From"));
        subject = compose::shortened(std::move(subject));
        made.text = subject;

        std::string& text = made.message;
        text = "Auto-Submitted: auto-notified";
        if (!owner.empty()) text += fmt::format("; owner-email=\"{}\"", escaped(owner));
        text += "\r\n";
        text += given ? compose::address_field("From", made.from)
                      : compose::address_field("From", machine.environment().owner_name(), owner);
        list_field(text, "To", uri.to);
        list_field(text, "Cc", uri.cc);
        text += compose::field("Subject", subject);
        std::string id = first_text(header, "Message-ID");
        if (!id.empty() && id.size() < 900) text += compose::field("References", id);
        constexpr std::string_view priorities[] = {"1 (High)", "3 (Normal)", "5 (Low)"};
        constexpr std::string_view importances[] = {"high", "normal", "low"};
        text += compose::field("X-Priority", priorities[made.importance - 1]);
        text += compose::field("Importance", importances[made.importance - 1]);
        for (const auto& [name, value] : uri.fields) {
            std::string capital = name;
            capital.front() = text::upper(capital.front());
            text += compose::field(capital, value);
        }
        for (const std::string& name : uri.ignored)
            machine.warn(fmt::format("notify cannot set the field \"{}\"", name));
        text += "MIME-Version: 1.0\r\n";
        text += compose::text_entity(uri.body.value_or(""));
        return true;
    }

    static std::string escaped(std::string_view text) {
        std::string out;
        for (char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
        return out;
    }

    static void list_field(std::string& text, std::string_view name,
                           const std::vector<std::string>& addresses) {
        if (addresses.empty()) return;
        text.append(name) += ':';
        for (std::size_t i = 0; i < addresses.size(); ++i)
            text.append(i == 0 ? " " : ",\r\n ").append(addresses[i]);
        text += "\r\n";
    }
};

/// option = optionname "=" value. RFC 5435 §3.5.
bool is_option(std::string_view text) {
    std::size_t equals = text.find('=');
    if (equals == 0 || equals == std::string_view::npos) return false;
    for (char c : text.substr(0, equals))
        if (!text::is_alpha(c) && !text::is_digit(c) && c != '.' && c != '-' && c != '_') return false;
    return (text::is_alpha(text.front()) || text::is_digit(text.front()))
           && text.find('\n') == std::string_view::npos;
}

}  // namespace

CommandPtr build_notify(Args& args) {
    auto made = std::make_unique<Notify>();
    made->from = args.text("from");
    if (made->from && made->from->constant() && made->from->source().empty())
        args.invalid("\":from\" of \"notify\" must be an address");
    made->importance = args.text("importance");
    if (made->importance && made->importance->constant()) {
        const std::string& value = made->importance->source();
        if (value != "1" && value != "2" && value != "3")
            args.invalid("\":importance\" can be \"1\", \"2\" or \"3\"");
    }
    made->options = args.list("options").value_or(TextList{});
    for (const TextTemplate& option : made->options)
        if (option.constant() && !is_option(option.source()))
            args.invalid(fmt::format("\"{}\" is no option: it must be like \"name=value\"", option.source()));
    made->message = args.text("message");
    made->copy = take_file_copy(args);
    made->method = args.text();
    if (made->method.constant()) {
        auto uri = parse_notify_uri(made->method.source());
        if (!uri)
            args.invalid(fmt::format("\"{}\" is no way to notify that there is here", made->method.source()));
        for (const std::string& name : uri->ignored)
            args.binder().warn(args.last_at(), fmt::format("the field \"{}\" cannot be set", name));
        if (uri->method == Notification::Method::mailto && made->from && made->from->constant()
            && !one_address(made->from->source()))
            args.invalid("\":from\" of \"notify\" must be an address");
    }
    args.done();
    return made;
}

}  // namespace postrider::sieve
