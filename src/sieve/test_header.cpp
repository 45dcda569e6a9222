#include <fmt/format.h>

#include <array>

#include "mime/address.h"
#include "mime/parameters.h"
#include "sieve/address_part.h"
#include "sieve/header_source.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// header, address, exists and size (RFC 5228 §5), with what RFC 5703 §4 adds.
namespace postrider::sieve {
namespace {

/// What of a MIME field is compared. RFC 5703 §4.1.
enum class MimePiece : std::uint8_t { whole, type, subtype, content_type, parameter };

class HeaderTest final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        for (const HeaderSource::Name& name : source.all()) {
            bool held = source.any(machine, name, [&](HeaderField& field) {
                if (piece != MimePiece::whole) return piece_holds(machine, field, count);
                if (matcher.counts()) {
                    ++count;
                    return false;
                }
                return matcher.value(machine, field.text(), &field.folded);
            });
            if (held) return true;
        }
        return matcher.counts() && matcher.count(machine, count);
    }

    HeaderSource source;
    Matcher matcher;
    MimePiece piece = MimePiece::whole;
    TextList parameters;

private:
    bool one(Machine& machine, std::string_view text, std::size_t& count) const {
        if (!matcher.counts()) return matcher.value(machine, text, nullptr);
        ++count;
        return false;
    }

    bool piece_holds(Machine& machine, const HeaderField& field, std::size_t& count) const {
        auto type = mime::parse_content_type(field.raw);
        bool slashed = type.has_value();
        mime::Lexer rest{field.raw};
        std::string_view first, second;
        if (slashed) {
            first = type->type;
            second = type->subtype;
            rest = type->parameters;
        } else {
            rest.skip_cfws();
            first = rest.token();  // Content-Disposition (RFC 2183 §2)
            if (first.empty()) return false;
        }
        switch (piece) {
        case MimePiece::type: return one(machine, first, count);
        case MimePiece::subtype: return one(machine, second, count);
        case MimePiece::content_type: {
            std::string both{first};
            if (slashed) both.append("/").append(second);
            return one(machine, both, count);
        }
        case MimePiece::parameter:
        case MimePiece::whole: break;
        }
        std::string scratch;
        for (const mime::Parameter& parameter : mime::decode_parameters(rest)) {
            for (const TextTemplate& name : parameters)
                if (text::equal_ci(parameter.name, name.value(machine, scratch))
                    && one(machine, parameter.value, count))
                    return true;
        }
        return false;
    }
};

class AddressTest final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        for (const HeaderSource::Name& name : source.all()) {
            bool held = source.any(machine, name, [&](HeaderField& field) {
                for (AddressText& address : field.addresses()) {
                    if (matcher.counts()) {
                        ++count;
                    } else if (match_address(machine, matcher, part, address)) {
                        return true;
                    }
                }
                return false;
            });
            if (held) return true;
        }
        return matcher.counts() && matcher.count(machine, count);
    }

    HeaderSource source;
    Matcher matcher;
    AddressPart part = AddressPart::all;
};

class Exists final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        for (const HeaderSource::Name& name : source.all())
            if (!source.any(machine, name, [](HeaderField&) { return true; })) return false;
        return true;
    }
    HeaderSource source;
};

class Size final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::uint64_t size = machine.message().size();
        return over ? size > limit : size < limit;
    }
    bool over = true;
    std::uint64_t limit = 0;
};

/// Fields that hold addresses (RFC 5228 §5.1): what others hold would be misread.
bool holds_addresses(std::string_view name, bool compatible) {
    constexpr auto old = std::to_array<std::string_view>(
        {"from", "to", "cc", "bcc", "sender", "resent-from", "resent-to"});
    constexpr auto more = std::to_array<std::string_view>(
        {"reply-to", "resent-cc", "resent-bcc", "resent-sender", "resent-reply-to", "return-path", "delivered-to",
         "x-original-to", "envelope-to", "mail-followup-to", "mail-reply-to", "disposition-notification-to",
         "return-receipt-to", "errors-to", "original-recipient", "final-recipient", "apparently-to",
         "x-envelope-from", "x-envelope-to", "x-forwarded-to", "x-forwarded-for", "list-id", "list-post", "author",
         "original-from", "x-original-from", "x-rcpt-to", "abuse-reports-to", "x-beenthere"});
    for (std::string_view known : old)
        if (text::equal_ci(known, name)) return true;
    if (compatible) return false;
    for (std::string_view known : more)
        if (text::equal_ci(known, name)) return true;
    return false;
}

}  // namespace

TestPtr build_header(Args& args) {
    auto made = std::make_unique<HeaderTest>();
    made->source.tags(args, true);
    if (made->source.mime()) {
        if (auto piece = args.one_of({"type", "subtype", "contenttype"}))
            made->piece = static_cast<MimePiece>(*piece + 1);
        if (auto parameters = args.list("param")) {
            if (made->piece != MimePiece::whole) args.wrong("\":param\" cannot stand beside another piece");
            made->piece = MimePiece::parameter;
            made->parameters = std::move(*parameters);
        }
    }
    made->matcher = args.matcher();
    made->source.names(args);
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

TestPtr build_address(Args& args) {
    auto made = std::make_unique<AddressTest>();
    made->source.tags(args, true);
    made->part = take_address_part(args);
    made->matcher = args.matcher();
    made->source.names(args);
    for (const HeaderSource::Name& name : made->source.all())
        if (name.text.constant() && !holds_addresses(name.text.source(), args.binder().compatible()))
            args.invalid(fmt::format("the field \"{}\" holds no addresses", name.text.source()));
    TextList keys = args.list();
    if (!args.binder().compatible() && made->part == AddressPart::all && made->matcher.type == MatchType::is)
        for (const TextTemplate& key : keys)
            if (key.constant() && !mime::parse_addr_spec(key.source()) && !key.source().empty())
                args.binder().warn(args.last_at(),
                                   fmt::format("\"{}\" is no address, it will never be the same as one", key.source()));
    args.keys(made->matcher, std::move(keys));
    args.done();
    return made;
}

TestPtr build_exists(Args& args) {
    auto made = std::make_unique<Exists>();
    made->source.tags(args, false);
    made->source.names(args);
    args.done();
    return made;
}

TestPtr build_size(Args& args) {
    auto made = std::make_unique<Size>();
    auto which = args.one_of({"over", "under"});
    if (!which) args.wrong("\"size\" needs \":over\" or \":under\"");
    made->over = *which == 0;
    made->limit = args.number();
    if (args.binder().compatible() && made->limit > 0xffffffffu)
        args.invalid("a size can be 0 to 4294967295 only");
    args.done();
    return made;
}

}  // namespace postrider::sieve
