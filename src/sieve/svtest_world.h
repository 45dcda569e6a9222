#pragma once

#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include <re2/re2.h>

#include "sieve/sieve.h"
#include "text/ascii.h"

/// For tests only: the world that Pigeonhole's test scripts live in.
namespace postrider::sieve::testing {

struct StoredMail {
    std::string text;
    Flags flags;
    std::string from, to;
};

class World final : public Environment {
public:
    std::map<std::string, std::vector<StoredMail>> folders;
    std::vector<StoredMail> sent;
    std::map<std::string, std::string> config;
    std::map<std::pair<std::string, std::string>, std::string> annotations;
    std::vector<std::string> addresses;
    Message* message = nullptr;
    Time start = std::chrono::system_clock::now();

    Time now() const override { return start; }
    std::optional<std::string> item(std::string_view name) override {
        if (name == "name") return "Pigeonhole Sieve";
        if (name == "location") return "MS";
        if (name == "phase") return "post";
        if (name == "host") return "host.example.com";
        if (name == "domain") return "example.com";
        return std::nullopt;
    }
    bool mailbox_exists(std::string_view name) override {
        return text::equal_ci(name, "INBOX") || folders.contains(std::string{name});
    }
    std::optional<std::string> metadata(std::string_view mailbox, std::string_view annotation) override {
        auto found = annotations.find({std::string{mailbox}, std::string{annotation}});
        if (found == annotations.end()) return std::nullopt;
        return found->second;
    }
    std::vector<std::string> own_addresses() override { return addresses; }
    std::string delimiters() override {
        auto found = config.find("recipient_delimiter");
        return found == config.end() ? "+" : found->second;
    }
    bool may_edit(std::string_view name) override {
        for (const auto& [key, value] : config)
            if (key.starts_with("sieve_editheader_header/") && key.ends_with("/forbid_add") && value == "yes"
                && text::equal_ci(key.substr(24, key.size() - 24 - 11), name))
                return false;
        return true;
    }
    std::optional<unsigned> spam_level() override {
        auto share = level("spamtest");
        if (!share) return std::nullopt;
        return *share <= 0 ? 1 : std::min(10u, static_cast<unsigned>(*share * 9) + 1);
    }
    std::optional<unsigned> spam_percent() override {
        auto share = level("spamtest");
        if (!share) return std::nullopt;
        return *share <= 0 ? 0 : std::min(100u, static_cast<unsigned>(*share * 100 + 0.5));
    }
    std::optional<unsigned> virus_level() override {
        auto text = status("virustest");
        if (!text) return std::nullopt;
        for (unsigned i = 1; i <= 5; ++i) {
            auto value = config.find("sieve_virustest_text_value/" + std::to_string(i));
            if (value != config.end() && value->second == *text) return i;
        }
        return std::nullopt;
    }
    // The lists' files are not part of the public tests; these are the members that they ask for.
    static std::string list_name(std::string_view name) {
        constexpr std::string_view urn = "urn:ietf:params:sieve:";
        return std::string{name.starts_with(urn) ? ":" + std::string{name.substr(urn.size())} : std::string{name}};
    }
    bool list_exists(std::string_view name) override { return list_name(name).starts_with(":addrbook:"); }
    bool list_contains(std::string_view name, std::string_view value) override {
        std::string list = list_name(name);
        if (list == ":addrbook:default") return default_members.contains(std::string{value});
        if (list == ":addrbook:company") return company_members.contains(std::string{value});
        return false;
    }
    std::set<std::string> default_members{"user35@example.org"};
    std::set<std::string> company_members;

private:
    std::optional<std::string> status(const std::string& test) {
        return value_of(config["sieve_" + test + "_status_header"]);
    }
    /// "X-Spam-Status: regular expression": its first group, or the whole value.
    std::optional<std::string> value_of(std::string_view setting) {
        std::size_t colon = setting.find(':');
        std::string name{setting.substr(0, colon)};
        Header& header = message->header();
        std::size_t at = header.find(name, header_hash(name), 0);
        if (name.empty() || at == Header::npos) return std::nullopt;
        std::string value{header.fields()[at].text()};
        if (colon == std::string_view::npos) return value;
        re2::RE2 expression{std::string{text::trim(setting.substr(colon + 1))}};
        std::string group;
        if (!re2::RE2::PartialMatch(value, expression, &group)) return std::nullopt;
        return group;
    }
    /// 0 to 1.
    std::optional<double> level(const std::string& test) {
        auto text = status(test);
        if (!text) return std::nullopt;
        const std::string& type = config["sieve_" + test + "_status_type"];
        if (type == "text") {
            for (int i = 0; i <= 10; ++i) {
                auto value = config.find("sieve_" + test + "_text_value/" + std::to_string(i));
                if (value != config.end() && value->second == *text) return i <= 1 ? 0 : (i - 1) / 9.0;
            }
            return std::nullopt;
        }
        double most = 0;
        if (config.contains("sieve_" + test + "_score_max_value"))
            most = std::atof(config["sieve_" + test + "_score_max_value"].c_str());
        if (auto given = value_of(config["sieve_" + test + "_score_max_header"])) most = std::atof(given->c_str());
        if (most <= 0) return std::nullopt;
        double score = type == "strlen" ? static_cast<double>(text->size()) : std::atof(text->c_str());
        return std::min(1.0, score / most);
    }
};

}  // namespace postrider::sieve::testing
