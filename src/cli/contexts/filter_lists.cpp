#include <algorithm>

#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"
#include "filter/anti_spam.h"

/// $BWLIST: black- and whitelists of server, domains and accounts.
namespace postrider::cli {
namespace {

using filter::ListColour;

ListsOfFrame& frame_of(Call& call) {
    return dynamic_cast<ListsOfFrame&>(call.frame);
}

ListColour colour_of(const Call& call) {
    return call.subject == "Whitelist" ? ListColour::white : ListColour::black;
}

Reply list(Call& call) {
    auto lines = frame_of(call).lines(colour_of(call));
    if (!lines) return error(lines.error());
    return ok(simple_list(call.subject, *lines));
}

Reply change(Call& call, ListEdit::Kind kind) {
    ListEdit edit{kind, colour_of(call), {}};
    if (kind != ListEdit::Kind::reset) edit.pattern = call.given.text("pattern");
    if (auto done = frame_of(call).edit_list(std::move(edit)); !done) return error(done.error());
    return ok();
}
Reply add(Call& call) {
    return change(call, ListEdit::Kind::add);
}
Reply remove(Call& call) {
    return change(call, ListEdit::Kind::remove);
}
Reply reset(Call& call) {
    return change(call, ListEdit::Kind::reset);
}

Step<filter::AddressLists*> lists_of(Shell& shell) {
    if (shell.admin().anti_spam == nullptr) return std::unexpected("this server keeps no lists");
    return &shell.admin().anti_spam->lists();
}

}  // namespace

Step<std::vector<std::string>> ListsOfFrame::lines(ListColour colour) {
    std::vector<std::string> all;
    if (owner_) {
        auto lists = lists_of(its_);
        if (!lists) return std::unexpected(lists.error());
        auto stored = step((*lists)->list(*owner_, colour));
        if (!stored) return stored;
        all = std::move(*stored);
    }
    for (const ListEdit& edit : list_edits_) {
        if (edit.colour != colour) continue;
        const auto at = std::ranges::find(all, edit.pattern);
        if (edit.kind == ListEdit::Kind::reset)
            all.clear();
        else if (edit.kind == ListEdit::Kind::remove && at != all.end())
            all.erase(at);
        else if (edit.kind == ListEdit::Kind::add && at == all.end())
            all.push_back(edit.pattern);
    }
    std::ranges::sort(all);
    return all;
}

Step<> ListsOfFrame::edit_list(ListEdit edit) {
    constexpr std::size_t most = 10'000;
    if (list_edits_.size() >= most) return std::unexpected("that many changes need a COMMIT first");
    if (edit.kind != ListEdit::Kind::reset) {
        const std::string pattern = filter::canonical_pattern(edit.pattern);
        if (pattern.empty())
            return std::unexpected("that is no address, domain, IP address or pattern of one");
        edit.pattern = pattern;
        auto now = lines(edit.colour);
        if (!now) return std::unexpected(now.error());
        const bool there = std::ranges::find(*now, pattern) != now->end();
        if (edit.kind == ListEdit::Kind::add && there)
            return std::unexpected(pattern + " is in the list already");
        if (edit.kind == ListEdit::Kind::remove && !there)
            return std::unexpected(pattern + " is not in the list");
    }
    list_edits_.push_back(std::move(edit));
    return {};
}

Step<> write_lists(Shell& shell, filter::ListOwner owner, const ListEdits& edits) {
    if (edits.empty()) return {};
    auto lists = lists_of(shell);
    if (!lists) return std::unexpected(lists.error());
    for (const ListEdit& edit : edits) {
        Step<> done;
        switch (edit.kind) {
            case ListEdit::Kind::add:
                if (auto added = (*lists)->add(owner, edit.colour, edit.pattern); !added)
                    done = std::unexpected(added.error().what);
                break;
            case ListEdit::Kind::remove:
                if (auto gone = (*lists)->remove(owner, edit.colour, edit.pattern); !gone)
                    done = std::unexpected(gone.error().what);
                break;
            case ListEdit::Kind::reset: done = step((*lists)->reset(owner, edit.colour)); break;
        }
        if (!done) return done;
    }
    return {};
}

std::vector<Command> list_commands(Need need) {
    std::vector<Command> all;
    for (std::string word : {"Whitelist", "Blacklist"}) {
        const std::string whom =
            word == "Whitelist" ? "senders that are always accepted" : "senders that are not wanted";
        all.push_back({"LIST " + word, "The " + whom, list, need, word});
        all.push_back({"ADD " + word + " <pattern>", "Add to the " + whom, add, need, word});
        all.push_back({"REMOVE " + word + " <pattern>", "Take from the " + whom, remove, need, word});
        all.push_back({"RESET " + word, "Forget the " + whom, reset, need, word});
    }
    return all;
}

}  // namespace postrider::cli
