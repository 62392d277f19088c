#pragma once

#include "models/data/partition.hpp"

#include <memory>
#include <string_view>

namespace caps {

// The recipes behind `built_in_partitions()`, and what they share.

std::unique_ptr<partition_recipe> make_iid_partition();
std::unique_ptr<partition_recipe> make_contiguous_partition();
std::unique_ptr<partition_recipe> make_shared_partition();
std::unique_ptr<partition_recipe> make_shards_partition();
std::unique_ptr<partition_recipe> make_labels_partition();
std::unique_ptr<partition_recipe> make_labels_unscaled_partition();
std::unique_ptr<partition_recipe> make_class_windows_partition();
std::unique_ptr<partition_recipe> make_dirichlet_partition();
std::unique_ptr<partition_recipe> make_quantity_skew_partition();

/// Cuts `samples` into `parts` runs that follow each other; sizes differ by
/// at most one, larger ones first. @pre parts > 0
shards cut_evenly(std::span<const int64_t> samples, int64_t parts);

/// Cuts `samples` into one run for each weight, of sizes in proportion to the
/// weights (rounded at the cuts). @pre the weights are not negative and have a
/// positive sum
shards cut_by_weights(std::span<const int64_t> samples,
                      const std::vector<double>& weights);

/// The samples of each class, in the order of the request.
std::vector<std::vector<int64_t>>
samples_of_classes(const partition_request& request);

/// Throws `input_error` unless there are nodes and a sample for each part.
void require_samples(const partition_request& request, int64_t parts,
                     std::string_view scheme);

/// Throws `input_error` unless the data has classes.
void require_classes(const partition_request& request, std::string_view scheme);

/// Throws `input_error` if a shard is empty.
void require_filled(const shards& xs, std::string_view scheme);

} // namespace caps
