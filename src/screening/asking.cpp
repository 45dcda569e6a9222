#include "screening/asking.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>

#include "net/suspend.h"

namespace postrider::screening {
namespace {

/// Questions on their way. Whoever asked may be gone before the last answer comes (the server stops), so each
/// holds it.
struct Round {
    std::vector<std::pair<mailauth::Question, dns::Answer>> answers;
    std::size_t open = 0;
    std::function<void(bool)> done;
};

net::Task<> ask_one(dns::Resolver& resolver, std::shared_ptr<Round> round, std::size_t index) {
    mailauth::Question& question = round->answers[index].first;
    std::string name = question.name;
    dns::Answer answer = co_await resolver.query(std::move(name), question.type);
    round->answers[index].second = std::move(answer);
    if (--round->open == 0) round->done(true);
}

}  // namespace

net::Task<> ask_all(dns::Resolver& resolver, mailauth::Questions questions, mailauth::Answers& answers) {
    if (questions.size() == 1) {
        std::string name = questions.front().name;
        dns::Answer answer = co_await resolver.query(std::move(name), questions.front().type);
        answers.add(std::move(questions.front()), std::move(answer));
        co_return;
    }
    if (questions.empty()) co_return;
    auto round = std::make_shared<Round>();
    round->open = questions.size();
    for (mailauth::Question& question : questions)
        round->answers.emplace_back(std::move(question), dns::Answer{});
    net::Executor executor = co_await net::asio::this_coro::executor;
    auto start = [round, executor, &resolver](std::function<void(bool)> done) {
        round->done = std::move(done);
        for (std::size_t i = 0; i < round->answers.size(); ++i)
            net::asio::co_spawn(executor, ask_one(resolver, round, i), net::asio::detached);
    };
    co_await net::suspend<bool>(std::move(start));
    round->done = {};
    for (auto& [question, answer] : round->answers) answers.add(std::move(question), std::move(answer));
}

}  // namespace postrider::screening
