#include "smtp/service.h"

namespace postrider::smtp {

net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id) {
    Session session{*peer, services, entrance, id};
    co_await session.run();
}

}  // namespace postrider::smtp
