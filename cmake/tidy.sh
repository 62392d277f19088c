# Sourced by bootstrap for its command `tidy`: clang-tidy over every source of
# messages/ and actors/, or of what is named, and over the headers of this tree
# that they reach. Uses its functions and variables.

# What is clean is compiled with Clang, so that only what changes since then, or
# includes what does, is checked again.
tidy_packages=(clang clang-tidy)

# tidy([folders and sources, from the root of the tree]).
tidy() {
  packages+=("${tidy_packages[@]}")
  install_packages
  (($#)) || set -- messages actors
  local folder=$root/build-tidy
  # Other checks find other things.
  [[ $folder/build.ninja -nt $root/.clang-tidy ]] || rm -rf "$folder"
  configure tidy "$folder"
  local object source name objects=()
  while read -r object; do
    source=${object/CMakeFiles\/*.dir\//}
    for name in "$@"; do
      if [[ $source == "${name%/}"[/.]* ]]; then
        objects+=("$object")
        break
      fi
    done
  done < <(ninja -C "$folder" -t targets all | sed -n 's/\.o: .*/.o/p')
  ((${#objects[@]})) || die "no sources in $*"
  say "sources to check: ${#objects[@]} (minutes the first time)"
  local log=$folder/tidy.log findings
  if ninja -C "$folder" -k 0 "${objects[@]}" >"$log" 2>&1; then
    say "clang-tidy finds nothing"
    return
  fi
  findings=$(sed -nE 's/,-warnings-as-errors\]$/]/
    s/: (fatal )?error: /: /p' "$log" | sort -u)
  [[ $findings ]] || die "clang-tidy does not run; see $log"
  printf '%s\n' "${findings//"$root/"/}" >&2
  die "findings of clang-tidy: $(wc -l <<<"$findings"); see $log"
}
