#include "imap/session/threads.h"

#include <gtest/gtest.h>

#include <map>

namespace postrider::imap {
namespace {

using Algorithm = ThreadArgs::Algorithm;

/// Messages in mailbox order, an hour between each and the next.
class Mailbox {
public:
    Mailbox& add(std::uint64_t id, std::vector<std::uint64_t> references, std::string subject = "",
                 bool reply = false) {
        ThreadMessage& one = input.messages.emplace_back();
        one.uid = Uid{static_cast<std::uint32_t>(input.messages.size())};
        one.sent = one.arrived = 3600 * static_cast<std::int64_t>(input.messages.size());
        one.id = id;
        one.references_begin = static_cast<std::uint32_t>(input.references.size());
        for (std::uint64_t reference : references) input.references.push_back(reference);
        one.references_end = static_cast<std::uint32_t>(input.references.size());
        one.subject = subject.empty() ? 0 : subjects.try_emplace(subject, subjects.size() + 1).first->second;
        one.reply = reply;
        return *this;
    }
    std::string threads(Algorithm algorithm = Algorithm::references) const {
        std::string out;
        put_threads(out, thread(input, algorithm), input, [](Uid uid) { return uid.value(); });
        return out;
    }
    ThreadInput input;
    std::map<std::string, std::uint32_t> subjects;
};

TEST(Threads, FollowReferences) {
    Mailbox box;
    box.add(10, {}).add(11, {10}).add(12, {10, 11}).add(13, {10}).add(14, {});
    EXPECT_EQ(box.threads(), "(1 (2 3)(4))(5)");
    EXPECT_EQ(Mailbox{}.threads(), "");
}

TEST(Threads, ShowSiblingsOfAMissingParentTogether) {
    EXPECT_EQ(Mailbox{}.add(11, {10}).add(12, {10}).threads(), "((1)(2))");
    EXPECT_EQ(Mailbox{}.add(11, {9, 10}).threads(), "(1)");                 // a lone child takes its place
    EXPECT_EQ(Mailbox{}.add(10, {}).add(12, {10, 11}).threads(), "(1 2)");  // below the root always
}

TEST(Threads, TakeWhatAMessageSaysItselfOverWhatOthersSayOfIt) {
    // 3 says that 12 came below 10; 12 itself says that it came below 11
    EXPECT_EQ(Mailbox{}.add(10, {}).add(11, {}).add(13, {10, 12}).add(12, {11}).threads(), "(1)(2 4 3)");
}

TEST(Threads, EndureLoopsAndTwins) {
    EXPECT_EQ(Mailbox{}.add(10, {11}).add(11, {10}).threads(), "(2 1)");
    EXPECT_EQ(Mailbox{}.add(10, {10}).threads(), "(1)");
    EXPECT_EQ(Mailbox{}.add(10, {}).add(10, {}).add(12, {10}).threads(), "(1 3)(2)");
    EXPECT_EQ(Mailbox{}.add(0, {}).add(0, {}).threads(), "(1)(2)");
}

TEST(Threads, AreJoinedBySubjectWhenTheyAreAnswers) {
    EXPECT_EQ(Mailbox{}.add(1, {}, "S").add(2, {}, "S", true).threads(), "(1 2)");
    EXPECT_EQ(Mailbox{}.add(1, {}, "S", true).add(2, {}, "S").threads(), "(2 1)");
    EXPECT_EQ(Mailbox{}.add(1, {}, "S").add(2, {}, "S").threads(), "((1)(2))");
    EXPECT_EQ(Mailbox{}.add(1, {}, "S").add(2, {}, "S").add(3, {}, "S").threads(), "((1)(2)(3))");
    EXPECT_EQ(Mailbox{}.add(1, {9}, "S").add(2, {9}, "S").add(3, {8}, "S").add(4, {8}, "S").threads(),
              "((1)(2)(3)(4))");
    EXPECT_EQ(Mailbox{}.add(1, {}, "").add(2, {}, "").threads(), "(1)(2)");
}

TEST(Threads, BySubjectAloneAreFlat) {
    Mailbox box;
    box.add(1, {}, "B").add(2, {}, "A").add(3, {}, "B").add(4, {}, "B").add(5, {}, "A");
    EXPECT_EQ(box.threads(Algorithm::ordered_subject), "(1 (3)(4))(2 5)");
}

TEST(Threads, ByRefsComeInTheOrderOfTheirNewestMessageAndKnowNoSubjects) {
    Mailbox box;
    box.add(1, {}, "S").add(2, {}, "S", true).add(3, {1}, "S", true);
    EXPECT_EQ(box.threads(Algorithm::refs), "(2)(1 3)");
}

TEST(Threads, AreNotDeeperThanTheLimit) {
    Mailbox box;
    for (std::uint64_t id = 1; id <= 3 * max_thread_depth; ++id)
        box.add(id, id > 1 ? std::vector<std::uint64_t>{id - 1} : std::vector<std::uint64_t>{});
    Threads made = thread(box.input, Algorithm::references);
    EXPECT_GE(made.nodes[0].children.size(), 3u);
    Mailbox backwards;
    for (std::uint64_t id = 3 * max_thread_depth; id > 0; --id) backwards.add(id, {id - 1});
    std::size_t shown = 0;
    std::string out;
    put_threads(out, thread(backwards.input, Algorithm::references), backwards.input, [&](Uid uid) {
        ++shown;
        return uid.value();
    });
    EXPECT_EQ(shown, backwards.input.messages.size());
}

}  // namespace
}  // namespace postrider::imap
