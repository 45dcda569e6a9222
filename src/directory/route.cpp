#include "directory/impl.h"
#include "directory/names.h"
#include "text/ascii.h"

namespace postrider::directory {
namespace {

constexpr std::string_view postmaster = "POSTMASTER";  // folded

/// fold_local() without an allocation for what is short and US-ASCII, which nearly every local part is.
class Folded {
public:
    explicit Folded(std::string_view local) {
        if (local.size() <= sizeof(short_)) {
            std::size_t i = 0;
            for (; i < local.size() && static_cast<unsigned char>(local[i]) < 0x80; ++i)
                short_[i] = text::upper(local[i]);
            if (i == local.size()) {
                view_ = {short_, i};
                return;
            }
        }
        long_ = fold_local(local);
        view_ = long_;
    }
    Folded(const Folded&) = delete;
    Folded& operator=(const Folded&) = delete;
    std::string_view view() const { return view_; }

private:
    char short_[64];
    std::string long_;
    std::string_view view_;
};

enum class EvenIfDisabled { no, yes };

/// Where mail for an object goes.
Result<Route> destination(Directory::Impl& impl, const Domain& domain, AccountId id, std::string_view detail,
                          EvenIfDisabled anyway) {
    auto entry = impl.find_object(id);
    if (!entry) return std::unexpected(entry.error());
    if (auto* account = std::get_if<std::shared_ptr<const AccountEntry>>(&*entry)) {
        if (!(*account)->enabled && anyway == EvenIfDisabled::no) return Disabled{};
        return Mailbox{std::move(*account), std::string{folder_detail(detail)}};
    }
    if (auto* group = std::get_if<std::shared_ptr<const GroupEntry>>(&*entry)) {
        if (!(*group)->enabled) return Disabled{};
        return Expansion{(*group)->address, (*group)->id, (*group)->members};
    }
    if (auto* recipient = std::get_if<std::shared_ptr<const FolderRecipient>>(&*entry)) {
        if (!(*recipient)->enabled) return Disabled{};
        return PublicFolder{domain.id, domain.public_account, (*recipient)->folder,
                            (*recipient)->domain_sends_as};
    }
    return Unknown{};
}

Result<Route> catch_all(Directory::Impl& impl, const Domain& domain) {
    switch (domain.catch_all) {
        case Domain::CatchAll::disabled: break;
        case Domain::CatchAll::folder:
            return PublicFolder{domain.id, domain.public_account, domain.catch_all_target, false};
        case Domain::CatchAll::account: {
            Folded folded{domain.catch_all_target};
            auto named = impl.find_name({domain.id, folded.view()});
            if (!named) return std::unexpected(named.error());
            if (named->id.value() != 0 && named->kind == ObjectKind::account)
                return destination(impl, domain, named->id, {}, EvenIfDisabled::no);
            break;
        }
    }
    return Unknown{};
}

Result<Route> route_in(Directory::Impl& impl, const Domain& domain, std::string_view local) {
    std::string_view detail;
    if (auto plus = local.find('+'); plus != std::string_view::npos) {  // no name has a '+' (names.h)
        detail = local.substr(plus + 1);
        local = local.substr(0, plus);
    }
    Folded folded{local};
    // RFC 5321 §4.5.1: there is always somebody to write to, even one who is switched off.
    if (folded.view() == postmaster)
        return destination(impl, domain, domain.postmaster, detail, EvenIfDisabled::yes);
    auto named = impl.find_name({domain.id, folded.view()});
    if (!named) return std::unexpected(named.error());
    if (named->id.value() == 0) return catch_all(impl, domain);
    // Mail to what somebody has stopped using is for nobody, not for the catch-all either.
    if (named->expires != 0 && impl.clock.now() >= Time{std::chrono::seconds{named->expires}})
        return Unknown{};
    return destination(impl, domain, named->id, detail, EvenIfDisabled::no);
}

}  // namespace

Route Directory::route(const mime::AddrSpec& address) const {
    DomainTable::Pointer its_domain;
    if (address.domain.empty()) {
        // RFC 5321 §4.1.1.3: the one address without a domain.
        if (!text::equal_ci(address.local, postmaster)) return NotLocal{};
        its_domain = impl_->domains.primary();
    } else {
        its_domain = impl_->domains.find(address.domain);
    }
    if (its_domain == nullptr) return NotLocal{};
    if (!its_domain->enabled) return Disabled{};
    auto found = route_in(*impl_, *its_domain, address.local);
    if (!found) return Unavailable{found.error().what};
    return std::move(*found);
}

Result<LoginName> Directory::login_name(std::string_view login, std::string_view listener_domain,
                                        bool with_folder) const {
    auto nobody = fail(DirectoryError::not_found, "there is no such account");
    if (login.empty() || login.size() > 1400) return nobody;
    std::string_view local = login;
    std::shared_ptr<const Domain> its_domain;
    if (auto at = login.rfind('@'); at != std::string_view::npos) {
        local = login.substr(0, at);
        its_domain = domain(login.substr(at + 1));
    } else {
        if (!listener_domain.empty()) its_domain = domain(listener_domain);
        if (its_domain == nullptr) its_domain = impl_->domains.primary();
    }
    if (its_domain == nullptr) return nobody;
    std::string_view detail;
    if (auto plus = local.find('+'); plus != std::string_view::npos && with_folder) {
        detail = local.substr(plus + 1);
        local = local.substr(0, plus);
        if (folder_detail(detail) != detail) return nobody;
    }
    if (local.empty()) return nobody;
    Folded folded{local};
    auto named = impl_->find_name({its_domain->id, folded.view()});
    if (!named) return std::unexpected(named.error());
    // A temporary address is for mail, not for logging in.
    if (named->id.value() == 0 || named->kind != ObjectKind::account || named->expires != 0) return nobody;
    auto found = account(named->id);
    if (!found) return std::unexpected(found.error());
    return LoginName{std::move(*found), std::string{detail}, named->alias};
}

}  // namespace postrider::directory
