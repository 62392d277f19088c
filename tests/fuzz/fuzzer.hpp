#pragma once

#include <string_view>

namespace caps::test {

/// What a fuzzer does with one input, whatever its bytes are. Errors of this
/// project (`caps::error`) are answers; all else that leaves it is a finding,
/// and so is what a sanitizer sees. Each fuzzer defines it in a program of its
/// own.
void fuzz(std::string_view input);

/// Ends the program, naming what does not hold, unless `holds`.
void require(bool holds, std::string_view what);

/// Takes the first byte of `input`, 0 if there is none: a choice between
/// `count` things.
size_t choose(std::string_view& input, size_t count);

} // namespace caps::test
