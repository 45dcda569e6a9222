#include <cstdlib>
#include <string_view>

#include "extract/document.h"
#include "extract/tnef.h"
#include "extract/xml_text.h"
#include "extract/zip.h"
#include "text/utf8.h"

/// Anything as an archive, an office document, XML, TNEF and RTF: the limits hold, names lie within the
/// archive, text is UTF-8.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace postrider::extract;
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto members = zip_members(bytes);
    if (members.size() > max_zip_members) std::abort();
    for (const ZipMember& member : members) {
        if (member.name.data() < bytes.data()
            || member.name.data() + member.name.size() > bytes.data() + size)
            std::abort();
        auto content = read_member(bytes, member, 4096);
        if (content && content->size() > 4096) std::abort();
    }
    for (Format format : {Format::ooxml, Format::opendocument, Format::tnef}) {
        const Limits limits{1000, 100'000, 200'000};
        const std::string text = read_document(bytes, format, limits);
        if (text.size() > limits.text || !postrider::text::valid_utf8(text)) std::abort();
    }
    if (const auto container = read_tnef(bytes, 1000)) {
        if (container->body.size() > 1000 || container->files.size() > max_tnef_files) std::abort();
        for (const TnefFile& file : container->files)
            if (!file.data.empty()
                && (file.data.data() < bytes.data()
                    || file.data.data() + file.data.size() > bytes.data() + size))
                std::abort();
    }
    if (unpack_rtf(bytes, 5000).size() > 5020) std::abort();
    if (const std::string text = rtf_text(bytes, 1000);
        text.size() > 1000 || !postrider::text::valid_utf8(text))
        std::abort();
    for (XmlKind kind : {XmlKind::ooxml, XmlKind::opendocument}) {
        std::string out;
        append_xml_text(out, bytes, kind, 1000);
        if (out.size() > 1000) std::abort();
    }
    return 0;
}
