#pragma once

#include "options.h"
#include "result.h"

namespace postrider::bench {

// Each runs one kind of load as the options say and fills in the result; errors are counted there, and what
// makes the run meaningless is thrown as std::runtime_error.
void run_smtp(const Options& options, Result& result);
void run_watch(const Options& options, Result& result);  ///< modes `visible` and `idle`
void run_imap_list(const Options& options, Result& result);
void run_imap_ask(const Options& options, Result& result);
void run_imap_mix(const Options& options, Result& result);
void run_pop3(const Options& options, Result& result);
void run_login(const Options& options, Result& result);

}  // namespace postrider::bench
