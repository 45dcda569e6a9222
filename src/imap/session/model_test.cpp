#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "imap/session/test_service.h"
#include "text/ascii.h"

// Several sessions change one mailbox at random; what each of them believes, from nothing but the replies it
// got, must in the end be what is there (RFC 2180).

namespace postrider::imap {
namespace {

struct Believed {
    std::uint32_t uid = 0;  ///< 0: not told yet
    std::set<std::string> flags;
    bool flags_known = false;
};

class Believer {
public:
    explicit Believer(const TestService& service) : client_{service} {
        client_.login();
        do_command("SELECT INBOX", true);
        do_command("FETCH 1:* (UID FLAGS)", true);
    }

    std::string do_command(const std::string& command, bool may_expunge) {
        auto replies = client_.ask(command);
        std::string last = replies.back();
        replies.pop_back();
        for (const std::string& reply : replies) {
            EXPECT_TRUE(may_expunge || !reply.ends_with(" EXPUNGE")) << command << ": " << reply;
            believe(reply);
        }
        return last.substr(last.find(' ') + 1);
    }

    std::vector<Believed> mailbox;

private:
    void believe(const std::string& reply) {
        if (reply.size() < 3 || !text::is_digit(reply[2])) return;
        std::size_t number = std::stoul(reply.substr(2));
        if (reply.ends_with(" EXISTS")) {
            EXPECT_GE(number, mailbox.size()) << reply;
            mailbox.resize(std::max(number, mailbox.size()));
        } else if (reply.ends_with(" EXPUNGE")) {
            ASSERT_TRUE(number >= 1 && number <= mailbox.size()) << reply;
            mailbox.erase(mailbox.begin() + static_cast<std::ptrdiff_t>(number) - 1);
        } else if (reply.find(" FETCH (") != std::string::npos) {
            ASSERT_TRUE(number >= 1 && number <= mailbox.size()) << reply;
            Believed& one = mailbox[number - 1];
            std::size_t uid = reply.find("UID ");
            if (uid != std::string::npos) {
                auto value = static_cast<std::uint32_t>(std::stoul(reply.substr(uid + 4)));
                EXPECT_TRUE(one.uid == 0 || one.uid == value) << reply << " but it was " << one.uid;
                one.uid = value;
            }
            std::size_t flags = reply.find("FLAGS (");
            if (flags == std::string::npos) return;
            one.flags.clear();
            one.flags_known = true;
            std::string all = reply.substr(flags + 7, reply.find(')', flags) - flags - 7);
            for (std::size_t at = 0; at < all.size();) {
                std::size_t end = std::min(all.find(' ', at), all.size());
                std::string flag = all.substr(at, end - at);
                if (flag != "\\Recent") one.flags.insert(flag);
                at = end + 1;
            }
        }
    }

    TestClient client_;
};

void run(unsigned seed, bool condstore) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    TestService service;
    std::vector<std::unique_ptr<Believer>> sessions;
    for (int i = 0; i < 3; ++i) sessions.push_back(std::make_unique<Believer>(service));
    if (condstore) sessions[0]->do_command("ENABLE CONDSTORE", true);
    const char* flags[] = {"\\Seen", "\\Deleted", "\\Flagged", "$Work", "Private"};
    for (int step = 0; step < 400; ++step) {
        Believer& who = *sessions[random() % sessions.size()];
        std::size_t size = who.mailbox.size();
        auto number = [&] { return std::to_string(size == 0 ? 1 : 1 + random() % size); };
        auto range = [&] { return number() + ":" + number(); };
        std::string flag = flags[random() % 5];
        switch (random() % 12) {
            case 0:
            case 1:
            case 2: {
                std::string message = "Subject: " + std::to_string(step) + "\r\n\r\n";
                who.do_command(
                    "APPEND INBOX (" + flag + ") {" + std::to_string(message.size()) + "+}\r\n" + message,
                    true);
                break;
            }
            case 3: who.do_command("STORE " + range() + " +FLAGS (" + flag + ")", false); break;
            case 4: who.do_command("STORE " + range() + " -FLAGS (" + flag + ")", false); break;
            case 5: who.do_command("UID STORE 1:* FLAGS (" + flag + ")", true); break;
            case 6: who.do_command("FETCH " + range() + " (UID FLAGS)", false); break;
            case 7: who.do_command("SEARCH ALL", false); break;
            case 8: who.do_command("NOOP", true); break;
            case 9: who.do_command("COPY " + number() + " INBOX", true); break;
            case 10: who.do_command("MOVE " + number() + " INBOX", true); break;
            case 11:
                if (random() % 3 == 0)
                    who.do_command("EXPUNGE", true);
                else
                    who.do_command("FETCH " + number() + " BODY[]", false);
                break;
        }
        if (testing::Test::HasFailure()) return;
    }
    Believer truth{service};
    for (auto& session : sessions) {
        session->do_command("NOOP", true);
        ASSERT_EQ(session->mailbox.size(), truth.mailbox.size());
        for (std::size_t i = 0; i < truth.mailbox.size(); ++i) {
            Believed& believed = session->mailbox[i];
            EXPECT_TRUE(believed.uid == 0 || believed.uid == truth.mailbox[i].uid) << i;
            EXPECT_TRUE(!believed.flags_known || believed.flags == truth.mailbox[i].flags)
                << "message " << i + 1;
        }
    }
}

TEST(Model, SessionsBelieveWhatIsThere) {
    for (unsigned seed = 1; seed <= 3; ++seed) run(seed, false);
}

TEST(Model, SessionsWithModificationSequencesToo) {
    for (unsigned seed = 11; seed <= 12; ++seed) run(seed, true);
}

}  // namespace
}  // namespace postrider::imap
