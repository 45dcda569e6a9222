#include <fmt/format.h>

#include "sieve/machine.h"
#include "sieve/notify_uri.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// Tests of what is no part of the message: string (RFC 5229 §5), environment (RFC 5183), spamtest and
/// virustest (RFC 5235), duplicate (RFC 7352), valid_ext_list (RFC 6134), and those of notify (RFC 5435).
namespace postrider::sieve {
namespace {

class String final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        std::string scratch;
        for (const TextTemplate& text : texts) {
            std::string_view value = text.value(machine, scratch);
            if (matcher.counts())
                count += value.empty() ? 0 : 1;
            else if (matcher.value(machine, value, nullptr))
                return true;
        }
        return matcher.counts() && matcher.count(machine, count);
    }
    TextList texts;
    Matcher matcher;
};

class EnvironmentTest final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string item = text::to_lower(name.value(machine));
        auto value = machine.environment().item(item);
        if (!value && item == "name") value = "Postrider";
        if (!value && item == "version") value = POSTRIDER_VERSION;
        if (matcher.counts()) return matcher.count(machine, value ? 1 : 0);
        // RFC 5183 §4: what is not known matches nothing.
        return value && matcher.value(machine, *value, nullptr);
    }
    TextTemplate name;
    Matcher matcher;
};

class Level final : public TestNode {
public:
    enum class Of : std::uint8_t { spam, percent, virus };
    bool holds(Machine& machine) const override {
        Environment& world = machine.environment();
        std::optional<unsigned> level = of == Of::spam      ? world.spam_level()
                                        : of == Of::percent ? world.spam_percent()
                                                            : world.virus_level();
        if (matcher.counts()) return matcher.count(machine, level ? 1 : 0);
        return matcher.value(machine, std::to_string(level.value_or(0)), nullptr);
    }
    Of of = Of::spam;
    Matcher matcher;
};

class Duplicate final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string value;
        if (unique_id) {
            value = unique_id->value(machine);
        } else {
            std::string name = header ? header->value(machine) : "Message-ID";
            Header& fields = machine.message().header();
            std::size_t at = fields.find(name, header_hash(name), 0);
            if (at == Header::npos) return false;
            value = fields.fields()[at].text();
        }
        if (value.empty() || lifetime.count() == 0) return false;
        std::string key = handle ? handle->value(machine) : std::string{};
        key += '\0';
        key += value;
        bool seen = machine.environment().duplicate_seen(key);
        // RFC 7352 §3.3: with :last each later one makes the entry live longer.
        if (!seen || last) machine.mark(std::move(key), lifetime);
        return seen;
    }
    std::optional<TextTemplate> handle, header, unique_id;
    std::chrono::seconds lifetime{7 * 86400};
    bool last = false;
};

class ValidList final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string scratch;
        for (const TextTemplate& name : names)
            if (!machine.environment().list_exists(name.value(machine, scratch))) return false;
        return true;
    }
    TextList names;
};

bool can_notify(Machine& machine, const std::optional<NotifyUri>& uri) {
    return uri && (uri->method == Notification::Method::mailto || machine.environment().can_notify_by_xmpp());
}

class ValidNotifyMethod final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string scratch;
        for (const TextTemplate& uri : uris)
            if (!can_notify(machine, parse_notify_uri(uri.value(machine, scratch)))) return false;
        return true;
    }
    TextList uris;
};

class NotifyCapability final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        if (!can_notify(machine, parse_notify_uri(uri.value(machine)))
            || !text::equal_ci(capability.value(machine), "online"))
            return false;
        // RFC 5436 §2.2 and RFC 5437 §2.2: whether somebody is there to read it, nobody knows.
        if (matcher.counts()) return matcher.count(machine, 1);
        return matcher.value(machine, "maybe", nullptr);
    }
    TextTemplate uri, capability;
    Matcher matcher;
};

constexpr std::uint64_t max_duplicate_seconds = 90 * 86400;

}  // namespace

TestPtr build_string(Args& args) {
    auto made = std::make_unique<String>();
    made->matcher = args.matcher();
    made->texts = args.list();
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

TestPtr build_environment(Args& args) {
    auto made = std::make_unique<EnvironmentTest>();
    made->matcher = args.matcher();
    made->name = args.text();
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

TestPtr build_spamtest(Args& args) {
    auto made = std::make_unique<Level>();
    if (args.flag("percent", Extension::spamtestplus)) made->of = Level::Of::percent;
    made->matcher = args.matcher();
    args.keys(made->matcher, TextList{args.text()});
    args.done();
    return made;
}

TestPtr build_virustest(Args& args) {
    auto made = std::make_unique<Level>();
    made->of = Level::Of::virus;
    made->matcher = args.matcher();
    args.keys(made->matcher, TextList{args.text()});
    args.done();
    return made;
}

TestPtr build_duplicate(Args& args) {
    auto made = std::make_unique<Duplicate>();
    made->handle = args.text("handle");
    made->header = args.text("header");
    made->unique_id = args.text("uniqueid");
    if (made->header && made->unique_id) args.wrong("\":header\" cannot stand beside \":uniqueid\"");
    if (auto seconds = args.number("seconds"))
        made->lifetime = std::chrono::seconds{std::min(*seconds, max_duplicate_seconds)};
    made->last = args.flag("last");
    args.done();
    return made;
}

TestPtr build_valid_ext_list(Args& args) {
    auto made = std::make_unique<ValidList>();
    made->names = args.list();
    args.done();
    return made;
}

TestPtr build_valid_notify_method(Args& args) {
    auto made = std::make_unique<ValidNotifyMethod>();
    made->uris = args.list();
    args.done();
    return made;
}

TestPtr build_notify_method_capability(Args& args) {
    auto made = std::make_unique<NotifyCapability>();
    made->matcher = args.matcher();
    made->uri = args.text();
    made->capability = args.text();
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

}  // namespace postrider::sieve
