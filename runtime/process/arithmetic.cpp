#include "runtime/process/arithmetic.hpp"

#include "models/errors.hpp"

#include <ATen/Version.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <vector>

#include <dlfcn.h>
#include <unistd.h>

namespace caps {

namespace {

/// Set in a program that was begun anew, to what it was begun for: once is
/// enough.
constexpr const char* begun_for = "CAPS_ARITHMETIC";

/// A function of a library that may not be there.
template <class F>
F* find_function(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_DEFAULT, name));
}

std::string openblas_core() {
  auto name = find_function<char*()>("openblas_get_corename");
  return name != nullptr ? name() : "";
}

/// LibTorch says it in a longer text alone.
std::string libtorch_kernels() {
  constexpr std::string_view before = "CPU capability usage: ";
  auto text = at::show_config();
  auto begin = text.find(before);
  if (begin == std::string::npos)
    return "default";
  begin += before.size();
  auto word = text.substr(begin, text.find_first_of("\n,", begin) - begin);
  if (word == "AVX2" || word == "AVX512")
    std::ranges::transform(word, word.begin(), [](unsigned char c) {
      return static_cast<char>(std::tolower(c));
    });
  else
    word = "default";
  return word;
}

struct onednn_isa {
  int number;
  const char* name;
};

/// From dnnl_types.h of oneDNN 2 and 3; the names are those of its variable.
constexpr std::array onednn_isas{
  onednn_isa{0x1, "sse41"},
  onednn_isa{0x3, "avx"},
  onednn_isa{0x7, "avx2"},
  onednn_isa{0xf, "avx2_vnni"},
  onednn_isa{0x27, "avx512_core"},
  onednn_isa{0x67, "avx512_core_vnni"},
  onednn_isa{0xe7, "avx512_core_bf16"},
  onednn_isa{0x1ef, "avx512_core_fp16"},
  onednn_isa{0x3e7, "avx512_core_amx"},
  onednn_isa{0xfef, "avx512_core_amx"},
};

std::string onednn_kernels() {
  auto isa = find_function<int()>("dnnl_get_effective_cpu_isa");
  if (isa == nullptr)
    return "";
  auto number = isa();
  auto known = std::ranges::find(onednn_isas, number, &onednn_isa::number);
  return known != onednn_isas.end() ? known->name : fmt::format("{:#x}", number);
}

/// What a kernel needs of the processor, by what its name says.
bool is_executable(std::string kernel) {
  std::ranges::transform(kernel, kernel.begin(), [](unsigned char c) {
    return static_cast<char>(std::tolower(c));
  });
#if defined(__x86_64__)
  auto has = [&](const char* part) {
    return kernel.find(part) != std::string::npos;
  };
  // Beyond the plain ones of AVX-512 nobody can say by name what is needed.
  if (has("amx") || has("fp16") || has("bf16") || has("vnni"))
    return kernel == this_arithmetic().onednn;
  if (has("avx512") || has("skylakex") || has("cooperlake")
      || has("sapphirerapids"))
    return __builtin_cpu_supports("avx512f")
           && __builtin_cpu_supports("avx512bw")
           && __builtin_cpu_supports("avx512dq")
           && __builtin_cpu_supports("avx512vl");
  if (has("avx2") || has("haswell") || has("zen"))
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has("avx") || has("sandybridge") || has("bulldozer"))
    return __builtin_cpu_supports("avx");
  return true;
#else
  return kernel == "default" || kernel.empty();
#endif
}

/// The command line of this process.
std::vector<std::string> own_arguments() {
  std::ifstream in{"/proc/self/cmdline", std::ios::binary};
  std::vector<std::string> result;
  for (std::string x; std::getline(in, x, '\0');)
    result.push_back(std::move(x));
  return result;
}

} // namespace

std::string arithmetic::text() const {
  auto result = openblas.empty() ? "" : openblas + " (OpenBLAS), ";
  result += libtorch + " (LibTorch)";
  if (!onednn.empty())
    result += ", " + onednn + " (oneDNN)";
  return result;
}

std::string arithmetic::json() const {
  return nlohmann::ordered_json{
    {"openblas", openblas}, {"libtorch", libtorch}, {"onednn", onednn}}
    .dump();
}

arithmetic parse_arithmetic(std::string_view json) {
  auto x = nlohmann::json::parse(json, nullptr, false);
  auto word = [&](const char* key) {
    auto i = x.find(key);
    if (i == x.end() || !i->is_string())
      throw data_error("the arithmetic of the run cannot be read");
    auto result = i->get<std::string>();
    // They end up in the environment, and on the terminal.
    constexpr size_t bytes_max = 40;
    if (result.size() > bytes_max
        || !std::ranges::all_of(result, [](unsigned char c) {
             return std::isalnum(c) != 0 || c == '_' || c == '-' || c == ' ';
           }))
      throw data_error("the arithmetic of the run cannot be read");
    return result;
  };
  if (!x.is_object())
    throw data_error("the arithmetic of the run cannot be read");
  return {word("openblas"), word("libtorch"), word("onednn")};
}

const arithmetic& this_arithmetic() {
  static const arithmetic result{openblas_core(), libtorch_kernels(),
                                 onednn_kernels()};
  return result;
}

arithmetic portable_arithmetic() {
  const auto& own = this_arithmetic();
  return {own.openblas.empty() ? "" : "Haswell", "avx2",
          own.onednn.empty() ? "" : "avx2"};
}

bool can_execute(const arithmetic& wanted) {
  return is_executable(wanted.openblas) && is_executable(wanted.libtorch)
         && is_executable(wanted.onednn);
}

bool select_arithmetic(const arithmetic& wanted) {
  if (this_arithmetic() == wanted)
    return true;
  auto last = std::getenv(begun_for);
  if (!can_execute(wanted) || (last != nullptr && last == wanted.text()))
    return false;
  auto arguments = own_arguments();
  if (arguments.empty())
    return false;
  setenv(begun_for, wanted.text().c_str(), 1);
  if (!wanted.openblas.empty())
    setenv("OPENBLAS_CORETYPE", wanted.openblas.c_str(), 1);
  setenv("ATEN_CPU_CAPABILITY", wanted.libtorch.c_str(), 1);
  if (!wanted.onednn.empty()) {
    auto isa = wanted.onednn;
    std::ranges::transform(isa, isa.begin(), [](unsigned char c) {
      return static_cast<char>(std::toupper(c));
    });
    for (auto name : {"ONEDNN_MAX_CPU_ISA", "DNNL_MAX_CPU_ISA"})
      setenv(name, isa.c_str(), 1);
  }
  std::vector<char*> pointers;
  for (auto& x : arguments)
    pointers.push_back(x.data());
  pointers.push_back(nullptr);
  execv("/proc/self/exe", pointers.data());
  return false;
}

} // namespace caps
