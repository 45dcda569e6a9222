"""Searching for texts: the index in the background, attachments, what an administrator sees of it."""

import base64
import io
import json
import unittest
import zipfile

import harness
from corpus import sample


def pdf(text):
    """One page with one line of text."""
    stream = f"BT /F1 24 Tf 72 700 Td ({text}) Tj ET"
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
               f"<</Length {len(stream)}>>stream\n{stream}\nendstream",
               "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"]
    out, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects):
        places.append(len(out))
        out += f"{number + 1} 0 obj{content}endobj\n"
    table = "0000000000 65535 f \n" + "".join(f"{place:010} 00000 n \n" for place in places)
    out += f"xref\n0 6\n{table}trailer<</Size 6/Root 1 0 R>>\nstartxref\n{len(out)}\n%%EOF\n"
    return out.encode()


def docx(text):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml",
                         f'<w:document xmlns:w="w"><w:body><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>')
    return packed.getvalue()


def with_attachment(kind, name, content):
    coded = base64.encodebytes(content).replace(b"\n", b"\r\n")
    return (b"From: me@example.net\r\nSubject: attached\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nsee the file\r\n--b\r\n"
            b"Content-Type: " + kind + b"; name=\"" + name + b"\"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + coded
            + b"--b--\r\n")


class Texts(harness.ServerCase):
    def status(self, user="alice"):
        return json.loads(self.server.command("index", "status", self.address(user), "--json"))

    def indexed(self, user="alice"):
        self.eventually(lambda: self.status(user)["backlog"] == 0, seconds=40, what="the index is behind")
        return self.status(user)

    def found(self, peer, program):
        line = next(line for line in peer.ok(f"UID SEARCH {program}") if line.startswith(b"* SEARCH"))
        return line.split()[2:]

    def setUp(self):
        for user in ("alice", "bob"):
            self.empty(user)

    def test_answers_are_the_same_before_and_after_indexing(self):
        with self.imap("alice", "INBOX") as peer:
            for number in range(30):
                peer.append("INBOX", sample(f"number {number} of the thirty"))
            peer.ok("NOOP")
            programs = ("SUBJECT thirty", 'SUBJECT "ber 2"', "TEXT example", "BODY nowhere", "NOT SUBJECT 7", "FROM @")
            before = [self.found(peer, program) for program in programs]
            self.assertEqual(len(before[0]), 30)
            status = self.indexed()
            self.assertEqual(status["indexed"], status["messages"])
            self.assertGreater(status["disk_bytes"], 0)
            self.assertEqual([self.found(peer, program) for program in programs], before)

    def test_rebuilt_from_nothing(self):
        with self.imap("alice", "INBOX") as peer:
            peer.append("INBOX", sample("to be found again"))
            self.indexed()
            self.server.command("index", "rebuild", self.address("alice"))
            self.assertEqual(len(self.found(peer, "SUBJECT again")), 1)
            self.indexed()
            self.assertEqual(len(self.found(peer, "SUBJECT again")), 1)

    def test_attached_documents_are_read(self):
        with self.imap("alice", "INBOX") as peer:
            peer.append("INBOX", with_attachment(b"application/octet-stream", b"plan.docx", docx("hovercraft maintenance")))
            peer.append("INBOX", with_attachment(b"application/octet-stream", b"broken.docx", b"PK\x03\x04 no archive"))
            for number in range(8):
                peer.append("INBOX", sample(f"another {number}"))
            peer.ok("NOOP")
            self.indexed()
            self.assertEqual(len(self.found(peer, "BODY hovercraft")), 1)
            self.assertEqual(len(self.found(peer, 'BODY "hovercraft maint"')), 1)

    def test_attached_pdf_is_read(self):
        harness.program("pdftotext")
        with self.imap("bob", "INBOX") as peer:
            peer.append("INBOX", with_attachment(b"application/pdf", b"bill.pdf", pdf("Electricity invoice")))
            for number in range(8):
                peer.append("INBOX", sample(f"another {number}"))
            peer.ok("NOOP")
            self.indexed("bob")
            self.assertEqual(len(self.found(peer, "BODY electricity")), 1)


class SavedSearches(harness.ServerCase):
    """Searches that live as folders: made by an administrator, seen and used by any mail program."""

    users = 1

    def search(self, *arguments):
        return self.server.command("account", "search", *arguments)

    def subjects(self, peer):
        untagged, tagged = peer.command("UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        self.assertTrue(tagged.startswith(b"OK"), tagged)
        return sorted(literals[0].strip()[9:].decode() for _, literals in untagged if literals)

    def shown(self, path, user="alice"):
        with self.imap(user) as peer:
            peer.ok(f'EXAMINE "{path}"')
            return self.subjects(peer)

    def test_shows_what_lies_in_many_folders_and_follows_them(self):
        self.search("add", "alice@example.org", "Plans", 'SUBJECT "plan"')
        with self.smtp() as peer:
            for subject in ("plan by mail", "another thing"):
                peer.mail("you@example.net", "alice@example.org", sample(subject))
        with self.imap("alice") as peer:
            peer.append("Archive", sample("plan in the archive"))
            peer.append("Trash", sample("plan in the trash"))
        self.assertEqual(self.shown("Plans"), ["plan by mail", "plan in the archive"])
        with self.imap("alice", "Archive") as peer:
            peer.ok("STORE 1 +FLAGS (\\Deleted)")
            peer.ok("EXPUNGE")
        self.assertEqual(self.shown("Plans"), ["plan by mail"])
        self.search("change", "alice@example.org", "Plans", "--criteria", 'SUBJECT "thing"')
        self.assertEqual(self.shown("Plans"), ["another thing"])
        self.search("remove", "alice@example.org", "Plans")
        with self.imap("alice", "INBOX") as peer:
            self.assertEqual(self.subjects(peer), ["another thing", "plan by mail"], "the messages stay")
            self.assertNotIn(b"Plans", b"".join(peer.ok('LIST "" "*"')))

    def test_what_is_done_there_is_done_to_the_messages(self):
        self.search("add", "bob@example.org", "Flagged here", "FLAGGED", "--folder", "INBOX")
        with self.imap("bob") as peer:
            for number in range(5):
                peer.append("INBOX", sample(f"number {number}"), "(\\Flagged)")
            peer.append("Archive", sample("flagged elsewhere"), "(\\Flagged)")
            said = b"".join(peer.ok('LIST "" "*"'))
            self.assertRegex(said, rb'\(\\HasNoChildren \\Search\) "/" "Flagged here"')
            peer.ok('SELECT "Flagged here"')
            self.assertEqual(self.subjects(peer), [f"number {n}" for n in range(5)])
            peer.ok("STORE 1 +FLAGS (\\Answered)")
            peer.ok("STORE 2 -FLAGS (\\Flagged)")
            peer.ok("MOVE 3 Archive")
            peer.ok("NOOP")
            self.assertEqual(self.subjects(peer), ["number 0", "number 3", "number 4"])
            peer.no('APPEND "Flagged here" {3+}\r\nA:b', b"NO [CANNOT]")
            # RFC 8508: what takes its place comes in the same batch in which it goes from where it lies.
            message = sample("number 4 anew")
            peer.no(f"REPLACE 3 Nowhere {{{len(message)}+}}\r\n".encode() + message, b"NO [TRYCREATE]")
            peer.ok(f"REPLACE 3 INBOX (\\Flagged) {{{len(message)}+}}\r\n".encode() + message)
            peer.ok("NOOP")
            self.assertEqual(self.subjects(peer), ["number 0", "number 3", "number 4 anew"])
        with self.imap("bob", "INBOX") as peer:
            self.assertEqual(self.subjects(peer), ["number 0", "number 1", "number 3", "number 4 anew"])
            self.assertEqual(peer.ok("SEARCH ANSWERED"), [b"* SEARCH 1"])
        with self.imap("bob", "Archive") as peer:
            self.assertEqual(self.subjects(peer), ["flagged elsewhere", "number 2"])

    def test_a_client_that_idles_there_hears_what_is_found(self):
        self.search("add", "carol@example.org", "Mail of today", "SUBJECT today")
        with self.imap("carol", "Mail of today") as peer:
            tag = peer.idle()
            with self.smtp() as sender:
                sender.mail("you@example.net", "carol@example.org", sample("nothing"))
                sender.mail("you@example.net", "carol@example.org", sample("news of today"))
            peer.until(rb"^\* 1 EXISTS")
            peer.done(tag)
            self.assertEqual(self.subjects(peer), ["news of today"])

    def test_found_again_after_a_restart(self):
        self.search("add", "user0@example.org", "Kept", "SUBJECT kept")
        with self.imap("user0") as peer:
            peer.append("INBOX", sample("kept one"))
            before = peer.ok("STATUS Kept (MESSAGES UIDNEXT UIDVALIDITY)")
        self.server.stop()
        self.server.demo()
        with self.imap("user0") as peer:
            self.assertEqual(peer.ok("STATUS Kept (MESSAGES UIDNEXT UIDVALIDITY)"), before)
            peer.append("Archive", sample("kept two"))
        self.assertEqual(self.shown("Kept", "user0"), ["kept one", "kept two"])


if __name__ == "__main__":
    unittest.main()
