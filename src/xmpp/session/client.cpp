#include "xmpp/session/client.h"

#include <fmt/format.h>

#include "auth/sasl_client.h"
#include "settings/address.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/utf8.h"

namespace postrider::xmpp {
namespace {

using Kind = StreamReader::Event::Kind;
using std::chrono::seconds;

constexpr std::size_t read_ahead = 16'384;
constexpr seconds farewell_time{5};
constexpr unsigned most_challenges = 10;

/// RFC 6120 §8.3: the answer to what is asked of us and of nobody in particular.
std::optional<Element> answer_to(const Element& stanza) {
    if (!stanza.is(ns::client, "iq")) return std::nullopt;
    const std::string_view type = stanza.attribute("type");
    if (type != "get" && type != "set") return std::nullopt;
    Element reply{ns::client, "iq"};
    if (const auto from = stanza.attribute("from"); !from.empty()) reply.set("to", from);
    reply.set("id", stanza.attribute("id"));
    if (stanza.child(ns::ping, "ping")) return reply.set("type", "result");
    Element error{ns::client, "error"};
    error.set("type", "cancel").add(Element{ns::stanza_errors, "service-unavailable"});
    return reply.set("type", "error").add(std::move(error));
}

}  // namespace

std::string condition_of(const Element& error, std::string_view conditions) {
    std::string what = "no reason given";
    for (const Element& one : error.children)
        if (one.space == conditions && one.name != "text") {
            what = one.name;
            break;
        }
    const Element* text = error.child(conditions, "text");
    if (!text || text->text.empty()) return what;
    std::string shown{text::truncate_utf8(text->text, 200)};
    for (char& c : shown)
        if (static_cast<unsigned char>(c) < 0x20) c = ' ';
    return fmt::format("{} ({})", what, shown);
}

Client::Client(std::unique_ptr<net::Stream> stream, Options options)
    : stream_{std::move(stream)}, options_{std::move(options)}, reader_{options_.limits} {}

Client::~Client() = default;

void Client::fail(const std::string& what) const {
    throw Trouble{what};
}

void Client::write(std::string_view octets, bool secret) {
    options_.log.sent(options_.id, secret ? std::string_view{"***"} : octets);
    stream_->send(octets);
}

void Client::send(const Element& stanza) {
    write(to_xml(stanza));
}

net::Task<StreamReader::Event> Client::event() {
    while (true) {
        if (auto event = reader_.next()) {
            if (event->kind == Kind::failed) fail("what the server sends is no XMPP: " + event->problem);
            if (event->kind == Kind::closed) fail("the server has closed the stream");
            if (event->element.is(ns::streams, "error"))
                fail("the server says: " + condition_of(event->element, ns::stream_errors));
            co_return std::move(*event);
        }
        StreamReader::Event woken;
        const net::Stream::Filled filled = co_await stream_->fill(read_ahead);
        if (filled == net::Stream::Filled::woken) co_return woken;
        const std::string_view octets = stream_->buffered();
        if (open_) options_.log.received(options_.id, octets);
        reader_.feed(octets);
        stream_->consume(octets.size());
    }
}

net::Task<Element> Client::element() {
    while (true) {
        StreamReader::Event next = co_await event();
        if (next.kind == Kind::element) co_return std::move(next.element);
        if (next.kind == Kind::opened) fail("the server opens the stream twice");
    }
}

/// §4.3: our head, the server's, and what it offers.
net::Task<> Client::begin_stream() {
    reader_ = StreamReader{options_.limits};
    std::string head = "<?xml version='1.0'?><stream:stream";
    // §4.7.1: who we are is not for those who may be listening.
    if (stream_->secure()) {
        head += " from='";
        append_escaped(head, options_.jid.bare());
        head += '\'';
    }
    head += " to='";
    append_escaped(head, options_.jid.domain);
    head +=
        "' version='1.0' xml:lang='en' xmlns='jabber:client' "
        "xmlns:stream='http://etherx.jabber.org/streams'>";
    write(head);
    co_await stream_->flush();
    StreamReader::Event opened = co_await event();
    if (opened.kind != Kind::opened || !opened.element.is(ns::streams, "stream"))
        fail("the server does not open a stream");
    // §4.7.5: below 1.0 there are no features.
    if (!opened.element.attribute("version").starts_with("1."))
        fail("the server speaks an older version of XMPP");
    features_ = co_await element();
    if (!features_.is(ns::streams, "features")) fail("the server does not say what it offers");
}

/// §5.4.
net::Task<> Client::start_tls() {
    const bool offered = features_.child(ns::tls, "starttls") != nullptr;
    if (options_.tls == TlsUse::none || (options_.tls == TlsUse::may && !offered)) co_return;
    if (!offered) fail("the server does not offer STARTTLS, which is asked for here");
    write("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
    co_await stream_->flush();
    const Element said = co_await element();
    if (!said.is(ns::tls, "proceed")) fail("the server refuses STARTTLS");
    // §13.7.2.1: the certificate has to be the domain's, to which the JID belongs.
    net::TlsPeer expected{options_.jid.domain};
    expected.check = options_.tls == TlsUse::verify ? net::TlsPeer::Check::demand : net::TlsPeer::Check::note;
    const bool a_name = !options_.host.empty() && !settings::parse_ip(options_.host);
    if (a_name && options_.host != options_.jid.domain) expected.more_names.push_back(options_.host);
    std::shared_ptr<const net::TlsContext> context = options_.context;
    co_await stream_->start_tls_client(std::move(context), std::move(expected));
    co_await begin_stream();
}

/// §6.4.
net::Task<> Client::log_in() {
    const Element* offered = features_.child(ns::sasl, "mechanisms");
    std::vector<std::string> names;
    if (offered)
        for (const Element& one : offered->children)
            if (one.is(ns::sasl, "mechanism")) names.push_back(text::to_upper(text::trim(one.text)));
    const std::string mechanism = auth::SaslClient::choose(names, stream_->secure());
    if (mechanism.empty())
        fail(names.empty() ? "the server offers no way to log in"
                           : "the server offers no way to log in that is safe here");
    auth::SaslClient sasl{mechanism, options_.jid.local, options_.password, options_.jid.domain, "xmpp"};
    auto first = sasl.first();
    if (!first) fail("cannot log in: " + first.error());
    std::string response;
    // §6.4.2: "=" is an empty initial response.
    if (*first) response = (*first)->empty() ? "=" : text::encode_base64(**first);
    write(fmt::format("<auth xmlns='{}' mechanism='{}'>{}</auth>", ns::sasl, mechanism, response), true);
    co_await stream_->flush();
    Element said = co_await element();
    for (unsigned step = 0; said.is(ns::sasl, "challenge") && step < most_challenges; ++step) {
        const auto challenge = text::decode_base64(text::trim(said.text));
        if (!challenge) fail("cannot log in: the server's challenge is broken");
        auto answer = sasl.answer(*challenge);
        if (!answer) {
            write("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>");
            co_await stream_->flush();
            fail("cannot log in: " + answer.error());
        }
        write(fmt::format("<response xmlns='{}'>{}</response>", ns::sasl, text::encode_base64(*answer)),
              true);
        co_await stream_->flush();
        said = co_await element();
    }
    if (!said.is(ns::sasl, "success"))
        fail("cannot log in: " + (said.is(ns::sasl, "failure") ? condition_of(said, ns::sasl) : "no answer"));
    // §6.3.10: the server's proof may come with its success.
    if (const std::string_view more = text::trim(said.text);
        !more.empty() && more != "=" && !sasl.complete()) {
        const auto proof = text::decode_base64(more);
        auto nothing =
            proof ? sasl.answer(*proof) : std::unexpected(std::string{"the server's proof is broken"});
        if (!nothing) fail("cannot log in: " + nothing.error());
    }
    if (!sasl.complete()) fail("the server has not proved that it knows the password");
    co_await begin_stream();
}

net::Task<> Client::ask(Element iq, Element& result) {
    send(iq);
    co_await stream_->flush();
    const std::string id{iq.attribute("id")};
    while (true) {
        Element said = co_await element();
        if (!said.is(ns::client, "iq") || said.attribute("id") != id) continue;
        if (said.attribute("type") == "result") {
            result = std::move(said);
            co_return;
        }
        const Element* error = said.child(ns::client, "error");
        fail("the server says: " + (error ? condition_of(*error, ns::stanza_errors) : "no"));
    }
}

/// §7.6, §7.7; RFC 3921 §3 for servers that still want it.
net::Task<> Client::bind() {
    if (!features_.child(ns::bind, "bind")) fail("the server does not offer to bind a resource");
    Element bind{ns::bind, "bind"};
    if (!options_.jid.resource.empty()) bind.add(Element{ns::bind, "resource"}.say(options_.jid.resource));
    Element iq{ns::client, "iq"};
    iq.set("type", "set").set("id", "bind").add(std::move(bind));
    Element result;
    co_await ask(std::move(iq), result);
    const Element* made = result.child(ns::bind, "bind");
    const Element* jid = made ? made->child(ns::bind, "jid") : nullptr;
    const auto bound = jid ? parse_jid(text::trim(jid->text)) : std::nullopt;
    if (!bound) fail("the server does not say which address it has bound");
    bound_ = *bound;
    const Element* session = features_.child(ns::session, "session");
    if (!session || session->child(ns::session, "optional")) co_return;
    Element wanted{ns::client, "iq"};
    wanted.set("type", "set").set("id", "session").add(Element{ns::session, "session"});
    co_await ask(std::move(wanted), result);
}

net::Task<> Client::open() {
    stream_->deadline_after(options_.patience);
    co_await begin_stream();
    co_await start_tls();
    co_await log_in();
    co_await bind();
    stream_->deadline_after(seconds{0});
    open_ = true;
}

net::Task<std::optional<Element>> Client::receive() {
    while (true) {
        StreamReader::Event next = co_await event();
        std::optional<Element> none;
        if (next.kind == Kind::failed) co_return none;  // woken
        if (next.kind == Kind::opened) fail("the server opens the stream twice");
        if (auto reply = answer_to(next.element)) {
            send(*reply);
            co_await stream_->flush();
            continue;
        }
        std::optional<Element> stanza = std::move(next.element);
        co_return stanza;
    }
}

net::Task<> Client::close() {
    try {
        stream_->deadline_after(farewell_time);
        write("</stream:stream>");
        co_await stream_->flush();
        while (true) (void)co_await event();  // §4.4: until the other side has ended too
    } catch (const std::exception&) {         // closed, gone or silent: it is over
    }
    co_await stream_->close();
}

}  // namespace postrider::xmpp
