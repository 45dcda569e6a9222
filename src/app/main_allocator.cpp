/// Read by jemalloc before main(): few arenas for few threads, and memory that is free for a second goes back
/// to the system. docs/decisions/0007-jemalloc.md.
extern "C" {
extern const char* malloc_conf;  // NOLINT
const char* malloc_conf = "narenas:4,background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";
}
