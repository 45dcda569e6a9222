#include "relay/https.h"

#include <fmt/core.h>

#include <algorithm>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <vector>

#include "dns/records.h"
#include "net/connect.h"

namespace postrider::relay {
namespace {

namespace http = boost::beast::http;
using std::chrono::steady_clock;
using Result = std::expected<HttpsReply, HttpsProblem>;
using Stage = HttpsProblem::Stage;

constexpr std::size_t max_addresses = 6;
constexpr std::uint32_t max_header = 16 << 10;

Result failure(Stage stage, std::string what) {
    return std::unexpected(HttpsProblem{stage, std::move(what)});
}

std::chrono::seconds left(steady_clock::time_point deadline) {
    return std::chrono::ceil<std::chrono::seconds>(deadline - steady_clock::now());
}

std::string head_of(const HttpsRequest& request) {
    std::string host = request.host;
    if (request.port != 443) host += fmt::format(":{}", request.port);
    std::string head =
        fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Postrider\r\nConnection: close\r\n",
                    request.method, request.target, host);
    if (!request.content_type.empty())
        head += fmt::format("Content-Type: {}\r\nContent-Length: {}\r\n", request.content_type,
                            request.body.size());
    return head + "\r\n";
}

std::string media_type(std::string_view field) {
    std::string out;
    for (const char c : field.substr(0, field.find(';')))
        if (c != ' ' && c != '\t') out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    return out;
}

using Parser = http::response_parser<http::string_body>;

/// Feeds what has arrived to the parser; false when it wants more.
bool feed(Parser& parser, net::Stream& stream, boost::beast::error_code& error) {
    while (!parser.is_done()) {
        const std::string_view octets = stream.buffered();
        if (octets.empty()) return false;
        const std::size_t used = parser.put(boost::asio::buffer(octets.data(), octets.size()), error);
        stream.consume(used);
        if (error == http::error::need_more) {
            error = {};
            if (used == 0) return false;
        }
        if (error) return true;
    }
    return true;
}

net::Task<Result> read_reply(net::Stream& stream, const HttpsRequest& request) {
    Parser parser;
    parser.eager(true);
    parser.header_limit(max_header);
    parser.body_limit(request.max_body);
    boost::beast::error_code error;
    while (!feed(parser, stream, error)) {
        bool closed = false;
        try {
            co_await stream.fill(max_header * 2);
        } catch (const net::SessionEnd& end) {
            if (end.reason() != net::SessionEnd::Reason::closed) throw;
            closed = true;
        }
        if (!closed) continue;
        if (parser.is_header_done()) parser.put_eof(error);  // an end may stand for the body's length
        if (!error && !parser.is_done()) error = http::error::partial_message;
        break;
    }
    if (error) co_return failure(Stage::reply, "the reply is not understood: " + error.message());
    HttpsReply reply;
    reply.status = parser.get().result_int();
    const auto type = parser.get()[http::field::content_type];
    reply.content_type = media_type({type.data(), type.size()});
    reply.body = std::move(parser.get().body());
    co_return reply;
}

net::Task<Result> talk(const HttpsRequest& request, const std::string& address,
                       steady_clock::time_point deadline) {
    Stage stage = Stage::connection;
    std::string what;
    try {
        net::ConnectOptions options;
        options.to = {address, request.port};
        options.connect_timeout =
            std::clamp(left(deadline), std::chrono::seconds{1}, std::chrono::seconds{20});
        auto stream = co_await net::connect(std::move(options));
        stream->deadline_after(std::max(left(deadline), std::chrono::seconds{1}));
        stage = Stage::tls;
        co_await stream->start_tls_client(request.tls, request.host);
        stage = Stage::reply;
        stream->send(head_of(request));
        stream->send(request.body);
        co_await stream->flush();
        Result reply = co_await read_reply(*stream, request);
        co_await stream->close();
        co_return reply;
    } catch (const net::SessionEnd& end) {
        what = end.what();
    }
    co_return failure(stage, std::move(what));
}

}  // namespace

net::Task<Result> https(dns::Resolver& resolver, HttpsRequest request) {
    const auto deadline = steady_clock::now() + request.patience;
    if (!request.tls || !request.tls->usable())
        co_return failure(Stage::tls, request.tls ? request.tls->problem() : "no TLS");
    std::vector<std::string> addresses;
    std::string why = "the name has no address";
    for (const dns::Type type : {dns::Type::a, dns::Type::aaaa}) {
        const dns::Answer answer = co_await resolver.query(request.host, type);
        if (!answer.why.empty()) why = answer.why;
        for (const std::string& record : answer.records)
            if (auto address = dns::parse_address(record); address && addresses.size() < max_addresses)
                addresses.push_back(std::move(*address));
    }
    Result result = failure(Stage::dns, why);
    for (const std::string& address : addresses) {
        if (steady_clock::now() >= deadline) break;
        result = co_await talk(request, address, deadline);
        // What somebody has said is an answer, even a bad one; only who cannot be reached has a second
        // address.
        if (result || result.error().stage == Stage::reply) break;
    }
    co_return result;
}

}  // namespace postrider::relay
