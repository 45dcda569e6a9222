#include "migration/importer.h"

#include <openssl/evp.h>

#include <algorithm>
#include <unordered_map>

#include "base/codec.h"
#include "mailstore/names.h"

namespace postrider::migration {
namespace {

using mailstore::Account;
using mailstore::MailError;

constexpr std::size_t batch_messages = 64;
constexpr std::size_t batch_bytes = 8u << 20;
/// Damage must not make a folder believe that it has given out nearly all UIDs there are.
constexpr std::uint32_t highest_kept_uid = 0xf000'0000;

std::string sha256(std::initializer_list<std::string_view> parts) {
    std::string digest(32, '\0');
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(context, EVP_sha256(), nullptr);
    for (std::string_view part : parts) EVP_DigestUpdate(context, part.data(), part.size());
    EVP_DigestFinal_ex(context, reinterpret_cast<unsigned char*>(digest.data()), nullptr);
    EVP_MD_CTX_free(context);
    return digest;
}

class Import {
public:
    Import(Source& source, Account* account, const ImportOptions& options, const OnImported& progress)
        : source_{source}, account_{account}, options_{options}, progress_{progress} {}

    mailstore::Result<ImportReport> run() {
        auto found = source_.folders(on_problem_);
        if (!found) return std::unexpected(mailstore::Failure{MailError::storage, found.error()});
        for (const FoundFolder& one : *found) expected_ += one.messages;
        for (FoundFolder& one : *found)
            if (auto ok = folder(one); !ok) return std::unexpected(ok.error());
        return std::move(report_);
    }

private:
    mailstore::Result<> folder(FoundFolder& found) {
        std::string path = options_.into.empty() ? found.path : options_.into + '/' + found.path;
        progress_(path, done_, std::max(expected_, done_));
        source_.look(found, on_problem_);
        bool keeps_uids = false;
        mailstore::FolderInfo target;
        if (!options_.dry_run) {
            auto made = open(path);
            // A possible name that is refused all the same stands for what is not the account's own.
            if (!made && made.error().kind == MailError::bad_name && mailstore::normal_path(path)) {
                path.insert(std::min(path.find('/'), path.size()), "_");
                problem({found.place, 0, made.error().what + ": imported as " + path});
                made = open(path);
            }
            if (!made && made.error().kind == MailError::bad_name) {
                problem({found.place, 0, "its name is not possible here: " + made.error().what});
                return {};
            }
            if (!made) return std::unexpected(made.error());
            target = std::move(*made);
            keeps_uids = found.uid_validity == 0;  // at least their order, with the gaps
            if (found.uid_validity != 0) {
                auto adopted = account_->adopt_uids(target.id, found.uid_validity, Uid{1});
                if (!adopted) return std::unexpected(adopted.error());
                keeps_uids = adopted->uid_validity == found.uid_validity;
            }
            if (found.subscribed && !target.subscribed)
                if (auto ok = account_->subscribe(path, true);
                    !ok && ok.error().kind != MailError::over_quota)
                    return ok;
        }
        ++report_.folders;
        seen_.clear();
        mailstore::Result<> outcome;
        source_.read(
            found,
            [&](FoundMessage&& message) {
                outcome = take(path, target.id, keeps_uids, std::move(message));
                if (++done_ % 64 == 0) progress_(path, done_, std::max(expected_, done_));
                return outcome.has_value();
            },
            on_problem_);
        if (!outcome) return outcome;
        if (auto ok = flush(target.id); !ok) return ok;
        if (keeps_uids && found.uid_validity != 0 && found.uid_next < highest_kept_uid)
            if (auto ok = account_->adopt_uids(target.id, found.uid_validity, Uid{found.uid_next}); !ok)
                return std::unexpected(ok.error());
        return {};
    }

    mailstore::Result<mailstore::FolderInfo> open(const std::string& path) {
        auto there = account_->folder(path);
        if (there && there->selectable) return there;
        auto made = account_->create_folder(path);
        if (!made && made.error().kind == MailError::exists) return account_->folder(path);
        return made;
    }

    mailstore::Result<> take(const std::string& path, FolderId target, bool keeps_uids,
                             FoundMessage&& message) {
        // The same octets twice in a folder are two messages: the second is known by its number.
        const std::string digest = sha256({message.octets});
        const std::uint32_t copy = seen_[Decoder{digest}.be<std::uint64_t>()]++;
        std::string mark = sha256({path, std::string_view{"\0", 1}, digest, std::to_string(copy)});
        if (!options_.again && account_ != nullptr) {
            auto known = account_->has_import_mark(mark);
            if (!known) return std::unexpected(known.error());
            if (*known) {
                ++report_.present;
                return {};
            }
        }
        if (options_.dry_run) {
            ++report_.messages;
            report_.bytes += message.octets.size();
            return {};
        }
        Account::NewItem item;
        item.flags = message.flags;
        item.keywords = std::move(message.keywords);
        std::erase_if(item.keywords, [](const std::string& one) { return one.starts_with('\\'); });
        if (message.internal_date) item.internal_date = Time{std::chrono::seconds{*message.internal_date}};
        if (keeps_uids && message.uid < highest_kept_uid) item.uid = Uid{message.uid};
        if (!options_.again) item.mark = std::move(mark);
        waiting_bytes_ += message.octets.size();
        item.payload = std::move(message.octets);
        waiting_.push_back(std::move(item));
        where_.push_back(std::move(message.where));
        if (waiting_.size() < batch_messages && waiting_bytes_ < batch_bytes) return {};
        return flush(target);
    }

    mailstore::Result<> flush(FolderId target) {
        if (waiting_.empty()) return {};
        auto done = account_->append(target, waiting_);
        // One impossible keyword, or one too many, is no reason to lose the others: each by itself, then
        // without keywords.
        if (!done && done.error().kind == MailError::too_many_keywords) {
            for (std::size_t i = 0; i < waiting_.size(); ++i) {
                done = account_->append(target, {waiting_[i]});
                if (!done && done.error().kind == MailError::too_many_keywords) {
                    problem({where_[i], 0, "its keywords are not possible here: imported without"});
                    waiting_[i].keywords.clear();
                    done = account_->append(target, {waiting_[i]});
                }
                if (!done) return std::unexpected(done.error());
                count(i, 1, *done);
            }
        } else if (!done) {
            return std::unexpected(done.error());
        } else {
            count(0, waiting_.size(), *done);
        }
        waiting_.clear();
        where_.clear();
        waiting_bytes_ = 0;
        return {};
    }

    void count(std::size_t first, std::size_t many, const Account::Appended& appended) {
        for (std::size_t i = 0; i < many; ++i) {
            const Account::NewItem& item = waiting_[first + i];
            if (i < appended.uids.size() && appended.uids[i] == Uid{}) {  // by another run at the same time
                ++report_.present;
                continue;
            }
            ++report_.messages;
            report_.bytes += item.payload.size();
            report_.uids_kept +=
                item.uid.value() != 0 && i < appended.uids.size() && appended.uids[i] == item.uid;
        }
    }

    void problem(Problem one) {
        ++report_.problems;
        if (report_.first_problems.size() < max_problems) report_.first_problems.push_back(std::move(one));
    }

    Source& source_;
    Account* account_;
    const ImportOptions& options_;
    const OnImported& progress_;
    const OnProblem on_problem_ = [this](Problem one) { problem(std::move(one)); };
    ImportReport report_;
    std::uint64_t expected_ = 0, done_ = 0;
    std::unordered_map<std::uint64_t, std::uint32_t> seen_;  ///< how often each digest came in this folder
    std::vector<Account::NewItem> waiting_;
    std::vector<std::string> where_;
    std::size_t waiting_bytes_ = 0;
};

}  // namespace

mailstore::Result<ImportReport> import_mail(Source& source, Account* account, const ImportOptions& options,
                                            const OnImported& progress) {
    return Import{source, account, options, progress}.run();
}

}  // namespace postrider::migration
