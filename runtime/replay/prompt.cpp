#include "runtime/replay/prompt.hpp"

#include "models/errors.hpp"
#include "runtime/replay/line_editor.hpp"
#include "runtime/replay/recorded_event.hpp"

#include <fmt/format.h>

#include <signal.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <istream>

namespace caps {

namespace {

std::atomic<bool> interrupted{false};
static_assert(std::atomic<bool>::is_always_lock_free,
              "a signal handler may touch it");

extern "C" void note_interrupt(int) {
  interrupted = true;
}

/// Makes Ctrl-C set `interrupted` and end the system call it comes into, as
/// long as this lives.
class interrupt_scope {
public:
  interrupt_scope() {
    struct sigaction action {};
    action.sa_handler = note_interrupt;
    ::sigaction(SIGINT, &action, &before_);
  }

  ~interrupt_scope() { ::sigaction(SIGINT, &before_, nullptr); }

  interrupt_scope(const interrupt_scope&) = delete;
  interrupt_scope& operator=(const interrupt_scope&) = delete;

private:
  struct sigaction before_ {};
};

void print(const std::string& text, std::FILE* out) {
  errno = 0;
  if (std::fwrite(text.data(), 1, text.size(), out) < text.size()
      || std::fflush(out) != 0)
    throw error(fmt::format("cannot write to standard output: {}",
                            std::strerror(errno != 0 ? errno : EIO)));
}

std::string dump(const nlohmann::ordered_json& x) {
  return x.dump(-1, ' ', false,
                nlohmann::ordered_json::error_handler_t::replace)
         + "\n";
}

void print(const answer& x, answer_format format, std::FILE* out) {
  if (format == answer_format::text)
    print(x.text, out);
  else if (!x.json.empty())
    print(dump(x.json), out);
}

/// Returns whether more lines may follow.
bool run_line(session& s, const std::string& line, answer_format format,
              std::FILE* out) {
  try {
    auto x = s.execute(line);
    print(x, format, out);
    return !x.quit;
  } catch (const error& e) {
    if (format == answer_format::json)
      print(dump({{"command", line}, {"error", e.what()}}), out);
    throw;
  }
}

std::string prompt_text(session& s) {
  auto position = s.place().position();
  return position == s.place().start()
           ? "start> "
           : fmt::format("#{} {}> ", position, time_text(s.place().time()));
}

void greet(session& s) {
  auto& file = s.file();
  auto text = fmt::format(
    "{}: {} events of {} nodes, seed {}, {} clock{}\n'help' lists the "
    "commands, Tab completes words, Ctrl-D ends\n",
    file.path().filename().string(), file.events(), file.nodes().size(),
    file.meta("seed").value_or("unknown"),
    file.meta("clock").value_or("unknown"),
    file.meta("ended") ? "" : ", not ended (cut off, or still running)");
  print(text, stdout);
}

} // namespace

void run_lines(session& s, const std::vector<std::string>& lines,
               answer_format format, std::FILE* out) {
  for (const auto& line : lines)
    if (!run_line(s, line, format, out))
      return;
}

void run_lines(session& s, std::istream& in, answer_format format,
               std::FILE* out) {
  for (std::string line; std::getline(in, line);)
    if (!run_line(s, line, format, out))
      return;
}

void run_prompt(session& s, answer_format format) {
  interrupt_scope interrupts;
  s.file().guard().watch(&interrupted);
  if (format == answer_format::text)
    greet(s);
  line_editor editor{[&](std::string_view line) { return s.completions(line); },
                     history_file("replay_history")};
  for (std::string line;;) {
    interrupted = false;
    auto outcome = editor.read(prompt_text(s), line);
    if (outcome == line_editor::outcome::interrupted) {
      print("^C\n", stdout);
      continue;
    }
    if (outcome == line_editor::outcome::end) {
      print("\n", stdout);
      break;
    }
    try {
      if (!run_line(s, line, format, stdout))
        break;
    } catch (const error& e) {
      if (format == answer_format::text)
        std::fputs(fmt::format("error: {}\n", e.what()).c_str(), stderr);
    }
  }
  s.file().guard().watch(nullptr);
}

} // namespace caps
