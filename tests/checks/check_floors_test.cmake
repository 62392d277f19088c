# Runs CHECK on a tree made in SCRATCH that is innocent, then once more for
# each sin added to it: the first must pass, all others fail.
cmake_minimum_required(VERSION 3.25)

function(run_check expected what)
  execute_process(COMMAND ${CMAKE_COMMAND} -D ROOT=${SCRATCH} -P ${CHECK}
    RESULT_VARIABLE result OUTPUT_VARIABLE output ERROR_VARIABLE output)
  if(result EQUAL 0)
    set(result passes)
  else()
    set(result fails)
  endif()
  if(NOT result STREQUAL expected)
    message(SEND_ERROR "the check ${result} on ${what}:\n${output}")
  endif()
endfunction()

function(expect_sin file content)
  file(WRITE ${SCRATCH}/${file} "${content}\n")
  run_check(fails "${file}: ${content}")
  file(REMOVE ${SCRATCH}/${file})
endfunction()

file(REMOVE_RECURSE ${SCRATCH})
file(WRITE ${SCRATCH}/messages/types.hpp "#include <caf/actor.hpp>\n")
file(WRITE ${SCRATCH}/models/net.hpp "#include <ATen/core/Tensor.h>\n")
file(WRITE ${SCRATCH}/actors/node.hpp
  "#include \"messages/types.hpp\"\n#include \"models/net.hpp\"\n")
file(WRITE ${SCRATCH}/actors/node.cpp
  "#include \"actors/node.hpp\"\n#include <caf/send.hpp>\n")
file(WRITE ${SCRATCH}/runtime/run.hpp
  "#include \"actors/node.hpp\"\nauto now = steady_clock::now();\n")
run_check(passes "an innocent tree")

expect_sin(models/up.cpp "#include \"messages/types.hpp\"")
expect_sin(messages/up.hpp "#include \"models/net.hpp\"")
expect_sin(actors/deep/up.hpp "#  include \"runtime/run.hpp\"")
expect_sin(actors/relative.cpp "#include \"node.hpp\"")
expect_sin(runtime/tests.cpp "#include \"tests/support/catch.hpp\"")
expect_sin(messages/tensor.hpp "#include <ATen/core/Tensor.h>")
expect_sin(models/actor.hpp "#include <caf/actor.hpp>")
expect_sin(runtime/slow.cpp "#include <torch/torch.h>")
expect_sin(models/slow.cpp "#include <ATen/ATen.h>")
expect_sin(models/net.cpp "#include <vector>\n#include \"models/net.hpp\"")
expect_sin(actors/wait.cpp "std::this_thread::sleep_for(delay)\;")
expect_sin(models/chance.cpp "std::random_device device\;")
run_check(passes "the innocent tree after all sins are gone")
