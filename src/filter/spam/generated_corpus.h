#pragma once

#include <random>
#include <string>
#include <vector>

/// Letters and advertisements made of words that are drawn by chance; for tests and benchmarks only.
namespace postrider::filter {

class GeneratedCorpus {
public:
    explicit GeneratedCorpus(unsigned seed) : random_{seed} {}

    std::string ham(std::size_t octets = 2000) { return message(ham_words, "colleague", octets); }
    std::string spam(std::size_t octets = 2000) { return message(spam_words, "shop", octets); }

    /// A letter in which hardly a word comes twice: the most that there is to count.
    std::string varied(std::size_t octets) {
        std::string out = "From: a@b.example\r\nSubject: varied\r\n\r\n";
        while (out.size() < octets) {
            for (std::size_t i = 3 + random_() % 6; i > 0; --i)
                out += static_cast<char>('a' + random_() % 26);
            out += random_() % 12 == 0 ? "\r\n" : " ";
        }
        return out + "\r\n";
    }

private:
    static constexpr const char* common[] = {"the",  "and",     "with",  "this",   "that",  "have",
                                             "will", "from",    "your",  "please", "today", "time",
                                             "good", "regards", "about", "there"};
    static constexpr const char* ham_words[] = {
        "meeting",  "project", "report",   "attached", "thursday",  "budget",   "review",
        "schedule", "draft",   "comments", "customer", "invoice",   "deadline", "release",
        "branch",   "compile", "lunch",    "holiday",  "children",  "weekend",  "train",
        "ticket",   "minutes", "agenda",   "contract", "signature", "printer"};
    static constexpr const char* spam_words[] = {
        "casino",   "bonus",  "winner",  "lottery",     "million",     "viagra",     "pharmacy",
        "discount", "cheap",  "replica", "watches",     "unlimited",   "guaranteed", "investment",
        "bitcoin",  "profit", "urgent",  "beneficiary", "inheritance", "click",      "offer",
        "limited",  "weight", "miracle", "singles",     "credit",      "debt"};

    template <std::size_t N>
    std::string message(const char* const (&own)[N], const std::string& who, std::size_t octets) {
        const std::string number = std::to_string(random_() % 1000);
        std::string out = "From: " + who + number + " <" + who + number + "@" + who
                          + std::to_string(random_() % 20)
                          + ".example>\r\nTo: bob@example.org\r\nSubject: " + word(own) + " " + word(own)
                          + "\r\nDate: Fri, 20 Nov 2026 10:00:00 +0000\r\nMessage-ID: <" + number + "@" + who
                          + ".example>\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n";
        std::size_t column = 0;
        while (out.size() < octets) {
            const std::string next = random_() % 2 == 0 ? word(own) : word(common);
            out += next;
            column += next.size() + 1;
            if (column > 70) {
                out += "\r\n";
                column = 0;
            } else {
                out += ' ';
            }
        }
        return out + "\r\n";
    }
    template <std::size_t N>
    std::string word(const char* const (&words)[N]) {
        return words[random_() % N];
    }
    std::mt19937 random_;
};

}  // namespace postrider::filter
