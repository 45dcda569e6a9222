#include "mailauth/aggregate_report.h"
#include "text/utf8.h"

namespace postrider::mailauth {
namespace {

/// Elements with two blanks of indentation per level.
class Xml {
public:
    void open(std::string_view name) {
        indent();
        out_.append("<").append(name).append(">\n");
        ++depth_;
    }
    void close(std::string_view name) {
        --depth_;
        indent();
        out_.append("</").append(name).append(">\n");
    }
    void element(std::string_view name, std::string_view text) {
        indent();
        out_.append("<").append(name).append(">");
        escape(text);
        out_.append("</").append(name).append(">\n");
    }
    void element(std::string_view name, std::uint64_t number) { element(name, std::to_string(number)); }
    void unless_empty(std::string_view name, std::string_view text) {
        if (!text.empty()) element(name, text);
    }
    std::string out_ = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    unsigned depth_ = 0;

private:
    void indent() { out_.append(2 * depth_, ' '); }
    void escape(std::string_view text) {
        const std::string valid = text::repair_utf8(text);
        for (char c : valid) {
            if (c == '<')
                out_ += "&lt;";
            else if (c == '>')
                out_ += "&gt;";
            else if (c == '&')
                out_ += "&amp;";
            else if (c >= 0 && c < ' ' && c != '\t' && c != '\n')
                out_ += "\xef\xbf\xbd";  // XML 1.0 §2.2
            else
                out_ += c;
        }
    }
};

std::string_view pass_or_fail(bool passed) {
    return passed ? "pass" : "fail";
}

void write_row(Xml& xml, const AggregateRow& row) {
    xml.open("record");
    xml.open("row");
    xml.element("source_ip", row.source_ip);
    xml.element("count", row.count);
    xml.open("policy_evaluated");
    xml.element("disposition", row.disposition);
    xml.element("dkim", pass_or_fail(row.dkim_aligned));
    xml.element("spf", pass_or_fail(row.spf_aligned));
    for (const AggregateReason& reason : row.reasons) {
        xml.open("reason");
        xml.element("type", reason.type);
        xml.unless_empty("comment", reason.comment);
        xml.close("reason");
    }
    xml.close("policy_evaluated");
    xml.close("row");
    xml.open("identifiers");
    xml.unless_empty("envelope_to", row.envelope_to);
    xml.unless_empty("envelope_from", row.envelope_from);
    xml.element("header_from", row.header_from);
    xml.close("identifiers");
    xml.open("auth_results");
    for (const AggregateDkim& one : row.dkim) {
        xml.open("dkim");
        xml.element("domain", one.domain);
        xml.unless_empty("selector", one.selector);
        xml.element("result", one.result);
        xml.unless_empty("human_result", one.human_result);
        xml.close("dkim");
    }
    for (const AggregateSpf& one : row.spf) {
        xml.open("spf");
        xml.element("domain", one.domain);
        xml.unless_empty("scope", one.scope);
        xml.element("result", one.result);
        xml.unless_empty("human_result", one.human_result);
        xml.close("spf");
    }
    xml.close("auth_results");
    xml.close("record");
}

}  // namespace

std::string aggregate_xml(const AggregateReport& report) {
    Xml xml;
    xml.out_ += "<feedback xmlns=\"urn:ietf:params:xml:ns:dmarc-2.0\">\n";
    xml.depth_ = 1;
    xml.unless_empty("version", report.version);
    xml.open("report_metadata");
    xml.element("org_name", report.organization);
    xml.element("email", report.email);
    xml.unless_empty("extra_contact_info", report.extra_contact);
    xml.element("report_id", report.report_id);
    xml.open("date_range");
    xml.element("begin", std::to_string(report.begin));
    xml.element("end", std::to_string(report.end));
    xml.close("date_range");
    for (const std::string& error : report.errors) xml.element("error", error);
    xml.unless_empty("generator", report.generator);
    xml.close("report_metadata");
    xml.open("policy_published");
    xml.element("domain", report.domain);
    xml.unless_empty("discovery_method", report.discovery);
    xml.unless_empty("adkim", report.adkim);
    xml.unless_empty("aspf", report.aspf);
    xml.unless_empty("p", report.p);
    xml.unless_empty("sp", report.sp);
    xml.unless_empty("np", report.np);
    if (report.percent) xml.element("pct", *report.percent);
    xml.unless_empty("fo", report.fo);
    xml.unless_empty("testing", report.testing);
    xml.close("policy_published");
    for (const AggregateRow& row : report.rows) write_row(xml, row);
    xml.close("feedback");
    return std::move(xml.out_);
}

}  // namespace postrider::mailauth
