#include "kv/batch.h"

#include <cassert>

#include "kv/reserved.h"

namespace postrider::kv {

Batch::Batch() : impl_{std::make_unique<Impl>()} {}
Batch::~Batch() = default;
Batch::Batch(Batch&&) noexcept = default;
Batch& Batch::operator=(Batch&&) noexcept = default;

void Batch::put(std::string_view key, std::string_view value) {
    assert(!key.empty() && !is_reserved(key));
    impl_->changes.Put(key, value);
}

void Batch::erase(std::string_view key) {
    assert(!key.empty() && !is_reserved(key));
    impl_->changes.Delete(key);
}

void Batch::erase_range(std::string_view begin, std::string_view end) {
    // The engine takes a reversed range for corruption.
    if (begin < end) impl_->changes.DeleteRange(begin, end);
}

bool Batch::empty() const {
    return impl_->changes.Count() == 0;
}
std::size_t Batch::bytes() const {
    return impl_->changes.GetDataSize();
}
void Batch::clear() {
    impl_->changes.Clear();
}

}  // namespace postrider::kv
