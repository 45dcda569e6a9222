// Black- and whitelists of server, domains and accounts, and the addresses that accounts have met.

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/anti_spam.h"
#include "filter/confirm/code.h"
#include "text/ascii.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using filter::ListColour;
using filter::ListOwner;

std::expected<filter::AntiSpam*, Error> anti_spam(Context& context) {
    if (context.anti_spam == nullptr) return fail(Kind::not_running, "needs a running server");
    return context.anti_spam;
}

std::unexpected<Error> fail(const filter::ListFailure& failure) {
    switch (failure.kind) {
        case filter::ListError::bad_pattern: return admin::fail(Kind::bad_value, failure.what);
        case filter::ListError::full: return admin::fail(Kind::not_allowed, failure.what);
        case filter::ListError::storage: break;
    }
    return admin::fail(Kind::storage, failure.what);
}

/// The server's, unless a domain or an account is named.
std::expected<ListOwner, Error> owner_of(Context& context, const Arguments& arguments) {
    if (arguments.has("domain") && arguments.has("account"))
        return admin::fail(Kind::usage, "either a domain or an account");
    if (arguments.has("domain")) {
        auto domain = find_domain(context, arguments.text("domain"));
        if (!domain) return std::unexpected(domain.error());
        return ListOwner::domain((*domain)->id);
    }
    if (arguments.has("account")) {
        auto account = find_account(context, arguments.text("account"));
        if (!account) return std::unexpected(account.error());
        return ListOwner::account((*account)->id);
    }
    return ListOwner::server();
}

/// Runs `what` on the lists and whose of them the arguments name.
template <class What>
Result with_lists(Context& context, const Arguments& arguments, const What& what) {
    auto all = anti_spam(context);
    if (!all) return std::unexpected(all.error());
    auto owner = owner_of(context, arguments);
    if (!owner) return std::unexpected(owner.error());
    return what((*all)->lists(), *owner);
}

template <ListColour colour>
Result list(Context& context, const Arguments& arguments, const Progress&) {
    return with_lists(context, arguments, [](filter::AddressLists& lists, ListOwner owner) -> Result {
        auto lines = lists.list(owner, colour);
        if (!lines) return fail(lines.error());
        return Json{{"patterns", std::move(*lines)}};
    });
}

template <ListColour colour>
Result add(Context& context, const Arguments& arguments, const Progress&) {
    return with_lists(context, arguments, [&](filter::AddressLists& lists, ListOwner owner) -> Result {
        auto added = lists.add(owner, colour, arguments.text("pattern"));
        if (!added) return fail(added.error());
        if (!*added) return admin::fail(Kind::exists, arguments.text("pattern") + " is in the list already");
        return done();
    });
}

template <ListColour colour>
Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_lists(context, arguments, [&](filter::AddressLists& lists, ListOwner owner) -> Result {
        auto gone = lists.remove(owner, colour, arguments.text("pattern"));
        if (!gone) return fail(gone.error());
        if (!*gone) return admin::fail(Kind::not_found, arguments.text("pattern") + " is not in the list");
        return done();
    });
}

template <ListColour colour>
Result reset(Context& context, const Arguments& arguments, const Progress&) {
    return with_lists(context, arguments, [](filter::AddressLists& lists, ListOwner owner) -> Result {
        if (auto ok = lists.reset(owner, colour); !ok) return fail(ok.error());
        return done();
    });
}

std::string_view word(filter::CollectedAddresses::How how) {
    using How = filter::CollectedAddresses::How;
    switch (how) {
        case How::written_to: return "written to";
        case How::confirmed: return "confirmed";
        case How::by_hand: return "by hand";
    }
    return "";
}

/// Runs `what` on the confirmation of identities for the account that the arguments name.
template <class What>
Result with_confirmation(Context& context, const Arguments& arguments, const What& what) {
    auto all = anti_spam(context);
    if (!all) return std::unexpected(all.error());
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    return what((*all)->confirmation(), (*account)->id);
}

Result collected_list(Context& context, const Arguments& arguments, const Progress&) {
    return with_confirmation(
        context, arguments, [](filter::IdentityConfirmation& confirmation, AccountId account) -> Result {
            auto found = confirmation.collected().list(account);
            if (!found) return admin::fail(Kind::storage, found.error().what);
            Json rows = Json::array();
            for (const auto& one : *found)
                rows.push_back(
                    Json{{"address", one.address}, {"how", word(one.how)}, {"since", time_text(one.since)}});
            return Json{{"addresses", std::move(rows)}};
        });
}

Result collected_add(Context& context, const Arguments& arguments, const Progress&) {
    return with_confirmation(
        context, arguments, [&](filter::IdentityConfirmation& confirmation, AccountId account) -> Result {
            auto address = parse_address(arguments.text("address"));
            if (!address) return std::unexpected(address.error());
            auto added =
                confirmation.collected().add(account, *address, filter::CollectedAddresses::How::by_hand);
            if (!added) return admin::fail(Kind::storage, added.error().what);
            auto released = need(confirmation.release(account, *address));
            if (!released) return std::unexpected(released.error());
            return Json{{"released_messages", *released}};
        });
}

/// What the link in a question, or its answer, leads to.
Result collected_confirm(Context& context, const Arguments& arguments, const Progress&) {
    return with_confirmation(
        context, arguments, [&](filter::IdentityConfirmation& confirmation, AccountId account) -> Result {
            auto address = parse_address(arguments.text("address"));
            if (!address) return std::unexpected(address.error());
            const auto right = confirmation.code(account, *address);
            const std::string given = arguments.text("code");
            // As people have it: the code alone, or the whole mark of the subject.
            const auto code = filter::find_code(given).value_or(text::to_lower(given));
            if (!right || !filter::same_code(code, *right))
                return admin::fail(Kind::bad_value, "That is not the code for this sender");
            auto added =
                confirmation.collected().add(account, *address, filter::CollectedAddresses::How::confirmed);
            if (!added) return admin::fail(Kind::storage, added.error().what);
            auto released = need(confirmation.release(account, *address));
            if (!released) return std::unexpected(released.error());
            return Json{{"released_messages", *released}};
        });
}

Result collected_remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_confirmation(
        context, arguments, [&](filter::IdentityConfirmation& confirmation, AccountId account) -> Result {
            auto address = parse_address(arguments.text("address"));
            if (!address) return std::unexpected(address.error());
            auto gone = confirmation.collected().remove(account, *address);
            if (!gone) return admin::fail(Kind::storage, gone.error().what);
            if (!*gone) return admin::fail(Kind::not_found, arguments.text("address") + " is not among them");
            return done();
        });
}

constexpr Argument the_domain{"domain", Type::text, "Of a domain [of the server]"};
constexpr Argument the_account{"account", Type::text, "Of an account"};
constexpr Argument the_pattern{
    "pattern", Type::text, "Address, domain, *.domain, IP address or network; '*' and '?' stand for anything",
    true};
constexpr Argument owner_arguments[] = {the_domain, the_account};
constexpr Argument pattern_arguments[] = {the_pattern, the_domain, the_account};

constexpr auto w = ListColour::white;
constexpr Operation white_operations[] = {
    {"whitelist list", "List senders that are always accepted", owner_arguments, list<w>},
    {"whitelist add", "Add a sender", pattern_arguments, add<w>, true},
    {"whitelist remove", "Remove a sender", pattern_arguments, remove<w>, true},
    {"whitelist reset", "Remove all of them", owner_arguments, reset<w>, true},
};
constexpr auto b = ListColour::black;
constexpr Operation black_operations[] = {
    {"blacklist list", "List senders that are not wanted", owner_arguments, list<b>},
    {"blacklist add", "Add a sender", pattern_arguments, add<b>, true},
    {"blacklist remove", "Remove a sender", pattern_arguments, remove<b>, true},
    {"blacklist reset", "Remove all of them", owner_arguments, reset<b>, true},
};

constexpr Argument whose[] = {{"account", Type::text, "Its address", true}};
constexpr Argument whose_address[] = {{"account", Type::text, "Its address", true},
                                      {"address", Type::text, "Whom it knows", true}};
constexpr Argument confirm_arguments[] = {
    {"account", Type::text, "Its address", true},
    {"address", Type::text, "Who confirms", true},
    {"code", Type::text, "The code, with or without confirm- before it", true}};
constexpr Operation collected_operations[] = {
    {"collected list", "List the addresses that an account has met", whose, collected_list},
    {"collected add", "Add one; what of its mail waits for confirmation goes to INBOX", whose_address,
     collected_add, true},
    {"collected confirm",
     "Confirm one by the code that it was asked for; what of its mail waits for that goes to INBOX",
     confirm_arguments, collected_confirm, true},
    {"collected remove", "Remove one", whose_address, collected_remove, true},
};

}  // namespace

Chapter whitelist_chapter() {
    return {"whitelist", "Senders that are always accepted", white_operations};
}
Chapter blacklist_chapter() {
    return {"blacklist", "Senders that are not wanted", black_operations};
}
Chapter collected_chapter() {
    return {"collected", "Addresses that accounts have met", collected_operations};
}

}  // namespace postrider::admin
