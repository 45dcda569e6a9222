#pragma once

#include <random>
#include <string>

/// Made-up mail for tests and benchmarks, the same at every run.
namespace postrider::container {

inline std::string random_bytes(std::size_t size, unsigned seed) {
    std::mt19937 random{seed};
    std::string bytes(size, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random());
    return bytes;
}

inline std::string random_text(std::size_t size, unsigned seed) {
    static constexpr const char* words[] = {
        "the",   "report", "meeting", "is",       "about",  "invoice", "on",   "Tuesday", "please", "find",
        "files", "and",    "regards", "customer", "server", "we",      "have", "to",      "of",     "number"};
    std::mt19937 random{seed};
    std::string text;
    std::size_t column = 0;
    while (text.size() < size) {
        const std::string word =
            random() % 6 == 0 ? std::to_string(random()) : words[random() % std::size(words)];
        text += word;
        column += word.size() + 1;
        text += column > 66 ? "\r\n" : " ";
        if (column > 66) column = 0;
    }
    text.resize(size);
    return text;
}

inline std::string base64(std::string_view bytes, std::size_t line = 76) {
    static constexpr char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::size_t column = 0;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        if (column == line) {
            out += "\r\n";
            column = 0;
        }
        const std::size_t left = bytes.size() - i;
        const auto at = [&](std::size_t k) {
            return k < left ? static_cast<unsigned char>(bytes[i + k]) : 0U;
        };
        const unsigned bits = (at(0) << 16) | (at(1) << 8) | at(2);
        out += alphabet[bits >> 18];
        out += alphabet[(bits >> 12) & 63];
        out += left > 1 ? alphabet[(bits >> 6) & 63] : '=';
        out += left > 2 ? alphabet[bits & 63] : '=';
        column += 4;
    }
    return out;
}

/// A message of about `size` bytes; with an attachment of random bytes if that leaves room for one.
inline std::string mail(std::size_t size, unsigned seed, bool attachment = false) {
    std::string text = "Received: from client.example ([192.0.2." + std::to_string(seed % 256)
                       + "]) by mx.example.org with ESMTP id " + std::to_string(seed * 2654435761U)
                       + "; Fri, 20 Nov 2026 10:00:00 +0000\r\nFrom: Alice <alice@example.org>\r\nTo: Bob "
                         "<bob@example.org>\r\nSubject: Message "
                       + std::to_string(seed) + "\r\nMessage-ID: <" + std::to_string(seed * 40503U)
                       + "@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n";
    if (!attachment) return text + random_text(size > text.size() ? size - text.size() : 0, seed);
    text +=
        "--b\r\n\r\n" + random_text(600, seed)
        + "\r\n--b\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    const std::size_t left = size > text.size() ? size - text.size() : 0;
    return text + base64(random_bytes(left * 54 / 78, seed)) + "\r\n--b--\r\n";
}

}  // namespace postrider::container
