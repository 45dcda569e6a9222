#include "sieve/message.h"

#include <algorithm>
#include <utility>

#include "mime/description.h"
#include "mime/header.h"
#include "sieve/message_limits.h"
#include "text/ascii.h"

namespace postrider::sieve {

Message::Message(std::string_view prefix, std::string_view message, Envelope envelope)
    : original_prefix_{prefix}, original_{message}, envelope_{std::move(envelope)} {
    read(prefix, message);
}

void Message::read(std::string_view prefix, std::string_view message) {
    prefix_ = prefix;
    message_ = message;
    header_ = Header{};
    header_.read(prefix);
    header_.read(message);
    header_size_ = mime::header_size(message);
    parts_.clear();
    has_parts_ = false;
    folded_body.clear();
}

std::uint64_t Message::size() const {
    if (!edited_) return original_prefix_.size() + original_.size();
    std::uint64_t size = message_.size() - header_size_ + 2;
    for (const HeaderField& field : const_cast<Header&>(header_).fields()) size += field.bytes.size();
    return size;
}

std::string_view Message::body() {
    settle();
    return message_.substr(header_size_);
}

std::vector<MimePart>& Message::parts() {
    settle();
    if (has_parts_) return parts_;
    has_parts_ = true;
    mime::DescribeLimits limits;
    limits.max_parts = max_parts_looked_at;
    mime::Description description = mime::describe(message_, limits);
    for (mime::Part& from : description.parts) {
        MimePart part;
        part.begin = from.header_begin;
        part.body_begin = from.body_begin;
        part.end = from.body_end;
        part.header = message_.substr(from.header_begin, from.body_begin - from.header_begin);
        part.body = message_.substr(from.body_begin, from.body_end - from.body_begin);
        part.type = std::move(from.type);
        part.encoding = std::move(from.encoding);
        part.parent = from.parent;
        part.kind = from.kind;
        parts_.push_back(std::move(part));
    }
    return parts_;
}

void Message::add_field(std::string line, bool last) {
    const std::string& kept = kept_.emplace_back(std::move(line));
    Header one;
    one.read(kept, true);
    for (HeaderField& field : one.fields()) {
        if (last)
            header_.fields().push_back(std::move(field));
        else
            header_.fields().push_front(std::move(field));
    }
    edited_ = true;
    if (last) only_added_ = false;
    current_version_.reset();
}

void Message::remove_field(std::size_t index) {
    auto& fields = header_.fields();
    if (!fields[index].added) only_added_ = false;
    fields.erase(fields.begin() + static_cast<std::ptrdiff_t>(index));
    edited_ = true;
    current_version_.reset();
}

void Message::replace_part(std::size_t part, std::string text) {
    if (new_body_) return;  // the part is gone already
    const MimePart& old = parts()[part];
    Splice splice{old.begin, old.end, std::move(text)};
    std::erase_if(splices_,
                  [&](const Splice& s) { return s.begin >= splice.begin && s.end <= splice.end; });
    splices_.push_back(std::move(splice));
    edited_ = true;
    only_added_ = false;
    current_version_.reset();
}

void Message::replace_body(std::string entity) {
    auto is_old = [](const HeaderField& field) {
        return text::starts_with_ci(field.name, "content-") || text::equal_ci(field.name, "MIME-Version");
    };
    for (std::size_t i = header_.fields().size(); i-- > 0;)
        if (is_old(header_.fields()[i])) remove_field(i);
    std::size_t header = mime::header_size(entity);
    new_body_ = entity.substr(header);
    entity.resize(header);
    if (entity.ends_with("\r\n\r\n")) entity.resize(header - 2);
    add_field("MIME-Version: 1.0\r\n" + entity, true);
    splices_.clear();
}

void Message::revert() {
    splices_.clear();
    new_body_.reset();
    held_ = 0;
    edited_ = false;
    only_added_ = true;
    current_version_.reset();
    read(original_prefix_, original_);
    kept_.clear();
}

void Message::rewrite(std::string whole) {
    splices_.clear();
    new_body_.reset();
    read({}, kept_.emplace_back(std::move(whole)));
    edited_ = true;
    only_added_ = false;
    current_version_.reset();
}

void Message::settle() {
    if (held_ == 0 && (!splices_.empty() || new_body_)) rewrite(text());
}

std::string Message::text() {
    if (!edited_) {
        std::string all{original_prefix_};
        all += original_;
        return all;
    }
    std::string all;
    all.reserve(message_.size() + 1024);
    for (const HeaderField& field : header_.fields()) {
        all += field.bytes;
        if (!field.bytes.ends_with('\n')) all += "\r\n";
    }
    all += "\r\n";
    if (new_body_) return all += *new_body_;
    std::sort(splices_.begin(), splices_.end(),
              [](const Splice& a, const Splice& b) { return a.begin < b.begin; });
    std::size_t at = header_size_;
    for (const Splice& splice : splices_) {
        if (splice.begin < at) continue;
        all += message_.substr(at, splice.begin - at);
        all += splice.text;
        at = splice.end;
    }
    all += message_.substr(at);
    return all;
}

std::uint32_t Message::version(std::vector<Version>& versions) {
    if (versions.empty()) versions.emplace_back();
    if (!edited_) return 0;
    if (current_version_ && *current_version_ < versions.size()) return *current_version_;
    Version version;
    if (only_added_) {
        for (const HeaderField& field : header_.fields()) {
            if (!field.added) break;
            version.prefix += field.bytes;
        }
    } else {
        version.whole = text();
    }
    versions.push_back(std::move(version));
    current_version_ = static_cast<std::uint32_t>(versions.size() - 1);
    return *current_version_;
}

}  // namespace postrider::sieve
