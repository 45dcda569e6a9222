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
    explicit Believer(const TestService& service, const std::string& box = "INBOX")
        : mailbox_name{box}, client_{service} {
        client_.login();
        do_command("SELECT " + box, true);
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

    const std::string mailbox_name;
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

/// "3:5,9" as numbers.
std::vector<std::uint32_t> numbers_in(std::string_view set) {
    std::vector<std::uint32_t> all;
    while (!set.empty()) {
        std::size_t end = std::min(set.find(','), set.size());
        std::string part{set.substr(0, end)};
        std::size_t colon = part.find(':');
        auto first = static_cast<std::uint32_t>(std::stoul(part));
        auto last = colon == std::string::npos
                        ? first
                        : static_cast<std::uint32_t>(std::stoul(part.substr(colon + 1)));
        for (std::uint32_t one = first; one <= last; ++one) all.push_back(one);
        set.remove_prefix(std::min(end + 1, set.size()));
    }
    return all;
}

/// A client that comes and goes, and asks each time what it has missed (RFC 7162 §3.2). What it then has must
/// be what is there, and no modification sequence may ever be lower than one that it has heard of.
class Returning {
public:
    Returning(const TestService& service, std::string mailbox)
        : service_{service}, mailbox_{std::move(mailbox)} {}

    void come() {
        TestClient client{service_};
        client.login();
        client.ask("ENABLE QRESYNC IMAP4rev2");
        const std::string known = " (QRESYNC (" + validity_ + " " + std::to_string(highest_) + "))";
        std::uint64_t before = highest_;
        auto replies = client.ask("SELECT " + mailbox_ + (validity_.empty() ? std::string{} : known));
        if (validity_.empty()) {
            auto all = client.ask("UID FETCH 1:* (FLAGS MODSEQ)");
            replies.insert(replies.end(), all.begin(), all.end());
        }
        std::size_t exists = 0;
        for (const std::string& reply : replies) {
            if (reply.ends_with(" EXISTS")) exists = std::stoul(reply.substr(2));
            if (reply.starts_with("* OK [UIDVALIDITY ")) validity_ = reply.substr(18, reply.find(']') - 18);
            if (reply.starts_with("* OK [HIGHESTMODSEQ ")) highest_ = std::stoull(reply.substr(20));
            if (reply.starts_with("* VANISHED (EARLIER) "))
                for (std::uint32_t uid : numbers_in(std::string_view{reply}.substr(21))) has_.erase(uid);
            if (reply.find(" FETCH (") != std::string::npos) fetched(reply);
        }
        EXPECT_GE(highest_, before);
        EXPECT_EQ(has_.size(), exists);
        for (const auto& [uid, one] : has_) EXPECT_LE(one.modseq, highest_) << uid;
        auto truth = client.ask("UID FETCH 1:* (FLAGS)");
        EXPECT_EQ(truth.size(), has_.size() + 1);
        for (const std::string& reply : truth) {
            std::size_t at = reply.find("UID ");
            if (reply.find(" FETCH (") == std::string::npos || at == std::string::npos) continue;
            auto uid = static_cast<std::uint32_t>(std::stoul(reply.substr(at + 4)));
            ASSERT_TRUE(has_.contains(uid)) << mailbox_ << ": " << reply;
            EXPECT_EQ(has_[uid].flags, flags_in(reply)) << mailbox_ << ": " << reply;
        }
    }

private:
    struct Message {
        std::set<std::string> flags;
        std::uint64_t modseq = 0;
    };

    static std::set<std::string> flags_in(const std::string& reply) {
        std::set<std::string> flags;
        std::size_t from = reply.find("FLAGS (") + 7;
        std::string all = reply.substr(from, reply.find(')', from) - from);
        for (std::size_t at = 0; at < all.size();) {
            std::size_t end = std::min(all.find(' ', at), all.size());
            flags.insert(all.substr(at, end - at));
            at = end + 1;
        }
        return flags;
    }

    void fetched(const std::string& reply) {
        std::size_t uid = reply.find("UID "), modseq = reply.find("MODSEQ (");
        ASSERT_TRUE(uid != std::string::npos && modseq != std::string::npos) << reply;
        Message& one = has_[static_cast<std::uint32_t>(std::stoul(reply.substr(uid + 4)))];
        std::uint64_t now = std::stoull(reply.substr(modseq + 8));
        EXPECT_GE(now, one.modseq) << reply;
        one = {flags_in(reply), now};
    }

    const TestService& service_;
    const std::string mailbox_;
    std::string validity_;
    std::uint64_t highest_ = 0;
    std::map<std::uint32_t, Message> has_;
};

/// A saved search that finds all of INBOX: what happens there must be seen here, by the same rules.
void make_search(TestService& service) {
    auto account = service.store->account(service.accounts[0]).value();
    auto inbox = account->folder("INBOX").value();
    auto made = account->create_folder("Found", mailstore::FolderKind::search).value();
    std::vector<mailstore::Account::AnnotationChange> notes{
        {std::string{mailstore::search_criteria_entry}, "NOT KEYWORD Private"},
        {std::string{mailstore::search_sources_entry}, std::to_string(inbox.id.value())}};
    ASSERT_TRUE(account->annotate(made.id, notes));
}

void run(unsigned seed, bool condstore) {
    SCOPED_TRACE(seed);
    std::mt19937 random{seed};
    TestService service;
    std::vector<std::unique_ptr<Believer>> sessions;
    for (int i = 0; i < 3; ++i) sessions.push_back(std::make_unique<Believer>(service));
    if (condstore) sessions[0]->do_command("ENABLE CONDSTORE", true);
    make_search(service);
    Returning absent{service, "INBOX"}, searcher{service, "Found"};
    sessions.push_back(std::make_unique<Believer>(service, "Found"));
    const char* flags[] = {"\\Seen", "\\Deleted", "\\Flagged", "$Work", "Private"};
    for (int step = 0; step < 400; ++step) {
        Believer& who = *sessions[random() % sessions.size()];
        std::size_t size = who.mailbox.size();
        auto number = [&] { return std::to_string(size == 0 ? 1 : 1 + random() % size); };
        auto range = [&] { return number() + ":" + number(); };
        std::string flag = flags[random() % 5];
        if (step % 25 == 0) absent.come();
        if (step % 25 == 12) searcher.come();
        if (testing::Test::HasFailure()) return;
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
    for (auto& session : sessions) {
        session->do_command("NOOP", true);
        Believer truth{service, session->mailbox_name};
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
