#pragma once

#include "screening/visit.h"

namespace postrider::screening {

/// A reception that has not taken place.
struct TraceRequest {
    std::string ip = "192.0.2.1";
    std::string helo = "client.example";
    std::string sender;  ///< "" = null
    std::vector<std::string> recipients;
    std::string account;  ///< that would have logged in; ""
    bool secure = false;
    std::string message;  ///< header and body, CRLF line ends; "" = nothing after the recipients
};

/// What the policy and the checks say at one step, and which lines said it.
struct TraceStep {
    std::string step;  ///< "onConnect", "onRcptTo <a@b>"
    std::vector<policy::Step> lines;
    Decision decision;
};

struct TraceReport {
    std::vector<TraceStep> steps;
    std::shared_ptr<const policy::Program> policy;  ///< whose blocks the lines belong to; nullptr: none
    Wishes wishes;
    std::string route;  ///< of the last recipient
};

/// Goes through it as a session would, with real questions to the DNS and without leaving a trace.
net::Task<TraceReport> trace(const Screening& screening, TraceRequest request);

}  // namespace postrider::screening
