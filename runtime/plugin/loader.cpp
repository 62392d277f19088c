#include "runtime/plugin/loader.hpp"

#include "runtime/plugin/plugin.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>

namespace caps {

namespace {

constexpr auto entry_name = "caps_plugin";

/// What `plugin_abi` begins with.
constexpr std::string_view abi_mark = "caps plug-in abi\n";

std::string read_library(const std::filesystem::path& file) {
  constexpr std::string_view magic{"\x7f"
                                   "ELF"};
  // Before it is opened: a pipe would wait for somebody who writes.
  std::error_code unknown;
  auto status = std::filesystem::status(file, unknown);
  if (std::filesystem::exists(status)
      && !std::filesystem::is_regular_file(status))
    throw input_error("is no file, expected a shared library");
  std::ifstream in{file, std::ios::binary};
  if (!in)
    throw input_error(fmt::format("cannot be read: {}", std::strerror(errno)));
  std::string start(magic.size(), '\0');
  in.read(start.data(), static_cast<std::streamsize>(start.size()));
  if (start != magic)
    throw input_error("is no shared library");
  return start + std::string{std::istreambuf_iterator<char>{in}, {}};
}

/// Throws `input_error` if an end of the library is missing: the system's
/// loader would take it and die of it later.
void check_whole(const std::string& library) {
  auto cut_off = [] { return input_error("is cut off"); };
  ElfW(Ehdr) header{};
  if (library.size() < sizeof(header))
    throw cut_off();
  std::memcpy(&header, library.data(), sizeof(header));
  if (header.e_type != ET_DYN || header.e_phentsize != sizeof(ElfW(Phdr)))
    throw input_error("is no shared library of this machine");
  auto parts = header.e_phnum * sizeof(ElfW(Phdr));
  if (header.e_phoff > library.size()
      || parts > library.size() - header.e_phoff)
    throw cut_off();
  for (size_t i = 0; i < header.e_phnum; ++i) {
    ElfW(Phdr) part{};
    std::memcpy(&part, library.data() + header.e_phoff + i * sizeof(part),
                sizeof(part));
    if (part.p_offset > library.size()
        || part.p_filesz > library.size() - part.p_offset)
      throw cut_off();
  }
}

/// The lines of an ABI description.
std::map<std::string, std::string> abi_fields(std::string_view text) {
  std::map<std::string, std::string> result;
  while (!text.empty()) {
    auto end = std::min(text.find('\n'), text.size());
    auto line = text.substr(0, end);
    auto equals = line.find('=');
    if (equals != std::string_view::npos)
      result.emplace(line.substr(0, equals), line.substr(equals + 1));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// Compares what is in the file with what this program is.
void check_abi(const std::string& library) {
  auto mark = library.find(abi_mark);
  if (mark == std::string::npos)
    throw input_error(fmt::format("is no plug-in: it has no {}(), which "
                                  "CAPS_PLUGIN makes",
                                  entry_name));
  auto expected = abi_fields(plugin_abi);
  auto found = abi_fields(library.c_str() + mark); // ends at a zero
  std::vector<std::string> differences;
  for (const auto& [name, value] : expected)
    if (auto& other = found[name]; other != value)
      differences.push_back(fmt::format("{} is {} there and {} here", name,
                                        other.empty() ? "unknown" : other,
                                        value));
  if (!differences.empty())
    throw input_error(fmt::format("was not built for this program ({}); build "
                                  "it again",
                                  join(differences)));
}

/// The names of C++ in what the linker says, readable.
std::string demangled(std::string text) {
  auto first = text.find("_Z");
  if (first == std::string::npos)
    return text;
  auto end = std::min(text.find_first_of(" ,;)", first), text.size());
  int status = 0;
  auto name = abi::__cxa_demangle(text.substr(first, end - first).c_str(),
                                  nullptr, nullptr, &status);
  if (status == 0)
    text.replace(first, end - first, name);
  std::free(name);
  return text;
}

const plugin_entry& load(const std::filesystem::path& file) {
  auto problem = [&] {
    std::string text = dlerror();
    // The linker names the file as well.
    if (text.starts_with(file.string() + ": "))
      text.erase(0, file.string().size() + 2);
    return input_error("cannot be loaded: " + demangled(std::move(text)));
  };
  auto library = dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (library == nullptr)
    throw problem();
  auto symbol = dlsym(library, entry_name);
  if (symbol == nullptr)
    throw problem();
  return *reinterpret_cast<const plugin_entry* (*)()>(symbol)();
}

void add_components(const plugin_entry& entry, components& to) {
  plugin_registrar registrar{*to.protocols,  *to.models,         *to.datasets,
                             *to.partitions, *to.optimizers,     *to.schedules,
                             *to.topologies, *to.swap_schedules, to.messages};
  try {
    entry.add_components(registrar);
  } catch (const std::exception& e) {
    throw input_error(fmt::format("fails to add its components: {}", e.what()));
  } catch (...) {
    throw input_error("fails to add its components, and does not say why");
  }
}

template <class Recipe>
auto copy(const std::shared_ptr<registry<Recipe>>& x) {
  return std::make_shared<registry<Recipe>>(*x);
}

/// The same components in registries of their own.
components copy(const components& x) {
  return {copy(x.topologies), copy(x.swap_schedules), copy(x.datasets),
          copy(x.partitions), copy(x.models),         copy(x.optimizers),
          copy(x.schedules),  copy(x.protocols),      x.messages,
          x.plugins};
}

} // namespace

components with_plugin(const components& known,
                       const std::filesystem::path& file) {
  try {
    auto library = read_library(file);
    check_whole(library);
    auto path = std::filesystem::canonical(file);
    if (std::ranges::find(known.plugins, path.string()) != known.plugins.end())
      return known;
    check_abi(library);
    auto result = copy(known);
    add_components(load(path), result);
    result.plugins.push_back(path.string());
    return result;
  } catch (const input_error& e) {
    throw input_error(fmt::format("plug-in {} {}", file.string(), e.what()));
  }
}

} // namespace caps
