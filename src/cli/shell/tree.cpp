#include "cli/shell/tree.h"

#include "cli/contexts/branches.h"
#include "cli/contexts/filters.h"

namespace postrider::cli {

Tree::Tree(settings::Table server) {
    for (auto branch :
         {root_branch(), server_branch(server), domain_create_branch(), domain_branch(), account_branch(),
          account_values_branch(), account_class_branch(), object_branch(), public_folder_branch(),
          aacl_branch(), queue_branch(), filters_branch(), admin_limits_branch()})
        for (Context& context : branch) add(std::move(context));
}

Context& Tree::add(Context context) {
    auto& kept = contexts_.emplace_back(std::make_unique<Context>(std::move(context)));
    by_path_.emplace(kept->path, kept.get());
    return *kept;
}

const Context* Tree::find(std::string_view path) const {
    auto at = by_path_.find(path);
    return at == by_path_.end() ? nullptr : at->second;
}

const Context& Tree::at(std::string_view path) const {
    return *find(path);
}

}  // namespace postrider::cli
