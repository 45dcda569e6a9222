#pragma once

#include "migration/found.h"

/// One per format; each in the file of its name.
namespace postrider::migration {

std::unique_ptr<Source> maildir_source(const std::filesystem::path& path);
std::unique_ptr<Source> mbox_source(const std::filesystem::path& path, Quoting quoting);
std::unique_ptr<Source> dbox_source(const std::filesystem::path& path, Format format,
                                    const std::filesystem::path& attachments);
std::unique_ptr<Source> cyrus_source(const std::filesystem::path& path, const SourceOptions& options);

/// "u.12" is the file of UID 12; 0 for every other name.
std::uint32_t uid_of_sdbox_file(std::string_view name);
/// "12." is the file of UID 12; 0 for every other name.
std::uint32_t uid_of_cyrus_file(std::string_view name);

/// By the subscription lists in `root`; without any every folder is.
void mark_subscribed(const std::filesystem::path& root, std::vector<FoundFolder>& found,
                     const OnProblem& problem);

}  // namespace postrider::migration
