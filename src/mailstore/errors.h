#pragma once

#include <string>

#include "container/container.h"
#include "kv/kv.h"
#include "mailstore/types.h"

namespace postrider::mailstore {

inline Failure from(const kv::Failure& failure) {
    switch (failure.kind) {
        case kv::KvError::io: return {MailError::storage, failure.what};
        case kv::KvError::corrupt: return {MailError::corrupt, failure.what};
        case kv::KvError::newer: return {MailError::storage, failure.what};
        case kv::KvError::locked: return {MailError::storage, failure.what};
    }
    return {MailError::storage, failure.what};
}

inline Failure from(const container::Failure& failure) {
    switch (failure.kind) {
        case container::ContainerError::full: return {MailError::full, failure.what};
        case container::ContainerError::io: return {MailError::storage, failure.what};
        case container::ContainerError::corrupt: return {MailError::corrupt, failure.what};
        case container::ContainerError::newer: return {MailError::storage, failure.what};
        case container::ContainerError::foreign: return {MailError::storage, failure.what};
    }
    return {MailError::storage, failure.what};
}

inline std::unexpected<Failure> fail(MailError kind, std::string what) {
    return std::unexpected(Failure{kind, std::move(what)});
}

}  // namespace postrider::mailstore
