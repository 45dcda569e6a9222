#pragma once

#include "cli/contexts/branches.h"
#include "filter/lists/address_lists.h"

/// Black- and whitelists in the filter contexts of server, domains and accounts.
namespace postrider::cli {

/// Changes of lists that wait for COMMIT.
struct ListEdit {
    enum class Kind : std::uint8_t { add, remove, reset } kind = Kind::add;
    filter::ListColour colour = filter::ListColour::black;
    std::string pattern{};
};
using ListEdits = std::vector<ListEdit>;

/// A context with the lists of one owner.
class FiltersFrame final : public Frame {
public:
    /// @param pending  of the frame below, which writes them with its COMMIT; nullptr: this frame has a
    /// COMMIT of its own
    /// @param owner    nullptr: an account that is not there yet
    FiltersFrame(Shell& shell, const Context& context, std::string title,
                 std::optional<filter::ListOwner> owner, ListEdits* pending);

    std::string title() const override { return title_; }
    Step<std::string> commit() override;
    Step<> done() override;
    Step<> reload() override;

    /// As it will be.
    Step<std::vector<std::string>> lines(filter::ListColour colour);
    Step<> edit(ListEdit edit);

private:
    std::string title_;
    std::optional<filter::ListOwner> owner_;
    ListEdits* pending_;
    ListEdits edits_;
};

/// LIST, RESET, ADD and REMOVE of both lists.
std::vector<Command> list_commands(Need need);
/// Writes the edits in their order.
Step<> write_lists(Shell& shell, filter::ListOwner owner, const ListEdits& edits);

std::vector<Context> filters_branch();
void add_filters_command(Context& server);  ///< CONFIG FILTERS of the server's context

}  // namespace postrider::cli
