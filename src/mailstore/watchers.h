#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "base/ids.h"

namespace postrider::mailstore {

/// Who wants to know that an account changed. A watcher lives as long as its token; one costs a list entry.
class Watchers {
public:
    std::shared_ptr<void> add(std::optional<FolderId> folder, std::function<void()> changed) {
        auto watcher = std::make_shared<Watcher>(folder, std::move(changed));
        std::lock_guard lock{mutex_};
        std::erase_if(list_, [](const auto& entry) { return entry.expired(); });
        list_.push_back(watcher);
        return watcher;
    }

    void notify(std::span<const FolderId> folders) {
        std::vector<std::shared_ptr<Watcher>> wake;
        {
            std::lock_guard lock{mutex_};
            if (list_.empty()) return;
            for (const auto& entry : list_)
                if (auto watcher = entry.lock())
                    if (!watcher->folder
                        || std::find(folders.begin(), folders.end(), *watcher->folder) != folders.end())
                        wake.push_back(std::move(watcher));
        }
        for (const auto& watcher : wake) watcher->changed();
    }

private:
    struct Watcher {
        Watcher(std::optional<FolderId> which, std::function<void()> call)
            : folder{which}, changed{std::move(call)} {}
        std::optional<FolderId> folder;
        std::function<void()> changed;
    };
    std::mutex mutex_;
    std::vector<std::weak_ptr<Watcher>> list_;
};

}  // namespace postrider::mailstore
