#include "runtime/monitor/status_board.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <concepts>

namespace caps {

namespace {

nlohmann::json json_of(const std::optional<double>& x) {
  return x && std::isfinite(*x) ? nlohmann::json(*x) : nlohmann::json(nullptr);
}

std::optional<double> number_of(const std::optional<double>& x) {
  return x;
}

template <std::integral T>
std::optional<double> number_of(T x) {
  return static_cast<double>(x);
}

/// What is said of a metric before its values.
std::string head_of(const char* name, const char* kind, const char* help) {
  return fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, help, kind);
}

/// A metric of every node that has it.
template <class T>
void add_metric(std::string& out, const run_status& x, const char* name,
                const char* kind, const char* help, T node_status::*field) {
  out += head_of(name, kind, help);
  for (size_t i = 0; i < x.nodes.size(); ++i)
    if (auto value = number_of(x.nodes[i].*field))
      out += fmt::format("{}{{node=\"{}\"}} {}\n", name, i, *value);
}

void add_metric(std::string& out, const char* name, const char* kind,
                const char* help, double value) {
  out += head_of(name, kind, help) + fmt::format("{} {}\n", name, value);
}

/// A metric of every edge between processes that one end of has told of it.
template <class End, class T>
void add_metric(std::string& out, const link_table& x, const char* name,
                const char* kind, const char* help,
                std::optional<End> edge_traffic::*end, T End::*field) {
  if (x.all().empty())
    return;
  out += head_of(name, kind, help);
  for (const auto& [edge, traffic] : x.all())
    if (traffic.*end)
      out += fmt::format("{}{{from=\"{}\",to=\"{}\"}} {}\n", name, edge.first,
                         edge.second, (*(traffic.*end)).*field);
}

nlohmann::json links_of(const link_table& x) {
  auto result = nlohmann::json::array();
  for (const auto& [edge, traffic] : x.all()) {
    nlohmann::json link{{"from", edge.first}, {"to", edge.second}};
    if (const auto& sent = traffic.sent) {
      link["bytes"] = sent->bytes;
      link["messages"] = sent->messages;
      link["waiting"] = sent->waiting;
      link["replaced"] = sent->replaced;
      link["retransmissions"] = sent->retransmissions;
    }
    if (const auto& received = traffic.received) {
      link["latency_median"] = json_of(received->latency_median);
      link["latency_p99"] = json_of(received->latency_p99);
    }
    result.push_back(std::move(link));
  }
  return result;
}

std::string links_text(const nlohmann::json& links) {
  if (links.empty())
    return {};
  auto time = [](const nlohmann::json& x, const char* key) {
    auto i = x.find(key);
    return i != x.end() && i->is_number()
             ? fmt::format("{:.3g}", 1e3 * i->get<double>())
             : std::string{"-"};
  };
  auto result = fmt::format("{:>8}{:>8}{:>12}{:>10}{:>10}{:>12}{:>12}\n",
                            "from", "to", "MB sent", "waiting", "replaced",
                            "median ms", "99 % ms");
  for (const auto& x : links)
    result += fmt::format("{:>8}{:>8}{:>12.1f}{:>10}{:>10}{:>12}{:>12}\n",
                          x.at("from").get<node_id>(),
                          x.at("to").get<node_id>(),
                          1e-6 * x.value("bytes", 0.0),
                          x.value("waiting", uint64_t{0}),
                          x.value("replaced", uint64_t{0}),
                          time(x, "latency_median"), time(x, "latency_p99"));
  return result;
}

void add_links(std::string& out, const link_table& x) {
  using traffic = edge_traffic;
  add_metric(out, x, "caps_link_bytes_total", "counter",
             "Bytes sent on an edge between two processes.",
             &traffic::sent, &sent_on_edge::bytes);
  add_metric(out, x, "caps_link_messages_total", "counter",
             "Messages sent on it.",
             &traffic::sent, &sent_on_edge::messages);
  add_metric(out, x, "caps_link_waiting", "gauge",
             "Messages that have not gone yet.",
             &traffic::sent, &sent_on_edge::waiting);
  add_metric(out, x, "caps_link_replaced_total", "counter",
             "Messages that newer ones took the place of.",
             &traffic::sent, &sent_on_edge::replaced);
  add_metric(out, x, "caps_link_retransmissions_total", "counter",
             "Segments sent again between these two processes.",
             &traffic::sent, &sent_on_edge::retransmissions);
  add_metric(out, x, "caps_link_latency_median_seconds", "gauge",
             "From a message's being sent to all of it having come.",
             &traffic::received, &received_on_edge::latency_median);
  add_metric(out, x, "caps_link_latency_p99_seconds", "gauge",
             "What 99 % of these times do not exceed.",
             &traffic::received, &received_on_edge::latency_p99);
}

} // namespace

nlohmann::json to_json(const run_status& x) {
  nlohmann::json result;
  result["scenario"] = x.name;
  result["phase"] = x.phase;
  result["seconds"] = x.seconds;
  result["steps_per_second"] = x.steps_per_second;
  result["behind"] = x.behind;
  auto& nodes = result["nodes"] = nlohmann::json::array();
  for (size_t i = 0; i < x.nodes.size(); ++i) {
    const auto& node = x.nodes[i];
    nodes.push_back({{"node", i},
                     {"step", node.step},
                     {"finished", node.finished},
                     {"epoch", node.epoch},
                     {"train_loss", json_of(node.train_loss)},
                     {"test_acc", json_of(node.test_accuracy)},
                     {"bytes_sent", node.bytes_sent},
                     {"messages_sent", node.messages_sent}});
  }
  result["links"] = links_of(x.links);
  return result;
}

std::string status_text(const nlohmann::json& status) {
  auto number = [](const nlohmann::json& x, double scale) {
    return x.is_number() ? fmt::format("{:.4g}", scale * x.get<double>())
                         : std::string{"-"};
  };
  auto result = fmt::format("{}: {}, {:.1f} s, {:.1f} steps/s\n",
                            status.at("scenario").get<std::string>(),
                            status.at("phase").get<std::string>(),
                            status.at("seconds").get<double>(),
                            status.at("steps_per_second").get<double>());
  if (auto hosts = status.find("hosts"); hosts != status.end())
    for (const auto& x : *hosts)
      result += fmt::format("{:>8}  {}\n", x.at("name").get<std::string>(),
                            x.at("state").get<std::string>());
  result += fmt::format("{:>8}{:>10}{:>7}{:>12}{:>12}  {}\n", "node", "step",
                        "epoch", "train loss", "test acc %", "");
  const auto& behind = status.at("behind");
  const auto& nodes = status.at("nodes");
  for (const auto& x : nodes) {
    const auto& id = x.at("node");
    auto is_behind = std::find(behind.begin(), behind.end(), id) != behind.end()
                     && behind.size() < nodes.size();
    result += fmt::format(
      "{:>8}{:>10}{:>7}{:>12}{:>12}  {}\n", id.get<int64_t>(),
      x.at("step").get<int64_t>(), x.at("epoch").get<int64_t>(),
      number(x.at("train_loss"), 1), number(x.at("test_acc"), 100),
      x.at("finished").get<bool>() ? "finished"
      : is_behind                  ? "the others may wait for it"
                                   : "");
  }
  if (auto links = status.find("links"); links != status.end())
    result += links_text(*links);
  return result;
}

std::string prometheus_text(const run_status& x) {
  std::string result;
  add_metric(result, "caps_running", "gauge",
             "Whether the nodes have started and not ended.",
             x.phase == "running" ? 1 : 0);
  add_metric(result, "caps_run_seconds", "gauge",
             "Time of this machine since the nodes started.", x.seconds);
  add_metric(result, x, "caps_steps_total", "counter",
             "Steps that the node has made.",
             &node_status::step);
  add_metric(result, x, "caps_epoch", "gauge",
             "The last epoch of the node that was evaluated.",
             &node_status::epoch);
  add_metric(result, x, "caps_finished", "gauge",
             "Whether the node makes no more steps.",
             &node_status::finished);
  add_metric(result, x, "caps_train_loss", "gauge",
             "Mean training loss of that epoch.",
             &node_status::train_loss);
  add_metric(result, x, "caps_test_accuracy_ratio", "gauge",
             "Share of the test samples predicted right after that epoch.",
             &node_status::test_accuracy);
  add_metric(result, x, "caps_sent_bytes_total", "counter",
             "Bytes that the node has sent to others up to that epoch.",
             &node_status::bytes_sent);
  add_metric(result, x, "caps_sent_messages_total", "counter",
             "Messages that the node has sent to others up to that epoch.",
             &node_status::messages_sent);
  add_links(result, x.links);
  return result;
}

} // namespace caps
