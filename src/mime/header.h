#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Fields of a header block (RFC 5322 §2.2). Line ends are CRLF; a bare LF is endured.
namespace postrider::mime {

/// One field. All views point into the header block.
struct Field {
    std::string_view name;  ///< as sent, without blanks before the colon; "" when the line is no field at all
    std::string_view value;  ///< behind the colon up to the line end, folds included
    std::string_view bytes;  ///< the whole field with its line ends
};

/// Walks the fields of a header block, which may be a whole message: stops at the empty line or the end.
class HeaderReader {
public:
    explicit HeaderReader(std::string_view block) : block_{block} {}

    /// The next field; false at the end.
    bool next(Field& field);

    /// Bytes read so far. After next() gave false: where the empty line begins, or the size of the block.
    std::size_t position() const { return at_; }

private:
    std::string_view block_;
    std::size_t at_ = 0;
};

/// First byte behind the empty line that ends the header; the size of the message when there is none.
std::size_t header_size(std::string_view message);

/// `raw` without the line ends of its folds and without blanks at both ends (RFC 5322 §2.2.3). A view into
/// `raw` where there is no fold, else into `scratch`.
std::string_view unfold(std::string_view raw, std::string& scratch);
std::string unfold(std::string_view raw);

/// The raw value of the first field of this name (in any case); of all of them, at most `limit`.
std::optional<std::string_view> find_field(std::string_view block, std::string_view name);
std::vector<std::string_view> find_fields(std::string_view block, std::string_view name,
                                          std::size_t limit = 1000);

}  // namespace postrider::mime
