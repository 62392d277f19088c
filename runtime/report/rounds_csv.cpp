#include "runtime/report/rounds_csv.hpp"

#include "models/options.hpp"

#include <fmt/format.h>

namespace caps {

rounds_csv::rounds_csv(const std::filesystem::path& file,
                       std::optional<double> predicted)
  : out_(file, "step,virtual_time,consensus_distance,contraction,"
               "predicted_contraction"),
    predicted_(predicted) {}

void rounds_csv::on_round(const round_row& x) {
  auto contraction = last_ && *last_ > 0
                       ? std::optional{x.consensus_distance / *last_}
                       : std::nullopt;
  out_.append(fmt::format("{},{},{},{},{}\n", x.step, to_text(x.time),
                          to_text(x.consensus_distance), csv_field(contraction),
                          csv_field(predicted_)));
  last_ = x.consensus_distance;
}

edges_csv::edges_csv(const std::filesystem::path& file)
  : out_(file, "epoch,from,to,distance,bytes_sent,messages_sent,missed,"
               "waiting,replaced,retransmissions,latency_median,latency_p99") {
}

void edges_csv::on_edge(const edge_row& x) {
  auto [sent, received] = links_.of(x.from, x.to);
  out_.append(fmt::format(
    "{},{},{},{},{},{},{},{},{}\n", x.epoch, x.from, x.to,
    csv_field(x.distance), x.bytes_sent, x.messages_sent, x.missed,
    sent ? fmt::format("{},{},{}", sent->waiting, sent->replaced,
                       sent->retransmissions)
         : ",,",
    received ? fmt::format("{:.3g},{:.3g}", received->latency_median,
                           received->latency_p99)
             : ","));
}

} // namespace caps
