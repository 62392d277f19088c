#include "runtime/replay/gnuplot.hpp"

#include "models/errors.hpp"
#include "models/options.hpp"
#include "runtime/run_file/printable.hpp"

#include <fmt/format.h>

#include <sys/wait.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>

namespace caps {

namespace {

/// What a shell says of a program that is not there.
constexpr int not_found = 127;

/// Text for gnuplot, in which nothing but a single quote has a meaning.
std::string in_quotes(std::string_view text) {
  std::string result = "'";
  for (auto c : printable(std::string{text})) {
    result += c;
    if (c == '\'')
      result += c;
  }
  return result += '\'';
}

} // namespace

std::string gnuplot_script(const std::vector<series>& all,
                           std::string_view title, std::string_view axis,
                           const std::filesystem::path& file, picture format) {
  auto terminal = format == picture::png
                    ? "set terminal pngcairo noenhanced size 960,600"
                    : "set terminal svg noenhanced size 960,600";
  auto result = fmt::format("{}\nset output {}\nset title {}\nset xlabel {}\n"
                            "set grid\nset key outside\n",
                            terminal, in_quotes(file.string()),
                            in_quotes(title), in_quotes(axis));
  std::string plots;
  for (size_t i = 0; i < all.size(); ++i) {
    result += fmt::format("$data{} << EOD\n", i);
    for (const auto& point : all[i].points)
      result += fmt::format("{} {}\n", to_text(point.x), to_text(point.y));
    result += "EOD\n";
    auto who
      = all[i].node < 0 ? "all nodes" : fmt::format("node {}", all[i].node);
    plots += fmt::format("{}$data{} with linespoints pointsize 0.4 title {}",
                         i == 0 ? "" : ", ", i, in_quotes(who));
  }
  return result + "plot " + plots + "\n";
}

void run_gnuplot(const std::string& script) {
  // A file, not a pipe: writing to a gnuplot that has ended already would be
  // answered by a signal.
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file{std::tmpfile(),
                                                      std::fclose};
  if (!file || std::fwrite(script.data(), 1, script.size(), file.get())
                 != script.size()
      || std::fflush(file.get()) != 0)
    throw error(fmt::format("cannot write what gnuplot shall draw: {}",
                            std::strerror(errno)));
  std::rewind(file.get());
  auto status = std::system(
    fmt::format("command -v gnuplot >/dev/null || exit 127; exec gnuplot <&{}",
                ::fileno(file.get()))
      .c_str());
  if (status == -1)
    throw error(fmt::format("cannot start gnuplot: {}", std::strerror(errno)));
  if (WIFEXITED(status) && WEXITSTATUS(status) == not_found)
    throw input_error("gnuplot is not installed (Debian package gnuplot-nox)");
  if (status != 0)
    throw error("gnuplot failed; see its message above");
}

} // namespace caps
