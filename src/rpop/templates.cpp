#include "rpop/templates.h"

#include "text/ascii.h"

namespace postrider::rpop {
namespace {

constexpr auto tls = Security::implicit;
constexpr auto pop3 = Protocol::pop3;
constexpr auto imap = Protocol::imap;
constexpr std::string_view app_password = "needs an app password";
constexpr std::string_view oauth = "many accounts there allow OAuth only, which is not built";
constexpr std::string_view switch_on = "switch it on in the settings there";

constexpr Template all[] = {
    {"gmail", imap, "imap.gmail.com", tls, 993, app_password},
    {"gmail", pop3, "pop.gmail.com", tls, 995, app_password},
    {"outlook", imap, "outlook.office365.com", tls, 993, oauth},
    {"outlook", pop3, "outlook.office365.com", tls, 995, oauth},
    {"office365", imap, "outlook.office365.com", tls, 993, oauth},
    {"office365", pop3, "outlook.office365.com", tls, 995, oauth},
    {"yahoo", imap, "imap.mail.yahoo.com", tls, 993, app_password},
    {"yahoo", pop3, "pop.mail.yahoo.com", tls, 995, app_password},
    {"aol", imap, "imap.aol.com", tls, 993, app_password},
    {"aol", pop3, "pop.aol.com", tls, 995, app_password},
    {"icloud", imap, "imap.mail.me.com", tls, 993, app_password},
    {"gmx", imap, "imap.gmx.net", tls, 993, switch_on},
    {"gmx", pop3, "pop.gmx.net", tls, 995, switch_on},
    {"web.de", imap, "imap.web.de", tls, 993, switch_on},
    {"web.de", pop3, "pop3.web.de", tls, 995, switch_on},
    {"fastmail", imap, "imap.fastmail.com", tls, 993, app_password},
    {"fastmail", pop3, "pop.fastmail.com", tls, 995, app_password},
    {"zoho", imap, "imap.zoho.com", tls, 993, switch_on},
    {"zoho", pop3, "pop.zoho.com", tls, 995, switch_on},
    {"yandex", imap, "imap.yandex.com", tls, 993, app_password},
    {"yandex", pop3, "pop.yandex.com", tls, 995, app_password},
    {"mail.ru", imap, "imap.mail.ru", tls, 993, app_password},
    {"mail.ru", pop3, "pop.mail.ru", tls, 995, app_password},
    {"ionos", imap, "imap.ionos.com", tls, 993, ""},
    {"ionos", pop3, "pop.ionos.com", tls, 995, ""},
};

}  // namespace

std::span<const Template> templates() {
    return all;
}

const Template* find_template(std::string_view name, std::optional<Protocol> protocol) {
    for (const Template& one : all)
        if (text::equal_ci(one.name, name) && (!protocol || one.protocol == *protocol)) return &one;
    return nullptr;
}

}  // namespace postrider::rpop
