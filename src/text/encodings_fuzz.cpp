#include <cstdint>
#include <cstdlib>

#include "text/ascii.h"
#include "text/base64.h"
#include "text/charset.h"
#include "text/fold.h"
#include "text/hex.h"
#include "text/idna.h"
#include "text/mutf7.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

using namespace postrider::text;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

void base64(std::string_view bytes) {
    require(decode_base64(encode_base64(bytes)) == bytes);
    require(decode_base64url(encode_base64url(bytes)) == bytes);
    require(decode_base64_lenient(encode_base64_lines(bytes)) == bytes);
    std::string all = decode_base64_lenient(bytes);
    if (auto strict = decode_base64(bytes)) {
        require(encode_base64(*strict) == bytes);
        require(all == *strict);
    }
    std::string some;
    decode_base64_lenient(bytes, some, bytes.size() / 3);
    require(all.starts_with(some) && some.size() == std::min(all.size(), bytes.size() / 3));
}

void quoted_printable(std::string_view bytes) {
    std::string with_crlf;  // bare LF becomes CRLF, all else comes back
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (bytes[i] == '\n' && (i == 0 || bytes[i - 1] != '\r')) with_crlf += '\r';
        with_crlf += bytes[i];
    }
    require(decode_quoted_printable(encode_quoted_printable(bytes)) == with_crlf);
    std::string all = decode_quoted_printable(bytes);
    std::string some;
    decode_quoted_printable(bytes, some, bytes.size() / 3);
    require(all.starts_with(some) && some.size() == std::min(all.size(), bytes.size() / 3));
}

void mutf7(std::string_view bytes) {
    if (auto coded = encode_mutf7(bytes)) {
        require(valid_utf8(bytes));
        require(decode_mutf7(*coded) == bytes);
    } else {
        require(!valid_utf8(bytes));
    }
    if (auto plain = decode_mutf7(bytes)) require(encode_mutf7(*plain) == bytes);
}

void characters(std::string_view bytes) {
    std::string repaired = repair_utf8(bytes);
    require(valid_utf8(repaired));
    require(valid_utf8(bytes) == (repaired == bytes));
    require(valid_utf8(truncate_utf8(repaired, repaired.size() / 2)));
    for (const char* charset : {"utf-8", "us-ascii", "iso-8859-1", "iso-2022-jp", "gb18030", "utf-16",
                                "utf-7", "big5", "x-none", "hz"})
        require(valid_utf8(to_utf8(bytes, charset)));
    std::string_view name = bytes.substr(0, bytes.find(' '));
    require(valid_utf8(to_utf8(bytes, name)));
    require(valid_utf8(fold_unicode(repaired)));
    require(FoldedKey{bytes.substr(0, bytes.size() / 2)}.in(bytes) || !is_ascii(bytes));
}

void domains(std::string_view bytes) {
    if (auto ascii = to_alabels(bytes)) require(is_ascii(*ascii));
    std::string shown = to_ulabels(bytes);
    if (valid_utf8(bytes)) require(valid_utf8(shown));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    std::string_view bytes{reinterpret_cast<const char*>(data), size};
    base64(bytes);
    quoted_printable(bytes);
    mutf7(bytes);
    characters(bytes);
    domains(bytes);
    require(from_hex(to_hex(bytes)) == bytes);
    require(compare_numeric(bytes, bytes) == 0);
    return 0;
}
