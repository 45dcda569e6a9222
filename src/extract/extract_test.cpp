#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#include <cerrno>
#include <fstream>

#include "base/test_folder.h"
#include "extract/attachments.h"
#include "extract/document.h"
#include "extract/samples_for_tests.h"
#include "extract/sandbox.h"
#include "extract/tnef.h"
#include "extract/xml_text.h"
#include "extract/zip.h"
#include "mime/description.h"
#include "mime/preview.h"
#include "text/base64.h"

namespace postrider::extract {
namespace {

TEST(Zip, GivesMembersStoredAndDeflated) {
    const std::string archive = zipped({{"a.txt", "stored"}, {"b.txt", std::string(10'000, 'x')}});
    const auto members = zip_members(archive);
    ASSERT_EQ(members.size(), 2u);
    EXPECT_EQ(members[0].name, "a.txt");
    EXPECT_EQ(read_member(archive, members[0], 100), "stored");
    EXPECT_EQ(read_member(archive, members[1], 1u << 20), std::string(10'000, 'x'));
    EXPECT_EQ(read_member(archive, members[1], 10), "xxxxxxxxxx");  // a bomb stops here
}

std::string little(std::uint64_t value, int octets) {
    std::string bytes;
    for (int i = 0; i < octets; ++i) bytes += static_cast<char>(value >> (8 * i));
    return bytes;
}
std::string tnef_attribute(char level, std::uint32_t id, std::string_view data) {
    return std::string{level} + little(id, 4) + little(data.size(), 4) + std::string{data} + little(0, 2);
}
std::string property(std::uint16_t type, std::uint16_t id, std::string_view value) {
    std::string bytes =
        little(type, 2) + little(id, 2) + little(1, 4) + little(value.size(), 4) + std::string{value};
    while (bytes.size() % 4 != 0) bytes += '\0';
    return bytes;
}
const std::string tnef_begin = little(0x223E9F78, 4) + little(1, 2);

/// MS-OXRTFCP section 4.1.
const std::string hello_world(
    "\x2d\x00\x00\x00\x2b\x00\x00\x00\x4c\x5a\x46\x75\xf1\xc5\xc7\xa7\x03\x00\x0a\x00\x72\x63\x70\x67\x31\x32"
    "\x35\x42"
    "\x32\x0a\xf3\x20\x68\x65\x6c\x09\x00\x20\x62\x77\x05\xb0\x6c\x64\x7d\x0a\x80\x0f\xa0",
    49);

TEST(Tnef, GivesTheTextAndWhatIsAttached) {
    const std::string docx = sample_docx("a contract");
    const std::string bytes =
        tnef_begin + tnef_attribute(1, 0x00069007, little(1252, 4) + little(0, 4))
        + tnef_attribute(1, 0x0002800C,
                         std::string{"Gr\xFC\xDF"
                                     "e\0",
                                     6})
        + tnef_attribute(2, 0x00069002, "rendering") + tnef_attribute(2, 0x00018010, "CONTRA~1.DOC")
        + tnef_attribute(2, 0x0006800F, docx)
        + tnef_attribute(2, 0x00069005,
                         little(1, 4) + property(0x1F, 0x3707, std::string{"o\0f\0.\0d\0o\0c\0x\0", 14}));
    const auto container = read_tnef(bytes, 1000);
    ASSERT_TRUE(container);
    EXPECT_EQ(container->body,
              "Gr\xC3\xBC\xC3\x9F"
              "e");
    ASSERT_EQ(container->files.size(), 1u);
    EXPECT_EQ(container->files[0].name, "of.docx");
    EXPECT_EQ(container->files[0].data, docx);
    const std::string all = read_document(bytes, Format::tnef);
    EXPECT_NE(all.find("of.docx\na contract"), std::string::npos) << all;
    for (std::size_t size = 0; size < bytes.size(); ++size)
        (void)read_tnef(std::string_view{bytes}.substr(0, size), 1000);
    EXPECT_FALSE(read_tnef("PK nothing of the kind", 1000));
}

TEST(Tnef, ReadsRichTextWhereThereIsNoOther) {
    EXPECT_EQ(unpack_rtf(hello_world, 1000), "{\\rtf1\\ansi\\ansicpg1252\\pard hello world}\r\n");
    const std::string bytes =
        tnef_begin + tnef_attribute(1, 0x00069003, little(1, 4) + property(0x102, 0x1009, hello_world));
    EXPECT_EQ(read_tnef(bytes, 1000)->body, "hello world");
}

TEST(Rtf, GivesWhatAReaderSees) {
    EXPECT_EQ(
        rtf_text("{\\rtf1\\ansi{\\fonttbl{\\f0 Arial;}}{\\*\\generator x;}Caf\\'e9\\par \\u8364?5 \\{a\\}}",
                 100),
        "Caf\xC3\xA9\n\xE2\x82\xAC"
        "5 {a}");
    EXPECT_EQ(
        rtf_text("{\\rtf1\\fromhtml1{\\*\\htmltag64 <p>}\\htmlrtf {\\htmlrtf0 Hello {\\*\\htmltag84 <b>}you"
                 "{\\*\\htmltag92 </b>}\\htmlrtf }\\htmlrtf0{\\*\\htmltag72 </p>}}",
                 100),
        mime::html_to_text("<p>Hello <b>you</b></p>", 100));
    EXPECT_LE(rtf_text(std::string(5000, '{') + std::string(5000, 'x'), 100).size(), 100u);
}

TEST(Zip, EndsWhereAnArchiveIsDamaged) {
    const std::string archive = zipped({{"a.txt", "stored"}, {"b.txt", std::string(1'000, 'x')}});
    for (std::size_t size = 0; size < archive.size(); ++size)
        EXPECT_TRUE(zip_members(std::string_view{archive}.substr(0, size)).empty()) << size;
    for (std::size_t i = 0; i < archive.size(); ++i) {
        std::string bad = archive;
        bad[i] = static_cast<char>(bad[i] ^ 0x55);
        const auto members = zip_members(bad);
        for (const ZipMember& member : members) (void)read_member(bad, member, 1u << 20);
    }
}

TEST(XmlText, ReadsRunsOfText) {
    std::string out;
    append_xml_text(
        out,
        "<w:document xmlns:w='x'><w:p><w:r><w:t>Con</w:t></w:r><w:r><w:t>tract</w:t><w:tab/><w:t>one &amp; "
        "two</w:t></w:r></w:p><w:p><w:t>end</w:t></w:p><w:instrText>no</w:instrText></w:document>",
        XmlKind::ooxml, 1000);
    EXPECT_EQ(out, "Contract one & two\nend\n");
}

TEST(XmlText, ExpandsNothing) {
    std::string out;
    append_xml_text(out, "<!DOCTYPE d [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><d><t>&b;</t></d>",
                    XmlKind::ooxml, 1000);
    EXPECT_EQ(out, "");
}

TEST(XmlText, StopsAtItsLimits) {
    std::string out;
    append_xml_text(out, "<d><t>" + std::string(5000, 'y') + "</t></d>", XmlKind::ooxml, 1000);
    EXPECT_EQ(out.size(), 1000u);
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<t>";
    out.clear();
    append_xml_text(out, deep + "text", XmlKind::ooxml, 1000);
    EXPECT_EQ(out, "");
}

TEST(Document, ReadsOfficeFormats) {
    EXPECT_EQ(read_document(sample_docx("Quarterly figures"), Format::ooxml), "Quarterly figures\n");
    EXPECT_EQ(read_document(sample_xlsx("Turnover"), Format::ooxml), "Turnover\n");
    EXPECT_EQ(read_document(sample_pptx("Outlook"), Format::ooxml), "Outlook\n");
    EXPECT_EQ(read_document(sample_odt("Grüße"), Format::opendocument), "Grüße\n");
    EXPECT_EQ(read_document("no archive", Format::ooxml), "");
}

TEST(Attachments, AreKnownByTypeOrName) {
    EXPECT_EQ(format_of("application/pdf", ""), Format::pdf);
    EXPECT_EQ(format_of("application/octet-stream", "Report.DOCX"), Format::ooxml);
    EXPECT_EQ(format_of("application/vnd.oasis.opendocument.text", ""), Format::opendocument);
    EXPECT_EQ(format_of("application/octet-stream", "pdf"), std::nullopt);
    EXPECT_EQ(format_of("image/png", "a.pdf"), std::nullopt);
}

TEST(Attachments, AreReadInAMessage) {
    const std::string message =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n--b\r\n"
        "Content-Type: application/octet-stream; name=\"x.docx\"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + text::encode_base64_lines(sample_docx("signed contract")) + "\r\n--b--\r\n";
    const auto description = mime::describe(message);
    const auto read = [](std::string_view bytes, Format format) { return read_document(bytes, format); };
    EXPECT_EQ(attachment_texts(message, description.parts, read), "signed contract\n");
    AttachmentLimits small;
    small.size = 10;
    EXPECT_EQ(attachment_texts(message, description.parts, read, small), "");
}

/// What a confined child may do; the exit code tells.
int in_child(Confinement confinement, int (*what)()) {
    const pid_t child = ::fork();
    if (child == 0) {
        if (!confine(confinement)) ::_exit(99);
        ::_exit(what());
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Sandbox, LeavesNoNetworkNoFilesAndNoProcesses) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    GTEST_SKIP() << "the sanitizer needs more address space than the sandbox leaves";
#endif
    for (Confinement how : {Confinement::compute, Confinement::program}) {
        EXPECT_EQ(
            in_child(how, [] { return ::socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 1; }), 0);
        EXPECT_EQ(in_child(how, [] { return ::fork() < 0 ? 0 : 1; }), 0);
        EXPECT_EQ(
            in_child(how,
                     [] { return ::open("/tmp/postrider-sandbox", O_CREAT | O_WRONLY, 0600) < 0 ? 0 : 1; }),
            0);
        EXPECT_EQ(in_child(how, [] { return ::unlink("/tmp/nothing") < 0 && errno == EPERM ? 0 : 1; }), 0);
        EXPECT_EQ(in_child(how, [] { return ::kill(1, 0) < 0 && errno == EPERM ? 0 : 1; }), 0);
    }
    EXPECT_EQ(in_child(Confinement::compute, [] { return ::open("/etc/passwd", O_RDONLY) < 0 ? 0 : 1; }), 0);
    EXPECT_EQ(in_child(Confinement::program, [] { return ::open("/etc/passwd", O_RDONLY) >= 0 ? 0 : 1; }), 0);
    EXPECT_EQ(in_child(Confinement::compute,
                       [] {
                           const std::string text = read_document(sample_docx("still works"), Format::ooxml);
                           return text == "still works\n" ? 0 : 1;
                       }),
              0);
}

}  // namespace
}  // namespace postrider::extract
