#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sieve/args.h"
#include "sieve/message.h"

namespace postrider::sieve {

class Machine;

/// The fields that a header, address, exists or date test looks at: names, :index and :last (RFC 5260 §6),
/// :mime and :anychild (RFC 5703 §4).
class HeaderSource {
public:
    /// Takes the tags.
    void tags(Args& args, bool with_index);
    /// Takes the names; each must be a name that a field can have.
    void names(Args& args);
    void names(Args& args, TextList list);

    struct Name {
        TextTemplate text;
        std::uint32_t hash = 0;  ///< of a constant one
    };
    const std::vector<Name>& all() const { return names_; }
    bool mime() const { return mime_; }

    /// Calls `visit(field)` for each field of this name until it gives true; whether it did.
    template <class Visit>
    bool any(Machine& machine, const Name& name, Visit visit) const {
        std::string scratch;
        std::string_view wanted = name.text.value(machine, scratch);
        std::uint32_t hash = name.text.constant() ? name.hash : header_hash(wanted);
        if (!mime_) return any_in(message_header(machine), wanted, hash, visit);
        std::size_t begin, end;
        parts(machine, begin, end);
        for (std::size_t part = begin; part < end; ++part)
            if (any_in(part_header(machine, part), wanted, hash, visit)) return true;
        return false;
    }

private:
    template <class Visit>
    bool any_in(Header& header, std::string_view name, std::uint32_t hash, Visit& visit) const {
        if (!index_) {
            for (std::size_t at = header.find(name, hash, 0); at != Header::npos;
                 at = header.find(name, hash, at + 1))
                if (visit(header.fields()[at])) return true;
            return false;
        }
        std::size_t found = nth(header, name, hash);
        return found != Header::npos && visit(header.fields()[found]);
    }
    std::size_t nth(const Header& header, std::string_view name, std::uint32_t hash) const;
    static Header& message_header(Machine& machine);
    static Header& part_header(Machine& machine, std::size_t part);
    void parts(Machine& machine, std::size_t& begin, std::size_t& end) const;

    std::vector<Name> names_;
    std::optional<std::uint64_t> index_;
    bool last_ = false;
    bool mime_ = false, any_child_ = false;
};

/// ftext = %d33-57 / %d59-126. RFC 5322 §2.2.
bool is_field_name(std::string_view name);

}  // namespace postrider::sieve
