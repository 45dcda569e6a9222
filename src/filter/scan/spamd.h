#pragma once

#include "filter/scan/connector.h"
#include "filter/scan/pool.h"

/// spamd, the SpamAssassin daemon (spamd/PROTOCOL of SpamAssassin): SYMBOLS, one connection per message.
namespace postrider::filter {

/// A whole reply: status line, header, the names of the tests that hit. The finding's text is "Spam: True
/// ; 15.0 / 5.0" and what hit; its level is made of score and threshold.
Maybe<Finding> parse_spamd_reply(std::string_view reply);

class SpamdConnector final : public Connector {
public:
    SpamdConnector(ScannerAddress to, ConnectionPool::Limits limits, ScanOptions options)
        : pool_{std::move(to), limits}, options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    Maybe<> ping() override;

private:
    ConnectionPool pool_;
    ScanOptions options_;
};

}  // namespace postrider::filter
