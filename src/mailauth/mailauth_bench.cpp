#include <benchmark/benchmark.h>

#include "mailauth/auth_results.h"
#include "mailauth/canonical.h"
#include "mailauth/message_authentication.h"
#include "mailauth/test_mail.h"
#include "text/base64.h"

namespace postrider::mailauth {
namespace {

/// A message as they come, and a DNS that knows its sender: RSA of 2048 bits, SPF with one include, DMARC.
struct Scene {
    Crypto crypto;
    Zone zone;
    Time now = at_time(1700000000);
    std::shared_ptr<const PrivateKey> rsa = make_private_key(KeyType::rsa, 2048).value();
    std::shared_ptr<const PrivateKey> ed25519 = read_private_key(ed25519_seed).value();
    std::string letter, message;
    MessageInput input;

    explicit Scene(std::size_t octets, Canon body = Canon::relaxed) {
        letter =
            "Received: from a.example.com (a.example.com [192.0.2.1]) by b.example.com with ESMTPS id "
            "1A2B3C\r\n"
            "\tfor <b@example.org>; Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "From: Anna Example <anna@example.com>\r\nTo: Berta <b@example.org>, Carla <c@example.org>\r\n"
            "Subject: The report of the second week\r\nDate: Tue, 14 Nov 2023 22:13:20 +0000\r\n"
            "Message-ID: <20231114221320.1234@example.com>\r\nMIME-Version: 1.0\r\n"
            "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n";
        for (unsigned i = 0; letter.size() < octets; ++i)
            letter += i % 9 == 8
                          ? "\r\n"
                          : "All of this is text as people write it, in lines of some seventy octets.\r\n";
        message =
            sign_dkim(letter,
                      {{.domain = "example.com", .selector = "r", .key = rsa, .identity = "", .body = body}},
                      now, crypto)
            + letter;
        zone.txt("example.com", "v=spf1 include:_spf.example.com ip4:198.51.100.0/24 -all");
        zone.txt("_spf.example.com", "v=spf1 ip4:203.0.113.0/24 ip4:192.0.2.0/24 ~all");
        zone.txt("_dmarc.example.com", "v=DMARC1; p=reject; rua=mailto:dmarc@example.com");
        zone.txt("r._domainkey.example.com",
                 "v=DKIM1; k=rsa; p=" + text::encode_base64(rsa->public_octets()));
        input.client = "192.0.2.1";
        input.helo = "a.example.com";
        input.reverse_path = "anna@example.com";
        input.message = message;
        input.host = "mail.example.org";
        input.now = now;
        input.checks = {.spf = true, .dkim = true, .dmarc = true, .arc = false, .iprev = false};
    }
    Answers warm() {
        return zone.warm([&](const Answers& answers) { return check_message(input, crypto, answers); });
    }
};

/// SPF + DKIM + DMARC and the header lines, with all answers there; messages per second.
void check_warm_message(benchmark::State& state) {
    Scene scene{static_cast<std::size_t>(state.range(0)),
                state.range(1) == 0 ? Canon::simple : Canon::relaxed};
    const Answers answers = scene.warm();
    for (auto _ : state) {
        auto result = check_message(scene.input, scene.crypto, answers);
        benchmark::DoNotOptimize(headers(std::get<MessageAuthentication>(result)));
    }
    state.SetItemsProcessed(state.iterations());
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(scene.message.size()));
}
BENCHMARK(check_warm_message)
    ->Args({4096, 1})
    ->Args({50'000, 1})
    ->Args({50'000, 0})
    ->Unit(benchmark::kMicrosecond);

/// The same from the first question on: three rounds, as it goes with a resolver that knows everything.
void check_message_with_its_rounds(benchmark::State& state) {
    Scene scene{50'000};
    for (auto _ : state)
        benchmark::DoNotOptimize(scene.zone.settle<MessageAuthentication>(
            [&](const Answers& answers) { return check_message(scene.input, scene.crypto, answers); }));
}
BENCHMARK(check_message_with_its_rounds)->Unit(benchmark::kMicrosecond);

void check_spf_warm(benchmark::State& state) {
    Scene scene{4096};
    const Answers answers = scene.warm();
    const SpfRequest request{.client = scene.input.client,
                             .helo = scene.input.helo,
                             .sender = scene.input.reverse_path,
                             .host = "h",
                             .now = {}};
    for (auto _ : state) benchmark::DoNotOptimize(check_spf(request, answers));
}
BENCHMARK(check_spf_warm)->Unit(benchmark::kMicrosecond);

/// One signature per message of 50 KB; 0 = RSA 2048, 1 = Ed25519, 2 = both.
void sign_message(benchmark::State& state) {
    Scene scene{50'000};
    std::vector<DkimSigner> signers;
    if (state.range(0) != 1)
        signers.push_back({.domain = "example.com", .selector = "r", .key = scene.rsa, .identity = ""});
    if (state.range(0) != 0)
        signers.push_back({.domain = "example.com", .selector = "e", .key = scene.ed25519, .identity = ""});
    for (auto _ : state) benchmark::DoNotOptimize(sign_dkim(scene.letter, signers, scene.now, scene.crypto));
}
BENCHMARK(sign_message)->Arg(0)->Arg(1)->Arg(2)->Unit(benchmark::kMicrosecond);

/// Octets per second through relaxed form and SHA-256: 0 = text, 1 = nothing but blanks to be taken out.
void hash_relaxed_body(benchmark::State& state) {
    const Crypto crypto;
    Scene scene{1'000'000};
    std::string body = scene.letter;
    if (state.range(0) == 1)
        for (std::size_t i = 0; i < body.size(); ++i) body[i] = i % 3 == 0 ? 'x' : ' ';
    for (auto _ : state) {
        BodyHashes hashes;
        hashes.want(Canon::relaxed, Hash::sha256);
        hashes.run(body, crypto);
        benchmark::DoNotOptimize(hashes.digest(0));
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(hash_relaxed_body)->Arg(0)->Arg(1);

}  // namespace
}  // namespace postrider::mailauth
