# Compares what a guide shows with what was printed:
#
#   awk -f compare_output.awk -v tolerance=0.02 [-v any_figure=1] SHOWN PRINTED
#
# Words must be equal; how far apart they are does not matter. Whole numbers must
# be equal, others within `tolerance` of each other, or 1 apart in the last digit
# that is shown; with any_figure=1 every number is as good as any other. In what
# is shown, "..." stands for any words of the line, at the end of a word for any
# rest of that word, and alone on a line for any lines.

# Finds the first `number` in x, and what is `before` and `after` it. Returns
# whether there is one.
function find_number(x) {
  if (!match(x, /[0-9]+(\.[0-9]+)?([eE][-+]?[0-9]+)?/))
    return 0
  before = substr(x, 1, RSTART - 1)
  number = substr(x, RSTART, RLENGTH)
  after = substr(x, RSTART + RLENGTH)
  return 1
}

function same_number(a, b,    digits, unit, distance, size) {
  if (a == b || any_figure)
    return 1
  if (a !~ /[.eE]/ && b !~ /[.eE]/)
    return 0
  unit = 0
  if (a !~ /[eE]/) {
    digits = index(a, ".") ? length(a) - index(a, ".") : 0
    unit = 1.0001 * 10 ^ -digits
  }
  distance = (a + 0) > (b + 0) ? a - b : b - a
  size = (a + 0) > (b + 0) ? a + 0 : b + 0
  return distance <= unit || distance <= tolerance * size
}

function same_word(a, b,    dots, before_a, number_a, after_a) {
  if (a == b)
    return 1
  dots = length(a) - 2
  if (dots > 1 && substr(a, dots) == "...")
    return substr(b, 1, dots - 1) == substr(a, 1, dots - 1)
  if (!find_number(a))
    return 0
  before_a = before
  number_a = number
  after_a = after
  if (!find_number(b) || before != before_a || !same_number(number_a, number))
    return 0
  return same_word(after_a, after)
}

# Whether words i.. of the shown line are words j.. of the printed one.
function same_words(i, j, n, m) {
  for (; i <= n; ++i) {
    if (a_word[i] == "...") {
      for (; j <= m + 1; ++j)
        if (same_words(i + 1, j, n, m))
          return 1
      return 0
    }
    if (j > m || !same_word(a_word[i], b_word[j]))
      return 0
    ++j
  }
  return j > m
}

function same_line(a, b,    n, m) {
  n = split(a, a_word, /[ \t]+/)
  m = split(b, b_word, /[ \t]+/)
  return same_words(1, 1, n, m)
}

# As same_words, for lines; `reached` is the first shown line that nothing fits.
function same_lines(i, j) {
  for (; i <= shown_count; ++i) {
    if (shown[i] == "...") {
      for (; j <= printed_count + 1; ++j)
        if (same_lines(i + 1, j))
          return 1
      return 0
    }
    if (j > printed_count || !same_line(shown[i], printed[j])) {
      if (i > reached) {
        reached = i
        reached_at = j
      }
      return 0
    }
    ++j
  }
  if (j <= printed_count && i > reached) {
    reached = i
    reached_at = j
  }
  return j > printed_count
}

{
  sub(/\r$/, "")
  gsub(/^[ \t]+|[ \t]+$/, "")
}

# Empty lines say nothing.
$0 == "" {
  next
}

FILENAME == ARGV[1] {
  shown[++shown_count] = $0
  next
}

{
  printed[++printed_count] = $0
}

END {
  reached = 0
  if (!same_lines(1, 1)) {
    print "  shown:   " (reached <= shown_count ? shown[reached] : "(nothing more)")
    print "  printed: " (reached_at <= printed_count ? printed[reached_at] : "(nothing more)")
    exit 1
  }
}
