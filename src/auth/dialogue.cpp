#include "auth/dialogue.h"

#include "net/pause.h"
#include "text/base64.h"

namespace postrider::auth {
namespace {

constexpr std::size_t max_line = 12'288;  ///< RFC 4954 §4.1

Exchange failed(Exchange::Fault fault) {
    Exchange result;
    result.fault = fault;
    return result;
}

}  // namespace

Context context_of(const net::Stream& stream, directory::Service service, std::string_view listener_domain,
                   observe::Logger log, observe::LogId session) {
    Context context;
    context.service = service;
    context.peer_ip = stream.peer().ip;
    context.listener_domain = listener_domain;
    context.secure = stream.secure();
    if (auto* tls = stream.tls()) context.binding = {tls->exporter, tls->unique, tls->endpoint};
    context.log = log;
    context.session = session;
    return context;
}

net::Task<Exchange> exchange(net::Stream& stream, net::WorkerPool& workers, Authenticator& authenticator,
                             Context context, Mechanism mechanism, std::optional<std::string> initial,
                             std::string_view prompt) {
    using Step = SaslSession::Step;
    std::optional<std::string> input;
    if (initial) {
        input = *initial == "=" ? std::string{} : text::decode_base64(*initial);
        if (!input) co_return failed(Exchange::Fault::not_base64);
    }
    std::unique_ptr<SaslSession> sasl = authenticator.start(context, mechanism);
    if (!sasl) co_return failed(Exchange::Fault::unavailable);

    auto begin = [&] { return input ? sasl->begin(std::string_view{*input}) : sasl->begin(std::nullopt); };
    Step step = co_await workers.run(std::move(begin));
    while (step.kind == Step::challenge) {
        std::string challenge{prompt};
        challenge += text::encode_base64(step.data);
        challenge += "\r\n";
        stream.send(challenge);
        co_await stream.flush();
        net::Line line = co_await stream.read_line(max_line);
        if (line.kind == net::Line::Kind::too_long) co_return failed(Exchange::Fault::too_long);
        if (line.text == "*") co_return failed(Exchange::Fault::cancelled);
        input = text::decode_base64(line.text);
        if (!input) co_return failed(Exchange::Fault::not_base64);
        auto next = [&] { return sasl->step(*input); };
        step = co_await workers.run(std::move(next));
    }
    Exchange result;
    result.outcome = std::move(step.outcome);
    if (!result.outcome.ok()) co_await net::pause(result.outcome.delay);
    co_return result;
}

net::Task<Outcome> check_password(net::WorkerPool& workers, Authenticator& authenticator, Context context,
                                  std::string name, std::string password) {
    auto check = [&] { return authenticator.authenticate_plain(context, name, password); };
    Outcome outcome = co_await workers.run(std::move(check));
    if (!outcome.ok()) co_await net::pause(outcome.delay);
    co_return outcome;
}

}  // namespace postrider::auth
