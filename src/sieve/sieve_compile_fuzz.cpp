#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "sieve/sieve.h"

using namespace postrider;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Says yes to much, so that a script gets far.
class World final : public sieve::Environment {
public:
    Time now() const override { return Time{std::chrono::seconds{1'795'000'000}}; }
    std::optional<std::string> item(std::string_view) override { return "item"; }
    bool mailbox_exists(std::string_view name) override { return name.size() % 2 == 0; }
    bool special_use_exists(std::string_view, std::string_view) override { return true; }
    std::optional<std::string> metadata(std::string_view, std::string_view) override { return "value"; }
    std::optional<unsigned> spam_level() override { return 5; }
    std::optional<unsigned> virus_level() override { return 1; }
    bool list_exists(std::string_view) override { return true; }
    bool list_contains(std::string_view, std::string_view value) override { return value.size() % 3 == 0; }
    std::vector<std::string> list_members(std::string_view) override { return {"x@example.com"}; }
    std::vector<std::string> own_addresses() override { return {"ann@example.com"}; }
};

const std::string mail =
    "From: Bob <bob@example.net>\r\nTo: ann+box@example.com\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    "Date: Fri, 20 Nov 2026 10:00:00 +0100\r\nMessage-ID: <1@x>\r\nContent-Type: multipart/mixed; "
    "boundary=b\r\n\r\n"
    "pre\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hello <b>you</b></p>\r\n--b\r\n"
    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\ntext\r\n--b--\r\nepilogue\r\n";

void check_line(std::string_view line) {
    for (char c : line) require(static_cast<unsigned char>(c) >= 32);
}

}  // namespace

/// Whatever compiles runs on a message within its limits and gives a whole result: a message that is kept,
/// filed, sent on, refused or discarded, in forms that exist. What does not compile says where.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    sieve::Options options;
    options.compatible = (data[0] & 1) != 0;
    options.allowed.set(static_cast<std::size_t>(sieve::Extension::imapsieve), (data[0] & 2) != 0);
    std::string text{reinterpret_cast<const char*>(data) + 1, size - 1};
    options.find_script = [&](sieve::Location, const std::string& name) -> std::optional<std::string> {
        if (name == "self") return text;
        if (name == "other") return "require \"variables\"; set \"a\" \"b\";";
        return std::nullopt;
    };
    auto compiled = sieve::compile(text, options);
    if (!compiled) {
        require(!compiled.error().empty());
        for (const sieve::Problem& problem : compiled.error())
            require(problem.line > 0 && !problem.text.empty());
        return 0;
    }
    World world;
    sieve::RunLimits limits;
    limits.max_steps = 5'000;
    limits.max_work = 1u << 22;
    sieve::Message message{"Received: x\r\n", mail, {.from = "bob@example.net", .to = "ann@example.com"}};
    sieve::Result result = sieve::run(*compiled->script, message, world, limits);
    require(result.versions.size() <= limits.max_versions + 1 && !result.versions.empty());
    require(result.actions.size() <= limits.max_actions + 2);
    require(!result.versions.front().whole && result.versions.front().prefix.empty());
    bool kept = false;
    for (const sieve::Action& action : result.actions) {
        require(action.version < result.versions.size());
        check_line(sieve::describe(action));
        kept |= std::holds_alternative<sieve::Keep>(action.what);
        if (const auto* reply = std::get_if<sieve::VacationReply>(&action.what)) {
            require(reply->message.find("Auto-Submitted: auto-replied") != std::string::npos);
            require(reply->to == "bob@example.net");
        }
        if (const auto* redirect = std::get_if<sieve::Redirect>(&action.what))
            for (const std::string& to : redirect->addresses) {
                require(to.find('@') != std::string::npos);
                check_line(to);
            }
    }
    if (result.error || result.implicit_keep) require(kept || !result.error);
    if (result.error) require(result.actions.size() == 1 && kept);
    return 0;
}
