#include "screening/trace.h"

#include "mime/address.h"

namespace postrider::screening {

net::Task<TraceReport> trace(const Screening& screening, TraceRequest request) {
    TraceReport report;
    Client client;
    client.ip = request.ip;
    client.port = 40'000;
    client.local_ip = "192.0.2.25";
    client.local_port = 25;
    client.secure = request.secure;
    report.policy = screening.rules()->policy;
    const std::unique_ptr<Visit> visit = screening.visit(client);
    if (!visit) co_return report;

    Allowances allow;
    std::string greeting;
    const auto note = [&](std::string step, std::vector<policy::Step>& lines, Decision& decision) {
        report.steps.push_back({std::move(step), std::move(lines), decision});
        lines.clear();
        return !decision.refuses();
    };
    std::vector<policy::Step> lines;
    visit->trace_to(&lines);
    Decision decision = co_await visit->connected(allow, greeting);
    if (!note("onConnect", lines, decision)) co_return report;

    Visit::Mechanisms mechanisms;
    std::string helo = request.helo;
    decision = co_await visit->ehlo(std::move(helo), true, request.secure, allow, mechanisms);
    if (!note("onEhlo", lines, decision)) co_return report;

    Visit::Mail mail;
    mail.sender = mime::parse_addr_spec(request.sender).value_or(mime::AddrSpec{});
    mail.account = request.account;
    mail.declared = request.message.size();
    mail.local = screening.is_local(mail.sender.domain);
    mail.matches_login = !request.account.empty() && mail.sender.text() == request.account;
    decision = co_await visit->mail(std::move(mail), allow);
    if (!note("onMailFrom", lines, decision)) co_return report;

    bool any = false;
    std::size_t before = 0;
    for (const std::string& recipient : request.recipients) {
        Visit::Rcpt rcpt;
        rcpt.address = mime::parse_addr_spec(recipient).value_or(mime::AddrSpec{});
        rcpt.local = screening.is_local(rcpt.address.domain);
        rcpt.before = before;
        const mime::AddrSpec address = rcpt.address;
        decision = co_await visit->rcpt(std::move(rcpt), allow, report.route, report.wishes);
        if (!decision.refuses()) {
            Decision listed = visit->greylist(address);
            if (listed.refuses()) decision = std::move(listed);
        }
        const bool taken = note("onRcptTo <" + recipient + ">", lines, decision);
        any = any || taken;
        before += taken ? 1 : 0;
    }
    if (!any || request.message.empty()) co_return report;
    decision = co_await visit->message(request.message, allow, report.wishes);
    note("message", lines, decision);
    co_return report;
}

}  // namespace postrider::screening
