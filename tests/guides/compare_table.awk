# Compares a table that a guide shows with one that was printed, both in
# Markdown:
#
#   awk -f compare_table.awk -v tolerance=0.02 SHOWN PRINTED
#
# Every printed row must be shown and every shown row printed. Rows belong
# together by their first cell, up to a remark in brackets; columns by their
# headings. A column that is only printed is not compared. Numbers with a point
# may differ by `tolerance`, or by 1 in the last digit; those after a ± are not
# compared; all else must be equal.

function trim(x) {
  gsub(/^[ \t]+|[ \t]+$/, "", x)
  return x
}

function same_cell(a, b,    n, m, i, a_part, b_part, distance, size, digits) {
  n = split(a, a_part, " ")
  m = split(b, b_part, " ")
  if (n != m)
    return 0
  for (i = 1; i <= n; ++i) {
    if (a_part[i] == b_part[i] || (i > 1 && a_part[i - 1] == "±"))
      continue
    if (a_part[i] !~ /^-?[0-9]+\.[0-9]+$/ || b_part[i] !~ /^-?[0-9]+(\.[0-9]+)?$/)
      return 0
    distance = a_part[i] - b_part[i]
    distance = distance < 0 ? -distance : distance
    size = a_part[i] < 0 ? -a_part[i] : a_part[i] + 0
    digits = length(a_part[i]) - index(a_part[i], ".")
    if (distance > tolerance * size && distance > 1.0001 * 10 ^ -digits)
      return 0
  }
  return 1
}

!/^\|/ || /^\|---/ {
  next
}

{
  which = FILENAME == ARGV[1] ? "shown" : "printed"
  count = split($0, cell, "|")
  key = trim(cell[2])
  if (!(which in header_seen)) {
    header_seen[which] = 1
    for (i = 2; i < count; ++i)
      heading[which, i] = trim(cell[i])
    next
  }
  sub(/ *\(.*\)$/, "", key)
  row[which, key] = 1
  keys[which, ++rows[which]] = key
  for (i = 3; i < count; ++i) {
    value[which, key, heading[which, i]] = trim(cell[i])
    if (which == "shown")
      columns[heading[which, i]] = 1
  }
}

END {
  bad = 0
  if (!rows["shown"] || !rows["printed"]) {
    print "  no table is " (rows["shown"] ? "printed" : "shown")
    exit 1
  }
  for (i = 1; i <= rows["printed"]; ++i)
    if (!(("shown", keys["printed", i]) in row)) {
      print "  printed, not shown: row " keys["printed", i]
      bad = 1
    }
  for (i = 1; i <= rows["shown"]; ++i) {
    key = keys["shown", i]
    if (!(("printed", key) in row)) {
      print "  shown, not printed: row " key
      bad = 1
      continue
    }
    for (column in columns) {
      a = value["shown", key, column]
      b = value["printed", key, column]
      if (!same_cell(a, b)) {
        print "  row " key ", column " column ": shown " a ", printed " b
        bad = 1
      }
    }
  }
  exit bad
}
