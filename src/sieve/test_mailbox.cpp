#include "sieve/machine.h"
#include "sieve/words.h"

/// What there is in the store: mailboxexists, metadata and servermetadata (RFC 5490), mailboxidexists
/// (RFC 9042), specialuse_exists (RFC 8579).
namespace postrider::sieve {
namespace {

class MailboxExists final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string scratch;
        for (const TextTemplate& name : names) {
            std::string_view value = name.value(machine, scratch);
            bool exists = by_id ? machine.environment().mailbox_id_exists(value)
                                : machine.environment().mailbox_exists(value);
            if (!exists) return false;
        }
        return true;
    }
    TextList names;
    bool by_id = false;
};

class SpecialUseExists final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string mailbox_name = mailbox.value(machine), scratch;
        for (const TextTemplate& attribute : attributes)
            if (!machine.environment().special_use_exists(mailbox_name, attribute.value(machine, scratch)))
                return false;
        return true;
    }
    TextTemplate mailbox;
    TextList attributes;
};

class Metadata final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        auto value = machine.environment().metadata(mailbox.value(machine), annotation.value(machine));
        if (matcher.counts()) return matcher.count(machine, value ? 1 : 0);
        return value && matcher.value(machine, *value, nullptr);
    }
    TextTemplate mailbox, annotation;  ///< mailbox "": of the server
    Matcher matcher;
};

class MetadataExists final : public TestNode {
public:
    bool holds(Machine& machine) const override {
        std::string mailbox_name = mailbox.value(machine), scratch;
        for (const TextTemplate& annotation : annotations)
            if (!machine.environment().metadata(mailbox_name, annotation.value(machine, scratch))) return false;
        return true;
    }
    TextTemplate mailbox;
    TextList annotations;
};

TestPtr metadata(Args& args, bool of_mailbox) {
    auto made = std::make_unique<Metadata>();
    made->matcher = args.matcher();
    if (of_mailbox) made->mailbox = args.text();
    made->annotation = args.text();
    args.keys(made->matcher, args.list());
    args.done();
    return made;
}

TestPtr metadata_exists(Args& args, bool of_mailbox) {
    auto made = std::make_unique<MetadataExists>();
    if (of_mailbox) made->mailbox = args.text();
    made->annotations = args.list();
    args.done();
    return made;
}

}  // namespace

TestPtr build_mailboxexists(Args& args) {
    auto made = std::make_unique<MailboxExists>();
    made->names = args.list();
    args.done();
    return made;
}

TestPtr build_mailboxidexists(Args& args) {
    auto made = std::make_unique<MailboxExists>();
    made->by_id = true;
    made->names = args.list();
    args.done();
    return made;
}

/// specialuse_exists [<mailbox: string>] <special-use-attrs: string-list>. RFC 8579 §3.
TestPtr build_specialuse_exists(Args& args) {
    auto made = std::make_unique<SpecialUseExists>();
    TextList first = args.list();
    if (args.more()) {
        if (first.size() != 1) args.wrong("only one mailbox can be named");
        made->mailbox = std::move(first.front());
        first = args.list();
    }
    made->attributes = std::move(first);
    args.done();
    return made;
}

TestPtr build_metadata(Args& args) {
    return metadata(args, true);
}
TestPtr build_metadataexists(Args& args) {
    return metadata_exists(args, true);
}
TestPtr build_servermetadata(Args& args) {
    return metadata(args, false);
}
TestPtr build_servermetadataexists(Args& args) {
    return metadata_exists(args, false);
}

}  // namespace postrider::sieve
