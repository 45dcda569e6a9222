#include "rights/right.h"

#include <array>

#include "text/ascii.h"

namespace postrider::rights {
namespace {

struct Row {
    Right right;
    char letter;  ///< 0: none
    std::string_view name;
};
constexpr Row rows[] = {
    {Right::lookup, 'l', "lookup"},        {Right::read, 'r', "read"},
    {Right::share_seen, 's', "shareSeen"}, {Right::write_flags, 'w', "setFlags"},
    {Right::insert, 'i', "insert"},        {Right::create, 'k', "createSubfolders"},
    {Right::remove, 'x', "deleteFolder"},  {Right::mark_deleted, 't', "markDeleted"},
    {Right::expunge, 'e', "expunge"},      {Right::administer, 'a', "administer"},
    {Right::free_busy, 0, "freeBusy"},     {Right::send_as, 0, "sendAs"},
};

constexpr RightSet of_c{Right::create, Right::remove};
constexpr RightSet of_d{Right::mark_deleted, Right::expunge};
constexpr RightSet viewer{Right::lookup, Right::read};

struct LevelRow {
    Level level;
    std::string_view name;
    Grant grant;
};
constexpr LevelRow levels[] = {
    {Level::no_access, "none", {{}, folder_rights}},
    {Level::viewer, "viewer", {viewer, {}}},
    {Level::contributor, "contributor", {viewer | RightSet{Right::insert}, {}}},
    {Level::editor,
     "editor",
     {viewer | RightSet{Right::write_flags, Right::insert, Right::mark_deleted, Right::expunge}, {}}},
    {Level::master, "master", {folder_rights, {}}},
};

}  // namespace

std::string letters(RightSet set) {
    std::string text;
    for (const Row& row : rows) {
        if (row.letter == 0 || !set.has(row.right)) continue;
        text += row.letter;
        if (row.letter == 'i') text += 'p';
    }
    if (set.has_any(of_c)) text += 'c';
    if (set.has_any(of_d)) text += 'd';
    return text;
}

std::optional<RightSet> rights_of_letters(std::string_view text) {
    RightSet set;
    for (char letter : text) {
        if (letter == 'p') letter = 'i';
        RightSet meant;
        if (letter == 'c') meant = of_c;
        if (letter == 'd') meant = of_d;
        for (const Row& row : rows)
            if (row.letter != 0 && row.letter == letter) meant = RightSet{row.right};
        if (meant.empty()) return std::nullopt;
        set = set | meant;
    }
    return set;
}

std::string_view name(Right right) {
    for (const Row& row : rows)
        if (row.right == right) return row.name;
    return {};
}

std::optional<Right> right_named(std::string_view text) {
    for (const Row& row : rows)
        if (text::equal_ci(row.name, text)) return row.right;
    return std::nullopt;
}

Grant grant_of(Level level) {
    for (const LevelRow& row : levels)
        if (row.level == level) return row.grant;
    return {};
}

Level level_of(Grant grant) {
    for (const LevelRow& row : levels)
        if (row.grant == grant) return row.level;
    return Level::custom;
}

std::string_view name(Level level) {
    for (const LevelRow& row : levels)
        if (row.level == level) return row.name;
    return "custom";
}

std::optional<Level> level_named(std::string_view text) {
    for (const LevelRow& row : levels)
        if (text::equal_ci(row.name, text)) return row.level;
    return std::nullopt;
}

}  // namespace postrider::rights
