#include <fmt/format.h>
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

/// Everybody's mail is sent on to an address.
class Redirecting final : public filter::Catalogue {
public:
    explicit Redirecting(std::string_view address) {
        filter::Step step;
        step.name = "onward";
        step.script = sieve::compile(fmt::format("redirect \"{}\";", address))->script;
        steps_->push_back(std::move(step));
    }
    std::shared_ptr<const filter::Steps> server() const override { return nullptr; }
    std::shared_ptr<const filter::Steps> domain(DomainId) const override { return nullptr; }
    std::shared_ptr<const filter::Steps> account(AccountId) const override { return steps_; }

private:
    std::shared_ptr<filter::Steps> steps_ = std::make_shared<filter::Steps>();
};

class SealingHouse : public SigningHouse {
protected:
    SealingHouse() {
        auto team = house_.directory->create_group(house_.domain, "team").value();
        EXPECT_TRUE(house_.directory->add_member(team, {"who", "example.net"}));
    }
    ~SealingHouse() override {
        house_.intake->filter_by(nullptr, nullptr);
        house_.processor->filter_by(nullptr);
    }
    void redirect_to(std::string_view address) {
        catalogue_ = std::make_unique<Redirecting>(address);
        parts_ = std::make_unique<filter::ChainParts>(filter::ChainParts{
            *catalogue_, *house_.directory, *house_.store, memory_, house_.clock, "mail.example.org"});
        house_.intake->filter_by(parts_.get(), house_.router.get());
        house_.processor->filter_by(parts_.get());
    }
    /// Mail of somebody else, which waits for a minute before it is worked on.
    void send_later(std::string_view to) {
        queue::Envelope later;
        later.reverse_path = *mime::parse_addr_spec("alice@example.org");
        later.client = "198.51.100.1";
        queue::Recipient recipient;
        recipient.address = *mime::parse_addr_spec(to);
        later.recipients.push_back(recipient);
        later.release = house_.clock.now() + std::chrono::seconds{60};
        ASSERT_TRUE(house_.send(std::move(later), seen_ + text_));
    }
    /// Until mail waits for who@example.net and for nobody else; what waits then.
    std::string sealed_from_the_queue() {
        house_.clock.advance(std::chrono::seconds{61});
        house_.work();
        std::string sealed;
        eventually([&] {  // what is handed in anew comes a moment later
            const auto entries = house_.entries();
            for (const queue::Entry& entry : entries)
                for (const queue::Recipient& one : entry.envelope.recipients)
                    if (one.address.domain == "example.net") sealed = *house_.store->read(entry.blob).value();
            if (sealed.empty()) house_.work();
            return !sealed.empty();
        });
        return sealed;
    }

    const std::string seen_ =
        "Authentication-Results: mail.example.org; spf=fail smtp.mailfrom=x@y.example; arc=none\r\n";
    filter::Memory memory_{house_.store->kv(), house_.clock};
    std::unique_ptr<Redirecting> catalogue_;
    std::unique_ptr<filter::ChainParts> parts_;
};

TEST_F(SealingHouse, WhatAScriptSendsOnIsSealedAtOnce) {
    redirect_to("who@example.net");
    send("198.51.100.1", {"bob@example.org"}, seen_ + text_);
    EXPECT_THAT(leaving(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
}

TEST_F(SealingHouse, WhatAScriptSendsOnIsSealedFromTheQueueToo) {
    redirect_to("who@example.net");
    send_later("bob@example.org");
    EXPECT_THAT(leaving(), Not(HasSubstr("ARC-Seal")));
    EXPECT_THAT(sealed_from_the_queue(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
}

TEST_F(SealingHouse, WhatGoesToAGroupWithMembersElsewhereIsSealedWheneverThatIs) {
    send_later("team@example.org");
    EXPECT_THAT(sealed_from_the_queue(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
}

TEST_F(SealingHouse, WhatAScriptSendsOnToSuchAGroupIsSealedAtOnce) {
    redirect_to("team@example.org");
    send("198.51.100.1", {"bob@example.org"}, seen_ + text_);
    EXPECT_THAT(sealed_from_the_queue(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
}

TEST_F(SealingHouse, WhatAScriptSendsOnToSuchAGroupFromTheQueueIsSealedToo) {
    redirect_to("team@example.org");
    send_later("bob@example.org");
    EXPECT_THAT(sealed_from_the_queue(), StartsWith("ARC-Seal: a=ed25519-sha256;"));
}

}  // namespace
}  // namespace postrider::delivery
