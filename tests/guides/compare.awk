# compare.awk SHOWN PRINTED: exits with 1, naming the first line of SHOWN that
# PRINTED does not have. See run_guide.sh.

function abs(x) { return x < 0 ? -x : x }

# Takes the numbers out of a word: into `values`, # in their places.
function skeleton(word, values,    result, n) {
  result = ""; n = 0
  while (match(word, /[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?/)) {
    result = result substr(word, 1, RSTART - 1) "#"
    values[++n] = substr(word, RSTART, RLENGTH) + 0
    word = substr(word, RSTART + RLENGTH)
  }
  values[0] = n
  return result word
}

function same_word(a, b,    xs, ys, i) {
  if (a == b) return 1
  if (skeleton(a, xs) != skeleton(b, ys)) return 0
  for (i = 1; i <= xs[0]; ++i)
    if (abs(xs[i] - ys[i]) > 0.05 * abs(xs[i]) + 1e-12) return 0
  return 1
}

# Whether words i.. of `a` are words j.. of `b`.
function same_words(a, n, i, b, m, j) {
  if (i > n) return j > m
  if (a[i] == "...") {
    for (; j <= m + 1; ++j)
      if (same_words(a, n, i + 1, b, m, j)) return 1
    return 0
  }
  return j <= m && same_word(a[i], b[j]) && same_words(a, n, i + 1, b, m, j + 1)
}

function same_line(x, y,    a, b, n, m) {
  n = split(x, a); m = split(y, b)
  return same_words(a, n, 1, b, m, 1)
}

FNR == NR { if (NF) shown[++shown_count] = $0; next }
NF { printed[++printed_count] = $0 }

END {
  at = 1; skipping = 0
  for (i = 1; i <= shown_count; ++i) {
    if (shown[i] ~ /^ *\.\.\. *$/) { skipping = 1; continue }
    while (skipping && at <= printed_count && !same_line(shown[i], printed[at])) ++at
    if (at > printed_count || !same_line(shown[i], printed[at])) {
      print "the guide shows: " shown[i]
      print "it prints:       " (at <= printed_count ? printed[at] : "(nothing more)")
      exit 1
    }
    ++at; skipping = 0
  }
  if (!skipping && at <= printed_count) {
    print "the guide does not show: " printed[at]
    exit 1
  }
}
