#include "admin/domain_appender.h"

#include <fstream>

#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

constexpr std::size_t max_text = 64 * 1024;

/// The text that was given, as it stands or as a file.
std::expected<std::optional<std::string>, Error> given_text(const Arguments& arguments,
                                                            std::string_view name) {
    const std::string file_argument = std::string{name} + "-file";
    if (arguments.has(name) && arguments.has(file_argument))
        return fail(Kind::usage, "domain appender set: the text or its file, not both");
    if (!arguments.has(file_argument)) return arguments.maybe_text(name);
    const std::string path = arguments.text(file_argument);
    std::ifstream in{path, std::ios::binary};
    std::string text(max_text + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (!in.is_open() || in.bad()) return fail(Kind::bad_value, path + " cannot be read");
    if (text.size() > max_text) return fail(Kind::bad_value, path + " has more than 64 KiB");
    return text;
}

}  // namespace

Result domain_appender_show(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    directory::Appender appender = (*domain)->appender ? *(*domain)->appender : directory::Appender{};
    return Json{{"enabled", appender.enabled},
                {"local_too", appender.local_too},
                {"text", appender.text},
                {"html", appender.html}};
}

Result domain_appender_set(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    for (auto [one, other] : {std::pair{"on", "off"}, std::pair{"local", "remote-only"}})
        if (arguments.flag(one) && arguments.flag(other))
            return fail(Kind::usage, std::string{"domain appender set: "} + one + " or " + other);
    directory::Appender appender = (*domain)->appender ? *(*domain)->appender : directory::Appender{};
    auto text = given_text(arguments, "text"), html = given_text(arguments, "html");
    if (!text) return std::unexpected(text.error());
    if (!html) return std::unexpected(html.error());
    if (*text) appender.text = **text;
    if (*html) appender.html = **html;
    if (arguments.flag("on")) appender.enabled = true;
    if (arguments.flag("off")) appender.enabled = false;
    if (arguments.flag("local")) appender.local_too = true;
    if (arguments.flag("remote-only")) appender.local_too = false;
    if (appender.enabled && appender.text.empty() && appender.html.empty())
        return fail(Kind::bad_value, "domain appender set: there is no text to append");
    directory::DomainChange change;
    change.appender = std::move(appender);
    if (auto ok = need(context.directory.change_domain((*domain)->id, change)); !ok)
        return std::unexpected(ok.error());
    return done();
}

}  // namespace postrider::admin
