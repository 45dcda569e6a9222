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
#include "extract/xml_text.h"
#include "extract/zip.h"
#include "mime/description.h"
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
