#include "filter/spam/combine.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace postrider::filter {
namespace {

constexpr double strength = 0.45;  // of the assumption that an unknown feature says nothing
constexpr double user_weight = 3;  //
constexpr double least_deviation = 0.1;
constexpr std::size_t most_evidence = 150;
constexpr double enough = 30;  // messages of the rarer class for full confidence

/// How likely a sum of `pairs` * 2 squared normal variables is above `x`: e^-m * sum m^i/i!, m = x/2. In
/// logarithms, because with 150 features m passes what a double holds.
double chi_square_above(double x, std::size_t pairs) {
    const double m = x / 2;
    if (m <= 0) return 1;
    double term = -m;
    double sum = std::exp(term);
    const double log_m = std::log(m);
    for (std::size_t i = 1; i < pairs; ++i) {
        term += log_m - std::log(static_cast<double>(i));
        sum += std::exp(term);
    }
    return std::min(sum, 1.0);
}

/// A table's word on a feature: its share of spam, and how many messages stand behind it.
struct Share {
    double spam = 0.5, seen = 0;
};
struct Side {
    const CountTable* table;
    double spam_messages, ham_messages;

    explicit Side(const CountTable* t)
        : table{t},
          spam_messages{t ? static_cast<double>(t->messages(MailClass::spam)) : 0},
          ham_messages{t ? static_cast<double>(t->messages(MailClass::ham)) : 0} {}
    bool usable() const { return spam_messages >= 1 && ham_messages >= 1; }
    double confidence() const { return std::min(std::min(spam_messages, ham_messages) / enough, 1.0); }
    Share share(std::uint64_t feature) const {
        const CountTable::Count count = table->find(feature);
        if (count.spam + count.ham == 0) return {};
        const double spam = std::min(count.spam / spam_messages, 1.0);
        const double ham = std::min(count.ham / ham_messages, 1.0);
        return {spam / (spam + ham), static_cast<double>(count.spam + count.ham)};
    }
};

}  // namespace

Likelihood likelihood(const Features& features, const CountTable& server, const CountTable* user) {
    const Side of_server{&server}, of_user{user};
    const bool by_server = of_server.usable(), by_user = of_user.usable();
    Likelihood out;
    if (!by_server && !by_user) return out;
    out.confidence = std::max(by_server ? of_server.confidence() : 0, by_user ? of_user.confidence() : 0);

    constexpr std::size_t ahead = 16;
    std::vector<double> shares;
    shares.reserve(features.size());
    for (std::size_t i = 0; i < features.size(); ++i) {
        if (i + ahead < features.size()) {
            if (by_server) server.prefetch(features[i + ahead]);
            if (by_user) user->prefetch(features[i + ahead]);
        }
        const Share s = by_server ? of_server.share(features[i]) : Share{};
        const Share u = by_user ? of_user.share(features[i]) : Share{};
        if (s.seen + u.seen == 0) continue;
        const double weight = u.seen * user_weight;
        const double share =
            (strength * 0.5 + s.seen * s.spam + weight * u.spam) / (strength + s.seen + weight);
        if (std::abs(share - 0.5) >= least_deviation) shares.push_back(share);
    }
    if (shares.empty()) return out;
    if (shares.size() > most_evidence) {
        std::ranges::nth_element(shares, shares.begin() + most_evidence, [](double a, double b) {
            const double x = std::abs(a - 0.5), y = std::abs(b - 0.5);
            return x != y ? x > y : a < b;  // the order of features must not matter
        });
        shares.resize(most_evidence);
        // Summed in one order: the sum of doubles depends on it.
    }
    std::ranges::sort(shares);
    double spam = 0, ham = 0;
    for (double share : shares) {
        spam += std::log(share);
        ham += std::log1p(-share);
    }
    out.evidence = shares.size();
    const double for_ham = chi_square_above(-2 * spam, shares.size());  // small when few features are spam's
    const double for_spam = chi_square_above(-2 * ham, shares.size());
    out.score = std::clamp((1 + for_ham - for_spam) / 2, 0.0, 1.0);
    return out;
}

}  // namespace postrider::filter
