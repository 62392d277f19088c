# Sourced by bootstrap for its command `sanitize`: every test under AddressSani-
# tizer and UndefinedBehaviorSanitizer, those of threads and sockets under
# ThreadSanitizer, and all fuzzers for a while. Uses its functions and variables.

# Clang for the fuzzers, what CAF is built with, and what names addresses.
sanitizer_packages=(clang llvm)

# Tests with ThreadSanitizer: what runs actors, clocks and processes. Those of
# models compute in one thread.
thread_tests='^(actors|messages|runtime|replay|plugins)\.'
# A plug-in's own build, and a plug-in that crashes on purpose.
thread_tests_not='^plugins\.(out_of_tree|conformance)$'

# Builds CAF with ThreadSanitizer into the folder $1. One that is not built with
# it looks like a race at every message: what orders them is hidden in it.
build_thread_caf() {
  local prefix=$1 work=$1.work
  [[ -e $prefix/built ]] && return
  rm -rf "$work" "$prefix"
  mkdir -p "$work/apt/lists/partial" "$work/apt/cache"
  say "building CAF with ThreadSanitizer (some minutes, once)"
  local version
  version=$(dpkg-query --show --showformat '${source:Version}' libcaf-dev)
  # Package lists of its own: few systems have those of sources.
  if [[ -e /etc/apt/sources.list.d/debian.sources ]]; then
    sed 's/^Types:.*/Types: deb-src/' /etc/apt/sources.list.d/debian.sources \
      >"$work/apt/all.sources"
  else
    sed -n 's/^deb /deb-src /p' /etc/apt/sources.list >"$work/apt/all.list"
  fi
  local apt=(apt-get -o "Dir::State::lists=$work/apt/lists"
    -o "Dir::Cache=$work/apt/cache" -o APT::Sandbox::User=root
    -o Dir::Etc::sourcelist=/dev/null -o "Dir::Etc::sourceparts=$work/apt")
  (
    cd "$work"
    "${apt[@]}" update
    "${apt[@]}" source --download-only --tar-only "actor-framework=$version"
    tar -xf actor-framework_*.orig.tar.*
    cmake -S actor-framework-*/ -B build -G Ninja \
      -DCMAKE_BUILD_TYPE=RelWithDebInfo -DCMAKE_CXX_STANDARD=17 \
      -DCMAKE_CXX_FLAGS="-fsanitize=thread -O1 -g1 -w -include limits" \
      -DCMAKE_CXX_COMPILER_LAUNCHER=ccache -DCMAKE_INSTALL_PREFIX="$prefix" \
      -DCAF_NO_EXAMPLES=ON -DCAF_NO_UNIT_TESTS=ON -DCAF_NO_TOOLS=ON \
      -DCAF_NO_OPENCL=ON -DCAF_NO_PYTHON=ON
    ninja -C build install
  ) >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    die "cannot build CAF; see above and $work/log"
  }
  touch "$prefix/built"
  rm -rf "$work"
}

# The sanitizers' settings. Leaks are not looked for: LibTorch and CAF leave
# what lives as long as the process to the system.
sanitizer_settings() {
  export OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
  export ASAN_OPTIONS=detect_leaks=0
  export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
  export TSAN_OPTIONS="suppressions=$root/tests/thread_sanitizer.supp"
  TSAN_OPTIONS+=:ignore_noninstrumented_modules=1:halt_on_error=1:exitcode=66
}

sanitize_address() {
  configure asan "$root/build-asan"
  build "$root/build-asan"
  ctest --test-dir "$root/build-asan" --output-on-failure \
    --parallel "$(nproc)" "$@"
}

sanitize_thread() {
  local caf=$root/build-tsan/caf
  build_thread_caf "$caf"
  configure tsan "$root/build-tsan" "-DCMAKE_PREFIX_PATH=$caf"
  build "$root/build-tsan"
  ctest --test-dir "$root/build-tsan" --output-on-failure \
    --parallel "$(nproc)" --tests-regex "$thread_tests" \
    --exclude-regex "$thread_tests_not" "$@"
}

# Each fuzzer for a number of seconds. What one finds lies in build-fuzz/found;
# inputs that reach new code are kept in build-fuzz/inputs for the next time.
sanitize_fuzz() {
  local seconds=${1:-60} folder=$root/build-fuzz
  [[ $seconds =~ ^[0-9]+$ ]] \
    || die "expected the seconds of each fuzzer, found '$seconds'"
  configure fuzz "$folder"
  build "$folder" fuzzers
  local source name program failed=()
  for source in "$root"/tests/fuzz/*_fuzzer.cpp; do
    name=$(basename "$source" _fuzzer.cpp)
    program=$folder/tests/fuzz_$name
    mkdir -p "$folder/inputs/$name" "$folder/found"
    say "fuzzing $name for $seconds s"
    "$program" -max_total_time="$seconds" -timeout=30 -rss_limit_mb=4000 \
      -max_len=16384 -print_final_stats=1 -verbosity=0 \
      -artifact_prefix="$folder/found/$name-" \
      "$folder/inputs/$name" "$root/tests/fuzz/corpus/$name" >&2 \
      || failed+=("$name")
  done
  ((${#failed[@]} == 0)) || die "found something: ${failed[*]};" \
    "the inputs are in $folder/found"
}

# sanitize([address | thread | fuzz] [arguments]).
sanitize() {
  packages+=("${sanitizer_packages[@]}")
  install_packages
  sanitizer_settings
  local which=${1:-all}
  shift || true
  case $which in
    address | thread | fuzz) "sanitize_$which" "$@" ;;
    all) sanitize_address && sanitize_thread && sanitize_fuzz ;;
    *) die "expected address, thread or fuzz, found '$which'" ;;
  esac
}
