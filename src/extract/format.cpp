#include "extract/format.h"

#include <string>

#include "text/ascii.h"

namespace postrider::extract {

std::string_view word(Format format) {
    switch (format) {
        case Format::pdf: return "pdf";
        case Format::ooxml: return "ooxml";
        case Format::opendocument: return "odf";
        case Format::tnef: return "tnef";
    }
    return "";
}

std::optional<Format> format_of_word(std::string_view name) {
    for (Format format : {Format::pdf, Format::ooxml, Format::opendocument, Format::tnef})
        if (word(format) == name) return format;
    return std::nullopt;
}

std::optional<Format> format_of(std::string_view type, std::string_view file_name) {
    if (type == "application/pdf" || type == "application/x-pdf") return Format::pdf;
    if (type.starts_with("application/vnd.openxmlformats-officedocument.")) return Format::ooxml;
    if (type.starts_with("application/vnd.oasis.opendocument.")) return Format::opendocument;
    if (type == "application/ms-tnef" || type == "application/vnd.ms-tnef") return Format::tnef;
    // A program that does not know the type of a file says one of these.
    if (type != "application/octet-stream" && type != "application/zip"
        && type != "application/x-zip-compressed" && type != "application/force-download"
        && type != "application/msword" && type != "application/vnd.ms-excel"
        && type != "application/vnd.ms-powerpoint")
        return std::nullopt;
    const std::string name =
        text::to_lower(file_name.substr(file_name.size() > 255 ? file_name.size() - 255 : 0));
    if (name.ends_with(".pdf")) return Format::pdf;
    if (name == "winmail.dat") return Format::tnef;
    if (name.ends_with(".docx") || name.ends_with(".xlsx") || name.ends_with(".pptx")) return Format::ooxml;
    if (name.ends_with(".odt") || name.ends_with(".ods") || name.ends_with(".odp"))
        return Format::opendocument;
    return std::nullopt;
}

}  // namespace postrider::extract
