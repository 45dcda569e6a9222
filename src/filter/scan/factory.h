#pragma once

#include "filter/scan/connector.h"
#include "filter/scan/settings.h"

/// From a setting to who talks to the scanner.
namespace postrider::filter {

struct MadeConnector {
    std::unique_ptr<Connector> connector;
    std::string title;  ///< "SpamAssassin(127.0.0.1:783)"
};

/// Where protocol files are looked for.
struct ProtocolFiles {
    std::string directory;           ///< that relative paths start from; and its folder filters/
    std::vector<std::string> stock;  ///< then these
};

/// The path and text of a protocol file; the error says what is wrong. At most 64 KB.
std::expected<std::pair<std::string, std::string>, std::string> find_protocol_file(
    const std::string& name, const ProtocolFiles& files);

/// @param source  the text of the protocol file; not looked at when its protocol is built in
/// @return the error says what is wrong, in one line
std::expected<MadeConnector, std::string> make_connector(const SocketFilter& filter,
                                                         const std::string& source,
                                                         const observe::Logger& log);
std::expected<MadeConnector, std::string> make_connector(const IntegratedFilter& filter,
                                                         const observe::Logger& log);

/// The protocol of this file is built in: clam-av.afsl, spamassassin.afsl, rspamd.afsl without a directory.
bool built_in_protocol(std::string_view protocol_file);

}  // namespace postrider::filter
