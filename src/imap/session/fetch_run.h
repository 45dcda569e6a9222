#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "imap/session/client.h"
#include "imap/wire/fetch.h"
#include "mime/section.h"

namespace postrider::imap {

/// What a section of a FETCH is called in mime/.
mime::Section::What section_kind(FetchSection::What what);

/// One FETCH, made in pieces so that a large answer needs little memory and can be sent while the next piece
/// is made. Runs on workers.
class FetchRun {
public:
    FetchRun(Client& client, FetchArgs args, bool uid)
        : client_{client}, args_{std::move(args)}, by_uid_{uid} {}

    /// A command of the client's: RFC 9738 holds for it. To be called before begin().
    void limit() { limited_ = true; }

    /// A view of the folder as it is now, instead of one made by begin().
    void use(std::unique_ptr<mailstore::FolderView> view) { view_ = std::move(view); }
    /// After the last more(), for another one.
    std::unique_ptr<mailstore::FolderView> give_back() { return std::move(view_); }

    /// Finds the messages and sets \Seen where the sections ask for it; a reply when that failed.
    std::optional<Reply> begin();
    /// Appends answers to Client::out until it holds `octets` or all is said; true when there is more.
    bool more(std::size_t octets);
    Reply end();
    const UidSet& rest() const { return rest_; }  ///< not answered yet

private:
    using Item = mailstore::Item;

    std::optional<Reply> keep_newest(UidSet& uids);
    std::optional<Reply> narrow(UidSet& uids);
    std::optional<Reply> mark_seen(const UidSet& uids);
    void put_message(const Item& item, std::string_view description);
    std::uint16_t items_of(const Item& item) const;
    void put_beginning(std::uint32_t number, std::uint16_t items, const Item& item);
    void put_items(std::uint16_t items, const Item& item, std::string_view description);
    void put_summary(std::uint16_t items, const Item& item, std::string_view description);
    void put_structures(std::uint16_t items, std::string_view envelope, std::string_view body_structure,
                        std::string_view body);
    void put_section(const FetchSection& section, std::size_t index, const Item& item);
    const std::string& message(const Item& item);
    std::string_view head(const Item& item);
    const std::vector<mime::Part>& parts(const Item& item);
    bool needs_description() const;

    Client& client_;
    FetchArgs args_;
    bool by_uid_;
    bool limited_ = false;
    std::optional<Uid> lowest_;  ///< answered, where some were left out
    std::unique_ptr<mailstore::FolderView> view_;
    std::vector<mime::Section> sections_;  ///< of args_.sections, as mime/ reads them
    UidSet rest_;                          ///< messages not yet answered
    UidSet now_seen_;                      ///< \Seen was set by this command
    std::uint32_t wanted_ = 0;
    std::uint32_t there_ = 0;
    std::optional<UidMap::Walk> walk_;
    std::optional<Reply> failed_;

    // as they were said last
    mailstore::Flags flags_;
    bool recent_ = false;
    std::string flags_text_;

    // of the message at hand
    std::optional<std::string> message_;
    std::optional<std::string> head_;
    std::optional<std::vector<mime::Part>> parts_;
    std::string_view description_;
    std::string scratch_;
};

}  // namespace postrider::imap
