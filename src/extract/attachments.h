#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "extract/format.h"
#include "mime/description.h"

namespace postrider::extract {

struct AttachmentLimits {
    std::size_t documents = 10;    ///< of one message that are read
    std::size_t size = 20u << 20;  ///< octets; larger ones are not
    std::size_t text = 1u << 20;   ///< octets of all their texts
};

using ReadDocument = std::function<std::string(std::string_view bytes, Format format)>;

/// What the documents attached to a message say: UTF-8, one behind the other. `message` must be the one
/// described.
std::string attachment_texts(std::string_view message, const std::vector<mime::Part>& parts,
                             const ReadDocument& read, const AttachmentLimits& limits = {});

}  // namespace postrider::extract
