# compare_table.awk SHOWN PRINTED: exits with 1 unless every row of the Markdown
# table SHOWN is in the one in PRINTED, in the columns that both have. Rows are
# known by the first word of their first cell; numbers agree to 5 %.

function abs(x) { return x < 0 ? -x : x }

function trimmed(x) { gsub(/^ +| +$/, "", x); return x }

function first_word(x) { sub(/ .*/, "", x); return x }

function same(a, b,    a_unit, b_unit) {
  if (a == b) return 1
  # "12.5 MB" has a unit.
  if (a + 0 == 0 && a !~ /^0/) return 0
  a_unit = a; sub(/^[0-9.]+/, "", a_unit)
  b_unit = b; sub(/^[0-9.]+/, "", b_unit)
  return a_unit == b_unit && abs(a - b) <= 0.05 * abs(a) + 1e-12
}

!/^\|/ || /^\|-/ { next }

{ n = split($0, cells, "|"); for (i in cells) cells[i] = trimmed(cells[i]) }

FNR == NR {
  if (!shown_head) { for (i = 3; i < n; ++i) shown_column[i] = cells[i]; shown_head = 1; next }
  row = first_word(cells[2]); rows[++row_count] = row
  for (i = 3; i < n; ++i) shown[row, shown_column[i]] = cells[i]
  next
}

!printed_head { for (i = 3; i < n; ++i) column[i] = cells[i]; printed_head = 1; next }

{
  row = first_word(cells[2]); there[row] = 1
  for (i = 3; i < n; ++i) printed[row, column[i]] = cells[i]
}

END {
  if (!row_count) { print "the guide shows no table"; exit 1 }
  compared = 0
  for (r = 1; r <= row_count; ++r) {
    row = rows[r]
    if (!(row in there)) { print "the table has no row " row; exit 1 }
    for (i in shown_column) {
      name = shown_column[i]
      if (!((row, name) in printed)) continue
      ++compared
      if (!same(shown[row, name], printed[row, name])) {
        print row ", " name ": the guide shows " shown[row, name] ", it prints " printed[row, name]
        exit 1
      }
    }
  }
  if (!compared) { print "the two tables have no column in common"; exit 1 }
}
