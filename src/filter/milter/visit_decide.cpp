#include "filter/milter/visit.h"
#include "filter/scan/connector.h"

/// What follows from what a filter has said, or from its saying nothing.
namespace postrider::filter::milter {

Decision Visit::failed(Side& side, const std::string& why) {
    const FailureMode mode = side.milter.on_failure;
    session_.log.warning(session_.id, "Milter {} fails ({}): {}", side.milter.name,
                         mode == FailureMode::accept   ? "passed over"
                         : mode == FailureMode::reject ? "mail is refused"
                                                       : "mail is refused for now",
                         one_line(why));
    side.forget_session();
    Decision decision;
    decision.milter = side.milter.name;
    if (mode == FailureMode::accept) {
        side.passes_session = true;
        return decision;
    }
    const bool reject = mode == FailureMode::reject;
    decision.kind = reject ? Decision::Kind::reject : Decision::Kind::tempfail;
    decision.code = reject ? 554 : 451;
    decision.status = reject ? "5.3.0" : "4.3.0";
    decision.lines = {"A filter of ours does not work at the moment"};
    side.for_session = decision;
    return decision;
}

/// @param reached  where the filter has said it: with a filter that is shown earlier steps too, not always
/// `step`
Decision Visit::decide(Side& side, const Opinion& opinion, Step step, Step reached) {
    using Kind = Opinion::Kind;
    Decision decision;
    decision.milter = side.milter.name;
    switch (opinion.kind) {
        case Kind::go_on:
        case Kind::skip: return decision;
        case Kind::accept:
            if (reached < Step::mail)
                side.passes_session = true;
            else
                side.passes_message = true;
            return decision;
        case Kind::discard:
            // Before MAIL there is no message to discard; libmilter takes it for a refusal.
            decision.kind = reached < Step::mail ? Decision::Kind::reject : Decision::Kind::discard;
            break;
        case Kind::reject: decision.kind = Decision::Kind::reject; break;
        case Kind::tempfail: decision.kind = Decision::Kind::tempfail; break;
        case Kind::close: decision.kind = Decision::Kind::close; break;
    }
    if (decision.kind == Decision::Kind::reject)
        decision = {decision.kind, 550, "5.7.1", {"Refused by a filter"}, decision.milter};
    if (decision.kind == Decision::Kind::tempfail)
        decision = {
            decision.kind, 451, "4.7.1", {"Refused by a filter for now; try again later"}, decision.milter};
    if (decision.kind == Decision::Kind::close)
        decision = {decision.kind, 421, "4.7.0", {"Closing connection"}, decision.milter};
    if (opinion.reply) {
        decision.code = opinion.reply->code;
        if (!opinion.reply->status.empty())
            decision.status = opinion.reply->status;
        else if (decision.code < 500 && decision.status.starts_with('5'))
            decision.status[0] = '4';
        decision.lines = opinion.reply->lines;
        if (decision.lines.size() == 1 && decision.lines[0].empty()) decision.lines = {"Refused by a filter"};
    }
    if (decision.kind == Decision::Kind::discard) {
        discarded_ = decision;
        session_.log.info(session_.id, "Milter {}: discard", side.milter.name);
        return decision;
    }
    session_.log.info(session_.id, "Milter {}: {} {} {}", side.milter.name, decision.code, decision.status,
                      decision.lines.front());
    if (reached < Step::mail)
        side.for_session = decision;
    else if (reached != Step::rcpt || step != Step::rcpt)
        side.for_message = decision;
    return decision;
}

}  // namespace postrider::filter::milter
