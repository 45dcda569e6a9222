#include "imap/service.h"
#include "imap/session/connection.h"
#include "text/ascii.h"

namespace postrider::imap {

/// RFC 4978 §3: the answer is the last that goes in plain.
net::Task<Reply> Connection::compress(const Command& command) {
    if (command.args.empty()) co_return bad("COMPRESS takes a mechanism");
    if (!text::equal_ci(command.args, "DEFLATE")) co_return no("[CANNOT] Only DEFLATE is known");
    if (compressed_) co_return no("[COMPRESSIONACTIVE] Compression is on already");
    std::string tag{command.tag};
    flush_out();
    answer(tag, ok("DEFLATE begins"));
    co_await stream_->flush();
    compressed_ = std::make_unique<DeflateStream>(*stream_);
    stream_ = compressed_.get();
    stream_->farewell(farewell());
    update_capabilities();
    Reply said{Reply::Status::said, {}};
    co_return said;
}

/// Behind the answer to UNAUTHENTICATE.
net::Task<> Connection::leave_compression() {
    co_await compressed_->end();
    plain_->farewell(farewell());
    stream_ = plain_;
    compressed_.reset();
}

}  // namespace postrider::imap
