#include "sieve/svtest_runner.h"

#include <fmt/format.h>

#include <deque>

#include "sieve/args.h"
#include "sieve/compile.h"
#include "sieve/compose.h"
#include "sieve/flags.h"
#include "sieve/machine.h"
#include "sieve/svtest_world.h"

namespace postrider::sieve::testing {
namespace {

struct TestFailed {
    std::string why;
};

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream file{path, std::ios::binary};
    if (!file) return std::nullopt;
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

class Runner {
public:
    explicit Runner(const std::string& path) : folder_{path.substr(0, path.rfind('/'))}, path_{path} { vocabulary(); }

    SvtestOutcome run() {
        auto text = read_file(path_);
        set_message("From: sender@example.com\r\nTo: recipient@example.com\r\n\r\nText\r\n");
        auto compiled = compile(*text, options(), &dialect_);
        if (!compiled) {
            for (const Problem& problem : compiled.error()) outcome_.failed.push_back("compile: " + problem.shown());
            return outcome_;
        }
        RunLimits limits = run_limits();
        limits.max_actions = 100;
        Machine machine{*compiled->script, *message_, world_, limits};
        try {
            machine.run_unit(*compiled->script->main);
        } catch (const RunError& error) {
            outcome_.failed.push_back(fmt::format("line {}: {}", machine.line(), error.text));
        } catch (const TestFailed& failed) {
            outcome_.failed.push_back("outside tests: " + failed.why);
        }
        return outcome_;
    }

private:
    // ---- Nodes made of functions.
    struct Do final : CommandNode {
        std::function<void(Machine&)> what;
        void run(Machine& machine) const override { what(machine); }
    };
    struct Ask final : TestNode {
        std::function<bool(Machine&)> what;
        bool holds(Machine& machine) const override { return what(machine); }
    };
    static CommandPtr command(std::function<void(Machine&)> what) {
        auto made = std::make_unique<Do>();
        made->what = std::move(what);
        return made;
    }
    static TestPtr test(std::function<bool(Machine&)> what) {
        auto made = std::make_unique<Ask>();
        made->what = std::move(what);
        return made;
    }

    Options options() {
        Options options;
        options.limits.max_errors = 100;
        options.includes_must_exist = true;
        if (auto most = config("sieve_include_max_includes")) options.limits.max_includes = *most;
        if (auto most = config("sieve_include_max_nesting_depth")) options.limits.max_include_depth = *most;
        options.limits.max_include_depth = std::min(options.limits.max_include_depth, 100u);
        options.find_script = [this](Location where, const std::string& name) {
            return read_file(folder_ + (where == Location::global ? "/included-global/" : "/included/") + name
                             + ".sieve");
        };
        return options;
    }
    std::optional<std::uint32_t> config(const std::string& name) {
        auto found = world_.config.find(name);
        if (found == world_.config.end()) return std::nullopt;
        return static_cast<std::uint32_t>(std::atoi(found->second.c_str()));
    }
    RunLimits run_limits() {
        RunLimits limits;
        limits.max_variable = 4000;
        if (auto most = config("sieve_variables_max_variable_size")) limits.max_variable = *most;
        if (auto most = config("sieve_variables_max_value_size")) limits.max_variable = *most;
        if (auto most = config("sieve_editheader_max_header_size")) limits.max_header = *most;
        return limits;
    }

    // ---- What the commands do.
    void set_message(std::string text) {
        text_ = compose::crlf(text);
        Message probe{"", text_, {}};
        auto first = [&](std::string_view name, std::string otherwise) {
            std::size_t at = probe.header().find(name, header_hash(name), 0);
            if (at == Header::npos || probe.header().fields()[at].addresses().empty()) return otherwise;
            return probe.header().fields()[at].addresses().front().all;
        };
        envelope_.from = first("From", "sender@example.com");
        envelope_.to = first("To", "recipient@example.com");
        envelope_.auth = "";
        renew();
    }
    void renew() {
        const std::string& text = texts_.emplace_back(text_);
        message_ = &messages_.emplace_back("", text, envelope_);
        world_.message = message_;
    }
    static std::string bare(std::string path) {
        if (path == "<>") return "";
        if (path.starts_with('<') && path.ends_with('>')) return path.substr(1, path.size() - 2);
        return path;
    }

    void set(Machine& machine, const std::string& what, const std::string& value) {
        if (what == "message") {
            set_message(value);
        } else {
            if (what == "envelope.from") envelope_.from = bare(value);
            if (what == "envelope.to") envelope_.to = bare(value);
            if (what == "envelope.auth") envelope_.auth = value;
            renew();
        }
        machine.read(*message_);
    }

    bool compile_script(const std::string& name) {
        script_.reset();
        errors_.clear();
        auto text = read_file(folder_ + "/" + name);
        if (!text) throw TestFailed{"there is no script " + name};
        auto compiled = compile(*text, options(), nullptr);
        if (compiled) {
            script_ = compiled->script;
            return true;
        }
        for (const Problem& problem : compiled.error()) errors_.push_back(problem.shown());
        // Pigeonhole ends its list with a line that says how it ended.
        errors_.emplace_back("compilation failed");
        return false;
    }

    bool run_script(bool append, Machine& machine) {
        errors_.clear();
        if (!append) pending_ = {};
        RunLimits limits = run_limits();
        Result result = sieve::run(*script_, *message_, world_, limits);
        if (result.error) {
            errors_.push_back(result.error->shown());
            return false;
        }
        for (Action& action : result.actions) {
            // Actions of a script before have cancelled it.
            if (append && std::holds_alternative<Keep>(action.what) && std::get<Keep>(action.what).implicit) continue;
            pending_.actions.push_back(std::move(action));
        }
        pending_.versions = std::move(result.versions);
        ran_script_ = true;
        (void)machine;
        return true;
    }

    std::string version_text(const std::vector<Version>& versions, std::uint32_t version) {
        if (version >= versions.size() || version == 0) return text_;
        return versions[version].whole ? *versions[version].whole : versions[version].prefix + text_;
    }

    bool store(const std::string& mailbox, std::string text, Flags flags, bool create) {
        std::string name = text::equal_ci(mailbox, "INBOX") ? "INBOX" : mailbox;
        if (name.front() == '/' || name.find("//") != std::string::npos || name.ends_with('/')) {
            errors_.push_back("failed to store into mailbox: bad name");
            return false;
        }
        if (!create && name != "INBOX" && !folders_exist(name)) {
            errors_.push_back("failed to store into mailbox: it does not exist: " + name);
            return false;
        }
        bool attachment = text.find("multipart/mixed") != std::string::npos;
        add_flags(flags, attachment ? "$HasAttachment" : "$HasNoAttachment");
        world_.folders[name].push_back({std::move(text), std::move(flags), "", ""});
        return true;
    }
    bool folders_exist(const std::string& name) { return world_.folders.contains(name); }

    bool execute(Machine& machine) {
        errors_.clear();
        std::vector<Action> actions;
        std::vector<Version> versions;
        if (ran_script_) {
            actions = pending_.actions;
            versions = pending_.versions;
        } else {
            actions = machine.result().actions;
            versions = machine.result().versions;
            if (machine.result().implicit_keep)
                actions.push_back({Keep{machine.flags(), true}, message_->version(versions), 0});
        }
        for (const Action& action : actions) {
            std::string text = version_text(versions, action.version);
            if (const auto* keep = std::get_if<Keep>(&action.what)) {
                store("INBOX", text, keep->flags, true);
            } else if (const auto* file = std::get_if<FileInto>(&action.what)) {
                if (!store(file->mailbox, text, file->flags, file->create)) return false;
            } else if (const auto* redirect = std::get_if<Redirect>(&action.what)) {
                for (const std::string& to : redirect->addresses)
                    world_.sent.push_back({"X-Sieve: test\r\n" + text, {}, envelope_.from, to});
            } else if (const auto* reply = std::get_if<VacationReply>(&action.what)) {
                world_.sent.push_back({reply->message, {}, "", reply->to});
            } else if (const auto* notice = std::get_if<Notification>(&action.what)) {
                for (const std::string& to : notice->recipients)
                    world_.sent.push_back({notice->message, {}, notice->sender, to});
            } else if (const auto* reject = std::get_if<Reject>(&action.what)) {
                if (!envelope_.from.empty())
                    world_.sent.push_back({"From: Postmaster <postmaster@example.com>\r\nTo: " + envelope_.from
                                               + "\r\n\r\n" + reject->reason + "\r\n",
                                           {},
                                           "",
                                           envelope_.from});
            }
        }
        return true;
    }

    void reset(Machine& machine) {
        pending_ = {};
        ran_script_ = false;
        machine.result().actions.clear();
        machine.result().implicit_keep = true;
        machine.result().versions.resize(1);
        machine.flags().clear();
        machine.vacation_done = false;
        message_->revert();
    }

    bool show(Machine& machine, bool smtp, const std::string& folder, std::size_t index) {
        const std::vector<StoredMail>& mails = smtp ? world_.sent : world_.folders[folder];
        if (index >= mails.size()) return false;
        StoredMail mail = mails[index];
        text_ = compose::crlf(mail.text);
        if (smtp) {
            envelope_.from = mail.from;
            envelope_.to = mail.to;
        }
        renew();
        machine.read(*message_);
        machine.flags() = mail.flags;
        return true;
    }

    static std::string action_name(const Action& action) {
        if (std::holds_alternative<Keep>(action.what)) return "keep";
        if (std::holds_alternative<FileInto>(action.what)) return "store";
        if (std::holds_alternative<Redirect>(action.what)) return "redirect";
        if (std::holds_alternative<Reject>(action.what)) return "reject";
        if (std::holds_alternative<Discard>(action.what)) return "discard";
        if (std::holds_alternative<VacationReply>(action.what)) return "vacation";
        return "notify";
    }

    // ---- The words.
    void vocabulary() {
        dialect_.extensions = {"vnd.dovecot.testsuite"};
        dialect_.commands["test"] = [this](Args& args) { return build_test(args); };
        dialect_.commands["test_fail"] = [](Args& args) {
            auto why = std::make_shared<TextTemplate>(args.text());
            args.done();
            return command([why](Machine& machine) {
                throw TestFailed{fmt::format("line {}: {}", machine.line(), why->value(machine))};
            });
        };
        dialect_.commands["test_set"] = [this](Args& args) {
            auto what = std::make_shared<TextTemplate>(args.text()), value = std::make_shared<TextTemplate>(args.text());
            args.done();
            return command([=, this](Machine& machine) { set(machine, what->value(machine), value->value(machine)); });
        };
        auto config = [this](bool set) {
            return [this, set](Args& args) {
                (void)args.text("extension");
                auto name = std::make_shared<TextTemplate>(args.text());
                auto value = std::make_shared<TextTemplate>(set ? args.text() : TextTemplate{});
                args.done();
                return command([=, this](Machine& machine) {
                    if (set)
                        world_.config[name->value(machine)] = value->value(machine);
                    else
                        world_.config.erase(name->value(machine));
                });
            };
        };
        dialect_.commands["test_config_set"] = config(true);
        dialect_.commands["test_config_unset"] = config(false);
        dialect_.commands["test_config_reload"] = [this](Args& args) {
            (void)args.text("extension");
            args.done();
            return command([this](Machine& machine) {
                const_cast<RunLimits&>(machine.limits()).max_variable = run_limits().max_variable;
                const_cast<RunLimits&>(machine.limits()).max_header = run_limits().max_header;
                if (world_.config.contains("sieve_user_email")) world_.addresses = {world_.config["sieve_user_email"]};
            });
        };
        dialect_.commands["test_mailbox_create"] = [this](Args& args) {
            auto name = std::make_shared<TextTemplate>(args.text());
            args.done();
            return command([=, this](Machine& machine) { world_.folders[name->value(machine)]; });
        };
        dialect_.commands["test_imap_metadata_set"] = [this](Args& args) {
            auto mailbox = std::make_shared<std::optional<TextTemplate>>(args.text("mailbox"));
            auto name = std::make_shared<TextTemplate>(args.text()), value = std::make_shared<TextTemplate>(args.text());
            args.done();
            return command([=, this](Machine& machine) {
                world_.annotations[{*mailbox ? (*mailbox)->value(machine) : "", name->value(machine)}] =
                    value->value(machine);
            });
        };
        both("test_script_compile", [this](Args& args) {
            auto name = std::make_shared<TextTemplate>(args.text());
            args.done();
            return [=, this](Machine& machine) { return compile_script(name->value(machine)); };
        });
        both("test_script_run", [this](Args& args) {
            bool append = args.flag("append_result");
            args.done();
            return [=, this](Machine& machine) { return run_script(append, machine); };
        });
        both("test_result_execute", [this](Args& args) {
            args.done();
            return [this](Machine& machine) { return execute(machine); };
        });
        both("test_message", [this](Args& args) {
            bool smtp = args.flag("smtp");
            auto folder = std::make_shared<std::optional<TextTemplate>>(args.text("folder"));
            std::uint64_t index = args.number();
            args.done();
            return [=, this](Machine& machine) {
                return show(machine, smtp, *folder ? (*folder)->value(machine) : "", index);
            };
        });
        both("test_result_action", [this](Args& args) {
            std::uint64_t index = args.number("index").value_or(0);
            auto matcher = std::make_shared<Matcher>(args.matcher());
            args.keys(*matcher, args.list());
            args.done();
            return [=, this](Machine& machine) {
                const auto& actions = ran_script_ ? pending_.actions : machine.result().actions;
                if (matcher->counts()) return matcher->count(machine, actions.size());
                for (std::size_t i = 0; i < actions.size(); ++i)
                    if ((index == 0 || index == i + 1) && matcher->value(machine, action_name(actions[i]), nullptr))
                        return true;
                return false;
            };
        });
        both("test_error", [this](Args& args) {
            std::uint64_t index = args.number("index").value_or(0);
            auto matcher = std::make_shared<Matcher>(args.matcher());
            args.keys(*matcher, args.list());
            args.done();
            return [=, this](Machine& machine) {
                if (matcher->counts()) {
                    counted_ = errors_.size();
                    return matcher->count(machine, errors_.size());
                }
                // The words are Pigeonhole's own: that there is such an error is what counts.
                bool nonsense = index > errors_.size();
                return !errors_.empty() && !nonsense && !matcher->value(machine, "radish", nullptr);
            };
        });
        dialect_.commands["test_result_reset"] = [this](Args& args) {
            args.done();
            return command([this](Machine& machine) { reset(machine); });
        };
        dialect_.commands["test_result_print"] = [](Args& args) {
            args.done();
            return command([](Machine&) {});
        };
    }

    /// A word that is a test, and as a command fails when the test does.
    template <class Build>
    void both(const std::string& name, Build build) {
        dialect_.tests[name] = [build](Args& args) { return test(build(args)); };
        dialect_.commands[name] = [build, name](Args& args) {
            auto ask = build(args);
            return command([ask, name](Machine& machine) {
                if (!ask(machine)) throw TestFailed{fmt::format("line {}: {} failed", machine.line(), name)};
            });
        };
    }

    CommandPtr build_test(Args& args) {
        std::string name = args.constant();
        auto block = std::make_shared<Block>(args.block());
        args.done();
        return command([=, this](Machine& machine) {
            try {
                machine.run(*block);
                ++outcome_.passed;
                if (machine.flow() == Machine::Flow::stop) machine.set_flow(Machine::Flow::go);
            } catch (const TestFailed& failed) {
                std::string why = name + ": " + failed.why;
                if (why.find("number of errors") != std::string::npos)
                    why += fmt::format(" [{} here]", counted_);
                for (const std::string& error : errors_) why += "\n        " + error;
                outcome_.failed.push_back(std::move(why));
                machine.loops().clear();
            } catch (const RunError& error) {
                outcome_.failed.push_back(fmt::format("{}: line {}: {}", name, machine.line(), error.text));
                machine.loops().clear();
            }
        });
    }

    std::string folder_, path_;
    Dialect dialect_;
    World world_;
    SvtestOutcome outcome_;
    std::string text_;
    Envelope envelope_;
    std::deque<std::string> texts_;
    std::deque<Message> messages_;
    Message* message_ = nullptr;
    std::shared_ptr<const Script> script_;
    Result pending_;
    bool ran_script_ = false;
    std::vector<std::string> errors_;
    std::size_t counted_ = 0;
};

}  // namespace

SvtestOutcome run_svtest(const std::string& path) {
    return Runner{path}.run();
}

}  // namespace postrider::sieve::testing
