#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <vector>

#include "index/segment.h"
#include "index/segment_writer.h"

namespace postrider::index {

/// One segment out of several: what `lives` of their documents, each once. Memory: the new dictionary and a
/// few octets for each document. `carry_on` is asked now and then; when it gives false, nothing is written.
/// @return how many documents there are now; 0: no file was made, because none lives
SegmentWriter::Result<std::size_t> merge(const std::vector<std::shared_ptr<const Segment>>& segments,
                                         const std::filesystem::path& path,
                                         const std::function<bool(DocumentId)>& lives,
                                         const std::function<bool()>& carry_on);

}  // namespace postrider::index
