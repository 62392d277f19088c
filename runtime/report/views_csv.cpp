#include "runtime/report/views_csv.hpp"

#include "actors/node/node_context.hpp"
#include "models/options.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace caps {

views_csv::views_csv(const std::filesystem::path& file)
  : out_(file, "view,virtual_time,noticed,from_step,members,living,cause") {}

void views_csv::on_view(const view_row& x) {
  out_.append(fmt::format("{},{},{},{},{},{},\"{}\"\n", x.number,
                          to_text(to_seconds(x.time)),
                          to_text(to_seconds(x.caused)), x.from_step,
                          x.living.size(), fmt::join(x.living, " "), x.cause));
}

} // namespace caps
