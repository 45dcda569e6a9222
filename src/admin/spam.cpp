// The built-in statistical filter: what it has learned, and what it would say.

#include <fstream>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/anti_spam.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

std::expected<filter::SpamFilter*, Error> spam_filter(Context& context) {
    if (context.anti_spam == nullptr) return fail(Kind::not_running, "needs a running server");
    return &context.anti_spam->spam();
}

/// 0: the server's counts.
std::expected<AccountId, Error> account_of(Context& context, const Arguments& arguments) {
    if (!arguments.has("account")) return AccountId{};
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    return (*account)->id;
}

std::expected<std::string, Error> read_message(const std::string& path) {
    constexpr std::size_t most = 50u << 20;
    std::ifstream in{path, std::ios::binary};
    if (!in) return fail(Kind::not_found, path + " cannot be read");
    std::string text(most + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > most) return fail(Kind::bad_value, path + " is larger than 50 MB");
    return text;
}

Json status_json(const filter::SpamFilter::Status& status) {
    return Json{{"spam_messages", status.spam},
                {"wanted_messages", status.ham},
                {"features", status.used},
                {"room_for", status.slots}};
}

Result status(Context& context, const Arguments& arguments, const Progress&) {
    auto filter = spam_filter(context);
    if (!filter) return std::unexpected(filter.error());
    auto account = account_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    return status_json((*filter)->status(*account));
}

Result learn_folder(Context& context, filter::SpamFilter& filter, AccountId account, const std::string& path,
                    filter::MailClass as, const Progress& progress) {
    auto box = need(mailstore::open_or_create(context.store, account));
    if (!box) return std::unexpected(box.error());
    auto folder = need((*box)->folder(path));
    if (!folder) return std::unexpected(folder.error());
    auto view = need((*box)->view(folder->id));
    if (!view) return std::unexpected(view.error());
    std::uint64_t looked = 0, learned = 0;
    auto walked = need((*view)->each_item({{Uid{1}, Uid{0xffffffff}}}, [&](const mailstore::Item& item) {
        auto message = (*view)->message(item);
        if (message && filter.sorted(account, item.email_id, filter::features_of(*message), as)) ++learned;
        if (++looked % 100 == 0)
            progress(path, static_cast<int>(
                               std::min<std::uint64_t>(100, looked * 100 / std::max(folder->messages, 1u))));
        return true;
    }));
    if (!walked) return std::unexpected(walked.error());
    return Json{{"messages", looked}, {"learned", learned}};
}

Result learn(Context& context, const Arguments& arguments, const Progress& progress) {
    auto filter = spam_filter(context);
    if (!filter) return std::unexpected(filter.error());
    auto account = account_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    const std::string word = arguments.text("class");
    if (word != "spam" && word != "wanted") return fail(Kind::bad_value, "class: spam or wanted");
    const auto as = word == "spam" ? filter::MailClass::spam : filter::MailClass::ham;
    if (arguments.has("folder")) {
        if (*account == AccountId{}) return fail(Kind::usage, "spam learn: a folder needs its account");
        return learn_folder(context, **filter, *account, arguments.text("folder"), as, progress);
    }
    const auto files = arguments.list("file");
    if (files.empty()) return fail(Kind::usage, "spam learn: files, or the folder of an account");
    std::uint64_t learned = 0;
    for (const std::string& file : files) {
        auto message = read_message(file);
        if (!message) return std::unexpected(message.error());
        (*filter)->learn(filter::features_of(*message), as, *account);
        ++learned;
    }
    (*filter)->flush();
    return Json{{"messages", files.size()}, {"learned", learned}};
}

Result test(Context& context, const Arguments& arguments, const Progress&) {
    auto filter = spam_filter(context);
    if (!filter) return std::unexpected(filter.error());
    auto account = account_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto message = read_message(arguments.text("file"));
    if (!message) return std::unexpected(message.error());
    const filter::SpamVerdict verdict = (*filter)->judge(*message, *account, {});
    Json signs = Json::array();
    for (const filter::Sign& sign : verdict.signs)
        signs.push_back(Json{{"sign", sign.name}, {"weight", sign.weight}});
    return Json{{"level", verdict.level},
                {"learned_score", verdict.learned.score},
                {"confidence", verdict.learned.confidence},
                {"evidence", verdict.learned.evidence},
                {"signs", std::move(signs)}};
}

Result reset(Context& context, const Arguments& arguments, const Progress&) {
    auto filter = spam_filter(context);
    if (!filter) return std::unexpected(filter.error());
    auto account = account_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    if (auto ok = (*filter)->reset(*account); !ok) return fail(Kind::storage, ok.error().what);
    return done();
}

constexpr Argument the_account{"account", Type::text, "For that account alone [the server]"};
constexpr Argument account_arguments[] = {the_account};
constexpr Argument learn_arguments[] = {
    {"class", Type::text, "spam or wanted", true},
    the_account,
    {"folder", Type::text, "All messages of a folder of the account"},
    {"file", Type::list, "Messages in files of the server's machine, absolute paths"}};
constexpr Argument test_arguments[] = {
    {"file", Type::path, "A message in a file of the server's machine", true}, the_account};

constexpr Operation operations[] = {
    {"spam status", "Show how much the spam filter has learned", account_arguments, status},
    {"spam learn", "Teach the spam filter from files or a folder", learn_arguments, learn, true},
    {"spam test", "Show what the spam filter thinks of a message, and why", test_arguments, test},
    {"spam reset", "Forget all that the spam filter has learned", account_arguments, reset, true},
};

}  // namespace

Chapter spam_chapter() {
    return {"spam", "The built-in spam filter", operations};
}

}  // namespace postrider::admin
