#pragma once

#include <expected>
#include <filesystem>
#include <string>
#include <vector>

#include "admin/operation.h"

namespace postrider::admin {

/// "%d/%n/Maildir": where each account's mail lies below a directory.
class MailLayout {
public:
    /// bad_value for one that does not name everybody. @param domain_given  it need not say the domain
    static std::expected<MailLayout, Error> from(const std::string& text, bool domain_given);

    std::filesystem::path of(const std::filesystem::path& root, const std::string& local,
                             const std::string& domain) const;

    struct Found {
        std::filesystem::path path;
        std::string local, domain;
    };
    /// Every directory or file below `root` that the layout names, at most max_accounts.
    std::vector<Found> find(const std::filesystem::path& root, const std::string& domain) const;

    static constexpr std::size_t max_accounts = 100'000;

private:
    void find(const std::filesystem::path& at, std::size_t part, const Found& so_far,
              std::vector<Found>& found) const;

    std::vector<std::string> parts_;
};

}  // namespace postrider::admin
