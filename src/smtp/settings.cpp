#include "smtp/settings.h"

namespace postrider::smtp {
namespace {

using namespace settings;

constexpr Choice protocols[] = {
    {"smtp", Protocol::smtp}, {"submission", Protocol::submission}, {"lmtp", Protocol::lmtp}};
constexpr Choice who[] = {{"none", Who::none}, {"auth", Who::auth}, {"all", Who::all}};
constexpr Choice newlines[] = {{"normalize", BareNewlines::normalize}, {"reject", BareNewlines::reject}};
constexpr Setting<SmtpListener> listener_rows[] = {
    {.field = inlined<&SmtpListener::listener, listener_table>},
    {.name = "protocol",
     .field = choice<&SmtpListener::protocol, protocols>,
     .help = "What is spoken: smtp for mail from everywhere, submission for clients that log in (nothing "
             "goes without), "
             "lmtp for a mail transfer agent of ours that wants one answer per recipient.",
     .scope = Scope::listener},
};

TableOf<SmtpListener> smtp_listener_table() {
    return {listener_rows, "listener", "One address on which mail is received."};
}

SmtpListener default_listener() {
    SmtpListener listener;
    listener.listener.address = "127.0.0.1:25";
    return listener;
}

constexpr Choice authentications[] = {{"any", SizeRule::Authentication::any},
                                      {"yes", SizeRule::Authentication::yes},
                                      {"no", SizeRule::Authentication::no}};
constexpr Setting<SizeRule> size_rule_rows[] = {
    {.name = "enable",
     .field = field<&SizeRule::enable>,
     .help = "A rule that is not enabled is passed over."},
    {.name = "sender",
     .field = field<&SizeRule::sender>,
     .range = {0, 320},
     .help = "Envelope sender: user@example.org, example.org, *.example.org, *@example.org; empty for all."},
    {.name = "recipient",
     .field = field<&SizeRule::recipient>,
     .range = {0, 320},
     .help = "Envelope recipient, likewise."},
    {.name = "addresses",
     .field = field<&SizeRule::addresses>,
     .range = {0, 100},
     .help = "Addresses of clients; none for all.",
     .format = Format::ip_set},
    {.name = "authentication",
     .field = choice<&SizeRule::authentication, authentications>,
     .help = "Whether the client has logged in."},
    {.name = "maxSize",
     .field = field<&SizeRule::max_size>,
     .range = {1, 2'000'000},
     .help = "Largest message; never more than maxDataSize.",
     .unit = "KB"},
};

TableOf<SizeRule> size_rule_table() {
    return {size_rule_rows, "sizeRule", "How large messages may be that match everything that is said here."};
}

using S = SmtpSettings;
constexpr Setting<S> rows[] = {
    {.field = inlined<&S::service, service_table>},
    {.name = "listeners",
     .field = object_set<&S::listeners, smtp_listener_table, default_listener>,
     .help = "Where mail is received.",
     .key = "address"},
    {.name = "maxReceivedHeaders",
     .field = field<&S::max_received_headers>,
     .range = {1, 1000},
     .help = "A message with more Received headers is in a loop and is refused (RFC 5321 section 6.3)."},
    {.name = "maxDataSize",
     .field = field<&S::max_data_size>,
     .range = {1, 2'000'000},
     .help = "Largest message that is taken; advertised as SIZE (RFC 1870).",
     .unit = "KB"},
    {.name = "sizeRules",
     .field = object_set<&S::size_rules, size_rule_table>,
     .range = {0, 1000},
     .help =
         "How large messages may be, by sender, recipient, client and log-in. The first rule that matches "
         "decides; without one, maxDataSize. SIZE in the answer to EHLO is what may still come out for "
         "this client."},
    {.name = "maxRcptCount",
     .field = field<&S::max_rcpt_count>,
     .range = {1, 100'000},
     .help = "Recipients of one message. RFC 5321 section 4.5.3.1.8 asks for at least 100."},
    {.name = "commandTimeout",
     .field = field<&S::command_timeout>,
     .range = {10, 3600},
     .help = "Silence of a client within a dialogue after which the connection is closed.",
     .unit = "s"},
    {.name = "allowStartTLS",
     .field = field<&S::allow_start_tls>,
     .help = "Offer STARTTLS where a certificate is set."},
    {.name = "allow8bitMime", .field = field<&S::allow_8bit_mime>, .help = "Offer 8BITMIME (RFC 6152)."},
    {.name = "allowBinaryData",
     .field = field<&S::allow_binary_data>,
     .help = "Offer CHUNKING and BINARYMIME (RFC 3030)."},
    {.name = "allowPipelining", .field = field<&S::allow_pipelining>, .help = "Offer PIPELINING (RFC 2920)."},
    {.name = "allowDSN", .field = field<&S::allow_dsn>, .help = "Offer DSN (RFC 3461)."},
    {.name = "allowSMTPUTF8", .field = field<&S::allow_smtp_utf8>, .help = "Offer SMTPUTF8 (RFC 6531)."},
    {.name = "allowFutureRelease",
     .field = field<&S::allow_future_release>,
     .help = "Offer FUTURERELEASE (RFC 4865) to clients that submit: they may say when a message is to go."},
    {.name = "maxFutureRelease",
     .field = field<&S::max_future_release>,
     .range = {60, 315'360'000},
     .help = "Longest time for which a client may hold back a message.",
     .unit = "s"},
    {.name = "allowDeliverBy",
     .field = field<&S::allow_deliver_by>,
     .help = "Offer DELIVERBY (RFC 2852): a message that is late is given back, or its sender told."},
    {.name = "minDeliverBy",
     .field = field<&S::min_deliver_by>,
     .range = {0, 86'400},
     .help = "Shortest time that a sender may set for a message that is then to be given back.",
     .unit = "s"},
    {.name = "allowMtPriority",
     .field = field<&S::allow_mt_priority>,
     .help = "Offer MT-PRIORITY (RFC 6710). Who has not logged in can only lower the priority of a message."},
    {.name = "secureConnAuthTypes",
     .field = choice<&S::secure_auth, auth::mechanism_words>,
     .help = "Ways to log in over TLS."},
    {.name = "plainConnAuthTypes",
     .field = choice<&S::plain_auth, auth::mechanism_words>,
     .help = "Ways to log in without TLS. plain and login show the password to everybody on the way."},
    {.name = "remoteDelivery",
     .field = choice<&S::remote_delivery, who>,
     .help = "Who may send to domains that are not ours. With all, this server is an open relay."},
    {.name = "localDelivery",
     .field = choice<&S::local_delivery, who>,
     .help = "Who may send to our domains."},
    {.name = "senderMustMatchLogin",
     .field = field<&S::sender_must_match_login>,
     .help =
         "Who has logged in may use only addresses of the account, and those in whose name it may send, in "
         "MAIL FROM and in the From header."},
    {.name = "addSender",
     .field = field<&S::add_sender>,
     .help = "When somebody of this server sends in the name of somebody else here, a Sender header says who "
             "it was."},
    {.name = "bareNewlines",
     .field = choice<&S::bare_newlines, newlines>,
     .help = "What to do with a CR or LF that is not part of a CRLF: make it one, or refuse the message. It "
             "never ends "
             "the message."},
    {.name = "smtpGreeting",
     .field = field<&S::greeting>,
     .range = {0, 400},
     .help = "Text of the greeting behind the host name.",
     .default_help = "Postrider ESMTP ready"},
    {.name = "messageMemory",
     .field = field<&S::message_memory>,
     .range = {16384, 16'777'216},
     .help = "Memory for messages on their way in, of all connections together; beyond it clients are asked "
             "to try "
             "again (452).",
     .unit = "KB"},
};

}  // namespace

screening::Allowances SmtpSettings::allowances() const {
    screening::Allowances allow;
    allow.max_data_size = max_data_size;
    allow.max_rcpt_count = max_rcpt_count;
    allow.max_received_headers = max_received_headers;
    allow.allow_start_tls = allow_start_tls;
    allow.allow_8bit_mime = allow_8bit_mime;
    allow.allow_binary_data = allow_binary_data;
    allow.allow_pipelining = allow_pipelining;
    allow.allow_dsn = allow_dsn;
    allow.remote_delivery = remote_delivery;
    allow.local_delivery = local_delivery;
    return allow;
}

auth::LoginRules SmtpSettings::login_rules() const {
    auth::LoginRules rules;
    rules.secure_types = auth::to_mechanisms(secure_auth);
    rules.plain_types = auth::to_mechanisms(plain_auth);
    // The words alone decide here: there is no LOGIN command to switch separately.
    rules.plain_allow_login = true;
    return rules;
}

settings::TableOf<SmtpSettings> smtp_table() {
    return {rows, "smtpIncoming", "Receiving mail: from other hosts, from clients, from our own front ends."};
}

}  // namespace postrider::smtp
