#include "tests/models/support/reference.hpp"

#include <boost/property_tree/json_parser.hpp>
#include <boost/property_tree/ptree.hpp>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

namespace caps::test {

namespace {

using boost::property_tree::ptree;

template <class T>
std::vector<T> read_list(const ptree& tree) {
  std::vector<T> result;
  for (const auto& [key, value] : tree)
    result.push_back(value.template get_value<T>());
  return result;
}

std::vector<vector> read_matrix(const ptree& tree) {
  std::vector<vector> result;
  for (const auto& [key, row] : tree)
    result.push_back(read_list<double>(row));
  return result;
}

std::shared_ptr<parameter_layout> read_layout(const ptree& tree) {
  auto result = std::make_shared<parameter_layout>();
  for (const auto& [key, entry] : tree) {
    auto name = entry.get<std::string>("name");
    auto shape = read_list<int64_t>(entry.get_child("shape"));
    auto kind = !name.ends_with(".weight") ? parameter_kind::bias
                : shape.size() > 1         ? parameter_kind::weight
                                           : parameter_kind::norm_weight;
    result->add(std::move(name), std::move(shape), kind);
  }
  return result;
}

hyper_parameters read_hyper(const ptree& tree) {
  hyper_parameters result;
  result.learning_rate = tree.get("lr", 0.0);
  result.momentum = tree.get("momentum", 0.0);
  result.dampening = tree.get("dampening", 0.0);
  result.weight_decay = tree.get("weight_decay", 0.0);
  result.nesterov = tree.get("nesterov", false);
  result.mu = tree.get("mu", 0.0);
  result.eta = tree.get("eta", 0.0);
  result.rho = tree.get("rho", 0.0);
  result.piw = tree.get("piw", 0.0);
  result.use_gcoef = tree.get("use_gcoef", false);
  result.trust = tree.get("trust_coef", 0.0);
  result.beta1 = tree.get("beta1", 0.0);
  result.beta2 = tree.get("beta2", 0.0);
  result.eps = tree.get("eps", 0.0);
  result.amsgrad = tree.get("amsgrad", false);
  return result;
}

/// The files of one node only, which have no node dimension.
void read_single(const ptree& tree, reference& result) {
  result.neighbours.resize(1);
  result.losses.push_back(
    {read_matrix(tree.get_child("A")), read_list<double>(tree.get_child("b"))});
  result.start.push_back(read_list<double>(tree.get_child("x0")));
  for (const auto& [key, row] : tree.get_child("trajectory"))
    result.trajectory.push_back({read_list<double>(row)});
}

void read_cluster(const ptree& tree, reference& result) {
  result.nodes = tree.get<size_t>("nodes");
  for (size_t i = 0; i < result.nodes; ++i)
    result.neighbours.push_back(read_list<int64_t>(
      tree.get_child("neighbours").get_child(std::to_string(i))));
  result.interval = tree.get("interval", int64_t{0});
  result.round = tree.get("round", int64_t{0});
  if (result.round > 0)
    for (const auto& [key, row] : tree.get_child("initiates")) {
      auto x = read_list<int64_t>(row);
      result.initiates.push_back({x.at(0), x.at(1), x.at(2)});
    }
  for (const auto& [key, a] : tree.get_child("problem.A"))
    result.losses.push_back({read_matrix(a), {}});
  auto b = read_matrix(tree.get_child("problem.b"));
  for (size_t i = 0; i < result.nodes; ++i)
    result.losses.at(i).b = b.at(i);
  result.start = read_matrix(tree.get_child("problem.x0"));
  for (const auto& [key, step] : tree.get_child("trajectory"))
    result.trajectory.push_back(read_matrix(step));
}

std::filesystem::path built_in_folder() {
  return CAPS_REFERENCE_FOLDER;
}

void add_files(const std::filesystem::path& folder,
               std::vector<std::filesystem::path>& result) {
  if (!std::filesystem::is_directory(folder))
    throw std::runtime_error("no folder of references: " + folder.string());
  auto first = static_cast<std::ptrdiff_t>(result.size());
  for (const auto& entry : std::filesystem::directory_iterator{folder})
    if (entry.path().extension() == ".json")
      result.push_back(entry.path());
  std::sort(result.begin() + first, result.end());
}

} // namespace

reference read_reference(const std::filesystem::path& file) {
  ptree tree;
  boost::property_tree::read_json(file.string(), tree);
  reference result;
  result.name = file.stem().string();
  result.protocol = tree.get<std::string>("protocol");
  result.layout = read_layout(tree.get_child("layout"));
  result.hyper = read_hyper(tree.get_child("hyper"));
  if (tree.find("nodes") != tree.not_found())
    read_cluster(tree, result);
  else
    read_single(tree, result);
  return result;
}

std::vector<std::filesystem::path> reference_files() {
  std::vector<std::filesystem::path> result;
  add_files(built_in_folder(), result);
  if (auto folder = std::getenv("CAPS_REFERENCE_DIR"); folder && *folder)
    add_files(folder, result);
  return result;
}

reference built_in_reference(const std::string& name) {
  return read_reference(built_in_folder() / (name + ".json"));
}

vector minimizer(const reference& x, const vector& weights) {
  auto n = x.start[0].size();
  // The normal equations of all nodes, the right-hand side as last column.
  std::vector<vector> m(n, vector(n + 1));
  for (size_t node = 0; node < x.nodes; ++node) {
    const auto& loss = x.losses[node];
    for (size_t r = 0; r < loss.a.size(); ++r)
      for (size_t i = 0; i < n; ++i) {
        auto factor = weights[node] * loss.a[r][i];
        for (size_t j = 0; j < n; ++j)
          m[i][j] += factor * loss.a[r][j];
        m[i][n] += factor * loss.b[r];
      }
  }
  for (size_t i = 0; i < n; ++i) {
    auto pivot = i;
    for (auto r = i; r < n; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i]))
        pivot = r;
    std::swap(m[i], m[pivot]);
    for (size_t r = 0; r < n; ++r) {
      if (r == i)
        continue;
      auto factor = m[r][i] / m[i][i];
      for (auto j = i; j <= n; ++j)
        m[r][j] -= factor * m[i][j];
    }
  }
  vector result(n);
  for (size_t i = 0; i < n; ++i)
    result[i] = m[i][n] / m[i][i];
  return result;
}

} // namespace caps::test
