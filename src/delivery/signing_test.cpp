#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <thread>

#include "delivery/test_house.h"
#include "filter/chain/chain.h"
#include "filter/signing/signer.h"

namespace postrider::delivery {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

constexpr const char* seed = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";  // RFC 8463 appendix A

/// A house in which example.org has a key.
class SigningHouse : public testing::Test {
protected:
    SigningHouse() {
        std::ofstream{folder_.path() / "key.pem"} << seed;
        filter::SigningSettings settings;
        settings.keys.push_back({"example.org", "s", "key.pem", "", "", true});
        EXPECT_TRUE(signer_.configure(settings, folder_.path(), "mail.example.org", "example.org").empty());
        house_.intake->sign_by(&signer_);
    }
    void send(std::string_view client, std::initializer_list<std::string_view> to, const std::string& text) {
        queue::Envelope envelope;
        envelope.reverse_path = *mime::parse_addr_spec("alice@example.org");
        envelope.client = client;
        for (std::string_view address : to) {
            queue::Recipient recipient;
            recipient.address = *mime::parse_addr_spec(address);
            envelope.recipients.push_back(std::move(recipient));
        }
        ASSERT_TRUE(house_.send(std::move(envelope), text));
    }
    /// What waits for another host.
    std::string leaving() {
        const auto entries = house_.entries();
        return entries.size() == 1 ? *house_.store->read(entries[0].blob).value() : "";
    }

    TestFolder folder_;
    TestHouse house_;
    observe::Metrics metrics_;
    filter::Signer signer_{house_.clock, {}, metrics_};
    const std::string text_ = "From: alice@example.org\r\nSubject: hello\r\n\r\nbody\r\n";
};

TEST_F(SigningHouse, WhatLeavesIsSigned) {
    send("", {"bob@example.org", "who@example.net"}, text_);
    const std::string message = leaving();
    EXPECT_THAT(message, StartsWith("DKIM-Signature: v=1; a=ed25519-sha256;"));
    EXPECT_THAT(house_.messages("bob@example.org").at(0), HasSubstr("DKIM-Signature"));  // one copy for all
}

TEST_F(SigningHouse, WhatStaysIsNot) {
    send("", {"bob@example.org"}, text_);
    EXPECT_THAT(house_.messages("bob@example.org").at(0), Not(HasSubstr("DKIM-Signature")));
}

TEST_F(SigningHouse, WhatOthersSendUnderOurNameIsNotSignedButSealed) {
    const std::string seen =
        "Authentication-Results: mail.example.org; spf=fail smtp.mailfrom=x@y.example; arc=none\r\n";
    send("198.51.100.1", {"who@example.net"}, seen + text_);
    EXPECT_THAT(leaving(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
    EXPECT_THAT(leaving(), Not(HasSubstr("DKIM-Signature:")));
}

TEST_F(SigningHouse, WhatAScriptSendsOnIsSealedFromTheQueueToo) {
    struct OneScript final : filter::Catalogue {
        std::shared_ptr<const filter::Steps> server() const override { return nullptr; }
        std::shared_ptr<const filter::Steps> domain(DomainId) const override { return steps; }
        std::shared_ptr<const filter::Steps> account(AccountId) const override { return nullptr; }
        std::shared_ptr<filter::Steps> steps = std::make_shared<filter::Steps>();
    } catalogue;
    filter::Step step;
    step.name = "onward";
    step.script = sieve::compile("redirect \"who@example.net\";")->script;
    catalogue.steps->push_back(std::move(step));
    filter::Memory memory{house_.store->kv(), house_.clock};
    filter::ChainParts parts{catalogue, *house_.directory, *house_.store,
                             memory,    house_.clock,      "mail.example.org"};
    house_.intake->filter_by(&parts, house_.router.get());
    house_.processor->filter_by(&parts);
    const std::string seen =
        "Authentication-Results: mail.example.org; spf=fail smtp.mailfrom=x@y.example; arc=none\r\n";
    send("198.51.100.1", {"bob@example.org"}, seen + text_);
    EXPECT_THAT(leaving(), StartsWith("ARC-Seal: a=ed25519-sha256;")) << "at once";

    for (const queue::Entry& entry : house_.entries()) {
        queue::Entry done = entry;
        for (queue::Recipient& one : done.envelope.recipients) one.state = queue::Recipient::State::delivered;
        ASSERT_TRUE(house_.queue->put_back(house_.queue->wait_and_take(entry.id).value().value(), done));
    }
    queue::Envelope later;
    later.reverse_path = *mime::parse_addr_spec("alice@example.org");
    later.client = "198.51.100.1";
    queue::Recipient bob;
    bob.address = *mime::parse_addr_spec("bob@example.org");
    later.recipients.push_back(bob);
    later.release = house_.clock.now() + std::chrono::seconds{60};
    ASSERT_TRUE(house_.send(std::move(later), seen + text_));
    EXPECT_THAT(leaving(), Not(HasSubstr("ARC-Seal")));
    house_.clock.advance(std::chrono::seconds{61});
    house_.work();
    for (int i = 0; i < 200 && leaving().empty(); ++i)  // it is handed in anew, and no more
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    EXPECT_THAT(leaving(), StartsWith("ARC-Seal: a=ed25519-sha256;")) << "from the queue";
}

}  // namespace
}  // namespace postrider::delivery
