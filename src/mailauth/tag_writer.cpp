#include <algorithm>
#include <utility>

#include "mailauth/signing.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t line_length = 76;

}  // namespace

std::string folded_base64(std::string_view octets) {
    const std::string text = text::encode_base64(octets);
    std::string out;
    std::size_t room = 70;  // the first line has "b=" before it
    for (std::size_t at = 0; at < text.size(); at += std::exchange(room, 72)) {
        if (at > 0) out += "\r\n\t";
        out.append(text, at, room);
    }
    return out;
}

void TagWriter::fold() {
    out_ += "\r\n\t";
    column_ = 8;
}

void TagWriter::separate() {
    if (!first_) out_ += ';';
    first_ = false;
}

void TagWriter::tag(std::string_view name, std::string_view value) {
    separate();
    // Only lists may be cut, behind a colon; all else stays whole, if need be on a line of its own.
    const std::size_t first_part =
        value.find(':') == std::string_view::npos ? value.size() : value.find(':') + 1;
    if (column_ + 2 + name.size() + 1 + first_part >= line_length) {
        fold();
    } else {
        out_ += ' ';
        column_ += 2;
    }
    out_.append(name) += '=';
    column_ += name.size() + 1;
    while (!value.empty()) {
        std::size_t cut = value.size();
        if (column_ + cut >= line_length) {
            const std::size_t room = column_ < line_length ? line_length - column_ : 0;
            std::size_t colon = room == 0 ? std::string_view::npos : value.rfind(':', room - 1);
            if (colon == std::string_view::npos) colon = value.find(':');
            cut = colon == std::string_view::npos ? value.size() : colon + 1;
        }
        out_ += value.substr(0, cut);
        column_ += cut;
        value.remove_prefix(cut);
        if (!value.empty()) fold();
    }
}

void TagWriter::signature() {
    separate();
    fold();
    out_ += "b=";
    signature_at_ = out_.size();
    column_ = line_length;  // what follows begins a line
}

std::string TagWriter::sign(std::string_view before, Canon canon, const PrivateKey& key, const Crypto& crypto,
                            bool folded) const {
    std::string input{before};
    append_canonical(input, out_ + "\r\n", canon);
    input.resize(input.size() - 2);
    const std::string signature = key.sign(Hash::sha256, crypto.digest(Hash::sha256, input));
    if (signature.empty()) return {};
    std::string field = out_;
    field.insert(signature_at_, folded ? folded_base64(signature) : text::encode_base64(signature));
    return field + "\r\n";
}

}  // namespace postrider::mailauth
