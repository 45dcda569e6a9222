#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "imap/session/test_service.h"

// Runs tests/transcripts/imap/*.txt. "C: " is what the client sends, "S: " what it must hear next; "C2: " and
// "S2: " are a second client's. In an S line "..." stands for anything and <name> for a word that must be the
// same wherever the name occurs. A C line that ends in {} sends the lines "|text" that follow as a literal.
// Clients are logged in as alice unless the first line is "# stranger".

namespace postrider::imap {
namespace {

using Names = std::map<std::string, std::string>;

std::string expand(std::string text, const Names& names) {
    for (const auto& [name, value] : names)
        for (std::size_t at; (at = text.find("<" + name + ">")) != std::string::npos;)
            text.replace(at, name.size() + 2, value);
    return text;
}

bool matches(std::string_view wanted, std::string_view got, Names& names) {
    if (wanted.empty()) return got.empty();
    if (wanted.starts_with("...")) {
        for (std::size_t skip = 0; skip <= got.size(); ++skip)
            if (matches(wanted.substr(3), got.substr(skip), names)) return true;
        return false;
    }
    std::size_t end = wanted.find('>');
    if (wanted[0] == '<' && end != std::string_view::npos && end > 1
        && std::isalpha(static_cast<unsigned char>(wanted[1]))) {
        std::string name{wanted.substr(1, end - 1)};
        std::size_t size = 0;
        while (size < got.size() && (std::isalnum(static_cast<unsigned char>(got[size])))) ++size;
        if (size == 0) return false;
        names[name] = got.substr(0, size);
        if (matches(wanted.substr(end + 1), got.substr(size), names)) return true;
        names.erase(name);
        return false;
    }
    return !got.empty() && wanted[0] == got[0] && matches(wanted.substr(1), got.substr(1), names);
}

void run(const std::filesystem::path& path) {
    std::ifstream file{path};
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    ASSERT_FALSE(lines.empty());
    TestService service;
    std::vector<std::unique_ptr<TestClient>> clients(2);
    auto client = [&](std::size_t index) -> TestClient& {
        if (!clients[index]) {
            clients[index] = std::make_unique<TestClient>(service);
            if (lines[0] != "# stranger") clients[index]->login();
        }
        return *clients[index];
    };
    Names names;
    for (std::size_t at = 0; at < lines.size(); ++at) {
        const std::string& line = lines[at];
        std::size_t colon = line.find(": ");
        if (line.empty() || line[0] == '#' || colon == std::string::npos) continue;
        SCOPED_TRACE(path.filename().string() + ":" + std::to_string(at + 1) + ": " + line);
        TestClient& who = client(line[1] == '2' ? 1 : 0);
        std::string text = expand(line.substr(colon + 2), names);
        if (line[0] == 'C') {
            while (text.ends_with("{}")) {
                std::string message;
                for (; at + 1 < lines.size() && lines[at + 1].starts_with("|"); ++at)
                    message += lines[at + 1].substr(1) + "\r\n";
                text.resize(text.size() - 2);
                text += "{" + std::to_string(message.size()) + "+}\r\n" + message;
                if (at + 1 < lines.size() && lines[at + 1].starts_with("+")) text += lines[++at].substr(1);
            }
            who.say(text + "\r\n");
        } else {
            std::string reply = who.reply();
            EXPECT_TRUE(matches(text, reply, names)) << "wanted " << text << "\ngot    " << reply;
        }
        if (testing::Test::HasFailure()) return;
    }
}

class Transcripts : public testing::TestWithParam<std::string> {};

TEST_P(Transcripts, HoldToTheLetter) {
    run(GetParam());
}

std::vector<std::string> files() {
    std::vector<std::string> all;
    for (const auto& entry :
         std::filesystem::directory_iterator{std::string{TESTDATA} + "/../transcripts/imap"})
        if (entry.path().extension() == ".txt") all.push_back(entry.path().string());
    std::sort(all.begin(), all.end());
    return all;
}

INSTANTIATE_TEST_SUITE_P(Imap, Transcripts, testing::ValuesIn(files()),
                         [](const auto& test) { return std::filesystem::path{test.param}.stem().string(); });

}  // namespace
}  // namespace postrider::imap
