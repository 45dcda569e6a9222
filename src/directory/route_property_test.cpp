#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "directory/names.h"
#include "directory/test_directory.h"

namespace postrider::directory {
namespace {

/// What route() must say, kept beside the directory in the plainest way.
struct Model {
    struct Object {
        AccountId id;
        ObjectKind kind = ObjectKind::account;
        bool enabled = true;
        std::vector<std::string> names;  // folded; the first is the name, the others aliases
    };
    std::vector<Object> objects;
    bool enabled = true;
    std::string catch_all;  // folded name, "" = none

    Object* find(std::string_view folded) {
        for (Object& object : objects)
            if (std::find(object.names.begin(), object.names.end(), folded) != object.names.end())
                return &object;
        return nullptr;
    }

    std::string route(std::string_view local) {
        if (!enabled) return "disabled";
        std::string_view base = local.substr(0, local.find('+'));
        std::string_view detail =
            base.size() == local.size() ? std::string_view{} : local.substr(base.size() + 1);
        Object* object = find(fold_local(base));
        bool postmaster = fold_local(base) == fold_local("postmaster");
        if (object == nullptr) {
            object = catch_all.empty() ? nullptr : find(catch_all);
            detail = {};
            if (object == nullptr || object->kind != ObjectKind::account) return "unknown";
        }
        if (!object->enabled && !postmaster) return "disabled";
        std::string id = std::to_string(object->id.value());
        if (object->kind == ObjectKind::account) return "mailbox " + id + " " + std::string{detail};
        return object->kind == ObjectKind::folder_recipient ? "folder" : "expansion " + id;
    }
};

std::string told(const Route& route) {
    if (auto* box = std::get_if<Mailbox>(&route))
        return "mailbox " + std::to_string(box->account->id.value()) + " " + box->folder;
    if (auto* group = std::get_if<Expansion>(&route))
        return "expansion " + std::to_string(group->group.value());
    if (std::holds_alternative<PublicFolder>(route)) return "folder";
    if (std::holds_alternative<Disabled>(route)) return "disabled";
    if (std::holds_alternative<Unknown>(route)) return "unknown";
    return "something else";
}

/// Random changes, by names that often collide; after each, every name must be routed as the model says. The
/// caches are so small that entries come and go.
TEST(RouteProperty, AgreesWithAPlainModelAfterAnyChange) {
    Options options;
    options.cached_names = 8;
    TestDirectory t{options};
    Directory& d = *t.directory;
    Model model;
    model.objects.push_back(
        {d.domain(t.domain)->postmaster, ObjectKind::account, true, {fold_local("postmaster")}});

    const std::vector<std::string> pool{"a",      "A",       "b",        "bob",      "BOB",
                                        "straße", "STRASSE", "Ängström", "ängström", "postmaster"};
    std::mt19937 random{20261120};
    auto pick = [&](std::size_t bound) { return random() % bound; };
    auto pool_name = [&] { return pool[pick(pool.size())]; };

    for (int round = 0; round < 2000; ++round) {
        std::string name = pool_name(), folded = fold_local(name);
        Model::Object& some = model.objects[pick(model.objects.size())];
        bool is_account = some.kind == ObjectKind::account;
        bool is_postmaster = some.id == d.domain(t.domain)->postmaster;
        bool free = model.find(folded) == nullptr;
        switch (pick(8)) {
            case 0: {
                NewAccount account;
                account.name = name;
                auto made = d.create_account(t.domain, account);
                ASSERT_EQ(made.has_value(), free) << name;
                if (made) model.objects.push_back({*made, ObjectKind::account, true, {folded}});
                break;
            }
            case 1: {
                auto kind = pick(2) == 0 ? ObjectKind::group : ObjectKind::forwarder;
                auto made = d.create_group(t.domain, name, kind);
                ASSERT_EQ(made.has_value(), free) << name;
                if (made) model.objects.push_back({*made, kind, true, {folded}});
                break;
            }
            case 2: {
                auto made = d.create_folder_recipient(t.domain, name, "News");
                ASSERT_EQ(made.has_value(), free) << name;
                if (made) model.objects.push_back({*made, ObjectKind::folder_recipient, true, {folded}});
                break;
            }
            case 3: {
                auto done = is_account ? d.delete_account(some.id) : d.delete_object(some.id);
                ASSERT_EQ(done.has_value(), !is_postmaster);
                if (done) {
                    AccountId gone = some.id;
                    std::erase_if(model.objects,
                                  [&](const Model::Object& object) { return object.id == gone; });
                }
                break;
            }
            case 4: {
                auto done =
                    is_account ? d.add_account_alias(some.id, name) : d.add_object_alias(some.id, name);
                ASSERT_EQ(done.has_value(), free) << name;
                if (done) some.names.push_back(folded);
                break;
            }
            case 5: {
                bool own = std::find(some.names.begin(), some.names.end(), folded) != some.names.end();
                auto done = is_account ? d.rename_account(some.id, name) : d.rename_object(some.id, name);
                ASSERT_EQ(done.has_value(), !is_postmaster && (free || own)) << name;
                if (done) {
                    if (is_account && model.catch_all == some.names[0]) model.catch_all = folded;
                    some.names.erase(some.names.begin());
                    std::erase(some.names, folded);
                    some.names.insert(some.names.begin(), folded);
                }
                break;
            }
            case 6: {
                bool on = pick(2) == 0;
                auto done = is_account ? d.change_account(some.id, {.enabled = on})
                                       : d.change_object(some.id, {.enabled = on});
                ASSERT_TRUE(done);
                some.enabled = on;
                break;
            }
            case 7: {
                if (pick(4) == 0) {
                    model.enabled = !model.enabled;
                    ASSERT_TRUE(d.change_domain(t.domain, {.enabled = model.enabled}));
                    break;
                }
                Model::Object* target = model.find(folded);
                bool can = target != nullptr && target->kind == ObjectKind::account;
                ASSERT_EQ(d.set_catch_all(t.domain, Domain::CatchAll::account, name).has_value(), can);
                if (can) model.catch_all = folded;
                break;
            }
        }
        for (const std::string& local : pool)
            for (const char* detail : {"", "+x/Y"}) {
                std::string address = local + detail;
                ASSERT_EQ(told(d.route({address, "example.org"})), model.route(address))
                    << address << " in round " << round;
            }
    }
}

}  // namespace
}  // namespace postrider::directory
