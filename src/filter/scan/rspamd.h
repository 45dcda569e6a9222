#pragma once

#include "filter/scan/connector.h"
#include "filter/scan/pool.h"

/// rspamd by its HTTP protocol (rspamd.com/doc/architecture/protocol.html): POST /checkv2, an answer in JSON.
namespace postrider::filter {

/// The JSON of an answer to /checkv2. The actions "reject", "add header" and "rewrite subject" are matches;
/// "soft reject" asks for a later try and is trouble; header fields under milter.add_headers go with the
/// finding.
Maybe<Finding> parse_rspamd_reply(std::string_view json);

class RspamdConnector final : public Connector {
public:
    RspamdConnector(ScannerAddress to, ConnectionPool::Limits limits, ScanOptions options)
        : pool_{std::move(to), limits}, options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    Maybe<> ping() override;
    void tidy() override { pool_.close_idle(); }

private:
    ConnectionPool pool_;
    ScanOptions options_;
};

/// The request's header for one message.
std::string rspamd_request(const Subject& subject, std::string_view host);

}  // namespace postrider::filter
