#include "runtime/report/metrics_csv.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace caps {

namespace {

std::string field(const std::optional<double>& x) {
  return x ? to_text(*x) : std::string{};
}

} // namespace

metrics_csv::metrics_csv(const std::filesystem::path& file)
  : out_(file, std::ios::trunc) {
  if (!out_)
    throw error(fmt::format("cannot write {}: {}", file.string(),
                            std::strerror(errno)));
  out_ << "node,epoch,step,virtual_time,wall_time,train_loss,val_loss,"
          "test_loss,train_acc,val_acc,test_acc,consensus_distance,"
          "bytes_sent\n"
       << std::flush;
}

void metrics_csv::on_row(const metrics_row& x) {
  out_ << fmt::format("{},{},{},{},{:.3f},{},{},{},{},{},{},{},{}\n", x.node,
                      x.epoch, x.step, to_text(x.time), watch_.seconds(),
                      field(x.train.loss), field(x.validation.loss),
                      field(x.test.loss), field(x.train.accuracy),
                      field(x.validation.accuracy), field(x.test.accuracy),
                      to_text(x.consensus_distance), x.bytes_sent)
       << std::flush;
}

} // namespace caps
