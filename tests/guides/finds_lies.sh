#!/usr/bin/env bash
# Holds run_guide.sh against guides that are right and guides that are not.
set -euo pipefail

here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

expect() {
  local wanted=$1 what=$2 found=right
  printf '%s\n' "${@:3}" >"$work/GUIDE.md"
  "$here/run_guide.sh" "$work/GUIDE.md" "$here/../.." /bin/true \
    >"$work/log" 2>&1 || found=wrong
  if [[ $found != "$wanted" ]]; then
    echo "a guide with $what is taken for $found:" >&2
    cat "$work/log" >&2
    exit 1
  fi
}

expect right 'a command that works' '```sh' 'true' '```'
expect right 'what is printed' '```console' '$ echo a 1.00; echo b' 'a 1.03' 'b' '```'
expect right 'words left out' '```console' '$ echo a b c; echo d; echo e' 'a ... c' '...' 'e' '```'
expect right 'an exit code' '<!-- guide: fails 3, on purpose -->' '```sh' 'exit 3' '```'
expect right 'a command that is not run' '```sh' 'true' '```' \
  '<!-- guide: skip, why -->' '```sh' 'false' '```'
expect right 'a continued line' '```console' '$ echo a' 'a' '```' '```sh' 'test 1 \' ' = 1' '```'
expect right 'answers to prompts' '```console' '$ sed s/a/b/' 'start> xa' 'xb' '```'

expect wrong 'a command that fails' '```sh' 'false' '```'
expect wrong 'a command that fails in a pipe' '```sh' 'false | true' '```'
expect wrong 'another word' '```console' '$ echo a' 'b' '```'
expect wrong 'another number' '```console' '$ echo 1.00' '1.10' '```'
expect wrong 'a line that is not printed' '```console' '$ echo a' 'a' 'b' '```'
expect wrong 'a line that is not shown' '```console' '$ echo a; echo b' 'a' '```'
expect wrong 'a second command that lies' '```console' '$ echo a' 'a' '$ echo b' 'c' '```'
expect wrong 'another exit code' '<!-- guide: fails 3, why -->' '```sh' 'exit 2' '```'
expect wrong 'a comment nobody knows' '<!-- guide: maybe -->' '```sh' 'true' '```'
expect wrong 'nothing that could be checked' '<!-- guide: check, slow -->' '```sh' \
  'true' '```'
table=("printf '| a | x | y |\\n|---|---|---|\\n| r | 1.00 | 5 |\\n'" '```' '')
expect right 'a table' '<!-- guide: table -->' '```sh' "${table[@]}" \
  '| a | y |' '|---|---|' '| r (so) | 5 |'
expect wrong 'another table' '<!-- guide: table -->' '```sh' "${table[@]}" \
  '| a | x |' '|---|---|' '| r | 1.2 |'
expect wrong 'a table of other rows' '<!-- guide: table -->' '```sh' "${table[@]}" \
  '| a | x |' '|---|---|' '| q | 1.00 |'
expect wrong 'no table' '<!-- guide: table -->' '```sh' "${table[@]}" 'Text.'
expect wrong 'no command at all' 'Nothing.'
echo 'lies are found'
