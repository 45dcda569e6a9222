#include "cli/contexts/filters.h"

#include <algorithm>

#include "cli/wire/layout.h"
#include "filter/anti_spam.h"

namespace postrider::cli {
namespace {

using filter::ListColour;

FiltersFrame& frame_of(Call& call) {
    return static_cast<FiltersFrame&>(call.frame);
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
    if (auto done = frame_of(call).edit(std::move(edit)); !done) return error(done.error());
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

Reply configure_server(Call& call) {
    Shell& shell = call.shell;
    shell.enter(std::make_unique<FiltersFrame>(shell, shell.tree().at("SERVER/FILTERS"),
                                               "the server's filters", filter::ListOwner::server(), nullptr));
    return ok();
}

}  // namespace

FiltersFrame::FiltersFrame(Shell& shell, const Context& context, std::string title,
                           std::optional<filter::ListOwner> owner, ListEdits* pending)
    : Frame{shell, context}, title_{std::move(title)}, owner_{owner}, pending_{pending} {
    if (pending_) edits_ = *pending_;
}

Step<std::vector<std::string>> FiltersFrame::lines(ListColour colour) {
    std::vector<std::string> all;
    if (owner_) {
        auto lists = lists_of(shell_);
        if (!lists) return std::unexpected(lists.error());
        auto stored = step((*lists)->list(*owner_, colour));
        if (!stored) return stored;
        all = std::move(*stored);
    }
    for (const ListEdit& edit : edits_) {
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

Step<> FiltersFrame::edit(ListEdit edit) {
    constexpr std::size_t most = 10'000;
    if (edits_.size() >= most) return std::unexpected("that many changes need a COMMIT first");
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
    edits_.push_back(std::move(edit));
    return {};
}

Step<std::string> FiltersFrame::commit() {
    if (auto done = write_lists(shell_, *owner_, edits_); !done) return std::unexpected(done.error());
    edits_.clear();
    return std::string{};
}

Step<> FiltersFrame::done() {
    if (pending_) *pending_ = edits_;
    return {};
}

Step<> FiltersFrame::reload() {
    edits_.clear();
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

std::vector<Context> filters_branch() {
    std::vector<Context> all(3);
    all[0].path = "SERVER/FILTERS";
    all[0].prompt = "server-filters";
    all[0].exit = Exit::commit;
    all[0].help = "Filters of the server: senders that are judged by their From field";
    all[0].commands = list_commands(on_server("manageServerFilters"));
    all[1].path = "domain/FILTERS";
    all[1].prompt = "domain-filters";
    all[1].exit = Exit::commit;
    all[1].help = "Filters of a domain";
    all[1].commands = list_commands(on_domain("manageDomainFilters"));
    all[2].path = "domain/account/Filters";
    all[2].prompt = "domain-account-filters";
    all[2].exit = Exit::done;
    all[2].help = "Filters of an account";
    all[2].commands = list_commands(on_domain("manageAccounts"));
    return all;
}

void add_filters_command(Context& server) {
    server.commands.push_back(
        {"CONFIG FILTERS", "Go to the server's filters", configure_server, on_server("manageServerFilters")});
}

}  // namespace postrider::cli
