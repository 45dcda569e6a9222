#pragma once

#include <fmt/core.h>
#include <zlib.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// Small documents made by the tests themselves.
namespace postrider::extract {

/// A ZIP archive; members of more than 100 octets are deflated.
inline std::string zipped(const std::vector<std::pair<std::string, std::string>>& members) {
    auto little = [](std::uint64_t value, int size) {
        std::string bytes;
        for (int i = 0; i < size; ++i) bytes += static_cast<char>(value >> (8 * i));
        return bytes;
    };
    std::string archive, directory;
    for (const auto& [name, content] : members) {
        std::string packed = content;
        int method = 0;
        if (content.size() > 100) {
            method = 8;
            z_stream stream{};
            deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
            packed.resize(content.size() + 100);
            stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
            stream.avail_in = static_cast<uInt>(content.size());
            stream.next_out = reinterpret_cast<Bytef*>(packed.data());
            stream.avail_out = static_cast<uInt>(packed.size());
            deflate(&stream, Z_FINISH);
            packed.resize(packed.size() - stream.avail_out);
            deflateEnd(&stream);
        }
        const auto sum =
            crc32(0, reinterpret_cast<const Bytef*>(content.data()), static_cast<uInt>(content.size()));
        const std::string common = little(20, 2) + little(0, 2) + little(static_cast<unsigned>(method), 2)
                                   + little(0, 4) + little(sum, 4) + little(packed.size(), 4)
                                   + little(content.size(), 4) + little(name.size(), 2) + little(0, 2);
        directory += "PK\x01\x02" + little(20, 2) + common + little(0, 2) + little(0, 2) + little(0, 2)
                     + little(0, 4) + little(archive.size(), 4) + name;
        archive += "PK\x03\x04" + common + name + packed;
    }
    const std::size_t at = archive.size();
    return archive + directory + "PK\x05\x06" + little(0, 4) + little(members.size(), 2)
           + little(members.size(), 2) + little(directory.size(), 4) + little(at, 4) + little(0, 2);
}

inline std::string sample_docx(std::string_view text) {
    return zipped({{"[Content_Types].xml", "<Types/>"},
                   {"word/document.xml",
                    fmt::format("<?xml version=\"1.0\"?><w:document xmlns:w=\"w\"><w:body><w:p><w:r>"
                                "<w:t>{}</w:t></w:r></w:p></w:body></w:document>",
                                text)}});
}
inline std::string sample_xlsx(std::string_view text) {
    return zipped({{"xl/sharedStrings.xml", fmt::format("<sst><si><t>{}</t></si></sst>", text)}});
}
inline std::string sample_pptx(std::string_view text) {
    return zipped({{"ppt/slides/slide1.xml",
                    fmt::format("<p:sld xmlns:p=\"p\" xmlns:a=\"a\"><a:p><a:r><a:t>{}</a:t></a:r>"
                                "</a:p></p:sld>",
                                text)}});
}
inline std::string sample_odt(std::string_view text) {
    return zipped(
        {{"content.xml", fmt::format("<office:document-content xmlns:office=\"o\" xmlns:text=\"t\"><text:p>{}"
                                     "</text:p></office:document-content>",
                                     text)}});
}
/// One page with one line of Helvetica.
inline std::string sample_pdf(std::string_view text) {
    const std::string stream = fmt::format("BT /F1 24 Tf 72 700 Td ({}) Tj ET", text);
    const std::string objects[] = {
        "<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        fmt::format("<</Length {}>>stream\n{}\nendstream", stream.size(), stream),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"};
    std::string pdf = "%PDF-1.4\n", table = "0000000000 65535 f \n";
    for (std::size_t i = 0; i < std::size(objects); ++i) {
        table += fmt::format("{:010} 00000 n \n", pdf.size());
        pdf += fmt::format("{} 0 obj{}endobj\n", i + 1, objects[i]);
    }
    const std::size_t at = pdf.size();
    return pdf + fmt::format("xref\n0 6\n{}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{}\n%%EOF\n", table, at);
}

}  // namespace postrider::extract
