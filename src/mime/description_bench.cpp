#include "mime/description.h"

#include <benchmark/benchmark.h>

#include "text/base64.h"

using namespace postrider;

namespace {

std::string header(std::string_view type) {
    return "Return-Path: <alice@example.org>\r\n"
           "Received: from mx.example.net (mx.example.net [192.0.2.7])\r\n\tby mail.example.org with ESMTPS "
           "id 2C2605\r\n"
           "\tfor <bob@example.org>; Fri, 20 Nov 2026 10:00:00 +0000\r\n"
           "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=example.net; s=mail;\r\n"
           "\tbh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=; h=From:To:Subject:Date;\r\n"
           "\tb=dzdVyOfAKCdLXdJOc9G2q8LoXSlEniSbav+yuU4zGeeruD00lszZVoG4ZHRNiYzR\r\n"
           "From: Alice Example <alice@example.net>\r\n"
           "To: Bob Example <bob@example.org>, \"Doe, Carol\" <carol@example.org>\r\n"
           "Cc: team@example.org\r\n"
           "Subject: Re: the plan for next week\r\n"
           "Date: Fri, 20 Nov 2026 10:59:58 +0100\r\n"
           "Message-ID: <20261120095958.GA1234@example.net>\r\n"
           "In-Reply-To: <20261119120000.GA1200@example.org>\r\n"
           "References: <20261118120000.GA1100@example.org>\r\n\t<20261119120000.GA1200@example.org>\r\n"
           "MIME-Version: 1.0\r\n"
           "Content-Type: "
           + std::string{type} + "\r\nUser-Agent: Example/1.0\r\n\r\n";
}

std::string words(std::size_t size) {
    std::string text;
    while (text.size() < size)
        text += "The quick brown fox jumps over the lazy dog and does so day by day.\r\n";
    return text;
}

std::string plain_4k() {
    std::string message = header("text/plain; charset=utf-8");
    return message + words(4096 - message.size());
}

std::string alternative_4k() {
    return header("multipart/alternative; boundary=\"=_b1\"")
           + "--=_b1\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
           + words(1000) + "\r\n--=_b1\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<html><body><p>" + words(1300)
           + "</p></body></html>\r\n--=_b1--\r\n";
}

std::string attachment(std::size_t size) {
    return header("multipart/mixed; boundary=\"=_b1\"")
           + "--=_b1\r\nContent-Type: text/plain\r\n\r\nSee the file.\r\n"
             "--=_b1\r\nContent-Type: application/pdf; name=x.pdf\r\nContent-Transfer-Encoding: base64\r\n"
             "Content-Disposition: attachment; filename=x.pdf\r\n\r\n"
           + text::encode_base64_lines(std::string(size * 3 / 4, 'x')) + "--=_b1--\r\n";
}

void describe_message(benchmark::State& state, const std::string& message) {
    for (auto _ : state) benchmark::DoNotOptimize(mime::describe(message));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * message.size()));
}

void describe_plain_4k(benchmark::State& state) {
    describe_message(state, plain_4k());
}
void describe_alternative_4k(benchmark::State& state) {
    describe_message(state, alternative_4k());
}
void describe_attachment_10m(benchmark::State& state) {
    describe_message(state, attachment(10 << 20));
}

void encode_record(benchmark::State& state) {
    mime::Description description = mime::describe(alternative_4k());
    for (auto _ : state) benchmark::DoNotOptimize(description.encode());
    state.counters["octets"] = static_cast<double>(description.encode().size());
}

void decode_record(benchmark::State& state) {
    std::string record = mime::describe(alternative_4k()).encode();
    for (auto _ : state) benchmark::DoNotOptimize(mime::Description::decode(record));
}

void decode_listing(benchmark::State& state) {
    std::string record = mime::describe(alternative_4k()).encode();
    for (auto _ : state) benchmark::DoNotOptimize(mime::Listing::decode(record));
}

void decode_base64_10m(benchmark::State& state) {
    std::string text = text::encode_base64_lines(std::string(7 << 20, 'x'));
    for (auto _ : state) benchmark::DoNotOptimize(text::decode_base64_lenient(text));
    state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

}  // namespace

BENCHMARK(describe_plain_4k);
BENCHMARK(describe_alternative_4k);
BENCHMARK(describe_attachment_10m)->Unit(benchmark::kMillisecond);
BENCHMARK(encode_record);
BENCHMARK(decode_record);
BENCHMARK(decode_listing);
BENCHMARK(decode_base64_10m)->Unit(benchmark::kMillisecond);
