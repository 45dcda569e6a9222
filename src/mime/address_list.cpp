#include "mime/address_list.h"

#include "mime/encoded_word.h"
#include "text/ascii.h"
#include "text/charset.h"

namespace postrider::mime {

void AddressReader::clear() {
    name.clear();
    route.clear();
    local.clear();
    domain.clear();
    comment_.clear();
    local_begin_ = 0;
}

/// Words are joined by one blank where there was any. Around a dot the blank belongs to no word of a local
/// part (RFC 5322 §4.4, obs-local-part).
void AddressReader::add_word(std::string_view word, bool blank_before) {
    if (blank_before && !name.empty()) {
        bool dotted = name.back() == '.' || word.starts_with('.');
        name += ' ';
        if (!dotted) local_begin_ = name.size();
    }
    name += word;
}

/// What `name` gathered was a local part after all, with perhaps a display name before it.
void AddressReader::split_local() {
    std::string_view words{name};
    for (std::size_t i = local_begin_; i < words.size(); ++i) {
        bool beside_dot =
            words[i] == ' '
            && ((i > local_begin_ && words[i - 1] == '.') || (i + 1 < words.size() && words[i + 1] == '.'));
        if (!beside_dot) local += words[i];
    }
    name.resize(local_begin_);
    while (name.ends_with(' ')) name.pop_back();
}

/// domain = dot-atom / domain-literal, comments and blanks around the dots allowed (obs-domain).
void AddressReader::domain_name() {
    in_.skip_cfws(&comment_);
    if (in_.take('[')) {
        domain += '[';
        while (!in_.at_end()) {
            char c = in_.get();
            if (!text::is_space(c)) domain += c;
            if (c == ']') break;
        }
        return;
    }
    while (true) {
        std::string_view atom = in_.dot_atom();
        domain += atom;
        if (atom.empty()) return;
        bool blank = in_.skip_cfws(&comment_);
        if (blank && !domain.ends_with('.') && in_.peek() != '.') return;
    }
}

/// After "<": [route] local-part "@" domain ">", whatever of it is there.
void AddressReader::angle_address() {
    while (!in_.at_end()) {
        in_.skip_cfws(&comment_);
        char c = in_.peek();
        if (in_.at_end()) return;
        if (c == '>') {
            in_.skip();
            return;
        }
        if (c == '@') {
            in_.skip();
            bool in_route = local.empty() && domain.empty();
            if (!in_route) {
                domain.clear();
                domain_name();
                continue;
            }
            // obs-route: "@a,@b:"; "<@b>" alone is a domain without a local part.
            domain_name();
            in_.skip_cfws();
            if (in_.peek() == ',' || in_.peek() == ':') {
                route += route.empty() ? "@" : ",@";
                route += domain;
                domain.clear();
                in_.skip();
            }
        } else if (c == '"') {
            in_.skip();
            in_.quoted_string(local);
        } else if (std::string_view atom = in_.dot_atom(); !atom.empty()) {
            local += atom;
        } else {
            in_.skip();  // a character that has no place here
        }
    }
}

AddressReader::Item AddressReader::next() {
    clear();
    if (group_ends_) {
        group_ends_ = in_group_ = false;
        return Item::group_end;
    }
    auto mailbox_without_domain = [&] {
        local = std::move(name);
        name.clear();
        return Item::mailbox;
    };
    while (true) {
        bool blank = in_.skip_cfws(&comment_);
        if (in_.at_end()) {
            if (!name.empty()) return mailbox_without_domain();
            if (!in_group_) return Item::end;
            in_group_ = false;
            return Item::group_end;
        }
        char c = in_.peek();
        switch (c) {
            case ',':
            case ';':
                in_.skip();
                if (c == ';' && in_group_) {
                    if (!name.empty()) {
                        group_ends_ = true;
                        return mailbox_without_domain();
                    }
                    in_group_ = false;
                    return Item::group_end;
                }
                if (!name.empty()) return mailbox_without_domain();
                break;
            case ':':
                in_.skip();
                if (in_group_ || name.empty()) break;
                in_group_ = true;
                return Item::group_begin;
            case '<':
                in_.skip();
                angle_address();
                if (name.empty() && !comment_.empty()) name = comment_;
                if (!local.empty() || !domain.empty() || !name.empty()) return Item::mailbox;
                break;
            case '@':
                in_.skip();
                split_local();
                domain_name();
                if (name.empty()) name = comment_;
                if (!local.empty() || !domain.empty()) return Item::mailbox;
                clear();
                break;
            case '"':
                in_.skip();
                word_.clear();
                in_.quoted_string(word_);
                add_word(word_, blank);
                break;
            default:
                std::string_view atom = in_.dot_atom();
                if (atom.empty())
                    in_.skip();  // ")", "]", "\" or a control
                else
                    add_word(atom, blank);
        }
    }
}

std::vector<Address> parse_address_list(std::string_view value, std::size_t limit) {
    using Item = AddressReader::Item;
    std::vector<Address> list;
    std::string group;
    AddressReader reader{value};
    while (list.size() < limit) {
        Item item = reader.next();
        if (item == Item::end) break;
        if (item == Item::group_begin) {
            group = decode_encoded_words(reader.name);
        } else if (item == Item::group_end) {
            group.clear();
        } else {
            list.push_back({decode_encoded_words(reader.name), text::to_utf8(reader.local, "utf-8"),
                            text::to_utf8(reader.domain, "utf-8"), group});
        }
    }
    return list;
}

}  // namespace postrider::mime
