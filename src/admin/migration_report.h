#pragma once

#include "admin/operation.h"
#include "migration/found.h"
#include "migration/importer.h"

/// What imports and exports tell of themselves.
namespace postrider::admin {

Json problems_json(const std::vector<migration::Problem>& problems);

/// "Work: 640 of about 2000 messages", with what stands before it. `progress` must live longer.
migration::OnImported forward(const Progress& progress, std::string account);

}  // namespace postrider::admin
