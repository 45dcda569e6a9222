// The XMPP server by which people are told of their mail.

#include "admin/chapters.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

Result show_xmpp(Context& context, const Arguments&, const Progress&) {
    const auto state = context.xmpp_state ? context.xmpp_state() : XmppState{};
    return Json{{"configured", state.configured},
                {"connected", state.connected},
                {"waiting", state.waiting},
                {"trouble", state.trouble}};
}

Result check_xmpp(Context& context, const Arguments&, const Progress&) {
    const std::string trouble = context.check_xmpp ? context.check_xmpp() : "no server runs";
    return Json{{"works", trouble.empty()}, {"trouble", trouble}};
}

constexpr Operation operations[] = {
    {"xmpp show",
     "Show the connection to the XMPP server: notices that wait, and the last trouble",
     {},
     show_xmpp,
     true},
    {"xmpp check", "Log in at the XMPP server that the settings name, and leave again", {}, check_xmpp, true},
};

}  // namespace

Chapter xmpp_chapter() {
    return {"xmpp", "Telling people of their mail by XMPP", operations};
}

}  // namespace postrider::admin
