#pragma once

#include "cli/shell/shell.h"

namespace postrider::cli {

inline constexpr std::string_view index_information_syntax =
    "SHOW SearchIndexInformation [diag] [details] [allfolders]";

/// How much of what this owner of folders has is indexed (account.cpp).
Reply index_information(Shell& shell, AccountId owner);

}  // namespace postrider::cli
