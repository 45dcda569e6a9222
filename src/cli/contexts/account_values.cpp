#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/folder_quotas.h"
#include "cli/wire/layout.h"
#include "settings/table.h"
#include "settings/value.h"

/// Quotas, limits and restrictions of accounts, classes and domains: rows of one table, each in its context.
namespace postrider::cli {
namespace {

using settings::AccountSettings;
using settings::Kind;

constexpr std::string_view quotas[] = {"mboxCount",
                                       "totalMessageCount",
                                       "totalMessageSize",
                                       "messageCount",
                                       "messageSize",
                                       "quotaLimitThreshold",
                                       "quotaLimitNotificationInterval",
                                       "quotaLimitNotificationFileName",
                                       "quotaLimitNotificationEnabled",
                                       "quotaLimitNotificationSubject",
                                       "quotaLimitNotificationBody",
                                       "quotaLimitPushNotificationEnabled",
                                       "quotaSendMessageThreshold",
                                       "filteredEmailSizeQuota",
                                       "filteredEmailCountQuota",
                                       "autopurgeAgeLimit",
                                       "autopurgeFolders"};
constexpr std::string_view restrictions[] = {"enableSendRestrictions", "sendPolicy", "sendPolicyExceptions",
                                             "enableRecvRestrictions", "recvPolicy", "recvPolicyExceptions"};

bool among(std::span<const std::string_view> names, std::string_view name) {
    return std::ranges::any_of(names, [&](std::string_view one) { return settings::same_name(one, name); });
}
bool is_quota(std::string_view name) {
    return among(quotas, name);
}
bool is_restriction(std::string_view name) {
    return among(restrictions, name);
}
bool is_limit(std::string_view name) {
    return !is_quota(name) && !is_restriction(name);
}

}  // namespace

void apply_changes(const ValueChanges& changes, settings::AccountSettings above,
                   settings::AccountSettings& to) {
    const auto here = settings::open(settings::account_table(), &to);
    const auto there = settings::open(settings::account_table(), &above);
    for (const auto& [attribute, text] : changes) {
        const settings::Place* target = settings::find(here, attribute);
        const settings::Place* from = settings::find(there, attribute);
        if (target == nullptr || from == nullptr) continue;
        // Both were checked when they were set.
        if (text)
            (void)settings::set_value(target->row, target->object, std::string_view{*text});
        else
            (void)settings::set_value(target->row, target->object,
                                      settings::get_value(from->row, from->object));
    }
}

namespace {

class ValuesFrame : public Frame {
public:
    ValuesFrame(Shell& shell, const Context& context, ValuesLevel level)
        : Frame{shell, context}, level_{std::move(level)} {}

    std::string title() const override { return level_.title; }
    const std::string& account() const { return level_.account; }

    void* values() override {
        shown_ = level_.now();
        apply(*level_.pending);
        apply(changes_);
        return &shown_;
    }
    Step<> set(std::string_view attribute, const settings::Value& value) override {
        values();
        if (auto good = Frame::set(attribute, value); !good) return good;
        for (const AttributePlace& place : attribute_places(context_, &shown_))
            if (settings::same_name(place.row.name, attribute))
                changes_[std::string{place.row.name}] =
                    settings::print_value(settings::get_value(place.row, place.object));
        return {};
    }
    Step<> inherit(std::string_view attribute) override {
        changes_[std::string{attribute}] = std::nullopt;
        return {};
    }
    Step<> done() override {
        for (auto& [attribute, text] : changes_) (*level_.pending)[attribute] = text;
        return {};
    }
    Step<> reload() override {
        changes_.clear();
        return {};
    }

protected:
    const AccountSettings& shown() {
        values();
        return shown_;
    }

private:
    void apply(const ValueChanges& changes) {
        if (!changes.empty()) apply_changes(changes, level_.inherited(), shown_);
    }

    ValuesLevel level_;
    AccountSettings shown_;
    ValueChanges changes_;
};

class AccountQuotasFrame final : public ValuesFrame, public FolderQuotaHolder {
public:
    AccountQuotasFrame(Shell& shell, ValuesLevel values, FolderQuotasLevel folders)
        : ValuesFrame{shell, shell.tree().at("domain/account/Quotas"), std::move(values)},
          folders_{std::move(folders)} {}

    Step<> done() override {
        for (auto& [folder, quota] : edits) (*folders_.pending)[folder] = quota;
        return ValuesFrame::done();
    }
    Step<> reload() override {
        edits.clear();
        return ValuesFrame::reload();
    }
    Step<std::shared_ptr<mailstore::Account>> folder_owner() override { return folders_.owner(); }
    directory::FolderQuota each_folder() override { return {shown().message_size_kb, shown().message_count}; }
    const FolderQuotaEdits& edits_below() const override { return *folders_.pending; }

private:
    FolderQuotasLevel folders_;
};

/// The list that a command is about, as it is now.
std::vector<std::string> list_of(Frame& frame, const std::string& row) {
    for (const AttributePlace& place : attribute_places(frame.context(), frame.values()))
        if (place.row.name == row)
            return *static_cast<std::vector<std::string>*>(place.row.field.member(place.object));
    return {};
}

Step<> set_list(Frame& frame, const std::string& row, const std::vector<std::string>& texts) {
    settings::Value value;
    value.shape = settings::Value::Shape::words;
    for (const std::string& text : texts) value.words.push_back({text, 0});
    return frame.set(row, value);
}

Reply list_values(Call& call) {
    return ok(simple_list(call.subject, list_of(call.frame, call.subject)));
}

Reply add_value(Call& call) {
    auto texts = list_of(call.frame, call.subject);
    if (std::ranges::find(texts, call.given.text("value")) != texts.end())
        return error("that is in the list already");
    texts.push_back(call.given.text("value"));
    if (auto done = set_list(call.frame, call.subject, texts); !done) return error(done.error());
    return ok();
}

Reply remove_value(Call& call) {
    auto texts = list_of(call.frame, call.subject);
    if (std::erase(texts, call.given.text("value")) == 0) return error("that is not in the list");
    if (auto done = set_list(call.frame, call.subject, texts); !done) return error(done.error());
    return ok();
}

/// What an account has sent in its interval: the operations know.
Reply send_quota(Call& call) {
    const std::string& account = static_cast<ValuesFrame&>(call.frame).account();
    if (account.empty()) return error("the account is made by COMMIT; until then it has sent nothing");
    auto result = admin::run(call.shell.admin(), call.subject, admin::Json{{"account", account}},
                             [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    if (result->empty()) return ok();
    NamedValues values;
    for (const auto& [name, value] : result->items())
        values.emplace_back(name, value.is_string() ? value.get<std::string>() : value.dump());
    return ok(attributes("the send quota", values));
}

Context values_context(std::string path, std::string prompt, std::string help,
                       bool (*shown)(std::string_view), Need need) {
    Context context;
    context.path = std::move(path);
    context.prompt = std::move(prompt);
    context.exit = Exit::done;
    context.help = std::move(help);
    context.attributes = settings::account_table();
    context.shown = shown;
    context.need = need;
    for (const AttributePlace& place : attribute_places(context, nullptr)) {
        if (place.row.field.kind != Kind::text_list) continue;
        std::string name{place.row.name};
        // The lists' commands name one member ("sendPolicyException") or the list.
        std::string either = name.ends_with('s') ? name.substr(0, name.size() - 1) + "|" + name : name;
        context.commands.push_back({"LIST " + name, std::string{place.row.help}, list_values, {}, name});
        context.commands.push_back(
            {fmt::format("ADD {} <value>", either), "Put one into the list", add_value, need, name});
        context.commands.push_back(
            {fmt::format("REMOVE {} <value>", either), "Take one out of the list", remove_value, need, name});
    }
    return context;
}

}  // namespace

std::vector<Context> account_values_branch() {
    const Need quota = on_domain("manageFoldersQuotas"), limit = on_domain("manageAccountServices"),
               restriction = on_domain("manageSendReceiveRestrictions");
    std::vector<Context> all;
    for (std::string of : {"account", "accountClass"}) {
        std::string path = "domain/" + of + "/", prompt = "domain-" + of + "-";
        all.push_back(
            values_context(path + "Quotas", prompt + "quotas", "What it may hold", is_quota, quota));
        if (of == "account") add_folder_quota_commands(all.back(), quota);
        all.push_back(values_context(path + "Limits", prompt + "limits", "What it may use", is_limit, limit));
        if (of == "account") {
            all.back().commands.push_back({"SHOW sendQuota",
                                           "What it has sent in its interval",
                                           send_quota,
                                           {},
                                           "account send-quota show"});
            all.back().commands.push_back({"RESET sendQuota", "Forget what it has sent", send_quota, limit,
                                           "account send-quota reset"});
        }
        all.push_back(values_context(path + "SendRecvRestrictions", prompt + "sendRecvRestrictions",
                                     "With whom it may exchange mail", is_restriction, restriction));
    }
    all.push_back(values_context("domain/accountDefaultQuotas", "domain-accountDefaultQuotas",
                                 "What accounts may hold unless they say otherwise", is_quota, quota));
    all.push_back(values_context("domain/accountDefaultLimits", "domain-accountDefaultLimits",
                                 "What accounts may use unless they say otherwise", is_limit, limit));
    all.push_back(values_context(
        "domain/accountDefaultSendRecvRestrictions", "domain-accountDefaultSendRecvRestrictions",
        "With whom accounts may exchange mail unless they say otherwise", is_restriction, restriction));
    return all;
}

std::unique_ptr<Frame> make_account_quotas_frame(Shell& shell, ValuesLevel values,
                                                 FolderQuotasLevel folders) {
    return std::make_unique<AccountQuotasFrame>(shell, std::move(values), std::move(folders));
}

std::unique_ptr<Frame> make_values_frame(Shell& shell, const Context& context, ValuesLevel level) {
    return std::make_unique<ValuesFrame>(shell, context, std::move(level));
}

}  // namespace postrider::cli
