#pragma once

#include <memory>

#include "app/server.h"
#include "app/service.h"

/// The services that this build has; each in a file of its own (service_*.cpp). All keep a reference to the
/// rooms, which live longer.
namespace postrider::app {

std::unique_ptr<Service> make_log_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_processing_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_smtp_incoming_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_smtp_outgoing_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_imap_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_pop3_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_managesieve_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_rpop_service(Server::Rooms& rooms);
std::unique_ptr<Service> make_cli_service(Server::Rooms& rooms);

}  // namespace postrider::app
