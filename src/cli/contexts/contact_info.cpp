#include "cli/contexts/account_frame.h"
#include "cli/wire/layout.h"
#include "settings/table.h"
#include "settings/value.h"

/// How the owner of an account is reached.
namespace postrider::cli {
namespace {

struct ContactForm {
    std::string first_name, last_name, nick_name, personal_email, business_email, phone, mobile_phone,
        home_phone, business_phone, home_address, business_address, personal_voip_address, birthday,
        spouse_name, business_voip_address, company, department, office, position, profession, manager_name,
        assistant_name, website, yahoo_messenger_id, google_talk_id, live_messenger_address, icq_number,
        aol_screen_name, skype_id, title, middle_name, suffix, business_fax;
};

using F = ContactForm;
constexpr settings::Range length{0, 1024};
constexpr settings::Setting<F> rows[] = {
    {.name = "firstName", .field = settings::field<&F::first_name>, .range = length},
    {.name = "lastName", .field = settings::field<&F::last_name>, .range = length},
    {.name = "nickName", .field = settings::field<&F::nick_name>, .range = length},
    {.name = "personalEmail", .field = settings::field<&F::personal_email>, .range = length},
    {.name = "businessEmail", .field = settings::field<&F::business_email>, .range = length},
    {.name = "phone", .field = settings::field<&F::phone>, .range = length},
    {.name = "mobilePhone", .field = settings::field<&F::mobile_phone>, .range = length},
    {.name = "homePhone", .field = settings::field<&F::home_phone>, .range = length},
    {.name = "businessPhone", .field = settings::field<&F::business_phone>, .range = length},
    {.name = "homeAddress", .field = settings::field<&F::home_address>, .range = length},
    {.name = "businessAddress", .field = settings::field<&F::business_address>, .range = length},
    {.name = "personalVoIPAddress", .field = settings::field<&F::personal_voip_address>, .range = length},
    {.name = "birthday", .field = settings::field<&F::birthday>, .range = length},
    {.name = "spouseName", .field = settings::field<&F::spouse_name>, .range = length},
    {.name = "businessVoIPAddress", .field = settings::field<&F::business_voip_address>, .range = length},
    {.name = "company", .field = settings::field<&F::company>, .range = length},
    {.name = "department", .field = settings::field<&F::department>, .range = length},
    {.name = "office", .field = settings::field<&F::office>, .range = length},
    {.name = "position", .field = settings::field<&F::position>, .range = length},
    {.name = "profession", .field = settings::field<&F::profession>, .range = length},
    {.name = "managerName", .field = settings::field<&F::manager_name>, .range = length},
    {.name = "assistantName", .field = settings::field<&F::assistant_name>, .range = length},
    {.name = "website", .field = settings::field<&F::website>, .range = length},
    {.name = "yahooMessengerId", .field = settings::field<&F::yahoo_messenger_id>, .range = length},
    {.name = "googleTalkId", .field = settings::field<&F::google_talk_id>, .range = length},
    {.name = "liveMessengerAddress", .field = settings::field<&F::live_messenger_address>, .range = length},
    {.name = "icqNumber", .field = settings::field<&F::icq_number>, .range = length},
    {.name = "aolScreenName", .field = settings::field<&F::aol_screen_name>, .range = length},
    {.name = "skypeId", .field = settings::field<&F::skype_id>, .range = length},
    {.name = "title", .field = settings::field<&F::title>, .range = length},
    {.name = "middleName", .field = settings::field<&F::middle_name>, .range = length},
    {.name = "suffix", .field = settings::field<&F::suffix>, .range = length},
    {.name = "businessFax", .field = settings::field<&F::business_fax>, .range = length},
};
settings::TableOf<F> contact_table() {
    return {rows, "contactInfo", "Contact information."};
}

constexpr std::string_view notes = "contactNotes";

class ContactFrame final : public Frame {
public:
    ContactFrame(Shell& shell, AccountFrame& account)
        : Frame{shell, shell.tree().at("domain/account/ContactInfo")}, account_{account} {}

    std::string title() const override { return "the contact information of " + account_.title(); }
    void* values() override {
        shown_ = {};
        auto apply = [&](const std::string& name, const std::string& text) {
            for (const settings::Place& place : settings::open(contact_table(), &shown_))
                if (place.row.name == name)
                    *static_cast<std::string*>(place.row.field.member(place.object)) = text;
        };
        for (const auto& [name, text] : account_.contact()) apply(name, text);
        for (const auto& [name, text] : changes_) apply(name, text);
        return &shown_;
    }
    Step<> set(std::string_view attribute, const settings::Value& value) override {
        values();
        if (auto good = Frame::set(attribute, value); !good) return good;
        for (const AttributePlace& place : attribute_places(context_, &shown_))
            if (settings::same_name(place.row.name, attribute))
                changes_[std::string{place.row.name}] =
                    *static_cast<std::string*>(place.row.field.member(place.object));
        return {};
    }
    Step<> done() override {
        for (auto& [name, text] : changes_) account_.contact_pending[name] = text;
        return {};
    }
    Step<> reload() override {
        changes_.clear();
        return {};
    }
    std::string text_of_notes() {
        if (auto at = changes_.find(std::string{notes}); at != changes_.end()) return at->second;
        for (const auto& [name, text] : account_.contact())
            if (name == notes) return text;
        return {};
    }
    void set_notes(std::string text) { changes_[std::string{notes}] = std::move(text); }

private:
    AccountFrame& account_;
    ContactForm shown_;
    std::map<std::string, std::string> changes_;
};

Reply configure(Call& call) {
    call.shell.enter(std::make_unique<ContactFrame>(call.shell, static_cast<AccountFrame&>(call.frame)));
    return ok();
}

NamedValues named_values(AccountFrame& account) {
    ContactFrame frame{account.shell(), account};
    NamedValues values;
    for (const AttributePlace& place : attribute_places(frame.context(), frame.values()))
        values.emplace_back(place.row.name, shown_value(place.row, place.object));
    return values;
}

Reply show(Call& call) {
    return ok(attributes("the contact information", named_values(static_cast<AccountFrame&>(call.frame))));
}

Reply set_notes(Call& call) {
    constexpr std::size_t longest = 4096;
    auto& frame = static_cast<ContactFrame&>(call.frame);
    call.shell.read_text([&frame](std::string text) {
        if (text.size() > longest) return error("contactNotes has at most 4096 octets");
        if (text.ends_with("\r\n")) text.resize(text.size() - 2);
        frame.set_notes(std::move(text));
        return ok();
    });
    Reply reply = ok();
    reply.text = "send the text, and a line with the end sequence";
    return reply;
}

Reply show_notes(Call& call) {
    return ok(lines_of(static_cast<ContactFrame&>(call.frame).text_of_notes()));
}

}  // namespace

std::vector<Command> contact_commands() {
    return {
        {"CONFIG ContactInfo", "Go to its contact information", configure,
         on_domain("manageAccountsContactInformation")},
        {"SHOW ContactInfo", "Its contact information", show},
    };
}

std::vector<Context> contact_branch() {
    Context contact;
    contact.path = "domain/account/ContactInfo";
    contact.prompt = "domain-account-contactInfo";
    contact.exit = Exit::done;
    contact.help = "How the owner of an account is reached";
    contact.attributes = contact_table();
    contact.need = on_domain("manageAccountsContactInformation");
    contact.commands = {
        {"ESET contactNotes", "Notes of several lines", set_notes,
         on_domain("manageAccountsContactInformation")},
        {"SHOW contactNotes", "The notes", show_notes},
    };
    std::vector<Context> all;
    all.push_back(std::move(contact));
    return all;
}

}  // namespace postrider::cli
