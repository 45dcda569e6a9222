#include "imap/session/language.h"

#include "text/ascii.h"

namespace postrider::imap {
namespace {

struct Row {
    std::string_view english, german;
};

/// What the user of a mail program may get to see. What is not here is said in English.
constexpr Row rows[] = {
    {"There is no such mailbox", "Dieses Postfach gibt es nicht"},
    {"There is a mailbox of that name already", "Ein Postfach dieses Namens gibt es schon"},
    {"The mailbox has others below it", "Das Postfach enthält andere"},
    {"No mailbox can have that name", "So kann kein Postfach heißen"},
    {"That is not a mailbox name", "Das ist kein Name eines Postfachs"},
    {"That is not possible with INBOX", "Mit dem Posteingang geht das nicht"},
    {"The quota would be exceeded", "Der Speicherplatz reicht dafür nicht"},
    {"The mailbox has as many keywords as it can",
     "Das Postfach hat schon so viele Schlagwörter wie möglich"},
    {"These are too many messages for one command", "Das sind zu viele Nachrichten für einen Befehl"},
    {"The storage takes no more messages now", "Der Speicher nimmt zurzeit keine Nachrichten an"},
    {"The storage cannot be used now", "Der Speicher ist zurzeit nicht benutzbar"},
    {"A record is damaged; the administrator can repair it",
     "Ein Datensatz ist beschädigt; die Verwaltung kann ihn wiederherstellen"},
    {"Some of the messages no longer exist", "Einige der Nachrichten gibt es nicht mehr"},
    {"There is no such message", "Diese Nachricht gibt es nicht"},
    {"There are not so many messages", "So viele Nachrichten gibt es nicht"},
    {"The mailbox was opened with EXAMINE", "Das Postfach ist nur zum Lesen geöffnet"},
    {"Some messages were changed by others", "Einige Nachrichten wurden von anderen geändert"},
    {"There is no such command", "Diesen Befehl gibt es nicht"},
    {"Please log in first", "Bitte erst anmelden"},
    {"You are logged in already", "Sie sind schon angemeldet"},
    {"Select a mailbox first", "Bitte erst ein Postfach öffnen"},
    {"The server is too busy now", "Der Server ist zurzeit überlastet"},
    {"Name or password is wrong", "Name oder Kennwort ist falsch"},
    {"The account may not use this service", "Das Konto darf diesen Dienst nicht benutzen"},
    {"The password must be changed first", "Das Kennwort muss erst geändert werden"},
    {"Try again later", "Bitte später noch einmal versuchen"},
    {"The mailbox cannot be opened now", "Das Konto kann zurzeit nicht geöffnet werden"},
    {"The account has too many sessions", "Das Konto hat zu viele Verbindungen"},
    {"Passwords are taken with TLS only", "Kennwörter werden nur mit TLS angenommen"},
    {"Logged in", "Angemeldet"},
    {"The literal is too large", "Die Nachricht ist zu groß"},
    {"The message would be too large", "Die Nachricht würde zu groß"},
    {"An empty message cannot be kept", "Eine leere Nachricht kann nicht aufbewahrt werden"},
    {"That language is not known here", "Diese Sprache ist hier nicht bekannt"},
    {"There is no such filter", "Diesen Filter gibt es nicht"},
    {"That is not your mailbox", "Das ist nicht Ihr Postfach"},
    {"That entry cannot be changed", "Dieser Eintrag kann nicht geändert werden"},
};

std::string german(std::string_view text) {
    for (const Row& row : rows)
        if (row.english == text) return std::string{row.german};
    constexpr std::string_view completed = " completed";
    if (text.ends_with(completed))
        return std::string{text.substr(0, text.size() - completed.size())} + " ausgeführt";
    return std::string{text};
}

}  // namespace

std::string_view tag_of(Language language) {
    switch (language) {
        case Language::i_default: break;
        case Language::english: return "EN";
        case Language::german: return "DE";
    }
    return "i-default";
}

std::optional<Language> language_matching(std::string_view range) {
    if (text::equal_ci(range, "default") || text::equal_ci(range, "i-default") || range == "*")
        return Language::i_default;
    std::string_view primary = range.substr(0, range.find('-'));
    if (text::equal_ci(primary, "en")) return Language::english;
    if (text::equal_ci(primary, "de")) return Language::german;
    return std::nullopt;
}

std::string translated(Language language, std::string_view text) {
    if (language != Language::german) return std::string{text};
    std::string out;
    if (text.starts_with('[')) {  // a code may hold quoted strings, and these brackets
        bool quoted = false;
        std::size_t end = 1;
        for (; end < text.size() && (quoted || text[end] != ']'); ++end)
            if (text[end] == '"') quoted = !quoted;
        if (end + 2 > text.size() || text[end + 1] != ' ') return std::string{text};
        out = text.substr(0, end + 2);
        text.remove_prefix(end + 2);
    }
    return out + german(text);
}

}  // namespace postrider::imap
