#pragma once

#include <mutex>

#include "mailstore/account_edit.h"

namespace postrider::mailstore {

/// The end of an edit of one account: its records put into the batch, this written, memory brought up to it,
/// the lock given back, who watches woken. When it fails, the lock is still held and nothing has happened.
inline Result<> commit(AccountEdit& edit, kv::Batch batch, std::unique_lock<std::mutex>& lock) {
    edit.put(batch);
    if (auto ok = edit.impl().core.write(std::move(batch)); !ok) return ok;
    edit.apply();
    lock.unlock();
    edit.notify();
    return {};
}

}  // namespace postrider::mailstore
