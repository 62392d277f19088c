#!/usr/bin/env bash
# Does what a guide says, as its reader would:
#
#   run_guide.sh GUIDE.md ROOT PROGRAM [BENCH]
#
# Runs every command of the guide's ```sh and ```console blocks, in order, in a
# folder of its own that has ROOT's scenarios/ and tests/ and the PROGRAM as
# build/caps_runtime. Each must succeed. What a ```console block shows after a
# command ("$ ...") is compared with what the command prints: words must be
# equal, numbers agree to 5 %; "..." stands for any words, on a line of its own
# for any lines. Prompts of `replay` ("start> ...", "#5 2ms> ...") are answered
# through its standard input.
#
# A comment right before a block changes what is done with it:
#
#   <!-- guide: check, WHY -->  takes too long: each scenario that the block
#                               names is checked instead, and studies are cut
#                               to one epoch of 320 samples
#   <!-- guide: skip, WHY -->   cannot be run here at all; WHY says what else
#                               shows that it works
#   <!-- guide: fails N, WHY --> its commands end with exit code N
#   <!-- guide: table -->       its last command prints the table that follows,
#                               in the columns that both have
set -euo pipefail

guide=$(readlink -f "$1")
root=$(readlink -f "$2")
program=$(readlink -f "$3")
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/folder" "$work/folder/build"
ln -s "$root/scenarios" "$root/tests" "$root/runtime" "$work/folder/"
ln -s "$program" "$work/folder/build/caps_runtime"
if (($# > 3)); then
  ln -s "$(readlink -f "$4")" "$work/folder/build/caps_bench"
fi
cd "$work/folder"

fail() {
  printf '%s: %s\n' "$guide" "$*" >&2
  exit 1
}

# Splits the guide: $work/N.block is a block, whose first line tells its kind,
# its line in the guide and what its comment says.
awk -v out="$work" '
  BEGIN { n = 0 }
  !inside && /^<!-- guide: / {
    said = $0
    while (said !~ /-->/ && (getline line) > 0) said = said " " line
    sub(/^<!-- guide: */, "", said); sub(/ *-->.*/, "", said)
    next
  }
  !inside && /^```(sh|console)$/ {
    inside = 1; file = sprintf("%s/%03d.block", out, ++n)
    print substr($0, 4) "|" NR "|" said > file
    said = ""; next
  }
  !inside && /^```/ { other = !other; said = ""; next }
  inside && /^```$/ { inside = 0; close(file); table = file; next }
  !inside && /^\|/ && table != "" {
    sub(/block$/, "table", table); print > table; started = 1; next
  }
  !inside && started { close(table); table = ""; started = 0 }
  inside { print > file }
  !inside && NF { said = "" }
' "$guide"

# Runs one command; its output goes to $work/printed.
run() {
  local command=$1 expected_code=$2 input=$3 code=0
  bash -euo pipefail -c "$command" <"$input" >"$work/printed" 2>"$work/errors" \
    || code=$?
  if ((code != expected_code)); then
    cat "$work/printed" "$work/errors" >&2
    fail "line $line: '$command' ends with $code, expected $expected_code"
  fi
  commands=$((commands + 1))
}

# The commands of a ```sh block, continued lines joined.
joined() {
  awk '/\\$/ { sub(/\\$/, ""); held = held $0; next }
       { print held $0; held = "" }' | sed -e 's/ *#.*$//' -e '/^ *$/d'
}

# What a block that takes too long names is checked: scenarios as they are,
# studies by a run of each cell that is cut short.
check_scenarios() {
  local command pattern file before=$commands
  while IFS= read -r command; do
    if [[ $command == *' study '* ]]; then
      [[ $command == *' --seeds '* ]] || command+=' --seeds 1'
      run "$command --set training.epochs=1 --set data.train_length=320" \
        0 /dev/null
      continue
    fi
    for pattern in $(grep -oE 'scenarios/[^ ]*\.toml' <<<"$command" || true); do
      # A pattern of the shell, such as a/{b,c}.toml or a/*.toml.
      for file in $(eval "printf '%s\n' $pattern"); do
        run "build/caps_runtime check $file" 0 /dev/null
      done
    done
  done < <(joined <"$1")
  ((commands > before)) || fail "line $line: names nothing that could be checked"
}

run_console() {
  local body=$1 code=$2
  rm -f "$work"/part.*
  # A part is a command with what it shows.
  awk -v out="$work/part" '/^\$ / { ++n } n { print > sprintf("%s.%03d", out, n) }' \
    "$body"
  local part
  for part in "$work"/part.*; do
    head -n 1 "$part" | cut -c 3- >"$work/command"
    tail -n +2 "$part" >"$work/shown"
    : >"$work/input"
    if grep -qE '^(start|#[0-9]+[^>]*)> ' "$work/shown"; then
      sed -nE 's/^(start|#[0-9]+[^>]*)> (.*)$/\2/p' "$work/shown" >"$work/input"
      sed -i -E '/^(start|#[0-9]+[^>]*)> /d' "$work/shown"
    fi
    run "$(cat "$work/command")" "$code" "$work/input"
    if [[ -s $work/shown ]]; then
      cat "$work/errors" >>"$work/printed"
      awk -f "$here/compare.awk" "$work/shown" "$work/printed" >&2 || {
        echo "--- it prints" >&2
        cat "$work/printed" >&2
        fail "line $line: '$(cat "$work/command")' prints something else"
      }
    fi
  done
}

commands=0
for block in "$work"/*.block; do
  [[ -e $block ]] || break
  IFS='|' read -r kind line said <"$block"
  tail -n +2 "$block" >"$work/body"
  code=0
  case $said in
    '') ;;
    'check, '*) check_scenarios "$work/body"; continue ;;
    'skip, '*) continue ;;
    table) ;;
    'fails '*) code=${said#fails }; code=${code%%,*} ;;
    *) fail "line $line: what does 'guide: $said' mean?" ;;
  esac
  if [[ $kind == console ]]; then
    run_console "$work/body" "$code"
  else
    while IFS= read -r command; do
      run "$command" "$code" /dev/null
    done < <(joined <"$work/body")
  fi
  if [[ $said == table ]]; then
    awk -f "$here/compare_table.awk" "${block%block}table" "$work/printed" >&2 \
      || fail "line $line: the table below is another one"
  fi
done
((commands)) || fail "no command was run"
echo "$(basename "$(dirname "$guide")")/$(basename "$guide"): $commands commands do as they say"
