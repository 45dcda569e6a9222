#pragma once

#include <expected>
#include <span>
#include <string>
#include <vector>

#include "cli/wire/words.h"

namespace postrider::cli {

/// What stands behind "PURGE account folders". Pure.
///
///     purge = folder *("," folder) [condition]
///
/// A comma may cling to names without quotes; one inside quotes belongs to the name. The condition is a
/// search in IMAP's language (RFC 9051 §6.4.4): as words, of which those in double quotes stay in quotes, or
/// as one word in quotes that holds all of it.
struct PurgeWords {
    std::vector<std::string> folders;
    std::string condition;  ///< "": all messages
};

/// The error is a sentence.
std::expected<PurgeWords, std::string> parse_purge(std::span<const Word> words);

}  // namespace postrider::cli
