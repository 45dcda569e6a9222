// Scanners for viruses and spam, as the server sees them.

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/scan/scanners.h"

namespace postrider::admin {
namespace {

Result list_scanners(Context& context, const Arguments&, const Progress&) {
    Json rows = Json::array();
    if (context.scanners != nullptr) {
        for (const filter::ScannerStatus& one : context.scanners->status()) {
            Json row{{"name", one.name},
                     {"type", one.kind == filter::ScannerKind::socket ? "socket" : "integrated"},
                     {"scanner", one.title},
                     {"state", one.up ? "up" : "down"},
                     {"since", time_text(one.since)},
                     {"scanned", one.scanned},
                     {"matched", one.matched},
                     {"failed", one.failed}};
            row["average_ms"] =
                one.scanned == 0 ? 0 : one.total.count() / 1000 / static_cast<std::int64_t>(one.scanned);
            row["slowest_ms"] = one.slowest.count() / 1000;
            row["trouble"] = one.trouble;
            rows.push_back(std::move(row));
        }
    }
    return Json{{"scanners", std::move(rows)}};
}

constexpr Operation operations[] = {
    {"scanner list",
     "List the scanners that are set up: whether they answer, what they have found",
     {},
     list_scanners,
     true},
};

}  // namespace

Chapter scanner_chapter() {
    return {"scanner", "Scanners for viruses and spam", operations};
}

}  // namespace postrider::admin
