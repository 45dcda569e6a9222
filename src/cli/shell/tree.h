#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/shell/frame.h"

namespace postrider::cli {

/// All contexts of the dialogue, declared; those of the server's settings are made from their tables. Made
/// once and never changed.
class Tree {
public:
    /// @param server  the table of what stands in Server { }
    explicit Tree(settings::Table server);

    /// The context of that path, which is there.
    const Context& at(std::string_view path) const;
    const Context* find(std::string_view path) const;
    const std::vector<std::unique_ptr<Context>>& all() const { return contexts_; }

private:
    Context& add(Context context);

    std::vector<std::unique_ptr<Context>> contexts_;
    std::map<std::string, const Context*, std::less<>> by_path_;
};

/// What the specification's newer or larger relatives have and this server has not: the words a command
/// begins with, and what it would need.
struct NotHere {
    std::string_view words;
    std::string_view what;
    std::string_view instead = {};  ///< where it can mean nothing here: what serves its purpose

    std::string text() const;  ///< for -ERR
};
const NotHere* not_here(const std::vector<Word>& words);
/// Those that have an `instead`, for the manual.
std::vector<NotHere> done_otherwise();

}  // namespace postrider::cli
