#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/lexer.h"

/// Content-Type, Content-Disposition and their parameters (RFC 2045 §5.1, RFC 2183, RFC 2231).
namespace postrider::mime {

/// Walks "; name=value" pairs as sent: quotes, escapes and line ends removed, RFC 2231 pieces left alone.
class ParameterReader {
public:
    /// `in` stands behind the value that the parameters belong to.
    explicit ParameterReader(Lexer in) : in_{in} {}

    bool next();

    std::string_view name;   ///< as sent, never ""
    std::string_view value;  ///< valid until the next call

private:
    Lexer in_;
    std::string scratch_;
};

/// The type of a Content-Type value. Invalid or absent: nullopt, and the reader is to take the default (RFC
/// 2045 §5.2).
struct ContentType {
    std::string_view type, subtype;  ///< as sent
    Lexer parameters;                ///< for ParameterReader
};
std::optional<ContentType> parse_content_type(std::string_view value);

/// Most parameters shown or looked at of one field; mail has three or four.
constexpr std::size_t max_parameters = 100;

struct Parameter {
    std::string name;   ///< lower case
    std::string value;  ///< UTF-8
};

/// All parameters with RFC 2231 continuations joined and charsets (also encoded words, which senders put
/// there against RFC 2047 §5) decoded.
std::vector<Parameter> decode_parameters(Lexer in);

/// One of them, "" when absent. `value` is the whole field value.
std::string find_parameter(std::string_view value, std::string_view name);

}  // namespace postrider::mime
