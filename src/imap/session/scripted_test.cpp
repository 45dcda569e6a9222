#include <gtest/gtest.h>

#include <deque>
#include <fstream>
#include <sstream>

#include "imap/session/scripted_reply.h"
#include "imap/session/test_service.h"

// Runs imaptest's scripts (tests/data/imap-scripted, format in FORMAT.md there) against a whole service. Left
// out, for an extension that is not served: notify.

namespace postrider::imap {
namespace {

using scripted::Node;

std::string read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

struct Message {
    std::string date;  ///< as APPEND has it
    std::string octets;
};

/// "From user@domain  Fri Feb 22 23:00:00 2008 +0200" to "22-Feb-2008 23:00:00 +0200".
std::string date_of(const std::string& from_line) {
    std::istringstream in{from_line};
    std::string from, who, weekday, month, day, time, year, zone;
    in >> from >> who >> weekday >> month >> day >> time >> year >> zone;
    if (year.empty()) return "01-Jan-2000 00:00:00 +0000";
    if (day.size() == 1) day = " " + day;
    return day + "-" + month + "-" + year + " " + time + " " + (zone.empty() ? "+0000" : zone);
}

std::vector<Message> messages_of(const std::string& mbox) {
    std::vector<Message> messages;
    std::istringstream lines{mbox};
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("From "))
            messages.push_back({date_of(line), {}});
        else if (!messages.empty())
            messages.back().octets += line + "\r\n";
    }
    // The empty line before the next "From " is the separator's.
    for (Message& message : messages)
        if (message.octets.ends_with("\r\n\r\n")) message.octets.resize(message.octets.size() - 2);
    return messages;
}

/// What stands behind APPEND's mailbox.
std::string appendable(const Message& message) {
    return " \"" + message.date + "\" {" + std::to_string(message.octets.size()) + "+}\r\n" + message.octets;
}

std::size_t times(std::string_view text, std::string_view word) {
    std::size_t count = 0;
    for (std::size_t at = text.find(word); at != std::string_view::npos;
         at = text.find(word, at + word.size()))
        ++count;
    return count;
}

/// {{{ ... }}} of a command as literals, their lines ended by CRLF.
std::string with_literals(std::string text) {
    for (std::size_t open; (open = text.find("{{{\n")) != std::string::npos;) {
        std::size_t close = text.find("\n}}}", open + 3);
        if (close == std::string::npos) break;
        std::string octets;
        for (char c : text.substr(open + 4, close > open + 4 ? close - open - 4 : 0)) {
            if (c == '\n') octets += '\r';
            octets += c;
        }
        std::string literal = "{" + std::to_string(octets.size()) + "+}\r\n" + octets;
        text.replace(open, close + 4 - open, literal);
    }
    return text;
}

/// One line of a script; a literal {{{ ... }}} makes it go on over several.
std::deque<std::string> lines_of(const std::string& script) {
    std::deque<std::string> lines;
    std::istringstream in{script};
    for (std::string line; std::getline(in, line);) {
        while (times(line, "{{{") > times(line, "}}}")) {
            std::string next;
            if (!std::getline(in, next)) break;
            line += "\n" + next;
        }
        lines.push_back(line);
    }
    return lines;
}

class Script {
public:
    Script(TestService& service, const std::string& name) : service_{service}, name_{name} {
        std::string folder = std::string{TESTDATA} + "/imap-scripted/";
        lines_ = lines_of(read_file(folder + name));
        std::string mbox = read_file(folder + name + ".mbox");
        messages_ = messages_of(mbox.empty() ? read_file(folder + "default.mbox") : mbox);
        variables_["mailbox"] = variables_["mailbox_url"] = "imaptest";
        variables_["user"] = "alice@example.org";
        variables_["username"] = "alice";
        variables_["domain"] = "example.org";
        variables_["user2"] = "bob@example.org";
    }

    void run() {
        read_header();
        prepare();
        while (!lines_.empty()) step();
    }

private:
    struct Connection {
        std::unique_ptr<TestClient> client;
        std::size_t exists = 0;
        std::string pending;  ///< tag of a command that waits for its result line
    };

    void read_header() {
        while (!lines_.empty() && (lines_.front().empty() || lines_.front().starts_with("#")))
            lines_.pop_front();
        while (!lines_.empty() && !lines_.front().empty()) {
            std::string line = lines_.front();
            lines_.pop_front();
            std::size_t colon = line.find(": ");
            if (colon == std::string::npos) continue;
            header_[line.substr(0, colon)] = line.substr(colon + 2);
        }
    }

    void prepare() {
        unsigned count = header_.contains("connections") ? std::stoul(header_["connections"]) : 1;
        std::string state = header_.contains("state") ? header_["state"] : "selected";
        connections_.resize(count);
        for (Connection& one : connections_) {
            one.client = std::make_unique<TestClient>(service_);
            bool second = &one == &connections_.back() && header_.contains("user 2");
            if (state != "nonauth") one.client->login(second ? "bob" : "alice");
        }
        TestClient& first = *connections_[0].client;
        if (state == "nonauth" || state == "auth") return;
        EXPECT_TRUE(first.result("CREATE imaptest").starts_with("OK"));
        if (state == "created") return;
        std::string wanted = header_.contains("messages") ? header_["messages"] : "all";
        std::size_t messages = wanted == "all" ? messages_.size() : std::stoul(wanted);
        for (std::size_t i = 0; i < messages; ++i)
            first.result("APPEND imaptest" + appendable(messages_[i % messages_.size()]));
        if (state == "appended") return;
        for (Connection& one : connections_) {
            if (&one == &connections_.back() && header_.contains("user 2")) continue;
            one.client->ask("SELECT imaptest");
            one.exists = messages;
        }
    }

    static bool is_status(const std::string& word) {
        return word == "ok" || word == "no" || word == "bad" || word == "\"\"";
    }

    void step() {
        std::string line = lines_.front();
        lines_.pop_front();
        if (line.empty() || line.starts_with("#")) return;
        Connection* at = &connections_[0];
        if (connections_.size() > 1) {
            at = &connections_[std::stoul(line) - 1];
            line.erase(0, line.find(' ') + 1);
        }
        std::string word = line.substr(0, line.find(' '));
        std::string rest = line.size() > word.size() ? line.substr(word.size() + 1) : "";
        SCOPED_TRACE(name_ + ": " + line);
        if (is_status(text::to_lower(word))) return command(*at, text::to_lower(word), rest);
        if (word.starts_with("tag")) return pipelined(*at, word, rest);
        command(*at, "", line);
    }

    std::string prepared(std::string text) {
        text = scripted::expand(text, variables_);
        std::string verb = text::to_lower(text.substr(0, text.find(' ')));
        if (text.find("{{{") != std::string::npos) return with_literals(text);
        if (verb != "append") return text;
        if (text.find(' ') == std::string::npos) text += " imaptest";
        return text + appendable(messages_[appended_++ % messages_.size()]);
    }

    std::vector<std::string> expectations() {
        std::vector<std::string> all;
        while (!lines_.empty()
               && (lines_.front().starts_with("* ") || lines_.front().starts_with("! ")
                   || lines_.front().starts_with("? ") || lines_.front().starts_with("#"))) {
            if (!lines_.front().starts_with("#")) all.push_back(lines_.front());
            lines_.pop_front();
        }
        return all;
    }

    /// @param status  "" when it stands in a line of its own, behind the untagged replies
    void command(Connection& at, std::string status, const std::string& text) {
        std::string tag = "c" + std::to_string(++tags_);
        variables_["tag"] = tag;
        at.client->say(tag + " " + prepared(text) + "\r\n");
        std::vector<std::string> replies = at.client->until(tag);
        std::string last = replies.back();
        replies.pop_back();
        std::vector<std::string> wanted = expectations();
        std::string prefix;
        if (status.empty()) {
            while (!lines_.empty() && lines_.front().empty()) lines_.pop_front();
            std::string line = lines_.front();
            lines_.pop_front();
            if (connections_.size() > 1) line.erase(0, line.find(' ') + 1);
            status = text::to_lower(line.substr(0, line.find(' ')));
            if (line.find(' ') != std::string::npos) prefix = line.substr(line.find(' ') + 1);
        }
        check(at, replies, wanted);
        if (status != "\"\"") {
            EXPECT_TRUE(text::starts_with_ci(last, tag + " " + status + " ")) << last;
            auto rest = scripted::Reader{last}.all();
            rest.erase(rest.begin(), rest.begin() + 2);
            EXPECT_TRUE(scripted::Matcher{variables_}.row(scripted::Reader{prefix}.all(), rest, true))
                << last;
        }
    }

    void pipelined(Connection& at, const std::string& tag, const std::string& rest) {
        if (!is_status(text::to_lower(rest))) {
            at.client->say(tag + " " + prepared(rest) + "\r\n");
            auto wanted = expectations();
            pipelined_.insert(pipelined_.end(), wanted.begin(), wanted.end());
            return;
        }
        auto replies = at.client->until(tag);
        EXPECT_TRUE(text::starts_with_ci(replies.back(), tag + " " + rest)) << replies.back();
        for (const std::string& reply : replies)
            if (reply.starts_with("* "))
                std::erase_if(pipelined_, [&](const std::string& one) { return matches(one, reply, 0); });
    }

    bool matches(const std::string& wanted, const std::string& reply, std::size_t original) {
        auto want = scripted::Reader{std::string_view{wanted}.substr(2)}.all();
        auto got = scripted::Reader{std::string_view{reply}.substr(2)}.all();
        if (want.empty() || got.empty()) return false;
        // $2: the message that had this number when the command began
        if (want[0].text.size() > 1 && want[0].text[0] == '$'
            && std::isdigit(static_cast<unsigned char>(want[0].text[1]))) {
            if (std::stoul(want[0].text.substr(1)) != original) return false;
            want[0].text = got[0].text;
        }
        std::string verb = text::to_lower(want[0].text);
        scripted::Variables before = variables_;
        if (scripted::Matcher{variables_}.row(want, got,
                                              verb == "ok" || verb == "no" || verb == "bad" || verb == "bye"))
            return true;
        variables_ = before;
        return false;
    }

    void check(Connection& at, const std::vector<std::string>& replies, std::vector<std::string> wanted) {
        std::vector<std::size_t> numbers(at.exists + 1000);
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = i + 1;
        std::string said;
        for (const std::string& reply : replies) {
            said += reply + "\n";
            if (!reply.starts_with("* ")) continue;
            std::size_t original = 0;
            if (std::isdigit(static_cast<unsigned char>(reply[2]))) {
                std::size_t number = std::stoul(reply.substr(2));
                if (number >= 1 && number <= numbers.size()) original = numbers[number - 1];
                if (reply.ends_with(" EXPUNGE"))
                    numbers.erase(numbers.begin() + static_cast<std::ptrdiff_t>(number) - 1);
                if (reply.ends_with(" EXISTS")) at.exists = number;
            }
            for (auto one = wanted.begin(); one != wanted.end(); ++one) {
                bool ban = one->starts_with("! ");
                if (!matches(*one, reply, original)) continue;
                EXPECT_FALSE(ban) << *one << "\nbut got " << reply;
                if (!ban) wanted.erase(one);
                break;
            }
        }
        for (const std::string& one : wanted)
            if (one.starts_with("* ")) ADD_FAILURE() << "missing " << one << "\nin\n" << said;
    }

    TestService& service_;
    std::string name_;
    std::deque<std::string> lines_;
    std::vector<Message> messages_;
    std::map<std::string, std::string> header_;
    std::vector<Connection> connections_;
    scripted::Variables variables_;
    std::vector<std::string> pipelined_;
    std::size_t appended_ = 0;
    unsigned tags_ = 0;
};

class Scripted : public testing::TestWithParam<const char*> {};

TEST_P(Scripted, RunsAsWritten) {
    TestService service;
    Script{service, GetParam()}.run();
}

INSTANTIATE_TEST_SUITE_P(
    Imaptest, Scripted,
    testing::Values("append", "atoms", "catenate-multiappend", "copy", "search-context-update2", "urlauth",
                    "urlauth2", "esearch", "expunge2", "fetch-binary-mime", "fetch-binary-mime-qp",
                    "fetch-body-message-rfc822", "fetch-body-message-rfc822-x2", "fetch-body-mime",
                    "fetch-bodystructure", "id", "listext", "move", "mutf7", "pipeline-connections",
                    "search-body", "search-date", "search-header", "search-sets", "select", "sort-arrival",
                    "sort-display-from", "sort-subject", "subscribe", "thread-orderedsubject", "thread2",
                    "thread6", "thread8", "esort", "uidvalidity"),
    [](const auto& test) {
        std::string name = test.param;
        for (char& c : name)
            if (c == '-') c = '_';
        return name;
    });

}  // namespace
}  // namespace postrider::imap
