#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

/// How a setting is declared: one row of a table per setting. The file's reader and writer, `postrider
/// config`, the command line, REST, WebAdmin and the manual walk the same rows. The default is the member's
/// initialiser.
///
///     constexpr Choice modes[] = {{"fast", Mode::fast}, {"safe", Mode::safe}};
///     constexpr Setting<ImapSettings> rows[] = {
///         {.field = inlined<&ImapSettings::service, service_table>},
///         {.name = "greetingsText", .field = field<&ImapSettings::greeting>, .range = {0, 1024},
///          .help = "What a client sees first."},
///         {.name = "mode", .field = choice<&ImapSettings::mode, modes>, .help = "..."},
///         {.name = "listeners", .field = object_set<&ImapSettings::listeners, listener_table,
///         imap_listener>,
///          .key = "address", .help = "..."},
///     };
///     TableOf<ImapSettings> imap_table() { return {rows, "imap", "The IMAP service."}; }
namespace postrider::settings {

/// Where a value may be given; account-scope values are inherited (inherit.h).
enum class Scope : std::uint8_t { server, listener, domain, account_class, account };

/// What a setting's text must look like, beyond its type.
enum class Format : std::uint8_t {
    any,
    host_name,      ///< letters, digits, '-', '.', at most 255
    ip,             ///< an IPv4 or IPv6 address
    ip_port,        ///< 127.0.0.1:25 or [::1]:25
    ip_maybe_port,  ///< an address, or an address with a port
    ip_set,         ///< 10.0.0.1-10.0.0.20, 10.0.0.0/255.0.0.0, 10.0.0.0/8, one address; IPv6 likewise
    path,           ///< a file or directory, relative to the working directory; "none" for no file
};

/// Smallest and largest allowed: of a number in the row's unit, of a text's length in octets, of the number
/// of elements of a list or object set. {0, 0} means unlimited.
struct Range {
    std::int64_t min = 0;
    std::int64_t max = 0;
    constexpr bool any() const { return min == 0 && max == 0; }
};

/// One word of a choice. In a choice set a word may stand for several values ("smtp", "all").
struct Choice {
    std::string_view word;
    std::int64_t value = 0;     ///< of a single choice
    std::uint64_t bits = 0;     ///< of a choice set
    bool in_this_build = true;  ///< false: a word of the format that is understood, warned about and left out

    template <class E>
    requires std::is_enum_v<E>
    constexpr Choice(std::string_view w, E e)
        : word{w},
          value{static_cast<std::int64_t>(e)},
          bits{value >= 0 && value < 64 ? std::uint64_t{1} << value : 0} {}
    template <class E, class... More>
    requires std::is_enum_v<E>
    constexpr Choice(std::string_view w, E e, More... more)
        : word{w},
          value{static_cast<std::int64_t>(e)},
          bits{((std::uint64_t{1} << static_cast<unsigned>(e)) | ...
                | (std::uint64_t{1} << static_cast<unsigned>(more)))} {}
    /// A word that is known but that this build does not have.
    constexpr explicit Choice(std::string_view w) : word{w}, in_this_build{false} {}
};

/// A set of an enum's values (each below 64): the type of a choice-set member.
template <class E>
class Set {
public:
    constexpr Set() = default;
    constexpr Set(std::initializer_list<E> all) {
        for (E one : all) bits_ |= bit(one);
    }
    static constexpr Set from_bits(std::uint64_t bits) {
        Set set;
        set.bits_ = bits;
        return set;
    }
    constexpr bool has(E one) const { return (bits_ & bit(one)) != 0; }
    constexpr void add(E one) { bits_ |= bit(one); }
    constexpr void remove(E one) { bits_ &= ~bit(one); }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr std::uint64_t bits() const { return bits_; }
    friend constexpr bool operator==(Set, Set) = default;

private:
    static constexpr std::uint64_t bit(E one) { return std::uint64_t{1} << static_cast<unsigned>(one); }
    std::uint64_t bits_ = 0;
};

enum class Kind : std::uint8_t {
    boolean,
    number,  ///< integers, and durations counted in the member's own period
    text,
    choice,
    choice_set,
    text_list,
    object,
    object_set,
    inlined,  ///< the rows of a nested struct, as if they stood here
    absent,   ///< a known name that this build does not have: warned about, otherwise ignored
};

struct Row;

/// A table with its struct's type forgotten, for code that walks any table.
struct Table {
    std::string_view title;  ///< of the object, as in the file
    std::string_view help;
    std::size_t count = 0;
    const void* rows = nullptr;
    Row (*row_at)(const void* rows, std::size_t index) = nullptr;
    std::shared_ptr<void> (*make)() = nullptr;  ///< a struct with its default values

    Row operator[](std::size_t index) const;
};

/// How to get at one member of a struct whose type is forgotten. `object` is the struct's address.
struct Access {
    Kind kind = Kind::absent;
    std::int64_t (*number)(const void* object) = nullptr;  ///< boolean, number, choice; a choice set's bits
    void (*set_number)(void* object, std::int64_t value) = nullptr;
    std::int64_t lowest = 0;  ///< what the member's type can hold
    std::int64_t highest = 0;
    void* (*member)(void* object) = nullptr;    ///< std::string*, std::vector<std::string>*, a nested struct
    Table (*table)() = nullptr;                 ///< of a nested struct or an element of a set
    std::shared_ptr<void> (*make)() = nullptr;  ///< one element of a set with its defaults
    std::shared_ptr<void> (*save)(const void* object) = nullptr;  ///< a copy of a nested struct, and back
    void (*restore)(void* object, const void* saved) = nullptr;
    std::size_t (*size)(const void* object) = nullptr;      ///< of an object set
    void* (*element)(void* object, std::size_t) = nullptr;  ///< of an object set
    void* (*append)(void* object) = nullptr;  ///< adds one element with its defaults and returns it
    void (*remove_last)(void* object) = nullptr;
    void (*clear)(void* object) = nullptr;
    std::span<const Choice> choices{};
};

/// An Access that only a table of S may hold.
template <class S>
struct Field : Access {};

template <class S>
struct Setting {
    std::string_view name{};  ///< as in the file; matched without regard to case
    Field<S> field{};
    Range range{};
    std::string_view help{};  ///< one or two sentences, for the manual
    std::string_view unit{};  ///< "s", "KB", "minutes"; empty for a plain number
    Format format = Format::any;
    Scope scope = Scope::server;
    bool zero_too = false;            ///< 0 is allowed beside the range ("none", "unlimited")
    bool required = false;            ///< without it the enclosing object is ignored
    bool restart = false;             ///< takes effect only after a restart
    bool secret = false;              ///< never shown by `config show`
    std::string_view key{};           ///< of an object set: the attribute whose value may occur only once
    std::string_view old_name{};      ///< another spelling that is still read
    std::string_view default_help{};  ///< what the default is, where it is worked out at run time
};

/// A Setting whose struct's type is forgotten.
struct Row {
    std::string_view name;
    Access field;
    Range range;
    std::string_view help;
    std::string_view unit;
    Format format;
    Scope scope;
    bool zero_too;
    bool required;
    bool restart;
    bool secret;
    std::string_view key;
    std::string_view old_name;
    std::string_view default_help;
};

inline Row Table::operator[](std::size_t index) const {
    return row_at(rows, index);
}

/// The settings of S in the order in which they are written and documented.
template <class S>
struct TableOf : Table {
    template <std::size_t N>
    constexpr TableOf(const Setting<S> (&all)[N], std::string_view object_title, std::string_view object_help)
        : Table{object_title, object_help, N, all, &row, &fresh} {}

private:
    static std::shared_ptr<void> fresh() { return std::make_shared<S>(); }
    static Row row(const void* rows, std::size_t index) {
        const Setting<S>& s = static_cast<const Setting<S>*>(rows)[index];
        return {s.name,     s.field,    s.range,   s.help,   s.unit, s.format,   s.scope,
                s.zero_too, s.required, s.restart, s.secret, s.key,  s.old_name, s.default_help};
    }
};

namespace detail {

template <class>
struct MemberOf;
template <class S, class M>
struct MemberOf<M S::*> {
    using Struct = S;
    using Type = M;
};

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;
template <class T>
inline constexpr bool is_set = false;
template <class E>
inline constexpr bool is_set<Set<E>> = true;
template <class T>
inline constexpr bool is_vector = false;
template <class T>
inline constexpr bool is_vector<std::vector<T>> = true;

template <auto Member>
struct Ops {
    using S = typename MemberOf<decltype(Member)>::Struct;
    using M = typename MemberOf<decltype(Member)>::Type;

    static const M& get(const void* object) { return static_cast<const S*>(object)->*Member; }
    static M& get(void* object) { return static_cast<S*>(object)->*Member; }
    static void* member(void* object) { return &get(object); }

    static std::int64_t number(const void* object) {
        if constexpr (is_duration<M>) {
            return static_cast<std::int64_t>(get(object).count());
        } else if constexpr (is_set<M>) {
            return static_cast<std::int64_t>(get(object).bits());
        } else {
            return static_cast<std::int64_t>(get(object));
        }
    }
    static void set_number(void* object, std::int64_t value) {
        if constexpr (is_duration<M>) {
            get(object) = M{static_cast<typename M::rep>(value)};
        } else if constexpr (is_set<M>) {
            get(object) = M::from_bits(static_cast<std::uint64_t>(value));
        } else {
            get(object) = static_cast<M>(value);
        }
    }

    static constexpr Field<S> simple(Kind kind) {
        Field<S> f;
        f.kind = kind;
        f.number = &number;
        f.set_number = &set_number;
        f.lowest = INT64_MIN;
        f.highest = INT64_MAX;
        if constexpr (std::is_unsigned_v<M> && !std::is_same_v<M, bool>) f.lowest = 0;
        if constexpr (is_duration<M>) f.lowest = 0;
        if constexpr (std::is_integral_v<M> && sizeof(M) < 8) {
            f.lowest =
                std::is_unsigned_v<M>
                    ? 0
                    : static_cast<std::int64_t>(static_cast<M>(std::int64_t{1} << (8 * sizeof(M) - 1)));
            f.highest = static_cast<std::int64_t>(std::is_unsigned_v<M>
                                                      ? (std::int64_t{1} << (8 * sizeof(M))) - 1
                                                      : (std::int64_t{1} << (8 * sizeof(M) - 1)) - 1);
        }
        return f;
    }

    static constexpr Field<S> make() {
        if constexpr (std::is_same_v<M, bool>) {
            return simple(Kind::boolean);
        } else if constexpr (std::is_integral_v<M> || is_duration<M>) {
            return simple(Kind::number);
        } else {
            static_assert(std::is_same_v<M, std::string> || std::is_same_v<M, std::vector<std::string>>,
                          "use choice, choice_set, object, object_set or inlined for this member");
            Field<S> f;
            f.kind = std::is_same_v<M, std::string> ? Kind::text : Kind::text_list;
            f.member = &member;
            return f;
        }
    }

    template <const auto& Choices>
    static constexpr Field<S> make_choice() {
        static_assert(std::is_enum_v<M> || is_set<M>, "a choice is an enum, a choice set a Set<enum>");
        Field<S> f = simple(is_set<M> ? Kind::choice_set : Kind::choice);
        f.choices = std::span<const Choice>{Choices};
        return f;
    }

    template <auto TableFunction>
    static Table nested_table() {
        return TableFunction();
    }

    static std::shared_ptr<void> save(const void* object) { return std::make_shared<M>(get(object)); }
    static void restore(void* object, const void* saved) { get(object) = *static_cast<const M*>(saved); }

    template <auto TableFunction>
    static constexpr Field<S> make_nested(Kind kind) {
        static_assert(std::is_same_v<decltype(TableFunction()), TableOf<M>>, "the table of another struct");
        Field<S> f;
        f.kind = kind;
        f.member = &member;
        f.table = &nested_table<TableFunction>;
        f.save = &save;
        f.restore = &restore;
        return f;
    }

    static std::size_t set_size(const void* object) { return get(object).size(); }
    static void* set_element(void* object, std::size_t index) { return &get(object)[index]; }
    static void remove_last(void* object) { get(object).pop_back(); }
    static void clear(void* object) { get(object).clear(); }
    template <auto Make>
    static void* append(void* object) {
        return &get(object).emplace_back(Make());
    }
    template <auto Make>
    static std::shared_ptr<void> make_element() {
        return std::make_shared<typename M::value_type>(Make());
    }
    template <auto TableFunction, auto Make>
    static constexpr Field<S> make_set() {
        static_assert(is_vector<M>, "an object set is a std::vector of structs");
        static_assert(std::is_same_v<decltype(TableFunction()), TableOf<typename M::value_type>>,
                      "the table of another struct");
        Field<S> f;
        f.kind = Kind::object_set;
        f.table = &nested_table<TableFunction>;
        f.size = &set_size;
        f.element = &set_element;
        f.append = &append<Make>;
        f.make = &make_element<Make>;
        f.remove_last = &remove_last;
        f.clear = &clear;
        return f;
    }
};

template <class T>
T make_default() {
    return T{};
}

}  // namespace detail

/// bool, integers, durations, std::string, std::vector<std::string>.
template <auto Member>
inline constexpr auto field = detail::Ops<Member>::make();

/// An enum (one word of Choices) or a Set<enum> (a set of words).
template <auto Member, const auto& Choices>
inline constexpr auto choice = detail::Ops<Member>::template make_choice<Choices>();

/// A nested struct, written as name = { ... }. TableFunction gives its TableOf.
template <auto Member, auto TableFunction>
inline constexpr auto object = detail::Ops<Member>::template make_nested<TableFunction>(Kind::object);

/// A nested struct whose rows stand among the enclosing one's; its row has no name.
template <auto Member, auto TableFunction>
inline constexpr auto inlined = detail::Ops<Member>::template make_nested<TableFunction>(Kind::inlined);

/// A std::vector of structs, written as name = ( { ... } { ... } ). Make gives a new element with the
/// defaults that hold in this set (a listener's port and idle timeout differ by service).
template <auto Member, auto TableFunction,
          auto Make = &detail::make_default<typename detail::MemberOf<decltype(Member)>::Type::value_type>>
inline constexpr auto object_set = detail::Ops<Member>::template make_set<TableFunction, Make>();

/// A name of the file format that this build does not have.
template <class S>
inline constexpr Field<S> absent{};

/// Matched as the file does: without regard to ASCII case.
constexpr bool same_name(std::string_view a, std::string_view b) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [&](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace postrider::settings
