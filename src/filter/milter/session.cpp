#include "filter/milter/session.h"

#include <fmt/format.h>

namespace postrider::filter::milter {
namespace {

/// More "I am still at work" than this in one turn is a way to hold us for ever.
constexpr unsigned most_progress = 1000;

/// Many say that they speak version 6 and never answer after QUIT_NC.
constexpr std::chrono::seconds first_answer_of_reused{5};

}  // namespace

/// The next packet, in packet_, until the one after it is asked for.
net::Task<> Session::read_packet() {
    stream_->consume(read_);
    read_ = 0;
    for (;;) {
        const Unpacked unpacked = unpack(stream_->buffered(), largest_packet);
        if (unpacked.state == Unpacked::State::nonsense)
            throw Nonsense{"a packet that is too long, or empty"};
        if (unpacked.state == Unpacked::State::packet) {
            packet_ = unpacked.packet;
            read_ = unpacked.size;
            co_return;
        }
        co_await stream_->fill(largest_packet + 4);
    }
}

net::Task<> Session::negotiate(std::uint32_t version) {
    stream_->deadline_after(times_.connect);
    const Options offered = offer(version);
    stream_->send(pack_options(offered));
    co_await stream_->flush();
    co_await read_packet();
    const auto response = parse_response(packet_);
    if (!response || response->answer != Answer::options) throw Nonsense{"no answer to the negotiation"};
    Agreement agreement = agree(offered, response->options);
    if (!agreement.problem.empty()) throw Nonsense{agreement.problem};
    agreed_ = std::move(agreement.options);
}

/// Reads until the filter has had its say. Only at the end of the message are changes allowed (`changes`).
net::Task<Opinion> Session::answers(std::chrono::seconds limit, Changes* changes) {
    using Kind = Opinion::Kind;
    const Changes::Limits limits;
    if (reused_ && !heard_ && changes == nullptr) limit = std::min(limit, first_answer_of_reused);
    for (unsigned progress = 0;;) {
        stream_->deadline_after(limit);
        co_await read_packet();
        heard_ = true;
        const auto response = parse_response(packet_);
        if (!response)
            throw Nonsense{
                fmt::format("an answer that is none ({:#x})", static_cast<unsigned char>(packet_.what))};
        Opinion opinion;
        switch (response->answer) {
            case Answer::go_on: co_return opinion;
            case Answer::accept: opinion.kind = Kind::accept; co_return opinion;
            case Answer::discard: opinion.kind = Kind::discard; co_return opinion;
            case Answer::reject: opinion.kind = Kind::reject; co_return opinion;
            case Answer::tempfail: opinion.kind = Kind::tempfail; co_return opinion;
            case Answer::skip: opinion.kind = Kind::skip; co_return opinion;
            case Answer::shutdown: opinion.kind = Kind::close; co_return opinion;
            case Answer::connection_failed: opinion.kind = Kind::tempfail; co_return opinion;
            case Answer::reply_code:
                opinion.reply = parse_reply_code(response->value);
                if (!opinion.reply) throw Nonsense{"a reply that is none of SMTP"};
                opinion.kind = opinion.reply->code < 500 ? Kind::tempfail : Kind::reject;
                // libmilter's way to end the session (RFC 5321 §3.8).
                if (opinion.reply->code == 421) opinion.kind = Kind::close;
                co_return opinion;
            case Answer::progress:
                if (++progress > most_progress) throw Nonsense{"no end of its progress"};
                break;
            case Answer::options: throw Nonsense{"a second negotiation"};
            default:
                if (changes == nullptr) throw Nonsense{"a change of a message that is not complete"};
                if ((agreed_.actions & response->needs()) == 0)
                    throw Nonsense{"a change that was not negotiated"};
                if (!changes->take(*response, limits)) throw Nonsense{"a change that cannot be made"};
                break;
        }
    }
}

net::Task<Opinion> Session::step(std::string packets, bool silent, std::chrono::seconds limit) {
    stream_->deadline_after(limit);
    stream_->send(packets);
    Opinion opinion;
    if (silent) {
        co_await stream_->flush_if_large();
        co_return opinion;
    }
    co_await stream_->flush();
    opinion = co_await answers(limit, nullptr);
    co_return opinion;
}

net::Task<Opinion> Session::connect(const Client& client, const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_connect)) co_return opinion;
    put_macros(out, Command::connect, macros);
    put_connect(out, client);
    opinion = co_await step(std::move(out), !wants(silent_connect), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::helo(const std::string& name, const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_helo)) co_return opinion;
    put_macros(out, Command::helo, macros);
    put_helo(out, name);
    opinion = co_await step(std::move(out), !wants(silent_helo), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::mail(const std::string& path, const std::vector<std::string>& parameters,
                                 const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_mail)) co_return opinion;
    put_macros(out, Command::mail, macros);
    put_path(out, Command::mail, path, parameters);
    opinion = co_await step(std::move(out), !wants(silent_mail), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::rcpt(const std::string& path, const std::vector<std::string>& parameters,
                                 const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_rcpt)) co_return opinion;
    put_macros(out, Command::rcpt, macros);
    put_path(out, Command::rcpt, path, parameters);
    opinion = co_await step(std::move(out), !wants(silent_rcpt), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::data(const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_data)) co_return opinion;
    put_macros(out, Command::data, macros);
    put_plain(out, Command::data);
    opinion = co_await step(std::move(out), !wants(silent_data), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::unknown(const std::string& line) {
    std::string out;
    Opinion opinion;
    if (!wants(no_unknown)) co_return opinion;
    put_unknown(out, line);
    opinion = co_await step(std::move(out), !wants(silent_unknown), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::header(std::string_view name, std::string_view value, const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_headers)) co_return opinion;
    put_macros(out, Command::header, macros);
    put_header(out, name, value, agreed_.steps);
    opinion = co_await step(std::move(out), !wants(silent_header), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::eoh(const Macros& macros) {
    std::string out;
    Opinion opinion;
    if (!wants(no_eoh)) co_return opinion;
    put_macros(out, Command::eoh, macros);
    put_plain(out, Command::eoh);
    opinion = co_await step(std::move(out), !wants(silent_eoh), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::body(std::string_view piece) {
    std::string out;
    Opinion opinion;
    if (!wants(no_body)) co_return opinion;
    put_body(out, piece);
    opinion = co_await step(std::move(out), !wants(silent_body), times_.command);
    co_return opinion;
}

net::Task<Opinion> Session::end(const Macros& macros, Changes& changes) {
    std::string out;
    put_macros(out, Command::body_end, macros);
    put_plain(out, Command::body_end);
    stream_->deadline_after(times_.content);
    stream_->send(out);
    co_await stream_->flush();
    Opinion opinion = co_await answers(times_.content, &changes);
    co_return opinion;
}

net::Task<> Session::abort() {
    std::string out;
    put_plain(out, Command::abort);
    stream_->deadline_after(times_.command);
    stream_->send(out);
    co_await stream_->flush();
}

std::size_t Session::piece_size() const {
    if ((agreed_.steps & pieces_1m) != 0) return (1 << 20) - 1;
    if ((agreed_.steps & pieces_256k) != 0) return (256 << 10) - 1;
    return 65535;
}

net::Task<> Session::next_session() {
    std::string out;
    put_plain(out, Command::quit_nc);
    stream_->deadline_after(times_.command);
    stream_->send(out);
    co_await stream_->flush();
    stream_->consume(read_);
    read_ = 0;
    reused_ = true;
    heard_ = false;
    stream_->deadline_after(std::chrono::seconds{0});
}

net::Task<> Session::quit() {
    std::string out;
    put_plain(out, Command::quit);
    stream_->send(out);
    co_await stream_->close();
}

}  // namespace postrider::filter::milter
