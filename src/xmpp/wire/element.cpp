#include "xmpp/wire/element.h"

#include <algorithm>

#include "text/utf8.h"

namespace postrider::xmpp {
namespace {

/// Char of XML 1.0 §2.2.
bool may_stand(char32_t c) {
    if (c < 0x20) return c == '\t' || c == '\n' || c == '\r';
    return c != 0xfffe && c != 0xffff && c != text::malformed;
}

void append(std::string& out, const Element& element, std::string_view outer) {
    out.append("<").append(element.name);
    if (element.space != outer) {
        out += " xmlns='";
        append_escaped(out, element.space);
        out += '\'';
    }
    for (const Element::Attribute& one : element.attributes) {
        if (!one.space.empty() && one.space != ns::xml) continue;
        out.append(one.space.empty() ? " " : " xml:").append(one.name).append("='");
        append_escaped(out, one.value);
        out += '\'';
    }
    if (element.text.empty() && element.children.empty()) {
        out += "/>";
        return;
    }
    out += '>';
    append_escaped(out, element.text);
    for (const Element& child : element.children) append(out, child, element.space);
    out.append("</").append(element.name).append(">");
}

}  // namespace

std::string_view Element::attribute(std::string_view wanted) const {
    for (const Attribute& one : attributes)
        if (one.name == wanted && one.space.empty()) return one.value;
    return {};
}

const Element* Element::child(std::string_view its_space, std::string_view its_name) const {
    const auto at =
        std::ranges::find_if(children, [&](const Element& e) { return e.is(its_space, its_name); });
    return at == children.end() ? nullptr : &*at;
}

const Element* Element::first_of(std::string_view its_space) const {
    const auto at = std::ranges::find(children, its_space, &Element::space);
    return at == children.end() ? nullptr : &*at;
}

Element& Element::set(std::string_view attribute, std::string_view value) {
    attributes.push_back({std::string{attribute}, std::string{value}});
    return *this;
}

Element& Element::add(Element child) {
    children.push_back(std::move(child));
    return *this;
}

Element& Element::say(std::string_view words) {
    text.append(words);
    return *this;
}

void append_escaped(std::string& out, std::string_view text) {
    while (!text.empty()) {
        std::string_view before = text;
        const char32_t c = text::take_code_point(text);
        before.remove_suffix(text.size());
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '\'': out += "&apos;"; break;
            case '"': out += "&quot;"; break;
            // Parsers make a line feed of it, and a blank of any of these in attributes.
            case '\r': out += "&#13;"; break;
            case '\n': out += "&#10;"; break;
            case '\t': out += "&#9;"; break;
            default:
                if (may_stand(c))
                    out += before;
                else
                    text::append_utf8(out, 0xfffd);
        }
    }
}

std::string to_xml(const Element& element, std::string_view outer) {
    std::string out;
    append(out, element, outer);
    return out;
}

}  // namespace postrider::xmpp
