#include <fmt/format.h>

#include "mime/description.h"
#include "sieve/machine.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// body. RFC 5173.
namespace postrider::sieve {
namespace {

class Body final : public TestNode {
public:
    enum class Transform : std::uint8_t { raw, content, text };

    bool holds(Machine& machine) const override {
        std::size_t count = 0;
        bool held = transform == Transform::raw ? raw(machine, count) : by_parts(machine, count);
        return held || (matcher.counts() && matcher.count(machine, count));
    }

    Transform transform = Transform::text;
    TextList types;
    Matcher matcher;

private:
    bool one(Machine& machine, std::string_view text, Folded* folded, std::size_t& count) const {
        if (!matcher.counts()) {
            bool held = matcher.value(machine, text, folded);
            // RFC 5173 §6: a body test sets no match variables.
            return held;
        }
        ++count;
        return false;
    }

    bool raw(Machine& machine, std::size_t& count) const {
        Message& message = machine.message();
        std::string_view body = message.body();
        return one(machine, body, &message.folded_body, count);
    }

    /// RFC 5173 §5.2: "" is any, "text" is "text/...", one with a slash at an end is none.
    static bool wanted(std::string_view type, std::string_view have) {
        if (type.empty()) return true;
        std::size_t slash = type.find('/');
        if (slash == std::string_view::npos) return text::equal_ci(have.substr(0, have.find('/')), type);
        if (slash == 0 || slash + 1 == type.size() || type.find('/', slash + 1) != std::string_view::npos)
            return false;
        return text::equal_ci(type, have);
    }

    bool by_parts(Machine& machine, std::size_t& count) const {
        machine.message().settle();
        auto& parts = machine.message().parts();
        std::string scratch;
        for (std::size_t i = 0; i < parts.size(); ++i) {
            MimePart& part = parts[i];
            if (transform == Transform::text) {
                if (part.kind != mime::Part::leaf || !part.type.starts_with("text/")) continue;
                const std::string& text = part.plain();
                machine.work(text.size() / 8);
                if (one(machine, text, part.type == "text/html" ? nullptr : &part.folded, count)) return true;
                continue;
            }
            bool is_wanted = false;
            for (const TextTemplate& type : types) is_wanted |= wanted(type.value(machine, scratch), part.type);
            if (!is_wanted) continue;
            if (part.kind == mime::Part::leaf) {
                const std::string& text = part.content();
                machine.work(text.size() / 8);
                if (one(machine, text, &part.folded, count)) return true;
            } else if (part.kind == mime::Part::message) {
                if (i + 1 < parts.size() && one(machine, parts[i + 1].header, nullptr, count)) return true;
            } else if (around(machine, parts, i, count)) {
                return true;
            }
        }
        return false;
    }

    /// A multipart is what stands before its first and behind its last part.
    bool around(Machine& machine, const std::vector<MimePart>& parts, std::size_t at, std::size_t& count) const {
        const MimePart& part = parts[at];
        std::uint32_t first = part.end, last = part.body_begin;
        for (std::size_t i = at + 1; i < parts.size() && parts[i].parent >= at; ++i) {
            if (parts[i].parent != at) continue;
            first = std::min(first, parts[i].begin);
            last = std::max(last, parts[i].end);
        }
        std::string_view body = part.body;
        std::string_view prologue = body.substr(0, first - part.body_begin);
        if (first != part.end) {  // without the boundary
            std::size_t line = prologue.rfind("--", prologue.size());
            while (line != std::string_view::npos && line > 0 && prologue[line - 1] != '\n')
                line = line > 1 ? prologue.rfind("--", line - 1) : std::string_view::npos;
            if (line != std::string_view::npos) prologue = prologue.substr(0, line);
        }
        std::string_view epilogue = last > part.body_begin ? body.substr(last - part.body_begin) : std::string_view{};
        // Behind the last part: CRLF, the closing boundary, CRLF.
        std::size_t end = epilogue.find('\n', 2);
        epilogue = end == std::string_view::npos ? std::string_view{} : epilogue.substr(end + 1);
        return one(machine, prologue, nullptr, count) || one(machine, epilogue, nullptr, count);
    }
};

}  // namespace

TestPtr build_body(Args& args) {
    auto made = std::make_unique<Body>();
    bool raw = args.flag("raw");
    bool text = args.flag("text");
    auto types = args.list("content");
    if ((raw ? 1 : 0) + (text ? 1 : 0) + (types ? 1 : 0) > 1) args.wrong("\"body\" has one transform only");
    if (raw) made->transform = Body::Transform::raw;
    if (types) {
        made->transform = Body::Transform::content;
        made->types = std::move(*types);
    }
    made->matcher = args.matcher();
    made->matcher.sets_variables = false;
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

}  // namespace postrider::sieve
