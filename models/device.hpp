#pragma once

#include <c10/core/Device.h>

#include <string>

namespace caps {

/// The device a user named: "cpu"; "cuda" or "cuda:N", the first or another
/// GPU; "auto", the first GPU if there is one and else the CPU. A GPU is set to
/// kernels that give the same result every time, as far as LibTorch has them.
///
/// Throws `input_error`, naming what there is, for another name or a GPU that
/// this machine or this build of LibTorch does not have.
c10::Device find_device(const std::string& name);

/// How many GPUs this machine and this build of LibTorch have.
int count_gpus();

} // namespace caps
