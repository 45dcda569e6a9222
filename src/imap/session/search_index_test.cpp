#include <gtest/gtest.h>

#include <random>

#include "imap/session/test_service.h"
#include "index/index.h"
#include "index/random_text_for_tests.h"
#include "text/base64.h"
#include "text/utf8.h"

namespace postrider::imap {
namespace {

class SearchWithIndex : public ::testing::Test {
protected:
    SearchWithIndex() {
        index::Options options;
        options.directory = folder.path() / "index";
        options.attachments = [this](std::string_view message, const mime::Description&) {
            return message.find("X-Attached: yes") == std::string_view::npos ? std::string{} : attached;
        };
        full_text = index::Index::open(*service.store, service.metrics, options);
    }

    std::string search(TestClient& client, std::string_view program, bool with_index) {
        service.services->full_text = with_index ? full_text.get() : nullptr;
        std::string found;
        const auto replies = client.ask("UID SEARCH CHARSET UTF-8 " + std::string{program});
        for (const std::string& reply : replies)
            if (reply.starts_with("* SEARCH")) found = reply;
        EXPECT_NE(replies.back().find(" OK "), std::string::npos) << replies.back() << program;
        return found;
    }

    static constexpr std::uint32_t never = 1'000'000;
    TestFolder folder;
    TestService service;
    TestService plain{TestService::open_settings(), never};  ///< looks at every message
    std::unique_ptr<index::Index> full_text;
    std::string attached = "the small print of the contract";
};

/// Random mail and random questions, in words that come from it.
class Game {
public:
    explicit Game(unsigned seed) : random_{seed} {}

    std::string message() {
        std::string subject = (random_() % 3 ? "" : "Re: ") + line(random_() % 2 ? 8 : 1), from = line(2),
                    body = random_() % 2 ? sentences() : text(40);
        if (random_() % 6 == 0) body += sentences() + text(4);
        if (random_() % 8 == 0) subject = as_line(sentences());
        std::string out;
        if (random_() % 4 > 0) out += "From: " + word(from) + " <" + address() + ">\r\n";
        if (random_() % 4 > 0)
            out += "To: " + address() + ", \"" + word(line(2)) + "\" <" + address() + ">\r\n";
        if (random_() % 3 == 0) out += "Cc: friends: " + address() + ", " + address() + ";\r\n";
        if (random_() % 8 > 0) out += "Subject: " + word(subject) + "\r\n";
        if (random_() % 3 == 0)
            out += "X-Note: " + word(random_() % 2 ? line(4) : as_line(sentences())) + "\r\n folded "
                   + word(line(2)) + "\r\n";
        if (random_() % 3 > 0)
            out += "Date: Fri, " + std::to_string(1 + random_() % 28) + " Nov 2026 23:00:00 -0500\r\n";
        const std::string id = std::to_string(sent_++) + "@example.org";
        if (random_() % 6 > 0) out += "Message-ID: <" + id + ">\r\n";
        if (random_() % 2 == 0 && sent_ > 1)
            out += "References: <" + std::to_string(random_() % sent_) + "@example.org> <"
                   + std::to_string(random_() % sent_) + "@example.org>\r\n";
        switch (random_() % 4) {
            case 0: return out + "Content-Type: text/plain; charset=utf-8\r\n\r\n" + body + "\r\n";
            case 1:
                return out + "Content-Type: text/html; charset=utf-8\r\n\r\n<p>" + body
                       + "<b>bold</b> &amp; more</p>\r\n";
            case 2:
                return out
                       + "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: "
                         "base64\r\n\r\n"
                       + text::encode_base64(body) + "\r\n";
            default:
                return out
                       + "Content-Type: multipart/mixed; boundary=xx\r\n\r\n--xx\r\n\r\nplain "
                         "part\r\n--xx\r\n"
                       + "Content-Type: application/pdf; name=\"" + "report.pdf"
                       + "\"\r\n\r\nJVBERi0\r\n--xx\r\n" + "Content-Type: message/rfc822\r\n\r\nSubject: "
                       + word(line(4)) + "\r\n\r\n" + body + "\r\n--xx--\r\n";
        }
    }

    std::string program(int depth) {
        switch (random_() % (depth > 0 ? 12 : 8)) {
            case 0: return "BODY " + key();
            case 1: return "TEXT " + key();
            case 2: return "SUBJECT " + key();
            case 3: return "FROM " + key();
            case 4: return "TO " + key();
            case 5: return "CC " + key();
            case 6:
                return "HEADER " + std::string{random_() % 2 ? "X-Note " : "Subject "}
                       + (random_() % 5 ? key() : "\"\"");
            case 7: {
                const std::string day = std::to_string(1 + random_() % 28) + "-Nov-2026";
                const std::string keys[] = {"SEEN", "UID 5:40", "SENTSINCE " + day, "SENTBEFORE " + day,
                                            "SENTON " + day};
                return keys[random_() % 5];
            }
            case 8: return "OR " + program(depth - 1) + " " + program(depth - 1);
            case 9: return "NOT " + program(depth - 1);
            default: return "(" + program(depth - 1) + " " + program(depth - 1) + ")";
        }
    }

    std::string order() {
        static constexpr std::string_view all[] = {"ARRIVAL", "CC", "DATE",        "FROM",     "SIZE",
                                                   "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO"};
        std::string keys;
        for (auto more = 1 + random_() % 3; more > 0; --more)
            keys += (keys.empty() ? "" : " ") + std::string{random_() % 3 ? "" : "REVERSE "}
                    + std::string{all[random_() % 9]};
        return keys;
    }

private:
    std::string text(std::size_t size) {
        std::string made = index::random_text(random_, 1 + random_() % size);
        if (random_() % 3 == 0) made += " offer for Alice";
        std::erase(made, '\0');
        remember(made);
        return made;
    }
    std::string line(std::size_t size) { return as_line(text(size)); }
    static std::string as_line(std::string made) {
        std::erase_if(made, [](char c) { return c == '\r' || c == '\n' || c == '"' || c == '\\'; });
        return made;
    }
    /// As it may stand in a header: raw, or in encoded words.
    std::string word(const std::string& text) {
        if (random_() % 2) return "x" + text;
        std::string out;
        for (std::size_t at = 0; at < text.size(); at += 30)
            out += (at ? "\r\n " : "") + std::string{"=?utf-8?B?"} + text::encode_base64(text.substr(at, 30))
                   + "?=";
        return out;
    }
    std::string address() {
        static constexpr std::string_view all[] = {"alice@example.org", "bob.smith@mail.example.com",
                                                   "a-b+c@x.y", "carol@example.org"};
        const std::string_view one = all[random_() % 4];
        remember(one);
        return std::string{one};
    }
    void remember(std::string_view text) {
        for (std::size_t i = 0; i < text.size() && i < 200; i += 1 + random_() % 20)
            seen_.emplace_back(text.substr(i, 1 + random_() % (random_() % 3 ? 5 : 45)));
    }
    /// Words side by side, as they are somewhere or are not.
    std::string phrase() {
        const std::size_t first = random_() % prose_.size(), words = 2 + random_() % 3;
        std::string made;
        for (std::size_t i = 0; i < words && i + first < prose_.size(); ++i)
            made += (i == 0 ? "" : " ") + prose_[random_() % 12 ? first + i : random_() % prose_.size()];
        // Words begin and end where they want to.
        std::size_t begin = random_() % 2 ? random_() % 4 : 0;
        while (begin < made.size() && (static_cast<unsigned char>(made[begin]) & 0xc0) == 0x80) ++begin;
        made.erase(0, std::min(begin, made.size() / 3));
        for (std::size_t cut = random_() % 4; cut > 0 && made.size() > 8; --cut) made.pop_back();
        return text::repair_utf8(made);
    }
    std::string key() {
        if (random_() % 2 && !prose_.empty()) {
            const std::string made = phrase();
            return "{" + std::to_string(made.size()) + "+}\r\n" + made;
        }
        std::string made = seen_.empty() || random_() % 6 == 0
                               ? index::random_text(random_, 1 + random_() % 3)
                               : seen_[random_() % seen_.size()];
        return "{" + std::to_string(made.size()) + "+}\r\n" + made;
    }

    /// In several languages: few words, so that many messages have the same two.
    std::string sentences() {
        static constexpr std::string_view words[] = {
            "the",
            "offer",
            "of",
            "last",
            "week",
            "an",
            "Angebot",
            "f\u00fcr",
            "die",
            "Stra\u00dfe",
            "\u00e9t\u00e9",
            "pr\u00eat",
            "\u043f\u0440\u0435\u0434\u043b\u043e\u0436\u0435\u043d\u0438\u0435",
            "\u043d\u0430",
            "\u043d\u0435\u0434\u0435\u043b\u0435",
            "\u03c0\u03c1\u03bf\u03c3\u03c6\u03bf\u03c1\u03ac",
            "\u6771\u4eac\u90fd",
            "\u306e",
            "\u4f1a\u8b70\u8cc7\u6599",
            "\ud55c\uad6d\uc5b4",
            "e-mail",
            "x@example.org",
            "a",
            "3.14",
            "\u0e01\u0e02\u0e04",
            "caf\u00e9"};
        static constexpr std::string_view between[] = {
            " ", " ", " ", " ", " ", ", ", "\r\n", "  ", ". ", "-", "", "_", "\u3000", " \u2013 ", "\t"};
        std::string made;
        for (auto count = 3 + random_() % 30; count > 0; --count) {
            const std::string_view word = words[random_() % std::size(words)];
            prose_.emplace_back(word);
            made += word;
            made += between[random_() % std::size(between)];
        }
        remember(made);
        if (prose_.size() > 4000) prose_.erase(prose_.begin(), prose_.begin() + 2000);
        return made;
    }

    std::mt19937 random_;
    unsigned sent_ = 0;
    std::vector<std::string> prose_;
    std::vector<std::string> seen_;
};

TEST_F(SearchWithIndex, FindsWhatALookAtEveryMessageFinds) {
    std::size_t found = 0;
    for (unsigned seed = 1; seed <= 4; ++seed) {
        Game game{seed};
        TestClient client{service}, truthful{plain};
        client.login(seed % 2 ? "alice" : "bob");
        truthful.login();
        const std::string name = "Box" + std::to_string(seed);
        client.result("CREATE " + name);
        truthful.result("CREATE " + name);
        const AccountId account = service.accounts[seed % 2 ? 0 : 1];
        auto fill = [&](int messages) {
            for (int i = 0; i < messages; ++i) {
                const std::string message = game.message();
                const std::string received =
                    "\"20-Nov-2026 10:00:" + std::to_string(10 + i % 50) + " +0000\"";
                for (TestClient* one : {&client, &truthful})
                    one->append(name, message, std::string{i % 3 ? "() " : "(\\Seen) "} + received);
            }
        };
        fill(30);
        ASSERT_TRUE(full_text->catch_up(account));
        fill(10);
        ASSERT_TRUE(full_text->catch_up(account));
        fill(8);  // behind the index
        for (TestClient* one : {&client, &truthful})
            ASSERT_EQ(one->result("SELECT " + name).substr(0, 2), "OK");
        for (int round = 0; round < 400; ++round) {
            const std::string program = game.program(2);
            const std::string truth = search(truthful, program, false);
            ASSERT_EQ(search(client, program, true), truth) << program;
            ASSERT_EQ(search(client, program, false), truth) << program;
            found += truth.size() > std::string_view{"* SEARCH"}.size();
            if (round % 4 == 0) {
                const std::string order = "UID SORT (" + game.order() + ") UTF-8 " + program;
                ASSERT_EQ(client.ask(order).front(), truthful.ask(order).front()) << order;
                for (std::string_view algorithm : {"REFERENCES", "ORDEREDSUBJECT", "REFS"}) {
                    const std::string thread = "UID THREAD " + std::string{algorithm} + " UTF-8 " + program;
                    ASSERT_EQ(client.ask(thread).front(), truthful.ask(thread).front()) << thread;
                }
            }
            if (round % 100 == 60) fill(3);
            if (round == 200) {
                for (TestClient* one : {&client, &truthful}) {
                    one->result("UID STORE 3,7:9,45 +FLAGS.SILENT (\\Deleted)");
                    one->result("EXPUNGE");
                }
            }
        }
    }
    EXPECT_GT(found, 400u);
}

TEST_F(SearchWithIndex, DoesNotShowWhatAnotherSessionHasExpunged) {
    TestClient client{service}, other{service};
    client.login();
    other.login();
    for (int i = 0; i < 12; ++i) client.append("INBOX", "Subject: offer\r\n\r\nbody\r\n");
    ASSERT_TRUE(full_text->catch_up(service.accounts[0]));
    client.result("SELECT INBOX");
    other.result("SELECT INBOX");
    other.result("UID STORE 4 +FLAGS.SILENT (\\Deleted)");
    other.result("EXPUNGE");
    EXPECT_EQ(search(client, "SUBJECT offer", true), "* SEARCH 1 2 3 5 6 7 8 9 10 11 12");
    EXPECT_EQ(search(client, "SUBJECT offer", true), "* SEARCH 1 2 3 5 6 7 8 9 10 11 12");
    EXPECT_EQ(search(client, "BODY offer", true), "* SEARCH");
}

TEST_F(SearchWithIndex, ReadsWhatAttachmentsSayOnceTheyAreIndexed) {
    TestClient client{service};
    client.login();
    for (int i = 0; i < 12; ++i)
        client.append("INBOX",
                      std::string{i == 4 ? "X-Attached: yes\r\n" : ""} + "Subject: offer\r\n\r\nbody\r\n");
    client.result("SELECT INBOX");
    EXPECT_EQ(search(client, "BODY contract", true), "* SEARCH");
    ASSERT_TRUE(full_text->catch_up(service.accounts[0]));
    EXPECT_EQ(search(client, "BODY contract", true), "* SEARCH 5");
    EXPECT_EQ(search(client, "TEXT \"small print\"", true), "* SEARCH 5");
    EXPECT_EQ(search(client, "BODY \"print small\"", true), "* SEARCH");
}

TEST_F(SearchWithIndex, SaysModificationSequencesAndSavesResultsAsWithout) {
    TestClient client{service};
    client.login();
    for (int i = 0; i < 12; ++i) client.append("INBOX", "Subject: offer\r\n\r\nbody\r\n");
    ASSERT_TRUE(full_text->catch_up(service.accounts[0]));
    client.result("SELECT INBOX");
    for (std::string_view command :
         {"UID SEARCH RETURN (MIN MAX COUNT ALL) SUBJECT offer", "UID SEARCH SUBJECT offer MODSEQ 1",
          "UID SEARCH RETURN (SAVE COUNT) BODY body", "UID SEARCH $ SEEN"}) {
        service.services->full_text = nullptr;
        auto without = client.ask(command);
        service.services->full_text = full_text.get();
        auto with = client.ask(command);
        ASSERT_GE(with.size(), 2u);
        ASSERT_GE(without.size(), 2u);
        std::string a = with[with.size() - 2], b = without[without.size() - 2];
        // The tag stands in it.
        if (auto at = a.find("(TAG"); at != std::string::npos) a.erase(at, a.find(')') - at);
        if (auto at = b.find("(TAG"); at != std::string::npos) b.erase(at, b.find(')') - at);
        EXPECT_EQ(a, b) << command;
    }
}

}  // namespace
}  // namespace postrider::imap
