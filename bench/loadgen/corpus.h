#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::bench {

using Random = std::mt19937_64;

/// Invented prose: words drawn from a fixed vocabulary with the skew of real language, so that compression
/// and indexing see something like mail and not a row of the same letter.
class Prose {
public:
    explicit Prose(std::uint64_t seed);
    const std::string& word(Random& random) const;
    std::string sentence(Random& random, int words) const;
    /// Lines of at most 72 characters ending in CRLF, `size` octets in all (2 at least).
    std::string text(Random& random, std::size_t size) const;

private:
    std::vector<std::string> vocabulary_;
};

/// Random octets as base64 in lines of 76, `size` octets in all (ends in CRLF).
std::string base64_noise(Random& random, std::size_t size);

/// Messages of one size for load: a pool of bodies under a header that differs in each message (Message-ID,
/// Subject, a number), so that no two messages are equal.
class FixedMessages {
public:
    /// @param size  of header and body together, in octets; bodies of 200 KB and more are base64 noise
    FixedMessages(std::size_t size, std::uint64_t seed);
    /// Header of message `number`, with its empty line. Valid until the next call.
    std::string_view header(std::uint64_t number);
    /// Body of message `number`, followed by the end-of-data line.
    std::string_view body(std::uint64_t number) const { return bodies_[number % bodies_.size()]; }
    std::size_t size() const { return size_; }

private:
    std::size_t size_;
    std::uint64_t run_;
    bool base64_;
    std::string header_;
    std::vector<std::string> subjects_;
    std::vector<std::string> bodies_;
};

/// What an office receives, by count: plain text, HTML with a text alternative, and mails with attachments
/// of random octets, which hold most of the bytes.
class MixedMessages {
public:
    explicit MixedMessages(std::uint64_t seed) : random_{seed}, prose_{seed}, run_{seed} {}
    /// @param largest  the largest attachment, in octets of base64; the text part is no longer than that
    /// either
    std::string next(std::size_t largest);

private:
    std::string head(std::string_view content_type);
    std::string html(std::size_t size);

    Random random_;
    Prose prose_;
    std::uint64_t run_;
    std::uint64_t number_ = 0;
};

/// Messages from the files of a directory, in turn, each under one more header field, so that no two are
/// equal (a signature does not cover what is added above it).
class RecordedMessages {
public:
    /// Files hold a message each, lines ending in CRLF. Throws if there is none.
    explicit RecordedMessages(const std::string& directory);
    /// The field of message `number`. Valid until the next call.
    std::string_view header(std::uint64_t number);
    /// The recorded message, dots stuffed, followed by the end-of-data line.
    std::string_view body(std::uint64_t number) const { return messages_[number % messages_.size()]; }

private:
    std::string header_;
    std::vector<std::string> messages_;
};

}  // namespace postrider::bench
