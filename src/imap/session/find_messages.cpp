#include "imap/service.h"
#include "imap/session/search_program.h"

namespace postrider::imap {

mailstore::Result<mailstore::UidSet> find_messages(mailstore::Account& account, mailstore::FolderView& folder,
                                                   std::string_view criteria, const Clock& clock,
                                                   index::Index* full_text) {
    using mailstore::MailError;
    if (auto wrong = wrong_search_criteria(criteria))
        return std::unexpected(mailstore::Failure{MailError::bad_name, *wrong});
    Cursor in{criteria};
    auto parsed = search_keys(in);
    auto keys = in.finish(std::move(parsed));
    Client::Progress progress;
    auto program = SearchProgram::compile(*keys, folder.info(), account.id(), clock, full_text, progress);
    if (!program)
        return std::unexpected(mailstore::Failure{MailError::bad_name, "The search cannot be run here"});
    auto there = folder.uids();
    if (!there) return std::unexpected(there.error());
    return program->matching(folder, *there);
}

}  // namespace postrider::imap
