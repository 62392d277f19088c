#pragma once

#include "messages/fwd.hpp"
#include "messages/type_ids.hpp"

#include <caf/meta/type_name.hpp>
#include <caf/type_id.hpp>

#include <cstdint>
#include <string>
#include <vector>

// How the processes of a run come together and end.

namespace caps {

/// What must be the same in all processes of a run.
struct run_identity {
  /// Of the program and its libraries.
  std::string version;
  /// Digest of the parameter layout.
  uint64_t layout = 0;
  /// Digest of the training and test data.
  uint64_t data = 0;
  /// Names and digests of the plug-ins, in the order they were loaded in.
  std::vector<std::string> plugins;
};

/// A process is ready to take part in a run.
struct process_joined {
  uint32_t process = 0;
  /// Its number at the operating system.
  int64_t pid = 0;
  run_identity identity;
};

/// All processes have joined: time to introduce the nodes to each other.
struct all_joined {};

/// The nodes of a process know how to reach the others.
struct process_wired {
  uint32_t process = 0;
};

/// A process ended although the run had not.
struct process_lost {
  uint32_t process = 0;
  /// How it ended, such as "was killed by signal 9".
  std::string text;
};

/// The run is over.
struct run_over {
  /// Exit code for the process.
  int32_t code = 0;
  /// Why, if it went wrong.
  std::string text;
};

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, run_identity& x) {
  return f(caf::meta::type_name("run_identity"), x.version, x.layout, x.data,
           x.plugins);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_joined& x) {
  return f(caf::meta::type_name("process_joined"), x.process, x.pid,
           x.identity);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, all_joined&) {
  return f(caf::meta::type_name("all_joined"));
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_wired& x) {
  return f(caf::meta::type_name("process_wired"), x.process);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, process_lost& x) {
  return f(caf::meta::type_name("process_lost"), x.process, x.text);
}

template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, run_over& x) {
  return f(caf::meta::type_name("run_over"), x.code, x.text);
}

} // namespace caps
