#include "xmpp/wire/stream_reader.h"

#include <expat.h>

#include <algorithm>
#include <climits>

namespace postrider::xmpp {
namespace {

/// Stands between namespace and name in what the parser tells: it cannot occur in a name, so that the last
/// one is it.
constexpr char separator = ' ';

std::pair<std::string, std::string> split(const char* name) {
    const std::string_view all{name};
    const std::size_t at = all.rfind(separator);
    if (at == all.npos) return {{}, std::string{all}};
    return {std::string{all.substr(0, at)}, std::string{all.substr(at + 1)}};
}

using Parser = std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)>;

}  // namespace

struct StreamReader::Impl {
    Limits limits;
    Parser parser{XML_ParserCreateNS("UTF-8", separator), XML_ParserFree};
    std::deque<Event> events;
    std::vector<Element> open;   ///< the stanza that is being read, outermost first
    bool in_stream = false;      ///< its head has been read
    bool ended = false;          ///< closed or failed
    std::uint64_t fed = 0;       ///< octets in all
    std::uint64_t complete = 0;  ///< so many of them belong to what has been told
    unsigned elements = 0;       ///< of the stanza

    explicit Impl(Limits wanted) : limits{wanted} {
        XML_SetUserData(parser.get(), this);
        // A stanza is to be told when it is complete, not when the next one begins; what guessing again costs
        // is bounded by the limit of its length.
        XML_SetReparseDeferralEnabled(parser.get(), XML_FALSE);
        XML_SetElementHandler(parser.get(), begin, finish);
        XML_SetCharacterDataHandler(parser.get(), characters);
        XML_SetStartDoctypeDeclHandler(
            parser.get(), [](void* self, const XML_Char*, const XML_Char*, const XML_Char*, int) {
                static_cast<Impl*>(self)->fail("a document type is not allowed in a stream");
            });
        XML_SetCommentHandler(parser.get(), [](void* self, const XML_Char*) {
            static_cast<Impl*>(self)->fail("a comment is not allowed in a stream");
        });
        XML_SetProcessingInstructionHandler(parser.get(), [](void* self, const XML_Char*, const XML_Char*) {
            static_cast<Impl*>(self)->fail("a processing instruction is not allowed in a stream");
        });
    }

    std::uint64_t position() const {
        const XML_Index at = XML_GetCurrentByteIndex(parser.get());
        return at < 0 ? fed : static_cast<std::uint64_t>(at);
    }

    void fail(std::string problem) {
        if (ended) return;
        ended = true;
        open.clear();
        events.push_back({Event::Kind::failed, {}, std::move(problem)});
        XML_StopParser(parser.get(), XML_FALSE);
    }

    static void begin(void* data, const XML_Char* name, const XML_Char** attributes) {
        auto& self = *static_cast<Impl*>(data);
        if (self.ended) return;
        if (self.open.size() + 1 >= self.limits.depth) return self.fail("elements are nested too deep");
        if (++self.elements > self.limits.elements) return self.fail("a stanza has too many elements");
        Element element;
        std::tie(element.space, element.name) = split(name);
        for (; *attributes; attributes += 2) {
            Element::Attribute one;
            std::tie(one.space, one.name) = split(attributes[0]);
            one.value = attributes[1];
            element.attributes.push_back(std::move(one));
        }
        if (!self.in_stream) {
            self.in_stream = true;
            self.told();
            self.events.push_back({Event::Kind::opened, std::move(element)});
            return;
        }
        self.open.push_back(std::move(element));
    }

    static void finish(void* data, const XML_Char*) {
        auto& self = *static_cast<Impl*>(data);
        if (self.ended) return;
        if (self.open.empty()) {
            self.ended = true;
            self.events.push_back({Event::Kind::closed, {}});
            XML_StopParser(self.parser.get(), XML_FALSE);
            return;
        }
        if (self.position() - self.complete > self.limits.octets) return self.fail("a stanza is too long");
        Element done = std::move(self.open.back());
        self.open.pop_back();
        if (!self.open.empty()) {
            self.open.back().children.push_back(std::move(done));
            return;
        }
        self.told();
        self.events.push_back({Event::Kind::element, std::move(done)});
    }

    static void characters(void* data, const XML_Char* text, int size) {
        auto& self = *static_cast<Impl*>(data);
        if (self.ended) return;
        const std::string_view more{text, static_cast<std::size_t>(size)};
        if (!self.open.empty()) {
            self.open.back().text.append(more);
            return;
        }
        // White space between stanzas keeps connections alive (RFC 6120 §4.6.1).
        if (more.find_first_not_of(" \t\r\n") != more.npos) return self.fail("there is text between stanzas");
        self.told();
    }

    void told() {
        complete = std::max(complete, position());
        elements = 0;
    }
};

StreamReader::StreamReader() : StreamReader{Limits{}} {}
StreamReader::StreamReader(Limits limits) : impl_{std::make_unique<Impl>(limits)} {}
StreamReader::~StreamReader() = default;
StreamReader::StreamReader(StreamReader&&) noexcept = default;
StreamReader& StreamReader::operator=(StreamReader&&) noexcept = default;

void StreamReader::feed(std::string_view octets) {
    Impl& it = *impl_;
    if (it.ended) return;
    // In pieces, so that no more is kept than the limits allow, however much comes at once.
    constexpr std::size_t piece = 4096;
    // Never in UTF-8 text; by these the parser would take the stream for UTF-16 (RFC 6120 §11.6).
    const std::size_t wrong = octets.find_first_of(std::string_view{"\0\xfe\xff", 3});
    const bool all_right = wrong == octets.npos;
    octets = octets.substr(0, wrong);
    while (!octets.empty() && !it.ended) {
        const std::string_view now = octets.substr(0, piece);
        octets.remove_prefix(now.size());
        it.fed += now.size();
        const auto status = XML_Parse(it.parser.get(), now.data(), static_cast<int>(now.size()), XML_FALSE);
        if (it.ended) return;
        if (status != XML_STATUS_OK)
            return it.fail(std::string{"not well-formed: "}
                           + XML_ErrorString(XML_GetErrorCode(it.parser.get())));
        if (it.fed - it.complete > it.limits.octets) return it.fail("a stanza is too long");
    }
    if (!all_right) it.fail("not UTF-8");
}

std::optional<StreamReader::Event> StreamReader::next() {
    if (impl_->events.empty()) return std::nullopt;
    Event event = std::move(impl_->events.front());
    impl_->events.pop_front();
    return event;
}

}  // namespace postrider::xmpp
