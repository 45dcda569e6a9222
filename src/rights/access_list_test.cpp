#include "rights/access_list.h"

#include <gtest/gtest.h>

namespace postrider::rights {
namespace {

constexpr DomainId domain{3};
const Who ann{AccountId{10}, domain, {AccountId{50}, AccountId{51}}};
const Principal to_ann = Principal::account(AccountId{10});
const Principal to_group = Principal::group(AccountId{51});
const Principal to_all = Principal::everyone(domain);
constexpr RightSet l{Right::lookup}, r{Right::read}, w{Right::write_flags}, lr{Right::lookup, Right::read};

RightSet of(const AccessList& folder, const AccessList& above = {}, const AccessList& root = {}) {
    const AccessList* chain[] = {&folder, &above, &root};
    return evaluate(ann, chain);
}

TEST(Rights, WhatNobodyGrantsIsNotGranted) {
    EXPECT_TRUE(of({}).empty());
    EXPECT_TRUE(of({{Principal::account(AccountId{11}), lr, {}, true},
                    {Principal::group(AccountId{52}), lr, {}, true},
                    {Principal::everyone(DomainId{4}), lr, {}, true}})
                    .empty());
}

TEST(Rights, PersonGroupsAndEveryoneAddUp) {
    EXPECT_EQ(of({{to_ann, l, {}, false}, {to_group, r, {}, false}, {to_all, w, {}, false}}), l | r | w);
}

TEST(Rights, ADenialWinsWhereverItStands) {
    EXPECT_EQ(of({{to_ann, lr, {}, false}, {to_all, {}, r, false}}), l);
    EXPECT_EQ(of({{to_ann, {}, r, false}, {to_all, lr, {}, false}}), l);
    EXPECT_EQ(of({{to_ann, lr, {}, false}}, {{to_group, {}, r, true}}), l);
    EXPECT_EQ(of({{to_ann, {}, r, false}}, {{to_group, lr, {}, true}}), l);
    EXPECT_EQ(of({{to_ann, lr, lr, false}}), RightSet{});
}

TEST(Rights, EntriesAboveCountWhenTheySayThatTheyHoldBelow) {
    EXPECT_EQ(of({}, {{to_ann, lr, {}, true}}), lr);
    EXPECT_EQ(of({}, {{to_ann, lr, {}, false}}), RightSet{});
    EXPECT_EQ(of({}, {}, {{to_all, l, {}, true}}), l);
    EXPECT_EQ(of({{to_ann, r, {}, false}}, {{to_ann, w, {}, false}}, {{to_all, l, {}, true}}), lr);
}

/// Each right, granted by each kind of entry and denied by each: the whole table.
TEST(Rights, EachRightIsGrantedAndDeniedByItself) {
    for (unsigned bit = 0; bit < 12; ++bit) {
        const RightSet one = RightSet::of_bits(static_cast<std::uint16_t>(1u << bit));
        for (const Principal& granted_to : {to_ann, to_group, to_all}) {
            for (bool inherited : {false, true}) {
                const AccessList grant{{granted_to, one, {}, inherited}};
                EXPECT_EQ(inherited ? of({}, grant) : of(grant), one);
                for (const Principal& denied_to : {to_ann, to_group, to_all}) {
                    for (std::uint16_t denied = 1; denied < 0x1000;
                         denied = static_cast<std::uint16_t>(denied << 1)) {
                        const AccessList denial{{denied_to, {}, RightSet::of_bits(denied), true}};
                        EXPECT_EQ(
                            of(inherited ? AccessList{} : grant, inherited ? grant : AccessList{}, denial),
                            denied == one.bits() ? RightSet{} : one);
                    }
                }
            }
        }
    }
}

TEST(Rights, LettersAreThoseOfRfc4314) {
    EXPECT_EQ(letters(folder_rights), "lrswipkxteacd");
    EXPECT_EQ(letters(lr), "lr");
    EXPECT_EQ(letters(RightSet{Right::create}), "kc");
    EXPECT_EQ(letters(RightSet{Right::expunge}), "ed");
    EXPECT_EQ(letters(account_rights), "");
    EXPECT_EQ(rights_of_letters("lrswipkxteacd"), folder_rights);
    EXPECT_EQ(rights_of_letters("p"), RightSet{Right::insert});
    EXPECT_EQ(rights_of_letters("c"), (RightSet{Right::create, Right::remove}));
    EXPECT_EQ(rights_of_letters("d"), (RightSet{Right::mark_deleted, Right::expunge}));
    EXPECT_EQ(rights_of_letters(""), RightSet{});
    for (std::string_view wrong : {"q", "L", "lrq", "0", "l r"})
        EXPECT_FALSE(rights_of_letters(wrong)) << wrong;
}

TEST(Rights, LevelsAreWhatPeopleChoose) {
    struct Case {
        std::string_view name;
        std::string_view allowed;
    };
    for (auto [name_of_level, allowed] :
         {Case{"viewer", "lr"}, Case{"contributor", "lrip"}, Case{"editor", "lrwipted"},
          Case{"master", "lrswipkxteacd"}, Case{"none", ""}}) {
        auto level = level_named(name_of_level);
        ASSERT_TRUE(level) << name_of_level;
        EXPECT_EQ(letters(grant_of(*level).allow), allowed);
        EXPECT_EQ(level_of(grant_of(*level)), *level);
        EXPECT_EQ(name(*level), name_of_level);
    }
    EXPECT_EQ(grant_of(Level::no_access).deny, folder_rights);
    EXPECT_EQ(level_of({lr | w, {}}), Level::custom);
    for (unsigned bit = 0; bit < 12; ++bit) {
        const auto right = static_cast<Right>(bit);
        EXPECT_EQ(right_named(name(right)), right);
    }
}

TEST(Rights, ListsComeBackAsTheyWereWritten) {
    AccessList list{
        {to_ann, lr, {}, true}, {to_group, {}, folder_rights, false}, {to_all, every_right, {}, true, true}};
    EXPECT_EQ(decode_access_list(encode(list)), list);
    EXPECT_EQ(decode_access_list(encode({})), AccessList{});
    list.push_back(list.front());
    EXPECT_FALSE(decode_access_list(encode(list))) << "one entry for a principal";
    std::string bytes = encode({{to_ann, lr, {}, true}});
    for (std::size_t cut = 0; cut < bytes.size(); ++cut)
        EXPECT_FALSE(decode_access_list(std::string_view{bytes}.substr(0, cut)));
    bytes.back() = 4;
    EXPECT_FALSE(decode_access_list(bytes)) << "it says something that is not known here";
    bytes[0] = 2;
    EXPECT_FALSE(decode_access_list(bytes)) << "of a newer server";
}

}  // namespace
}  // namespace postrider::rights
