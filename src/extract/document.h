#pragma once

#include <string>
#include <string_view>

#include "extract/format.h"

namespace postrider::extract {

struct Limits {
    std::size_t text = 1u << 20;     ///< octets of text that are looked at of one document
    std::size_t member = 32u << 20;  ///< octets of one unpacked member of an archive
    std::size_t total = 64u << 20;   ///< of all together
};

/// The text of an OOXML or OpenDocument file in UTF-8; "" when there is none or it is no such file. Of TNEF
/// the message's text, and of its attachments the names and what office documents say. Pure.
std::string read_document(std::string_view bytes, Format format, const Limits& limits = {});

}  // namespace postrider::extract
