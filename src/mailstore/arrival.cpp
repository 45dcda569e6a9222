#include "mailstore/arrival.h"

#include "mailstore/errors.h"
#include "mailstore/prefix.h"

namespace postrider::mailstore {

void prepare(Arrival& arrival, std::string_view meta, std::string_view payload, container::Effort effort) {
    arrival.record = container::Record::make(meta, payload, container::Codec::packed, effort);
    arrival.descriptions.push_back(mime::describe(payload).encode());
}

Result<> place(Core& core, Arrival& arrival, std::vector<Target> targets, std::string_view payload,
               std::uint32_t payload_size) {
    arrival.placements.reserve(targets.size());
    std::vector<std::string> prefixes{""};  // of the descriptions made so far
    for (Target& target : targets) {
        Placement& placement = arrival.placements.emplace_back();
        auto account = core.accounts.get(target.account);
        if (account)
            placement.account = std::move(*account);
        else if (account.error().kind == MailError::storage)
            return std::unexpected(account.error());
        else
            placement.error = account.error().kind;
        placement.path = std::move(target.folder);
        placement.flags = target.flags;
        placement.keywords = std::move(target.keywords);
        placement.prefix = std::move(target.prefix);
        placement.over_quota_allowed = target.over_quota_allowed;
        placement.size = payload_size + static_cast<std::uint32_t>(placement.prefix.size());
        for (; placement.description < prefixes.size(); ++placement.description)
            if (prefixes[placement.description] == placement.prefix) break;
        if (placement.description == prefixes.size()) {
            prefixes.push_back(placement.prefix);
            arrival.descriptions.push_back(
                describe_with_prefix(placement.prefix, payload, arrival.descriptions[0]));
        }
    }
    return {};
}

DeliveryReceipt receipt_of(const Arrival& arrival) {
    DeliveryReceipt receipt;
    receipt.blob = arrival.blob;
    receipt.targets.reserve(arrival.placements.size());
    for (const Placement& placement : arrival.placements) {
        DeliveryReceipt::Delivered& delivered = receipt.targets.emplace_back();
        delivered.ok = !placement.error;
        delivered.error = placement.error.value_or(MailError{});
        delivered.folder = placement.placed_in;
        delivered.folder_path = placement.folder_path;
        delivered.uid = placement.uid;
    }
    return receipt;
}

}  // namespace postrider::mailstore
