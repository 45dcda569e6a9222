#include "dns/rdata.h"
#include "filter/dnsbl/dns_list.h"
#include "filter/dnsbl/links.h"
#include "filter/dnsbl/names.h"
#include "filter/dnsbl/sender_checks.h"
#include "filter/test_store.h"

namespace postrider::filter {
namespace {

using dns::Outcome;
using dns::Type;

/// Answers questions until a check has its result.
class World {
public:
    void add(std::string name, Type type, std::string rdata) {
        dns::Answer& answer = answers_[{std::move(name), type}];
        answer.outcome = Outcome::found;
        answer.records.push_back(std::move(rdata));
    }
    void fail(std::string name, Type type) { answers_[{std::move(name), type}].outcome = Outcome::temporary; }

    template <class Check>
    auto run(Check check) {
        Answers known;
        for (int rounds = 0; rounds < 10; ++rounds) {
            auto result = check(known);
            if (result.index() == 0) return std::get<0>(std::move(result));
            const auto& questions = std::get<1>(result);
            EXPECT_FALSE(questions.empty());
            for (const Question& question : questions) {
                EXPECT_EQ(known.find(question), nullptr) << "asked twice: " << question.name;
                asked.push_back(question.name);
                auto at = answers_.find(question);
                dns::Answer absent;
                absent.outcome = Outcome::no_name;
                known.add(question, at == answers_.end() ? absent : at->second);
            }
        }
        ADD_FAILURE() << "it asks for ever";
        return std::decay_t<decltype(std::get<0>(check(known)))>{};
    }
    std::vector<std::string> asked;

private:
    std::map<Question, dns::Answer> answers_;
};

DnsLists lists_of(std::vector<DnsListSettings> lists, std::vector<std::string> exclusions = {}) {
    DnsChecksSettings settings;
    settings.lists = std::move(lists);
    settings.exclusions = std::move(exclusions);
    settings.excluded_domains = {"trusted.example"};
    auto compiled = DnsLists::compile(settings);
    EXPECT_TRUE(compiled) << compiled.error();
    return std::move(*compiled);
}

TEST(ListName, IsReversedAsRfc5782Says) {
    EXPECT_EQ(list_name(reversed(ip("192.0.2.99")), "bad.example.com"), "99.2.0.192.bad.example.com");
    EXPECT_EQ(list_name(reversed(ip("2001:db8:1:2:3:4:567:89ab")), "ugly.example.com"),
              "b.a.9.8.7.6.5.0.4.0.0.0.3.0.0.0.2.0.0.0.1.0.0.0.8.b.d.0.1.0.0.2.ugly.example.com");
    EXPECT_EQ(list_name("Bücher.example", "Zone.Example."), "xn--bcher-kva.example.zone.example");
    EXPECT_FALSE(list_name(std::string(250, 'a'), "zone.example"));
    EXPECT_FALSE(list_name("a..b", "zone.example"));
    EXPECT_FALSE(list_name("", "zone.example"));
}

TEST(RegisteredDomain, IsThePublicSuffixAndOneLabelMore) {
    EXPECT_EQ(registered_domain("www.example.co.uk"), "example.co.uk");
    EXPECT_EQ(registered_domain("a.b.example.com"), "example.com");
    EXPECT_EQ(registered_domain("co.uk"), "co.uk");
    EXPECT_EQ(registered_domain("192.0.2.1"), "");
    EXPECT_EQ(registered_domain("localhost"), "");
}

TEST(DnsList, AListedClientIsRefusedWithTheListsOwnWords) {
    World world;
    world.add("2.2.0.192.zen.example", Type::a, dns::address_rdata("127.0.0.2"));
    world.add("2.2.0.192.zen.example", Type::txt, dns::txt_rdata("https://zen.example/192.0.2.2\r\nX: y"));
    const DnsLists lists = lists_of({{.zone = "zen.example"}});
    auto result = world.run([&](const Answers& known) { return lists.check_client(ip("192.0.2.2"), known); });
    ASSERT_EQ(result.listed.size(), 1U);
    EXPECT_EQ(result.worst()->action, ListAction::reject);
    EXPECT_EQ(result.worst()->refusal,
              "192.0.2.2 is listed by zen.example: https://zen.example/192.0.2.2  X: y")
        << "what others write cannot make another line";
    EXPECT_EQ(world.asked.size(), 2U);
    result = world.run([&](const Answers& known) { return lists.check_client(ip("192.0.2.3"), known); });
    EXPECT_TRUE(result.listed.empty());
    EXPECT_EQ(world.asked.size(), 3U) << "no text is asked for where nothing is listed";
}

TEST(DnsList, ClassesOfRepliesHaveActionsOfTheirOwn) {
    World world;
    world.add("1.0.0.10.mix.example", Type::a, dns::address_rdata("127.0.0.4"));
    world.add("2.0.0.10.mix.example", Type::a, dns::address_rdata("127.0.0.10"));
    world.add("3.0.0.10.mix.example", Type::a, dns::address_rdata("127.0.0.99"));
    world.add("3.0.0.10.mix.example", Type::a, dns::address_rdata("127.0.0.11"));
    world.add("4.0.0.10.bits.example", Type::a, dns::address_rdata("127.0.0.12"));
    world.add("5.0.0.10.bits.example", Type::a, dns::address_rdata("127.0.0.3"));
    const DnsLists lists =
        lists_of({{.zone = "mix.example",
                   .classes = {{"127.0.0.2-127.0.0.7", "", ListAction::reject, 0},
                               {"127.0.0.10-127.0.0.11", "", ListAction::mark, 6}}},
                  {.zone = "bits.example", .classes = {{"127.0.0.0/24", "8", ListAction::tmpreject, 0}}}});
    auto check = [&](std::string_view client) {
        return world.run([&](const Answers& known) { return lists.check_client(ip(client), known); });
    };
    EXPECT_EQ(check("10.0.0.1").worst()->action, ListAction::reject);
    EXPECT_EQ(check("10.0.0.2").worst()->level, 6U);
    EXPECT_EQ(check("10.0.0.3").worst()->reply, "127.0.0.11");
    EXPECT_EQ(check("10.0.0.4").worst()->action, ListAction::tmpreject);
    EXPECT_EQ(check("10.0.0.5").worst(), nullptr) << "the bit is not set";
}

TEST(DnsList, AnswersThatAreNoListingsCountAsSilence) {
    World world;
    world.add("1.0.0.10.zen.example", Type::a, dns::address_rdata("127.255.255.254"));  // you may not ask
    world.add("2.0.0.10.zen.example", Type::a, dns::address_rdata("203.0.113.7"));      // a parked domain
    world.fail("3.0.0.10.zen.example", Type::a);
    world.add("4.0.0.10.zen.example", Type::a, "xx");
    const DnsLists lists = lists_of({{.zone = "zen.example"}});
    for (auto client : {"10.0.0.1", "10.0.0.2", "10.0.0.3"}) {
        auto result = world.run([&](const Answers& known) { return lists.check_client(ip(client), known); });
        EXPECT_TRUE(result.listed.empty()) << client;
        EXPECT_EQ(result.unheard, std::vector<std::string>{"zen.example"}) << client;
    }
    auto result = world.run([&](const Answers& known) { return lists.check_client(ip("10.0.0.4"), known); });
    EXPECT_TRUE(result.listed.empty());
}

TEST(DnsList, ExcludedClientsAndDomainsAreNotAskedAbout) {
    World world;
    const DnsLists lists = lists_of(
        {{.zone = "zen.example", .things = {ListedThing::client, ListedThing::sender}}}, {"10.0.0.0/8"});
    world.run([&](const Answers& known) { return lists.check_client(ip("10.1.1.1"), known); });
    world.run([&](const Answers& known) {
        return lists.check_domain(ListedThing::sender, "mail.trusted.example", known);
    });
    world.run(
        [&](const Answers& known) { return lists.check_domain(ListedThing::helo, "a.example", known); });
    EXPECT_TRUE(world.asked.empty());
    world.run(
        [&](const Answers& known) { return lists.check_domain(ListedThing::sender, "A.example", known); });
    EXPECT_EQ(world.asked, std::vector<std::string>{"a.example.zen.example"});
}

TEST(DnsList, LinksAreLookedUpUpToALimit) {
    World world;
    world.add("bad.example.uri.example", Type::a, dns::address_rdata("127.0.0.2"));
    const DnsLists lists = lists_of({{.zone = "uri.example", .things = {ListedThing::links}}});
    std::vector<std::string> domains{"bad.example", "192.0.2.5"};
    for (int i = 0; i < 100; ++i) domains.push_back("d" + std::to_string(i) + ".example");
    auto result = world.run([&](const Answers& known) { return lists.check_links(domains, known); });
    ASSERT_EQ(result.listed.size(), 1U);
    EXPECT_EQ(result.listed[0].what, "bad.example");
    EXPECT_EQ(world.asked.size(), 21U) << "20 names and one text";
    EXPECT_NE(std::ranges::find(world.asked, "5.2.0.192.uri.example"), world.asked.end());
}

TEST(DnsList, APolicyAsksOneList) {
    World world;
    world.add("2.2.0.192.zen.example", Type::a, dns::address_rdata("127.0.0.2"));
    world.add("2.2.0.192.zen.example", Type::txt, dns::txt_rdata("because"));
    auto answer =
        world.run([&](const Answers& known) { return ask_list("zen.example", ip("192.0.2.2"), known); });
    EXPECT_EQ(answer.reply, "127.0.0.2");
    EXPECT_EQ(answer.explanation, "because");
    answer = world.run([&](const Answers& known) { return ask_list("zen.example", ip("192.0.2.9"), known); });
    EXPECT_EQ(answer.reply, "");
    answer = world.run([&](const Answers& known) { return ask_list("no zone", ip("192.0.2.9"), known); });
    EXPECT_TRUE(answer.unheard);
}

TEST(DnsList, BadSettingsAreNamed) {
    DnsChecksSettings settings;
    settings.lists = {{.zone = "zen.example", .classes = {{"127.0.0.2", "300", ListAction::reject, 0}}}};
    auto compiled = DnsLists::compile(settings);
    ASSERT_FALSE(compiled);
    EXPECT_NE(compiled.error().find("zen.example"), std::string::npos);
    settings.lists = {{.zone = "a..b"}};
    EXPECT_FALSE(DnsLists::compile(settings));
    settings.lists.clear();
    settings.exclusions = {"10.0.0.0/99"};
    EXPECT_FALSE(DnsLists::compile(settings));
}

TEST(Links, AreFoundInTextAndUndone) {
    using V = std::vector<std::string>;
    EXPECT_EQ(
        link_hosts("see http://Example.com/x?y and https://user:pw@evil.example:8080/ or www.shop.example."),
        (V{"example.com", "evil.example", "www.shop.example"}));
    EXPECT_EQ(link_hosts("<a href=\"http://b%61d.example\">x</a> http://[2001:db8::1]/ http://192.0.2.1/"),
              (V{"bad.example", "2001:db8::1", "192.0.2.1"}));
    EXPECT_EQ(link_hosts("http://bücher.example/ http://a.example http://A.EXAMPLE"),
              (V{"xn--bcher-kva.example", "a.example"}));
    EXPECT_EQ(
        link_hosts("http:// https://. mailto:x@y.example awww.x.example http://localhost/ x://y.example"),
        V{});
    EXPECT_EQ(link_hosts("http://a.example http://b.example http://c.example", 2).size(), 2U);
}

TEST(Links, OfAMessageAreRegisteredDomainsFromAllItsTexts) {
    const std::string message =
        "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n"
        "Content-Transfer-Encoding: quoted-printable\r\n\r\nhttp://www.one=\r\n.example/=3D\r\n--b\r\n"
        "Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        "PGEgaHJlZj0iaHR0cDovL3gudHdvLmV4YW1wbGUvIj54PC9hPg==\r\n--b\r\nContent-Type: application/pdf\r\n\r\n"
        "http://three.example\r\n--b--\r\n";
    const auto parts = mime::describe(message).parts;
    EXPECT_EQ(link_domains(message, parts), (std::vector<std::string>{"one.example", "two.example"}));
}

TEST(ReverseDns, PassesWhenANameLeadsBack) {
    World world;
    world.add("1.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("other.example"));
    world.add("1.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("mail.example"));
    world.add("mail.example", Type::a, dns::address_rdata("192.0.2.1"));
    world.add("2.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("liar.example"));
    world.add("liar.example", Type::a, dns::address_rdata("192.0.2.99"));
    world.fail("4.2.0.192.in-addr.arpa", Type::ptr);
    auto check = [&](std::string_view client) {
        return world.run([&](const Answers& known) { return check_reverse_dns(ip(client), known); });
    };
    EXPECT_EQ(check("192.0.2.1").verdict, HostVerdict::pass);
    EXPECT_EQ(check("192.0.2.1").name, "mail.example");
    EXPECT_EQ(check("192.0.2.2").verdict, HostVerdict::neutral);
    EXPECT_EQ(check("192.0.2.3").verdict, HostVerdict::fail);
    EXPECT_EQ(check("192.0.2.4").verdict, HostVerdict::temperror);
}

TEST(ReverseDns, LooksAtNoMoreThanTenNames) {
    World world;
    for (int i = 0; i < 100; ++i)
        world.add("1.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("n" + std::to_string(i) + ".example"));
    EXPECT_EQ(
        world.run([&](const Answers& known) { return check_reverse_dns(ip("192.0.2.1"), known); }).verdict,
        HostVerdict::neutral);
    EXPECT_EQ(world.asked.size(), 11U);
}

TEST(SenderMx, TellsWhetherADomainCanBeAnswered) {
    World world;
    world.add("good.example", Type::mx, dns::mx_rdata(10, "mx.good.example"));
    world.add("mx.good.example", Type::aaaa, dns::address_rdata("2001:db8::1"));
    world.add("bare.example", Type::a, dns::address_rdata("192.0.2.1"));
    world.add("null.example", Type::mx, dns::mx_rdata(0, "."));
    world.add("nowhere.example", Type::mx, dns::mx_rdata(10, "mx.nowhere.example"));
    world.add("mx.nowhere.example", Type::a, dns::address_rdata("127.0.0.1"));
    world.fail("slow.example", Type::mx);
    auto check = [&](std::string_view domain) {
        return world.run([&](const Answers& known) { return check_sender_mx(domain, known); }).verdict;
    };
    EXPECT_EQ(check("Good.example"), HostVerdict::pass);
    EXPECT_EQ(check("bare.example"), HostVerdict::fail) << "the MX question said that there is no such name";
    EXPECT_EQ(check("null.example"), HostVerdict::fail);
    EXPECT_EQ(check("nowhere.example"), HostVerdict::fail);
    EXPECT_EQ(check("none.example"), HostVerdict::fail);
    EXPECT_EQ(check("slow.example"), HostVerdict::temperror);
    EXPECT_EQ(check("[192.0.2.1]"), HostVerdict::pass);
    EXPECT_EQ(check("no domain"), HostVerdict::fail);
}

TEST(SenderMx, AnAddressWithoutMxIsNeutral) {
    Answers known;
    dns::Answer none, a;
    none.outcome = Outcome::no_data;
    a.outcome = Outcome::found;
    a.records = {dns::address_rdata("192.0.2.1")};
    known.add({"bare.example", Type::mx}, none);
    known.add({"bare.example", Type::a}, a);
    known.add({"bare.example", Type::aaaa}, none);
    EXPECT_EQ(std::get<0>(check_sender_mx("bare.example", known)).verdict, HostVerdict::neutral);
}

TEST(Helo, FailsOnlyForWhatItCannotBe) {
    World world;
    world.add("mail.example", Type::a, dns::address_rdata("192.0.2.1"));
    auto check = [&](std::string_view helo, std::string_view client = "192.0.2.1") {
        return world
            .run([&](const Answers& known) { return check_helo(helo, ip(client), {"us.example"}, known); })
            .verdict;
    };
    EXPECT_EQ(check("mail.example"), HostVerdict::pass);
    EXPECT_EQ(check("[192.0.2.1]"), HostVerdict::pass);
    EXPECT_EQ(check("[IPv6:2001:db8::1]", "2001:db8::1"), HostVerdict::pass);
    EXPECT_EQ(check("[192.0.2.2]"), HostVerdict::neutral);
    EXPECT_EQ(check("desktop"), HostVerdict::neutral);
    EXPECT_EQ(check("unknown.example"), HostVerdict::neutral);
    EXPECT_EQ(check("US.example"), HostVerdict::fail);
    EXPECT_EQ(check("us.example", "127.0.0.1"), HostVerdict::neutral) << "that may be us";
    for (auto bad : {"192.0.2.1", "[nonsense]", "[192.0.2.1", "a b", "", "a..b", "x!y.example"})
        EXPECT_EQ(check(bad), HostVerdict::fail) << bad;
}

}  // namespace
}  // namespace postrider::filter
