#include <expat.h>

#include <algorithm>
#include <charconv>
#include <memory>

#include "mailauth/aggregate_report.h"
#include "mailauth/unpack.h"
#include "mime/description.h"
#include "mime/section.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_depth = 12;

struct FreeParser {
    void operator()(XML_ParserStruct* parser) const { XML_ParserFree(parser); }
};

/// Follows the elements of a report. Names are compared without their namespace.
class Reader {
public:
    explicit Reader(const AggregateLimits& limits) : limits_{limits} {}

    std::expected<AggregateReport, std::string> read(std::string_view xml) {
        std::unique_ptr<XML_ParserStruct, FreeParser> parser{XML_ParserCreate(nullptr)};
        parser_ = parser.get();
        XML_SetUserData(parser_, this);
        XML_SetElementHandler(
            parser_,
            [](void* self, const char* name, const char**) { static_cast<Reader*>(self)->begin(name); },
            [](void* self, const char*) { static_cast<Reader*>(self)->end(); });
        XML_SetCharacterDataHandler(parser_, [](void* self, const char* text, int size) {
            static_cast<Reader*>(self)->text({text, static_cast<std::size_t>(size)});
        });
        // Entities are how a small file becomes a big one; no report needs a document type.
        XML_SetStartDoctypeDeclHandler(parser_, [](void* self, const char*, const char*, const char*, int) {
            static_cast<Reader*>(self)->stop("the report has a document type");
        });
        if (XML_Parse(parser_, xml.data(), static_cast<int>(xml.size()), XML_TRUE) != XML_STATUS_OK
            && problem_.empty())
            problem_ = std::string{"not XML: "} + XML_ErrorString(XML_GetErrorCode(parser_));
        if (!problem_.empty()) return std::unexpected(std::move(problem_));
        if (!feedback_) return std::unexpected("no DMARC report");
        if (report_.report_id.empty() || report_.domain.empty() || report_.end == 0)
            return std::unexpected("the report lacks its id, its domain or its dates");
        return std::move(report_);
    }

private:
    void stop(std::string_view problem) {
        problem_ = problem;
        XML_StopParser(parser_, XML_FALSE);
    }

    void begin(std::string_view name) {
        if (const std::size_t colon = name.find(':'); colon != std::string_view::npos)
            name.remove_prefix(colon + 1);
        if (++depth_ > max_depth) return stop("the report nests too deep");
        path_ += '/';
        path_ += name.substr(0, 40);
        text_.clear();
        if (depth_ == 1) feedback_ = name == "feedback";
        if (!feedback_) return stop("no DMARC report");
        if (path_ == "/feedback/record") {
            if (report_.rows.size() == limits_.rows) return stop("the report has too many rows");
            report_.rows.emplace_back();
        }
        if (report_.rows.empty()) return;
        AggregateRow& row = report_.rows.back();
        auto grow = [&](auto& list) {
            full_ = list.size() == limits_.per_row;
            if (!full_) list.emplace_back();
        };
        if (path_ == "/feedback/record/auth_results/dkim")
            grow(row.dkim);
        else if (path_ == "/feedback/record/auth_results/spf")
            grow(row.spf);
        else if (path_ == "/feedback/record/row/policy_evaluated/reason")
            grow(row.reasons);
    }

    void text(std::string_view piece) {
        if (text_.size() < limits_.text) text_ += piece.substr(0, limits_.text - text_.size());
    }

    void end() {
        std::string_view at = path_;
        const std::string value{text::trim(text_)};
        if (at.starts_with("/feedback/record/") && !report_.rows.empty())
            row_value(at.substr(17), value);
        else if (at.starts_with("/feedback/"))
            report_value(at.substr(10), value);
        path_.resize(path_.rfind('/'));
        text_.clear();
        --depth_;
    }

    template <class T>
    static void number(T& into, std::string_view value) {
        T parsed{};
        // Some write "1667347200.0".
        if (std::from_chars(value.data(), value.data() + value.size(), parsed).ec == std::errc{})
            into = parsed;
    }

    void report_value(std::string_view name, const std::string& value) {
        struct Place {
            std::string_view name;
            std::string AggregateReport::*field;
        };
        using R = AggregateReport;
        constexpr Place places[] = {
            {"version", &R::version},
            {"report_metadata/org_name", &R::organization},
            {"report_metadata/email", &R::email},
            {"report_metadata/extra_contact_info", &R::extra_contact},
            {"report_metadata/report_id", &R::report_id},
            {"report_metadata/generator", &R::generator},
            {"policy_published/domain", &R::domain},
            {"policy_published/p", &R::p},
            {"policy_published/sp", &R::sp},
            {"policy_published/np", &R::np},
            {"policy_published/adkim", &R::adkim},
            {"policy_published/aspf", &R::aspf},
            {"policy_published/fo", &R::fo},
            {"policy_published/testing", &R::testing},
            {"policy_published/discovery_method", &R::discovery},
        };
        for (const Place& place : places)
            if (place.name == name) report_.*place.field = value;
        if (name == "report_metadata/date_range/begin")
            number(report_.begin, value);
        else if (name == "report_metadata/date_range/end")
            number(report_.end, value);
        else if (name == "policy_published/pct") {
            unsigned percent = 101;
            number(percent, value);
            if (percent <= 100) report_.percent = percent;
        } else if (name == "report_metadata/error" && report_.errors.size() < limits_.per_row) {
            report_.errors.push_back(value);
        }
    }

    void row_value(std::string_view name, const std::string& value) {
        AggregateRow& row = report_.rows.back();
        if (name == "row/source_ip")
            row.source_ip = value;
        else if (name == "row/count")
            number(row.count, value);
        else if (name == "row/policy_evaluated/disposition")
            row.disposition = value;
        else if (name == "row/policy_evaluated/dkim")
            row.dkim_aligned = value == "pass";
        else if (name == "row/policy_evaluated/spf")
            row.spf_aligned = value == "pass";
        else if (name == "identifiers/header_from")
            row.header_from = value;
        else if (name == "identifiers/envelope_from")
            row.envelope_from = value;
        else if (name == "identifiers/envelope_to")
            row.envelope_to = value;
        if (full_) return;
        auto within = [&](std::string_view parent) {
            if (!name.starts_with(parent)) return std::string_view{};
            return name.substr(parent.size());
        };
        if (auto field = within("row/policy_evaluated/reason/"); !field.empty() && !row.reasons.empty()) {
            if (field == "type")
                row.reasons.back().type = value;
            else if (field == "comment")
                row.reasons.back().comment = value;
        } else if (field = within("auth_results/dkim/"); !field.empty() && !row.dkim.empty()) {
            AggregateDkim& one = row.dkim.back();
            if (field == "domain")
                one.domain = value;
            else if (field == "selector")
                one.selector = value;
            else if (field == "result")
                one.result = value;
            else if (field == "human_result")
                one.human_result = value;
        } else if (field = within("auth_results/spf/"); !field.empty() && !row.spf.empty()) {
            AggregateSpf& one = row.spf.back();
            if (field == "domain")
                one.domain = value;
            else if (field == "scope")
                one.scope = value;
            else if (field == "result")
                one.result = value;
            else if (field == "human_result")
                one.human_result = value;
        }
    }

    const AggregateLimits& limits_;
    XML_Parser parser_ = nullptr;
    AggregateReport report_;
    std::string path_, text_, problem_;
    std::size_t depth_ = 0;
    bool feedback_ = false;
    bool full_ = false;  ///< the list that the element belongs to takes no more
};

}  // namespace

std::expected<AggregateReport, std::string> read_aggregate(std::string_view octets,
                                                           const AggregateLimits& limits) {
    auto xml = unpack(octets, std::min<std::size_t>(limits.octets, 1u << 30));
    if (!xml)
        return std::unexpected(xml.error() == UnpackError::too_big ? "the report is too big"
                                                                   : "the file is broken");
    return Reader{limits}.read(*xml);
}

std::expected<AggregateReport, std::string> find_aggregate(std::string_view message,
                                                           const AggregateLimits& limits) {
    const mime::Description description = mime::describe(message);
    std::string problem{no_report_in_it};
    std::size_t tried = 0;
    for (std::size_t i = 0; i < description.parts.size(); ++i) {
        const mime::Part& part = description.parts[i];
        if (part.kind != mime::Part::leaf) continue;
        const bool possible = part.type == "application/gzip" || part.type == "application/x-gzip"
                              || part.type == "application/zip" || part.type == "application/x-zip-compressed"
                              || part.type == "application/xml" || part.type == "text/xml"
                              || part.type == "application/octet-stream";
        if (!possible || ++tried > 10) continue;
        std::vector<std::uint32_t> path;
        for (std::size_t at = i; description.parts[at].number != 0; at = description.parts[at].parent)
            path.insert(path.begin(), description.parts[at].number);
        if (path.empty()) path.push_back(1);  // the message is the part
        auto octets = mime::read_binary(message, description.parts, path);
        if (!octets) continue;
        auto report = read_aggregate(*octets, limits);
        if (report) return report;
        problem = std::move(report.error());
    }
    return std::unexpected(std::move(problem));
}

}  // namespace postrider::mailauth
