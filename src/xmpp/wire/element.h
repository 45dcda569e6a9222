#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What XMPP is made of (RFC 6120 §4.8, §8): one XML element with all that is in it.
namespace postrider::xmpp {

/// Namespaces of RFC 6120 and what belongs to it.
namespace ns {
inline constexpr std::string_view client = "jabber:client";
inline constexpr std::string_view streams = "http://etherx.jabber.org/streams";
inline constexpr std::string_view tls = "urn:ietf:params:xml:ns:xmpp-tls";
inline constexpr std::string_view sasl = "urn:ietf:params:xml:ns:xmpp-sasl";
inline constexpr std::string_view bind = "urn:ietf:params:xml:ns:xmpp-bind";
inline constexpr std::string_view session = "urn:ietf:params:xml:ns:xmpp-session";
inline constexpr std::string_view stream_errors = "urn:ietf:params:xml:ns:xmpp-streams";
inline constexpr std::string_view stanza_errors = "urn:ietf:params:xml:ns:xmpp-stanzas";
inline constexpr std::string_view ping = "urn:xmpp:ping";                    // XEP-0199
inline constexpr std::string_view shim = "http://jabber.org/protocol/shim";  // XEP-0131
inline constexpr std::string_view xml = "http://www.w3.org/XML/1998/namespace";
}  // namespace ns

struct Element {
    std::string space;  ///< namespace
    std::string name;
    struct Attribute {
        std::string name;   ///< "to"; of a namespace (xml:lang alone is written): its local name
        std::string value;  ///< UTF-8
        std::string space{};
        friend bool operator==(const Attribute&, const Attribute&) = default;
    };
    std::vector<Attribute> attributes;
    std::string text;  ///< all character data directly in it, in one piece
    std::vector<Element> children;

    Element() = default;
    Element(std::string_view its_space, std::string_view its_name) : space{its_space}, name{its_name} {}

    bool is(std::string_view its_space, std::string_view its_name) const {
        return name == its_name && space == its_space;
    }
    /// "" when there is none.
    std::string_view attribute(std::string_view wanted) const;
    /// The first such child, or nullptr.
    const Element* child(std::string_view its_space, std::string_view its_name) const;
    /// The first child of that namespace whatever its name: conditions of errors (RFC 6120 §8.3.2).
    const Element* first_of(std::string_view its_space) const;

    Element& set(std::string_view attribute, std::string_view value);
    Element& add(Element child);  ///< @return itself
    Element& say(std::string_view words);

    friend bool operator==(const Element&, const Element&) = default;
};

/// Octets for the wire: UTF-8, no declaration, markup escaped; what XML cannot hold becomes U+FFFD.
/// @param outer  the namespace that is in force around it
std::string to_xml(const Element& element, std::string_view outer = ns::client);

/// Escaped for text and for attribute values.
void append_escaped(std::string& out, std::string_view text);

}  // namespace postrider::xmpp
