#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// The milter protocol, versions 2 to 6, as libmilter speaks it (mfdef.h of Sendmail 8.14 and later): packets
/// of a length (four octets, big-endian, of what follows), one octet that says what it is, and its data.
namespace postrider::filter::milter {

/// From the mail server to the filter.
enum class Command : char {
    abort = 'A',     ///< this message is over; no answer
    body = 'B',      ///< a piece of the body
    connect = 'C',   ///< who has connected
    macro = 'D',     ///< values of macros for the command that follows; no answer
    body_end = 'E',  ///< the message is complete: now it may be changed
    helo = 'H',
    quit_nc = 'K',  ///< this SMTP session is over, another one follows; no answer (version 6)
    header = 'L',   ///< one field
    mail = 'M',
    eoh = 'N',      ///< the header is complete
    options = 'O',  ///< negotiation
    quit = 'Q',     ///< no answer
    rcpt = 'R',
    data = 'T',     ///< version 4
    unknown = 'U',  ///< a command that SMTP does not have; version 3
};

/// From the filter to the mail server.
enum class Answer : char {
    add_recipient = '+',
    delete_recipient = '-',
    add_recipient_args = '2',  ///< with ESMTP parameters
    shutdown = '4',            ///< 421
    accept = 'a',
    replace_body = 'b',
    go_on = 'c',
    discard = 'd',
    change_from = 'e',
    connection_failed = 'f',
    add_header = 'h',
    insert_header = 'i',
    change_header = 'm',
    options = 'O',
    progress = 'p',  ///< still at work
    quarantine = 'q',
    reject = 'r',
    skip = 's',  ///< no more of these
    tempfail = 't',
    reply_code = 'y',
};

/// What a filter may do; bits of the negotiation.
enum Actions : std::uint32_t {
    may_add_headers = 0x01,
    may_change_body = 0x02,
    may_add_recipients = 0x04,
    may_delete_recipients = 0x08,
    may_change_headers = 0x10,
    may_quarantine = 0x20,
    may_change_from = 0x40,
    may_add_recipient_args = 0x80,
    may_set_macros = 0x100,
};

/// What a filter wants left out, and how it wants the rest.
enum Steps : std::uint32_t {
    no_connect = 0x01,
    no_helo = 0x02,
    no_mail = 0x04,
    no_rcpt = 0x08,
    no_body = 0x10,
    no_headers = 0x20,
    no_eoh = 0x40,
    silent_header = 0x80,  ///< header is not answered, and so on
    no_unknown = 0x100,
    no_data = 0x200,
    can_skip = 0x400,
    rejected_rcpt = 0x800,  ///< recipients that were refused are shown too
    silent_connect = 0x1000,
    silent_helo = 0x2000,
    silent_mail = 0x4000,
    silent_rcpt = 0x8000,
    silent_data = 0x10000,
    silent_unknown = 0x20000,
    silent_eoh = 0x40000,
    silent_body = 0x80000,
    leading_space = 0x100000,  ///< values come and go with the blank behind the colon
    pieces_256k = 0x10000000,
    pieces_1m = 0x20000000,
};

struct Packet {
    char what = '\0';
    std::string_view data;
};

/// What can be made of the octets received so far.
struct Unpacked {
    enum class State : std::uint8_t {
        packet,
        more,      ///< it is not whole yet
        nonsense,  ///< a length of 0, or of more than the limit
    } state = State::more;
    Packet packet;         ///< points into the octets
    std::size_t size = 0;  ///< of the packet with its length
};
/// @param limit  of a packet without its length
Unpacked unpack(std::string_view octets, std::size_t limit);

/// Appends one packet.
void pack(std::string& out, char what, std::initializer_list<std::string_view> data = {});

/// Texts that end in NUL, one after the other; nothing when the last one does not, or there are more than
/// `limit`.
bool split_texts(std::string_view data, std::vector<std::string_view>& into, std::size_t limit);

inline constexpr std::size_t largest_packet = (1 << 20) + 64;

}  // namespace postrider::filter::milter
