#pragma once

#include "filter/scan/afsl.h"
#include "filter/scan/connector.h"
#include "filter/scan/pool.h"

namespace postrider::filter::afsl {

/// The other side of a dialogue, as a program needs it.
class Line {
public:
    virtual ~Line() = default;
    virtual Maybe<> send(std::string_view octets) = 0;
    virtual void end_of_sending() = 0;
    /// What has arrived and was not consumed yet.
    virtual std::string& received() = 0;
    /// More of it; false: the other side has closed.
    virtual Maybe<bool> receive(std::size_t limit) = 0;
};

struct Limits {
    unsigned steps = 2000;          ///< statements
    std::size_t octets = 32 << 20;  ///< received in all
    std::size_t reply = 64 * 1024;  ///< one answer, but for .RECV bytes and .RECV all
};

struct Outcome {
    Finding finding;
    bool reusable = false;  ///< the connection may serve another message
};

/// Runs the program for one message from `start` on. Nothing from the envelope brings a control character
/// into what is sent.
Maybe<Outcome> run(const Program& program, std::size_t start, const Subject& subject, Line& line,
                   const observe::Logger& log, const Limits& limits = {});

}  // namespace postrider::filter::afsl

namespace postrider::filter {

/// A scanner that is described by a protocol file.
class AfslConnector final : public Connector {
public:
    AfslConnector(std::shared_ptr<const afsl::Program> program, ScannerAddress to,
                  ConnectionPool::Limits limits, ScanOptions options)
        : program_{std::move(program)}, pool_{std::move(to), limits}, options_{std::move(options)} {}
    Maybe<Finding> ask(const Subject& subject) override;
    Maybe<> ping() override;
    void tidy() override { pool_.close_idle(); }

private:
    std::shared_ptr<const afsl::Program> program_;
    ConnectionPool pool_;
    ScanOptions options_;
};

}  // namespace postrider::filter
