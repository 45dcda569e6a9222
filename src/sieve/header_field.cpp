#include <utility>

#include "mime/address_list.h"
#include "mime/encoded_word.h"
#include "mime/header.h"
#include "sieve/message.h"
#include "sieve/message_limits.h"
#include "text/ascii.h"
#include "text/fold.h"
#include "text/idna.h"

namespace postrider::sieve {

const std::string& Folded::ascii(std::string_view text) {
    if (!has_ascii_) {
        ascii_ = text::fold_ascii(text);
        has_ascii_ = true;
    }
    return ascii_;
}

const std::string& Folded::unicode(std::string_view text) {
    if (!has_unicode_) {
        unicode_ = text::fold_unicode(text);
        has_unicode_ = true;
    }
    return unicode_;
}

void Folded::clear() {
    has_ascii_ = has_unicode_ = false;
}

std::string_view HeaderField::text() {
    if (text_in_ == TextIn::unknown) {
        std::string_view text = mime::unfold(raw, decoded_);
        // RFC 5228 §2.7.2: encoded words are decoded before anything is compared.
        if (text.find("=?") != std::string_view::npos || !text::is_ascii(text)) {
            std::string words = mime::decode_encoded_words(text);
            decoded_ = std::move(words);
            text = decoded_;
        }
        bool in_decoded = !decoded_.empty();
        const char* begin = in_decoded ? decoded_.data() : raw.data();
        text = text::trim(text);
        text_in_ = in_decoded ? TextIn::decoded : TextIn::raw;
        text_begin_ = text.empty() ? 0 : static_cast<std::size_t>(text.data() - begin);
        text_size_ = text.size();
    }
    std::string_view from = text_in_ == TextIn::decoded ? std::string_view{decoded_} : raw;
    return from.substr(text_begin_, text_size_);
}

std::vector<AddressText> read_addresses(std::string_view list) {
    std::vector<AddressText> addresses;
    mime::AddressReader reader{list};
    using Item = mime::AddressReader::Item;
    for (Item item = reader.next(); item != Item::end; item = reader.next()) {
        if (item != Item::mailbox) continue;
        if (addresses.size() >= max_addresses_looked_at) break;
        AddressText address;
        address.local = reader.local;
        address.domain = text::to_ulabels(reader.domain);
        address.all = address.local;
        if (!address.domain.empty()) {
            address.all += '@';
            address.all += address.domain;
        }
        addresses.push_back(std::move(address));
    }
    return addresses;
}

std::vector<AddressText>& HeaderField::addresses() {
    if (!has_addresses_) {
        has_addresses_ = true;
        addresses_ = read_addresses(raw);
    }
    return addresses_;
}

std::uint32_t header_hash(std::string_view name) {
    std::uint32_t hash = 2166136261u;  // FNV-1a
    for (char c : name) hash = (hash ^ static_cast<unsigned char>(text::lower(c))) * 16777619u;
    return hash;
}

void Header::read(std::string_view block, bool added) {
    mime::HeaderReader reader{block};
    mime::Field from;
    while (fields_.size() < max_fields_looked_at && reader.next(from)) {
        HeaderField& field = fields_.emplace_back();
        field.hash = header_hash(from.name);
        field.name = from.name;
        field.raw = from.value;
        field.bytes = from.bytes;
        field.added = added;
    }
}

std::size_t Header::find(std::string_view name, std::uint32_t hash, std::size_t at) const {
    for (; at < fields_.size(); ++at) {
        const HeaderField& field = fields_[at];
        if (field.hash == hash && text::equal_ci(field.name, name)) return at;
    }
    return npos;
}

}  // namespace postrider::sieve
