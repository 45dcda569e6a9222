#pragma once

#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "cli/wire/syntax.h"
#include "settings/grammar.h"
#include "settings/setting.h"

/// A context of the dialogue: where its attributes and commands come from, and what COMMIT or DONE does.
namespace postrider::cli {

class Shell;
class Frame;

/// What a command answered: data lines (each with its CRLF) and the status.
struct Reply {
    bool ok = true;
    std::string data;
    std::string text = "command successful";
};
Reply ok(std::string data = {});
Reply error(std::string text);

/// For steps that have nothing to say when they succeed. The error is a sentence.
template <class T = void>
using Step = std::expected<T, std::string>;

/// What an administrator must be allowed to do. On the server, or on the domain that the frame is in.
struct Need {
    enum class Where : unsigned char { nothing, server, domain, super_user } where = Where::nothing;
    std::string_view permission{};
};
constexpr Need on_server(std::string_view permission) {
    return {Need::Where::server, permission};
}
constexpr Need on_domain(std::string_view permission) {
    return {Need::Where::domain, permission};
}
inline constexpr Need super_user{Need::Where::super_user};

struct Call {
    Shell& shell;
    Frame& frame;
    const Matched& given;
    const std::string& subject;  ///< of the Command
};

struct Command {
    std::string syntax;  ///< wire/syntax.h
    std::string help;
    std::function<Reply(Call&)> run;
    Need need{};
    std::string subject{};  ///< for commands that a function serves for several things
};

enum class Exit : unsigned char { back_only, commit, done };

/// A context as the table declares it.
struct Context {
    std::string path;    ///< words to get there, as the manual has them: "SERVER/IMAP", "domain/account"
    std::string prompt;  ///< "server-imap", "domain-account"
    Exit exit = Exit::back_only;
    std::string help;
    std::vector<Command> commands{};
    settings::Table attributes{};               ///< SET and SHOW; count 0: none
    std::vector<std::string> read_only{};       ///< attributes that SHOW has and SET has not
    bool (*shown)(std::string_view) = nullptr;  ///< which rows of the table belong here; nullptr: all
    Need need{};                                ///< to SET anything
    struct AttributeNeed {
        std::string_view attribute;
        Need need;
    };
    std::vector<AttributeNeed> needs{};  ///< of single attributes, instead of `need`
};

/// A context that is open in a session. Works on the disk: on a worker thread alone.
class Frame {
public:
    Frame(Shell& shell, const Context& context) : shell_{shell}, context_{context} {}
    virtual ~Frame() = default;
    Frame(const Frame&) = delete;
    Frame& operator=(const Frame&) = delete;

    const Context& context() const { return context_; }
    Shell& shell() const { return shell_; }

    /// What SHOW calls it: "the account john".
    virtual std::string title() const { return "the context"; }
    virtual DomainId domain() const { return {}; }  ///< that it opens; 0: that of its parent
    /// The struct of Context::attributes with what SHOW shows now; nullptr when there is none.
    virtual void* values() { return nullptr; }
    /// One attribute, checked. Kept until COMMIT or DONE.
    virtual Step<> set(std::string_view attribute, const settings::Value& value);
    /// The attribute is inherited again, where that can be.
    virtual Step<> inherit(std::string_view attribute);
    /// COMMIT: writes; its data lines tell what an administrator should know.
    virtual Step<std::string> commit() { return std::string{}; }
    /// DONE: hands over to the parent.
    virtual Step<> done() { return {}; }
    /// RESET: what is in force now, without the changes of this context.
    virtual Step<> reload() { return {}; }

protected:
    Shell& shell_;
    const Context& context_;
};

/// Rows of the context that SHOW shows, by name, with the struct that they belong to.
struct AttributePlace {
    settings::Row row;
    void* object = nullptr;
};
std::vector<AttributePlace> attribute_places(const Context& context, void* object);

/// The value as SHOW prints it.
std::string shown_value(const settings::Row& row, const void* object);

/// As a setting's grammar has it.
settings::Value to_value(const Word& word);

}  // namespace postrider::cli
