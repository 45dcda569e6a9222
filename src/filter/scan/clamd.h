#pragma once

#include "filter/scan/connector.h"
#include "filter/scan/pool.h"

/// clamd, the ClamAV daemon (clamd(8)): INSTREAM inside a session, so that a connection serves many messages.
namespace postrider::filter {

/// What clamd says about a stream: "1: stream: OK", "stream: Eicar FOUND", "... ERROR". The number of the
/// request may be missing. Anything else is nonsense.
Maybe<Finding> parse_clamd_reply(std::string_view reply);

class ClamdConnector final : public Connector {
public:
    ClamdConnector(ScannerAddress to, ConnectionPool::Limits limits, ScanOptions options)
        : pool_{std::move(to), limits}, options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    Maybe<> ping() override;
    void tidy() override { pool_.close_idle(); }

private:
    Maybe<Finding> stream(ConnectionPool::Lease& lease, const Subject& subject, const Patience& patience);

    ConnectionPool pool_;
    ScanOptions options_;
};

}  // namespace postrider::filter
