#include <algorithm>

#include "imap/session/capability.h"
#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"
#include "rights/sharing.h"
#include "text/ascii.h"

namespace postrider::imap {
namespace {

Reply no_arguments() {
    return bad("The command takes no arguments");
}

}  // namespace

Reply cmd_capability(Client& client, const Command& command) {
    if (!command.args.empty()) return no_arguments();
    client.out += "* CAPABILITY ";
    client.out += client.capability_words;
    client.out += "\r\n";
    return ok("CAPABILITY completed");
}

Reply cmd_noop(Client&, const Command& command) {
    if (!command.args.empty()) return no_arguments();
    return ok(command.verb + " completed");
}

/// RFC 2971: what the client says of itself is logged and otherwise without effect.
Reply cmd_id(Client& client, const Command& command) {
    if (!client.settings->id_enabled) return bad("ID is not enabled");
    auto fields = parse_id(command.args);
    if (!fields) return bad(fields.error());
    std::string said;
    for (const auto& [name, value] : *fields) {
        if (!value || said.size() > 1000) continue;
        said += said.empty() ? "" : ", ";
        said += name + " = " + *value;
    }
    if (!said.empty()) client.services.log.info(client.id, "Client says of itself: {}", said);
    client.out += "* ID (\"name\" \"Postrider\" \"version\" \"" POSTRIDER_VERSION "\")\r\n";
    return ok("ID completed");
}

/// RFC 9051 §6.3.1: what is unknown is left out of the answer.
Reply cmd_enable(Client& client, const Command& command) {
    auto names = parse_enable(command.args);
    if (!names) return bad(names.error());
    std::string enabled;
    bool condstore = false;
    for (const std::string& name : *names) {
        if (name == "IMAP4REV2") {
            client.rev2 = client.utf8 = true;
            enabled += " IMAP4rev2";
        } else if (name == "UTF8=ACCEPT") {
            client.utf8 = client.utf8_accept = true;
            enabled += " UTF8=ACCEPT";
        } else if (name == "UIDONLY") {  // RFC 9586 §3
            client.uid_only = true;
            enabled += " UIDONLY";
        } else if (name == "QRESYNC") {  // RFC 7162 §3.2.3
            client.qresync = condstore = true;
            enabled += " QRESYNC";
        } else if (name == "CONDSTORE") {
            condstore = true;
            enabled += " CONDSTORE";
        }
    }
    client.out += "* ENABLED" + enabled + "\r\n";
    if (condstore) enable_condstore(client);
    return ok("ENABLE completed");
}

/// RFC 5255 §4.7: which comparator searches and sorts go by.
Reply cmd_comparator(Client& client, const Command& command) {
    std::vector<Collation> matching;
    if (!command.args.empty()) {
        auto orders = parse_words(command.args);
        if (!orders) return bad(orders.error());
        for (const std::string& order : *orders)
            if (auto one = collation_matching(order);
                one && std::find(matching.begin(), matching.end(), *one) == matching.end())
                matching.push_back(*one);
        if (matching.empty()) return no("[BADCOMPARATOR] There is no such comparator");
        client.collation = matching.front();
    }
    client.out += "* COMPARATOR ";
    client.out += name(client.collation);
    for (std::size_t i = 0; matching.size() > 1 && i < matching.size(); ++i) {
        client.out += i == 0 ? " (" : " ";
        client.out += name(matching[i]);
    }
    client.out += matching.size() > 1 ? ")\r\n" : "\r\n";
    return ok("COMPARATOR completed");
}

/// RFC 5255 §3.2: in which language the tagged replies are.
Reply cmd_language(Client& client, const Command& command) {
    if (command.args.empty()) {
        client.out += "* LANGUAGE (EN DE i-default)\r\n";
        return ok("LANGUAGE completed");
    }
    auto ranges = parse_words(command.args);
    if (!ranges) return bad(ranges.error());
    for (const std::string& range : *ranges) {
        auto language = language_matching(range);
        if (!language) continue;
        client.language = *language;
        client.out += "* LANGUAGE (";
        client.out += tag_of(*language);
        client.out += ")\r\n";
        return ok("LANGUAGE completed");
    }
    return no("That language is not known here");
}

/// RFC 2342 §5: one's own folders stand at the top, those of others and the domain's public ones below names.
Reply cmd_namespace(Client& client, const Command& command) {
    if (!command.args.empty()) return no_arguments();
    std::string& out = client.out;
    out += "* NAMESPACE ((\"\" \"/\")) ";
    if (client.services.sharing == nullptr) {
        out += "NIL NIL\r\n";
        return ok("NAMESPACE completed");
    }
    auto put = [&](std::string root) {
        root += '/';
        out += "((";
        put_mailbox(out, root, client.utf8);
        out += " \"/\"))";
    };
    put(std::string{rights::others_root});
    out += ' ';
    put(client.services.sharing->public_root(client.who->domain));
    out += "\r\n";
    return ok("NAMESPACE completed");
}

}  // namespace postrider::imap
