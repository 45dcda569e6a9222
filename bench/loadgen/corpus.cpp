#include "corpus.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace postrider::bench {

namespace {

constexpr std::string_view date = "Tue, 03 Nov 2026 09:15:00 +0100";

std::size_t between(Random& random, std::size_t low, std::size_t high) {
    return low + random() % (high - low + 1);
}

}  // namespace

Prose::Prose(std::uint64_t seed) {
    constexpr std::array<std::string_view, 40> syllables = {
        "an", "be",  "con", "de", "er",   "for", "ge",  "hal",  "in",    "jo",    "ka",  "lo",  "mi",   "nor",
        "o",  "per", "qui", "re", "st",   "ti",  "un",  "ver",  "wa",    "xi",    "yo",  "za",  "ment", "ing",
        "ed", "ly",  "ous", "al", "tion", "ter", "man", "land", "bruck", "schon", "ful", "ness"};
    Random random{seed * 2 + 1};
    vocabulary_.reserve(4000);
    for (int i = 0; i < 4000; ++i) {
        std::string word;
        auto count = i < 60 ? 1 : between(random, 1, 4);
        for (std::size_t k = 0; k < count; ++k) word += syllables[random() % syllables.size()];
        vocabulary_.push_back(word);
    }
}

const std::string& Prose::word(Random& random) const {
    // Log-uniform ranks: close to Zipf's law.
    double u = static_cast<double>(random() >> 11) * 0x1p-53;
    auto rank = static_cast<std::size_t>(std::pow(static_cast<double>(vocabulary_.size()), u)) - 1;
    return vocabulary_[rank];
}

std::string Prose::sentence(Random& random, int words) const {
    std::string result;
    for (int i = 0; i < words; ++i) {
        if (i) result += ' ';
        result += word(random);
    }
    return result;
}

std::string Prose::text(Random& random, std::size_t size) const {
    std::string result;
    result.reserve(size + 128);
    std::size_t line = 0;
    while (result.size() + 2 < size) {
        const auto& next = word(random);
        if (line + next.size() + 2 > 72) {
            result += "\r\n";
            line = 0;
        }
        result += next;
        line += next.size() + 1;
        result += random() % 9 == 0 ? '.' : ' ';
    }
    result.resize(size - 2);
    // Cutting may leave a lone CR; a "." can never begin a line, as a word always comes first.
    if (result.ends_with('\r')) result.back() = ' ';
    return result + "\r\n";
}

std::string base64_noise(Random& random, std::size_t size) {
    constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    result.reserve(size + 80);
    std::uint64_t bits = 0;
    int left = 0;
    std::size_t line = 0;
    while (result.size() + 2 < size) {
        if (line == 76) {
            result += "\r\n";
            line = 0;
            continue;
        }
        if (left == 0) {
            bits = random();
            left = 10;
        }
        result += alphabet[bits & 63];
        bits >>= 6;
        --left;
        ++line;
    }
    result.resize(size - 2);
    if (result.ends_with('\r')) result.back() = 'A';
    return result + "\r\n";
}

FixedMessages::FixedMessages(std::size_t size, std::uint64_t seed)
    : size_{size}, run_{seed}, base64_{size >= 200'000} {
    Random random{seed};
    Prose prose{7};  // one language for all runs
    for (int i = 0; i < 16; ++i) {
        auto subject = prose.sentence(random, 8);
        subject.resize(40, 'x');
        subjects_.push_back(subject);
    }
    auto head = header(0).size();
    auto body = size > head + 80 ? size - head : 80;
    std::size_t count = size > 500'000 ? 8 : size > 20'000 ? 64 : 256;
    for (std::size_t i = 0; i < count; ++i) {
        bodies_.push_back(base64_ ? base64_noise(random, body) : prose.text(random, body));
        bodies_.back() += ".\r\n";
    }
}

std::string_view FixedMessages::header(std::uint64_t number) {
    header_.clear();
    fmt::format_to(
        std::back_inserter(header_),
        "From: Sender {:04} <sender{:04}@example.net>\r\nTo: recipients@example.org\r\nSubject: {} "
        "{:010}\r\nDate: {}\r\nMessage-ID: <{:016x}.{:010}@example.net>\r\nMIME-Version: 1.0\r\n{}\r\n",
        number % 1000, number % 1000, subjects_[number % 16], number, date, run_, number,
        base64_ ? "Content-Type: application/octet-stream; name=\"data.bin\"\r\n"
                  "Content-Transfer-Encoding: base64\r\n"
                : "Content-Type: text/plain; charset=us-ascii\r\n");
    return header_;
}

std::string MixedMessages::head(std::string_view content_type) {
    ++number_;
    auto name = prose_.word(random_);
    auto subject = prose_.sentence(random_, static_cast<int>(between(random_, 2, 9)));
    std::string result = fmt::format(
        "From: {} <{}{}@example.net>\r\nTo: Someone <someone@example.org>\r\nSubject: {}\r\nDate: {}\r\n"
        "Message-ID: <{:x}.{}@example.net>\r\n",
        name, name, random_() % 500, subject, date, run_, number_);
    if (random_() % 2) result += fmt::format("In-Reply-To: <{:x}.{}@example.net>\r\n", run_, number_ / 2);
    return result + fmt::format("MIME-Version: 1.0\r\nContent-Type: {}\r\n", content_type);
}

std::string MixedMessages::html(std::size_t size) {
    std::string result =
        "<html><head><style>p { font-family: sans-serif; margin: 0 }</style></head><body>\r\n";
    while (result.size() < size)
        result += fmt::format(
            "<p style=\"color:#{:03x}\">{}</p>\r\n<div class=\"row\"><a href=\"https://www.example."
            "net/{:x}\">{}</a></div>\r\n",
            random_() % 16, prose_.text(random_, between(random_, 80, 400)), random_(),
            prose_.sentence(random_, 4));
    return result + "</body></html>\r\n";
}

std::string MixedMessages::next(std::size_t largest) {
    auto kind = random_() % 100;
    auto reading = prose_.text(random_, between(random_, 400, largest > 5000 ? 5000 : 401 + largest));
    if (kind < 55) return head("text/plain; charset=us-ascii") + "\r\n" + reading;
    auto boundary = fmt::format("=_{:x}", random_());
    if (kind < 85) {
        auto result = head(fmt::format("multipart/alternative; boundary=\"{}\"", boundary));
        result += fmt::format(
            "\r\n--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{1}\r\n--{0}\r\n"
            "Content-Type: text/html; charset=us-ascii\r\n\r\n",
            boundary, reading);
        return result + html(reading.size() * 3) + fmt::format("\r\n--{}--\r\n", boundary);
    }
    auto result = head(fmt::format("multipart/mixed; boundary=\"{}\"", boundary));
    result += fmt::format(
        "\r\n--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n{1}\r\n--{0}\r\n"
        "Content-Type: application/pdf; name=\"{2}.pdf\"\r\nContent-Disposition: attachment; "
        "filename=\"{2}.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
        boundary, reading, prose_.word(random_));
    // Sizes spread evenly over orders of magnitude, from a small picture to the largest.
    double u = static_cast<double>(random_() >> 11) * 0x1p-53;
    auto size = static_cast<std::size_t>(1000.0 * std::pow(static_cast<double>(largest) / 1000.0, u));
    return result + base64_noise(random_, size < 100 ? 100 : size) + fmt::format("\r\n--{}--\r\n", boundary);
}

RecordedMessages::RecordedMessages(const std::string& directory) {
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator{directory}) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
    for (const auto& path : files) {
        std::ifstream file{path, std::ios::binary};
        std::string message{std::istreambuf_iterator<char>{file}, {}};
        if (message.starts_with('.')) message.insert(0, 1, '.');
        for (std::size_t at = 0; (at = message.find("\r\n.", at)) != std::string::npos; at += 4)
            message.insert(at + 2, 1, '.');
        messages_.push_back(message + ".\r\n");
    }
    if (messages_.empty()) throw std::runtime_error{fmt::format("there is no message in {}", directory)};
}

std::string_view RecordedMessages::header(std::uint64_t number) {
    header_ = fmt::format("X-Load-Number: {}\r\n", number);
    return header_;
}

}  // namespace postrider::bench
