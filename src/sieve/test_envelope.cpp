#include <fmt/format.h>

#include "sieve/address_part.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// envelope. RFC 5228 §5.4, RFC 6009 §2 and §3.
namespace postrider::sieve {
namespace {

struct EnvelopePart {
    std::string_view name;
    std::string Envelope::*field;
    bool address;
    Extension need;
};

constexpr EnvelopePart envelope_parts[] = {
    {"from", &Envelope::from, true, Extension::none},
    {"to", &Envelope::to, true, Extension::none},
    {"auth", &Envelope::auth, false, Extension::none},
    {"notify", &Envelope::notify, false, Extension::envelope_dsn},
    {"orcpt", &Envelope::orcpt, false, Extension::envelope_dsn},
    {"ret", &Envelope::ret, false, Extension::envelope_dsn},
    {"envid", &Envelope::envid, false, Extension::envelope_dsn},
    {"bytimeabsolute", &Envelope::by_time_absolute, false, Extension::envelope_deliverby},
    {"bytimerelative", &Envelope::by_time_relative, false, Extension::envelope_deliverby},
    {"bymode", &Envelope::by_mode, false, Extension::envelope_deliverby},
    {"bytrace", &Envelope::by_trace, false, Extension::envelope_deliverby},
};

const EnvelopePart* find_part(std::string_view name) {
    for (const EnvelopePart& part : envelope_parts)
        if (text::equal_ci(part.name, name)) return &part;
    return nullptr;
}

class EnvelopeTest final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        std::string scratch;
        for (const TextTemplate& name : names) {
            const EnvelopePart* which = find_part(name.value(machine, scratch));
            if (which == nullptr) continue;
            const std::string& value = machine.message().envelope().*which->field;
            // A null reverse path is there, and empty; other parts that are empty were not given.
            if (value.empty() && which->field != &Envelope::from) continue;
            if (matcher.counts()) {
                ++count;
                continue;
            }
            if (which->address) {
                AddressText address = envelope_address(value);
                if (match_address(machine, matcher, part, address)) return true;
            } else if (matcher.value(machine, value, nullptr)) {
                return true;
            }
        }
        return matcher.counts() && matcher.count(machine, count);
    }

    AddressPart part = AddressPart::all;
    Matcher matcher;
    TextList names;
};

}  // namespace

TestPtr build_envelope(Args& args) {
    auto made = std::make_unique<EnvelopeTest>();
    made->part = take_address_part(args);
    made->matcher = args.matcher();
    made->names = args.list();
    for (const TextTemplate& name : made->names) {
        if (!name.constant()) continue;
        const EnvelopePart* part = find_part(name.source());
        bool known = part != nullptr && (part->need == Extension::none || args.binder().has(part->need));
        if (known && args.binder().compatible()) known = part->address;
        if (!known) args.invalid(fmt::format("an envelope has no part \"{}\" here", name.source()));
        // RFC 6009 §2: these are no addresses.
        if (!part->address && made->part != AddressPart::all)
            args.invalid(fmt::format("the part \"{}\" is no address", name.source()));
    }
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

}  // namespace postrider::sieve
