#include "runtime/report/metrics_csv.hpp"

#include "models/options.hpp"

#include <fmt/format.h>

namespace caps {

metrics_csv::metrics_csv(const std::filesystem::path& file)
  : out_(file, "node,epoch,step,virtual_time,wall_time,train_loss,val_loss,"
               "test_loss,train_acc,val_acc,test_acc,consensus_distance,"
               "bytes_sent,lr,mean_model_test_acc") {}

void metrics_csv::on_row(const metrics_row& x) {
  out_.append(fmt::format(
    "{},{},{},{},{:.3f},{},{},{},{},{},{},{},{},{},{}\n", x.node, x.epoch,
    x.step, to_text(x.time), watch_.seconds(), csv_field(x.train.loss),
    csv_field(x.validation.loss), csv_field(x.test.loss),
    csv_field(x.train.accuracy), csv_field(x.validation.accuracy),
    csv_field(x.test.accuracy), csv_field(x.consensus_distance), x.bytes_sent,
    csv_field(x.learning_rate), csv_field(x.mean_model_accuracy)));
}

} // namespace caps
