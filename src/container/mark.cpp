#include "base/codec.h"
#include "container/container.h"

namespace postrider::container {
namespace {
constexpr std::uint8_t version = 1;
}

std::string Mark::encode() const {
    std::string out;
    put_be(out, version);
    put_varint(out, last_number);
    put_varint(out, generation);
    put_varint(out, ends.size());
    for (const auto& [file, end] : ends) {
        put_be(out, file);
        put_varint(out, end);
    }
    return out;
}

Result<Mark> Mark::decode(std::string_view bytes) {
    Decoder in{bytes};
    const auto found = in.be<std::uint8_t>();
    if (in.ok() && found > version)
        return std::unexpected(
            Failure{ContainerError::newer, "a storage mark is of a version this server does not know"});
    Mark mark;
    mark.last_number = in.varint();
    mark.generation = in.varint();
    const std::uint64_t count = in.varint();
    bool ordered = found == version && count <= 128;
    for (std::uint64_t i = 0; ordered && in.ok() && i < count; ++i) {
        const auto file = in.be<std::uint8_t>();
        const std::uint64_t end = in.varint();
        ordered = file < 128 && (mark.ends.empty() || mark.ends.back().first < file);
        mark.ends.emplace_back(file, end);
    }
    if (!ordered || !in.ok() || !in.at_end())
        return std::unexpected(Failure{ContainerError::corrupt, "a storage mark is damaged"});
    return mark;
}

}  // namespace postrider::container
