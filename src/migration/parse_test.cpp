#include <gtest/gtest.h>

#include <fstream>

#include "base/codec.h"
#include "migration/cyrus_index.h"
#include "migration/cyrus_subscriptions.h"
#include "migration/dbox_file.h"
#include "migration/decompress.h"
#include "migration/dovecot_index.h"
#include "migration/dovecot_log.h"
#include "migration/file.h"
#include "migration/maildir_files.h"
#include "migration/mbox_message.h"
#include "migration/out_file.h"

namespace postrider::migration {
namespace {

using mailstore::answered;
using mailstore::deleted;
using mailstore::draft;
using mailstore::flagged;
using mailstore::seen;

struct Problems {
    std::vector<Problem> all;
    OnProblem note = [this](Problem one) { all.push_back(std::move(one)); };
};

TEST(MaildirName, SaysFlagsAndKeywordLetters) {
    const MaildirName name = parse_maildir_name("1287.M1P2.host,S=10:2,DFPRSTac");
    EXPECT_EQ(name.base, "1287.M1P2.host,S=10");
    EXPECT_EQ(name.flags, seen | answered | flagged | deleted | draft);
    EXPECT_TRUE(name.passed);
    EXPECT_EQ(name.letters, 0b101u);
    EXPECT_EQ(maildir_suffix(name.flags, true, 0b101), ":2,DFPRSTac");
    EXPECT_EQ(parse_maildir_name("1287.host").base, "1287.host");
    EXPECT_EQ(parse_maildir_name("1287.host!2,S").flags, seen);
    // Found by fuzzing: a mark within the name made of it another when it was written again.
    const MaildirName twice = parse_maildir_name("1;2,x.1;2,y:2,S");
    EXPECT_EQ(twice.base, "1;2,x.1;2,y");
    EXPECT_EQ(twice.flags, seen);
}

TEST(UidLists, AreReadInAllVersionsAndDamageIsTold) {
    Problems problems;
    UidList list = parse_uidlist(
        "3 V1275660208 N25022 G3085f01b7f11094c\n25006 :1276528487.M364837\n"
        "25017 W2481 :1276533073.M242911:2,S\nxx :1\n5 :too-low\n25019 W1\n25020 :c\n",
        "uidlist", problems.note);
    EXPECT_EQ(list.uid_validity, 1'275'660'208u);
    EXPECT_EQ(list.uid_next, 25'022u);
    EXPECT_EQ(list.uids.at("1276528487.M364837"), 25'006u);
    EXPECT_EQ(list.uids.at("1276533073.M242911"), 25'017u);
    EXPECT_EQ(list.uids.at("c"), 25'020u);
    ASSERT_EQ(problems.all.size(), 3u);
    EXPECT_EQ(problems.all[0].line, 4u);
    EXPECT_EQ(problems.all[1].line, 5u);
    EXPECT_EQ(problems.all[2].line, 6u);

    list = parse_uidlist("1 77 9\n3 a\n8 b\n", "courier", problems.note);
    EXPECT_EQ(list.uid_validity, 77u);
    EXPECT_EQ(list.uids.at("b"), 8u);
    EXPECT_EQ(parse_uidlist("2 77 9\n3 a\n", "x", problems.note).uids.size(), 0u);
}

TEST(Subscriptions, AreReadWithEverySeparator) {
    EXPECT_EQ(parse_subscriptions("V\t2\n\nINBOX\nWork\tOld\nEntw&APw-rfe\n", '/'),
              (std::vector<std::string>{"INBOX", "Work/Old", "Entwürfe"}));
    EXPECT_EQ(parse_subscriptions("INBOX.Sent\n", '.'), (std::vector<std::string>{"Sent", "INBOX/Sent"}));
}

std::vector<std::string> split(std::string_view file) {
    std::vector<std::string> messages;
    while (!file.empty()) {
        std::size_t scanned = 0;
        auto end = mbox_message_end(file, true, scanned);
        messages.emplace_back(file.substr(0, *end));
        file.remove_prefix(*end);
    }
    return messages;
}

TEST(Mbox, AMessageEndsBeforeAFromLineWithADateBehindAnEmptyLine) {
    const auto messages = split(
        "From a@b Fri Nov 20 10:00:00 2026\nSubject: one\n\nFrom here on it is text.\nFrom a@b Fri Nov 20 "
        "10:00:00 2026\n"
        "still text, for no empty line was before\n\nFrom c d Sat Nov  7 09:05 +0100 2026\n\ntwo\n");
    ASSERT_EQ(messages.size(), 2u);
    EXPECT_EQ(*from_line_date(messages[1]), *from_line_date("From x Sat Nov 7 08:05:00 UTC 2026"));
    EXPECT_FALSE(is_from_line("From me to you"));
}

TEST(Mbox, ContentLengthWinsWhereItFits) {
    const std::string body = "a\n\nFrom x Fri Nov 20 10:00:00 2026\n\nb\n";
    const std::string file = "From a Fri Nov 20 10:00:00 2026\nContent-Length: " + std::to_string(body.size())
                             + "\n\n" + body + "\nFrom z Fri Nov 20 10:00:00 2026\n\nlast\n";
    EXPECT_EQ(split(file).size(), 2u);
    std::string wrong = file;
    wrong.replace(wrong.find("Length: ") + 8, 2, "03");
    EXPECT_EQ(split(wrong).size(), 3u) << "where it does not fit it is not believed";
}

TEST(Mbox, PiecesOfAnySizeGiveTheSame) {
    const std::string file =
        "From a Fri Nov 20 10:00:00 2026\nSubject: one\n\ntext\n\nFrom z Fri Nov 20 10:00:00 2026\n\nlast\n";
    const std::size_t first = split(file)[0].size();
    std::size_t scanned = 0;
    std::optional<std::size_t> end;
    for (std::size_t have = 1; !end; ++have)
        end = mbox_message_end(std::string_view{file}.substr(0, have), have == file.size(), scanned);
    EXPECT_EQ(*end, first);
}

TEST(Mbox, StatusFieldsBecomeFlagsAndLeaveTheHeader) {
    const MboxMessage parsed = parse_mbox_message(
        "From a Fri Nov 20 10:00:00 +0000 2026\nX-IMAPbase: 1234 0000000099 Work $Label1\nX-UID: "
        "42\nSubject: x\n folded\n"
        "Status: RO\nX-Status: AFTD\nX-Keywords: Work    $Label1\nContent-Length: 4\n\n>From me\n>>From "
        "you\n\n",
        Quoting::rd);
    EXPECT_EQ(parsed.message.octets, "Subject: x\r\n folded\r\n\r\nFrom me\r\n>From you\r\n");
    EXPECT_EQ(parsed.message.flags, seen | answered | flagged | draft | deleted);
    EXPECT_EQ(parsed.message.keywords, (std::vector<std::string>{"Work", "$Label1"}));
    EXPECT_EQ(parsed.message.uid, 42u);
    EXPECT_EQ(parsed.uid_validity, 1234u);
    EXPECT_EQ(parsed.last_uid, 99u);
    EXPECT_EQ(parsed.message.internal_date, 1'795'168'800);
    EXPECT_EQ(
        parse_mbox_message("From a Fri Nov 20 10:00:00 2026\n\n>>From you\n", Quoting::o).message.octets,
        "\r\n>>From you\r\n");
    EXPECT_TRUE(
        parse_mbox_message(
            "From M Fri Nov 20 10:00:00 2026\nSubject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n"
            "X-IMAP: 77 12\n\nThis text\n",
            Quoting::rd)
            .pseudo);
}

TEST(Mbox, WhatIsWrittenIsReadBack) {
    const std::string octets = "Subject: x\r\nStatus: foreign\r\n\r\nFrom me\r\n>From you\r\n\r\nend";
    const std::string text =
        mbox_text(octets, seen | flagged, {"A", "B"}, 1'700'000'000, 9, "5 0000000009 A B");
    const MboxMessage back = parse_mbox_message(text, Quoting::rd);
    EXPECT_EQ(back.message.octets, "Subject: x\r\n\r\nFrom me\r\n>From you\r\n\r\nend\r\n");
    EXPECT_EQ(back.message.flags, seen | flagged);
    EXPECT_EQ(back.message.internal_date, 1'700'000'000);
    EXPECT_EQ(back.message.uid, 9u);
    EXPECT_EQ(back.uid_validity, 5u);
    EXPECT_EQ(split(text + text).size(), 2u);
    // Found by fuzzing: a text that begins with a blank was taken for a part of the header.
    const std::string indented = "Subject: x\r\n\r\n  indented\r\nStatus: of things\r\n";
    const std::string written = mbox_text(indented, seen, {}, 1'700'000'000, 9, "");
    const MboxMessage read = parse_mbox_message(written, Quoting::rd);
    EXPECT_EQ(read.message.octets, "Subject: x\r\n\r\n  indented\r\nStatus: of things\r\n") << written;
    EXPECT_EQ(read.message.flags, seen);
    EXPECT_EQ(read.message.uid, 9u);
    // Found by fuzzing: CRs alone on a line, which become an empty one, and CRs that hid a "From ".
    const std::string returns =
        "Subject: x\r\n\r\r\nFrom a Fri Nov 20 10:00:00 2026\r\n\r\n\rFrom b Fri Nov 20 10:00:00 2026\r\n";
    const std::string kept = mbox_text(returns, seen, {}, 1'700'000'000, 9, "");
    EXPECT_EQ(split(kept).size(), 1u) << kept;
    const MboxMessage same = parse_mbox_message(kept, Quoting::rd);
    EXPECT_EQ(same.message.flags, seen);
    EXPECT_EQ(same.message.uid, 9u);
    EXPECT_EQ(same.message.octets,
              "Subject: x\r\n\r\nFrom a Fri Nov 20 10:00:00 2026\r\n\r\n\rFrom b Fri Nov 20 10:00:00 "
              "2026\r\n");
}

TEST(Dbox, HeadersAndMetadataAreReadAndDamageIsNamed) {
    auto header = parse_dbox_file_header("2 M1e C5f\n\x01\x02N");
    ASSERT_TRUE(header) << header.error();
    EXPECT_EQ(header->size, 10u);
    EXPECT_EQ(header->message_header, 30u);
    EXPECT_FALSE(parse_dbox_file_header("3 M1e C5f\n"));
    EXPECT_FALSE(parse_dbox_file_header("2 M1 C5f\n"));
    EXPECT_EQ(parse_dbox_message_header("\x01\x02N          000000000000001F\n").value_or(0), 31u);
    EXPECT_FALSE(parse_dbox_message_header("\x01\x02N          00000000000000ZF\n"));
    auto metadata = parse_dbox_metadata("\n\x01\x03\nR5f000000\nGabc\nV20\nBWork/Old\n\nnext");
    ASSERT_TRUE(metadata);
    EXPECT_EQ(metadata->received, 0x5f000000);
    EXPECT_EQ(metadata->original_folder, "Work/Old");
    EXPECT_FALSE(parse_dbox_metadata("\n\x01\x03\nR5f000000\n"));
    EXPECT_EQ(parse_dbox_metadata("\n\x01\x03\nXref\n\n")->external, "ref");
    EXPECT_EQ(parse_dbox_metadata("\n\x01\x03\nZ272\n\n")->whole, 0x272u);
}

std::string le(std::uint64_t value, int octets) {
    std::string out;
    for (int i = 0; i < octets; ++i) out += static_cast<char>(value >> (8 * i));
    return out;
}
std::string change(std::uint32_t type, const std::string& data) {
    const std::size_t size = (data.size() + 8) >> 2;
    std::string out;
    for (int shift : {21, 14, 7, 0}) out += static_cast<char>(0x80 | (size >> shift & 0x7f));
    return out + le(type, 4) + data;
}
std::string log_header(std::uint32_t sequence) {
    return std::string{"\x01\x02", 2} + le(40, 2) + le(1, 4) + le(sequence, 4) + std::string(28, '\0');
}

TEST(DovecotIndexFile, ALogAloneTellsEverything) {
    Problems problems;
    std::string log = log_header(1);
    log += change(0x20, le(24, 2) + le(4, 2) + le(777, 4));  // UIDVALIDITY
    log += change(0x2,
                  le(1, 4) + le(0, 4) + le(2, 4) + le(8, 4) + le(3, 4) + le(0, 4));  // append 1, 2 (seen), 3
    log += change(0x4, le(1, 4) + le(3, 4) + le(0x02, 1) + le(0x08, 1) + le(0, 2));  // +flagged -seen
    log += change(0x400, le(0, 2) + le(4, 2) + "Work" + le(2, 4) + le(3, 4));        // +Work on 2, 3
    log += change(0x40, le(0xffffffff, 4) + le(0, 4) + le(0, 4) + le(8, 2) + le(4, 2) + le(0, 2) + le(5, 2)
                            + std::string{"mdbox\0\0\0", 8});
    log += change(0x200, le(3, 4) + "mapped!!");
    log += change(0x1000cd91, le(2, 4) + le(2, 4));
    auto index = read_dovecot_index("", {log}, "mdbox", "log", problems.note);
    EXPECT_TRUE(problems.all.empty());
    EXPECT_EQ(index.uid_validity, 777u);
    EXPECT_EQ(index.uid_next, 4u);
    ASSERT_EQ(index.messages.size(), 2u);
    EXPECT_EQ(index.messages.at(1).flags, flagged);
    EXPECT_EQ(index.messages.at(3).extension, "mapped!!");
    EXPECT_EQ(index.keywords, std::vector<std::string>{"Work"});
    EXPECT_TRUE(index.messages.at(3).keywords.at(0));

    index = read_dovecot_index("", {log + "\x80\x80\x80\x7f garbage"}, "", "log", problems.note);
    EXPECT_FALSE(index.complete);
    ASSERT_EQ(problems.all.size(), 1u);
    EXPECT_EQ(problems.all[0].line, log.size());
    EXPECT_EQ(index.messages.size(), 2u) << "what was before the damage counts";
}

std::string be(std::uint32_t value) {
    std::string out;
    put_be(out, value);
    return out;
}

TEST(CyrusIndexFile, RecordsAreReadAndExpungedOnesKnown) {
    std::string data = be(0) + be(0) + be(13) + be(128) + be(104) + be(2) + be(0) + be(41);
    data.resize(44, '\0');
    data += be(4711);
    data.resize(128, '\0');
    auto record = [&](std::uint32_t uid, std::uint32_t flags, std::uint32_t user) {
        std::string one = be(uid) + be(1'600'000'000);
        one.resize(32, '\0');
        one += be(flags) + be(user);
        one.resize(104, '\0');
        data += one;
    };
    record(7, 0x12, 0b10);
    record(9, 0x8000'0000, 0);
    auto index = parse_cyrus_index(data);
    ASSERT_TRUE(index) << index.error();
    EXPECT_EQ(index->uid_validity, 4711u);
    EXPECT_EQ(index->uid_next, 42u);
    EXPECT_EQ(index->messages.at(7).flags, flagged | seen);
    EXPECT_TRUE(index->messages.at(7).user_flags[1]);
    EXPECT_EQ(index->messages.at(7).internal_date, 1'600'000'000);
    EXPECT_TRUE(index->messages.at(9).gone);
    EXPECT_FALSE(parse_cyrus_index(data.substr(0, 50)));
    data[11] = 21;
    EXPECT_FALSE(parse_cyrus_index(data));
    // Version 20: times and sizes of 64 bits.
    std::string wide = be(0) + be(0) + be(20) + be(192) + be(144) + be(1);
    wide.resize(88, '\0');
    wide += be(41) + be(4711);
    wide.resize(192, '\0');
    wide += be(7) + be(0) + be(0x1634'5785) + be(0xd8a0'0000) + std::string(20, '\0') + be(0x12) + be(0b10);
    wide.resize(192 + 144, '\0');
    index = parse_cyrus_index(wide);
    ASSERT_TRUE(index) << index.error();
    EXPECT_EQ(index->uid_validity, 4711u);
    EXPECT_EQ(index->uid_next, 42u);
    EXPECT_EQ(index->messages.at(7).flags, flagged | seen);
    EXPECT_TRUE(index->messages.at(7).user_flags[1]);
    EXPECT_EQ(index->messages.at(7).internal_date, 1'600'000'000);
    const CyrusHeader before_3_6 = parse_cyrus_header(
        "\xa1\x02\x8b\x0d"
        "Cyrus mailbox header\n\"x\"\n\t--y\nuser.a\t123\nWork $Later \na lrs\n");
    EXPECT_EQ(before_3_6.flags, (std::vector<std::string>{"Work", "$Later"}));
    const CyrusHeader since_3_6 = parse_cyrus_header(
        "\xa1\x02\x8b\x0d"
        "Cyrus mailbox header\n\"x\"\n\t--y\n%(T e N user.alice.W^k I i3wc6 A %(alice lrs bob l) U (One \"a "
        "\\\"b\") Q user)\n");
    EXPECT_EQ(since_3_6.name, "user.alice.W^k");
    EXPECT_EQ(since_3_6.type, "e");
    EXPECT_EQ(since_3_6.flags, (std::vector<std::string>{"One", "a \"b"}));
}

TEST(CyrusSubscriptions, AreReadAsVersionsWriteThem) {
    const std::string since_3_6 =
        "\x1fVER\x1f\t2\nNINBOX\t\nNINBOX\x1f"
        "Entw&APw-rfe\t\nNINBOX\x1fWork\x1fOld\t\nNINBOX\x1fv1.2\t\nNuser\x1f"
        "bob.by\t\nNINBOX\x1f"
        "a\xff\x89z\t\n";
    EXPECT_EQ(parse_cyrus_subscriptions(since_3_6, "alice@example.org"),
              (std::set<std::string>{"INBOX", "Entwürfe", "Work/Old", "v1.2", "a\tz"}));
    const std::string before =
        "user.alice\t\nuser.alice.v1^2.x\t\nuser.bob\t\nexample.org!user.alice.D\t\nhalf a line";
    EXPECT_EQ(parse_cyrus_subscriptions(before, "alice@example.org"),
              (std::set<std::string>{"INBOX", "v1.2/x", "D"}));
    EXPECT_FALSE(parse_cyrus_subscriptions("\xa1\x02\x8b\x0dskiplist file\0", "alice"));
    EXPECT_TRUE(parse_cyrus_subscriptions("", "alice")->empty());
}

TEST(Compressed, MessagesComeOutAndDamageIsNamed) {
    const std::string text = "Subject: x\n\n" + std::string(1'000, 'a');
    EXPECT_EQ(decompressed(text, 10), text) << "what is not compressed is not looked at";
    for (const char* name : {"gz", "zst", "bz2", "lz4", "xz"}) {
        std::ifstream file{std::string{TESTDATA} + "/migration/compressed." + name, std::ios::binary};
        const std::string packed{std::istreambuf_iterator<char>{file}, {}};
        ASSERT_FALSE(packed.empty()) << name;
        EXPECT_NE(compression_of(packed), Compression::none);
        auto plain = decompressed(packed, 1u << 20);
        ASSERT_TRUE(plain) << name << ": " << plain.error();
        EXPECT_TRUE(plain->starts_with("From: a@b\nSubject: plain\n\nhello world\n")) << name;
        EXPECT_EQ(plain->size(), 626u);
        EXPECT_FALSE(decompressed(packed, 100)) << name << " beyond the limit";
        for (std::size_t cut = 20; cut < packed.size(); cut += 3)
            EXPECT_FALSE(decompressed(packed.substr(0, cut), 1u << 20)) << name << " cut at " << cut;
    }
    EXPECT_FALSE(decompressed(std::string{"\xfd\x37zXZ\0more", 10}, 100));
    EXPECT_EQ(decompressed("BZh", 10), "BZh") << "found by fuzzing";
    auto encrypted = decompressed("CRYPTED\x03\x07\x02 and more", 100);
    ASSERT_FALSE(encrypted);
    EXPECT_TRUE(encrypted.error().starts_with("encrypted")) << encrypted.error();
}

TEST(Dbox, PartsInOtherFilesAreReadAndPutAsTheyWere) {
    auto parts = parse_external_parts("224 8105 B76 1e/ee/1eee-2b 9000 12 - aa/bb/c 9100 6 B4C d");
    ASSERT_TRUE(parts) << parts.error();
    ASSERT_EQ(parts->size(), 3u);
    EXPECT_EQ((*parts)[0].offset, 224u);
    EXPECT_EQ((*parts)[0].base64_line, 76u);
    EXPECT_EQ((*parts)[1].base64_line, 0u);
    EXPECT_TRUE((*parts)[2].crlf);
    for (const char* wrong : {"1 2 B76", "1 2 B76 ../x", "1 2 B76 /x", "1 2 B75 x", "x 2 - y", "1 2 Q y",
                              "10 5 - a 12 5 - b", "1 2 - a/../b", "1 8100000000000000000 B76 a"})
        EXPECT_FALSE(parse_external_parts(wrong)) << wrong;
    ExternalPart part;
    part.base64_line = 4;
    part.size = 10;
    EXPECT_EQ(encoded_part(part, "abcdef"), "YWJj\nZGVm\n") << "the size has room for an end of line";
    part.size = 9;
    EXPECT_EQ(encoded_part(part, "abcdef"), "YWJj\nZGVm");
    part.crlf = true;
    EXPECT_EQ(encoded_part(part, "abcdef"), "YWJj\r\nZGVm");
}

TEST(DovecotLogs, SayWhatWasPutIn) {
    DovecotLog log{1'700'000'000};
    log.header(DovecotLog::uid_validity_at, 77);
    std::vector<std::pair<std::uint32_t, std::uint8_t>> messages;
    std::vector<std::pair<std::uint32_t, std::string>> places;
    for (std::uint32_t uid = 1; uid <= 25'000; ++uid) {
        messages.emplace_back(uid, static_cast<std::uint8_t>(uid % 2 ? seen | draft : flagged | answered));
        places.emplace_back(uid, std::string(8, static_cast<char>(uid)));
    }
    log.append(messages);
    log.extension({"mdbox", {}, 8, 4, 1});
    log.records(places);
    log.keyword("Project", std::vector<std::uint32_t>{3, 24'999});
    log.header(DovecotLog::next_uid_at, 30'000);
    log.settle();
    Problems problems;
    const DovecotIndex index = read_dovecot_index("", {log.text()}, "mdbox", "log", problems.note);
    EXPECT_TRUE(problems.all.empty());
    EXPECT_EQ(index.uid_validity, 77u);
    EXPECT_EQ(index.uid_next, 30'000u);
    ASSERT_EQ(index.messages.size(), 25'000u);
    EXPECT_EQ(index.messages.at(24'999).flags, seen | draft);
    EXPECT_EQ(index.messages.at(20'000).flags, flagged | answered);
    EXPECT_EQ(index.messages.at(24'999).extension, std::string(8, static_cast<char>(24'999)));
    EXPECT_EQ(index.keywords, std::vector<std::string>{"Project"});
    EXPECT_TRUE(index.messages.at(24'999).keywords.at(0));
    EXPECT_TRUE(index.messages.at(4).keywords.empty());
}

TEST(LineEnds, BecomeCrlfAndBack) {
    EXPECT_EQ(with_crlf("a\nb\r\n\nc\rd"), "a\r\nb\r\n\r\nc\rd");
    EXPECT_EQ(with_lf("a\r\nb\r\n"), "a\nb\n");
    EXPECT_EQ(with_lf("a\r\nb\n"), "a\r\nb\n") << "where they are mixed nothing may be lost";
    EXPECT_EQ(with_lf("a\r\r\nb\r\n"), "a\r\r\nb\r\n") << "the first CR would be lost on the way back";
    EXPECT_EQ(name_on_disk("../Wörk", '/'), "_./W&APY-rk");
}

}  // namespace
}  // namespace postrider::migration
