#pragma once

#include <string>
#include <string_view>

namespace caps {

/// The kernels that the libraries under this program compute with. Each picks
/// its own when it is loaded, for the processor it finds; sums that are added up
/// in another order differ in their last bits, and a run goes another way.
struct arithmetic {
  /// Core that OpenBLAS computes for, such as "Haswell"; empty without OpenBLAS.
  std::string openblas;
  /// Vector unit of LibTorch's own kernels: "default", "avx2" or "avx512".
  std::string libtorch;
  /// Vector unit of oneDNN, such as "avx2"; empty without oneDNN.
  std::string onednn;

  friend bool operator==(const arithmetic&, const arithmetic&) = default;

  /// "Haswell (OpenBLAS), avx2 (LibTorch), avx2 (oneDNN)".
  std::string text() const;

  /// As a JSON object, for files.
  std::string json() const;
};

/// Reads what `arithmetic::json` writes; throws `data_error` for anything else.
arithmetic parse_arithmetic(std::string_view json);

/// The kernels this process computes with.
const arithmetic& this_arithmetic();

/// Kernels for the vector unit AVX2, which nearly every x86-64 machine since
/// 2015 has, of those libraries that this program has: the same bits on all of
/// them.
arithmetic portable_arithmetic();

/// Whether the processor can execute these kernels.
bool can_execute(const arithmetic& wanted);

/// Makes this process compute with these kernels, if it does not. Libraries
/// choose when they are loaded, so the program is begun anew with the same
/// arguments and does not return from here: nothing may have been read from
/// standard input or written yet. Returns false if this machine, or a library,
/// has no such kernels.
bool select_arithmetic(const arithmetic& wanted);

} // namespace caps
