#include "runtime/replay/line_editor.hpp"

#include <fmt/format.h>
#include <histedit.h>

#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cstdlib>
#include <cwchar>

namespace caps {

namespace {

constexpr int remembered_lines = 1000;
constexpr size_t screen_columns = 78;

/// What all words begin with.
std::string common_beginning(const std::vector<std::string>& words) {
  auto result = words.front();
  for (const auto& word : words) {
    auto [end, ignored] = std::ranges::mismatch(result, word);
    result.erase(end, result.end());
  }
  return result;
}

void print_columns(const std::vector<std::string>& words) {
  size_t width = 0;
  for (const auto& word : words)
    width = std::max(width, word.size() + 2);
  auto columns = std::max<size_t>(1, screen_columns / width);
  std::string text = "\n";
  for (size_t i = 0; i < words.size(); ++i) {
    auto last = i + 1 == words.size() || (i + 1) % columns == 0;
    text += last ? words[i] + "\n" : fmt::format("{:<{}}", words[i], width);
  }
  std::fputs(text.c_str(), stdout);
}

} // namespace

struct line_editor::state {
  completer complete;
  std::filesystem::path history_path;
  std::string prompt;
  EditLine* editor = nullptr;
  History* history = nullptr;
  HistEvent event{};
  /// Those that were blocked before a line is read.
  sigset_t signals{};

  static state& of(EditLine* editor) {
    void* result = nullptr;
    el_get(editor, EL_CLIENTDATA, &result);
    return *static_cast<state*>(result);
  }

  static char* show_prompt(EditLine* editor) {
    return of(editor).prompt.data();
  }

  /// Reads one character. libedit itself goes on reading after a signal, and
  /// misses one that comes before it reads.
  static int read_character(EditLine* editor, wchar_t* to) {
    std::mbstate_t decoder{};
    while (true) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      if (::ppoll(&input, 1, nullptr, &of(editor).signals) < 0)
        return -1;
      char byte = 0;
      auto n = ::read(STDIN_FILENO, &byte, 1);
      if (n <= 0)
        return static_cast<int>(n);
      switch (std::mbrtowc(to, &byte, 1, &decoder)) {
        case static_cast<size_t>(-2): // the rest is to come
          break;
        case static_cast<size_t>(-1): // not of this locale: start afresh
          decoder = {};
          break;
        default:
          return 1;
      }
    }
  }

  static unsigned char complete_word(EditLine* editor, int) {
    const auto* line = el_line(editor);
    std::string_view before{line->buffer,
                            static_cast<size_t>(line->cursor - line->buffer)};
    auto words = of(editor).complete(before);
    if (words.empty())
      return CC_ERROR;
    auto begin = before.find_last_of(" \t");
    auto typed
      = before.size() - (begin == std::string_view::npos ? 0 : begin + 1);
    auto more = common_beginning(words).substr(typed);
    if (words.size() == 1)
      more += ' ';
    if (!more.empty())
      return el_insertstr(editor, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    print_columns(words);
    return CC_REDISPLAY;
  }
};

line_editor::line_editor(completer complete, std::filesystem::path history)
  : state_(std::make_unique<state>()) {
  std::setlocale(LC_CTYPE, "");
  auto& s = *state_;
  s.complete = std::move(complete);
  s.history_path = std::move(history);
  s.editor = el_init("caps_runtime", stdin, stdout, stderr);
  s.history = history_init();
  el_set(s.editor, EL_CLIENTDATA, &s);
  el_set(s.editor, EL_PROMPT, &state::show_prompt);
  el_set(s.editor, EL_EDITOR, "emacs");
  el_set(s.editor, EL_GETCFN, &state::read_character);
  ::history(s.history, &s.event, H_SETSIZE, remembered_lines);
  ::history(s.history, &s.event, H_SETUNIQUE, 1);
  if (!s.history_path.empty())
    ::history(s.history, &s.event, H_LOAD, s.history_path.c_str());
  el_set(s.editor, EL_HIST, &::history, s.history);
  el_set(s.editor, EL_ADDFN, "complete-word", "complete the word at the cursor",
         &state::complete_word);
  el_set(s.editor, EL_BIND, "^I", "complete-word", nullptr);
  el_set(s.editor, EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(s.editor, nullptr);
}

line_editor::~line_editor() {
  auto& s = *state_;
  if (!s.history_path.empty()) {
    std::error_code ignored;
    std::filesystem::create_directories(s.history_path.parent_path(), ignored);
    ::history(s.history, &s.event, H_SAVE, s.history_path.c_str());
  }
  history_end(s.history);
  el_end(s.editor);
}

line_editor::outcome line_editor::read(const std::string& prompt,
                                       std::string& line) {
  auto& s = *state_;
  s.prompt = prompt;
  el_resize(s.editor);
  // Before the prompt is there, so that nothing typed at it is lost.
  el_set(s.editor, EL_PREP_TERM, 1);
  sigset_t interrupt;
  sigemptyset(&interrupt);
  sigaddset(&interrupt, SIGINT);
  ::sigprocmask(SIG_BLOCK, &interrupt, &s.signals);
  int length = 0;
  const auto* text = el_gets(s.editor, &length);
  auto problem = errno;
  ::sigprocmask(SIG_SETMASK, &s.signals, nullptr);
  if (text == nullptr)
    return length < 0 && problem == EINTR ? outcome::interrupted : outcome::end;
  line.assign(text, static_cast<size_t>(length));
  while (line.ends_with('\n') || line.ends_with('\r'))
    line.pop_back();
  if (line.find_first_not_of(" \t") != std::string::npos)
    ::history(s.history, &s.event, H_ENTER, line.c_str());
  return outcome::line;
}

std::filesystem::path history_file(std::string_view name) {
  std::filesystem::path folder;
  if (const auto* state = std::getenv("XDG_STATE_HOME");
      state != nullptr && *state == '/')
    folder = state;
  else if (const auto* home = std::getenv("HOME");
           home != nullptr && *home == '/')
    folder = std::filesystem::path{home} / ".local/state";
  else
    return {};
  return folder / "caps_runtime" / name;
}

} // namespace caps
