#include "net/authorities.h"

#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <compare>
#include <cstdlib>
#include <map>
#include <mutex>

namespace postrider::net {
namespace {

/// A file as it was when it was read.
struct Version {
    std::string path;
    dev_t device = 0;
    ino_t inode = 0;
    off_t size = 0;
    std::int64_t seconds = 0, nanoseconds = 0;
    auto operator<=>(const Version&) const = default;
};

Version version_of(const std::string& file) {
    Version now{.path = file};
    std::string path = file;
    if (path.empty()) {  // as OpenSSL finds it
        const char* other = std::getenv(X509_get_default_cert_file_env());
        path = other ? other : X509_get_default_cert_file();
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return now;
    now.device = status.st_dev;
    now.inode = status.st_ino;
    now.size = status.st_size;
    now.seconds = status.st_mtim.tv_sec;
    now.nanoseconds = status.st_mtim.tv_nsec;
    return now;
}

/// The only thing here that outlives its users, and it holds nothing but what they hold: what a file of this
/// machine contains is the same for all of them.
struct Known {
    std::mutex mutex;
    std::map<Version, std::weak_ptr<X509_STORE>> stores;
};
Known& known() {
    static Known one;
    return one;
}

}  // namespace

std::shared_ptr<X509_STORE> authorities(const std::string& file) {
    Known& all = known();
    const std::lock_guard lock{all.mutex};  // also while one is read: the others want the same
    std::erase_if(all.stores, [](const auto& one) { return one.second.expired(); });
    std::weak_ptr<X509_STORE>& place = all.stores[version_of(file)];
    if (auto there = place.lock()) return there;
    std::shared_ptr<X509_STORE> store{X509_STORE_new(), X509_STORE_free};
    if (!store) return nullptr;
    const int loaded = file.empty() ? X509_STORE_set_default_paths(store.get())
                                    : X509_STORE_load_file(store.get(), file.c_str());
    if (loaded != 1) return nullptr;
    place = store;
    return store;
}

}  // namespace postrider::net
