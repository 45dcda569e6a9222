#include <cstdint>
#include <cstdlib>

#include "filter/scan/afsl_run.h"
#include "filter/scan/levels.h"

using namespace postrider::filter;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// Gives the reply in pieces: the first octet of each says how long it is.
class FuzzLine final : public afsl::Line {
public:
    explicit FuzzLine(std::string_view script) : script_{script} {}
    Maybe<> send(std::string_view octets) override {
        sent += octets.size();
        return {};
    }
    void end_of_sending() override {}
    std::string& received() override { return received_; }
    Maybe<bool> receive(std::size_t limit) override {
        if (script_.empty()) return false;
        const std::size_t size = std::min<std::size_t>(
            {static_cast<unsigned char>(script_[0]) + 1U, script_.size() - 1, limit - received_.size()});
        received_ += script_.substr(1, size);
        script_.remove_prefix(size + 1);
        return true;
    }
    std::size_t sent = 0;

private:
    std::string_view script_;
    std::string received_;
};

void check(const Finding& finding) {
    const auto level = [](std::optional<unsigned> number, LevelKind kind) {
        require(!number || (*number >= 1 && *number <= highest_level(kind)));
    };
    level(finding.spam_level, LevelKind::spam);
    level(finding.virus_level, LevelKind::virus);
    require(finding.text.size() <= 500 && finding.text == one_line(finding.text));
    require(finding.headers.size() <= 20);
    for (const auto& [name, value] : finding.headers) {
        require(!name.empty() && name.find_first_of(": \r\n\t") == std::string::npos);
        require(value.find_first_of("\r\n") == std::string::npos);
    }
}

constexpr std::string_view usual = R"afsl(.STATE connect
.RECV line
.GOTO message
.STATE message
.SENDMAIL dotstuff
.RECV until /\n/
.IF /^CLEAN/
.PASS "%REPLY%"
.ELSEIF /^SPAM ([0-9.]+) ([0-9.]+)/
.SCORE "$1" "$2"
.HEADER "X-Reply" "%REPLY%"
.MATCH "$1"
.ELSEIF /^LEVEL (.*)/
.HEADER "X-AxigenSpam-Level" "$1"
.PASS
.ELSEIF /^MORE ([0-9]+)/
.RECV bytes "$1"
.REPLACE
.GOTO message
.ELSE
.RECV nul
.GOTO message
.ENDIF)afsl";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view all{reinterpret_cast<const char*>(data), size};
    const std::size_t split = std::min(all.find("\xff\xff"), all.size());
    const std::string_view replies = all.substr(std::min(split + 2, all.size()));
    auto program = afsl::parse(all.substr(0, split));
    if (!program) {
        require(!program.error().what.empty());
        program = afsl::parse(usual);
    }
    require(program->connect < program->code.size());
    for (const afsl::Statement& one : program->code) require(one.target < program->code.size());

    Subject subject;
    subject.message = "Subject: x\r\n\r\n.\r\nbody";
    subject.sender = "a@b";
    subject.recipients = {"c@d"};
    FuzzLine line{replies};
    afsl::Limits limits;
    limits.steps = 300;
    limits.reply = 4096;
    limits.octets = 65536;
    const auto outcome = afsl::run(*program, program->connect, subject, line, {}, limits);
    if (!outcome) {
        require(!outcome.error().text.empty());
        return 0;
    }
    require(outcome->finding.kind != Finding::Kind::failed);
    check(outcome->finding);
    return 0;
}
