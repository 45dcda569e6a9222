"""Mail programs that keep a copy of everything, and folders that are saved searches."""

import mailbox
import os

import harness
from corpus import sample


class Offlineimap(harness.ServerCase):
    """offlineimap3 synchronises a Maildir with the server, both ways, over TLS."""

    def sync(self, home, user):
        password = os.path.join(home, "password")
        with open(password, "w") as file:
            file.write(self.server.password)
        rc = os.path.join(home, "rc")
        with open(rc, "w") as file:
            file.write(f"""
[general]
accounts = one
metadata = {home}/state
maxsyncaccounts = 1
ui = quiet

[Account one]
localrepository = near
remoterepository = far

[Repository near]
type = Maildir
localfolders = {home}/mail

[Repository far]
type = IMAP
remotehost = localhost
remoteport = {self.port("imaps")}
remoteuser = {user}@example.org
remotepassfile = {password}
ssl = yes
sslcacertfile = {self.server.data}/run/demo_cert.pem
folderfilter = lambda name: name in ("INBOX", "Drafts", "Archiv \u00fcber alles", "Archiv &APw-ber alles")
maxconnections = 2
""")
        harness.run("offlineimap", "-o", "-c", rc, seconds=120, env={"HOME": home})

    def near(self, home, folder="INBOX"):
        return mailbox.Maildir(os.path.join(home, "mail", folder), create=False)

    def test_both_ways(self):
        user = "alice"
        with self.smtp() as peer:
            for number in range(12):
                peer.mail("you@example.net", f"{user}@example.org", sample(f"offline {number}", size=200 * number))
        with harness.scratch() as home:
            self.sync(home, user)
            box = self.near(home)
            self.assertEqual(len(box), 12)

            # Flags, a deletion and a new message from here; flags, an expunge and a new message from there.
            for key, message in list(box.items()):
                if message["Subject"] == "offline 3":
                    message.set_flags("FS")
                    message.set_subdir("cur")
                    box[key] = message
                elif message["Subject"] == "offline 4":
                    box.remove(key)
            box.add(mailbox.MaildirMessage(sample("from near").replace(b"\r\n", b"\n")))
            with self.imap(user, "INBOX") as peer:
                peer.ok("STORE 6 +FLAGS (\\Answered)")
                peer.ok("STORE 7 +FLAGS (\\Deleted)")
                peer.ok("EXPUNGE")
                peer.append("INBOX", sample("from far"))
            self.sync(home, user)
            subjects = {message["Subject"]: message for message in self.near(home)}
            self.assertEqual(len(subjects), 12)
            self.assertIn("R", subjects["offline 5"].get_flags())
            self.assertNotIn("offline 6", subjects)
            self.assertIn("from far", subjects)
            with self.imap(user, "INBOX") as peer:
                for search, count in (('FLAGGED SEEN SUBJECT "offline 3"', 1), ('SUBJECT "offline 4"', 0),
                                      ('SUBJECT "from near"', 1)):
                    self.assertEqual(len(peer.ok(f"SEARCH {search}")[0].split()) - 2, count, search)

            # A third run has nothing to do.
            with self.imap(user) as peer:
                before = peer.ok("STATUS INBOX (MESSAGES UIDNEXT UNSEEN)")
            names = sorted(self.near(home).keys())
            self.sync(home, user)
            with self.imap(user) as peer:
                self.assertEqual(peer.ok("STATUS INBOX (MESSAGES UIDNEXT UNSEEN)"), before)
            self.assertEqual(sorted(self.near(home).keys()), names)


if __name__ == "__main__":
    harness.main()
