# Installs to an empty folder, builds the example against what lies there, and
# runs it. (guides.plug_in does so with the commands of actors/protocols/README.md.)
cmake_minimum_required(VERSION 3.25)

set(prefix ${SCRATCH}/installed)
set(folder ${SCRATCH}/momentum_gossip)
set(caps_runtime ${prefix}/bin/caps_runtime)

# Runs a command in the example's folder; `out` is what it printed.
function(run out)
  execute_process(COMMAND ${ARGN} WORKING_DIRECTORY ${folder}
    OUTPUT_VARIABLE text ERROR_VARIABLE problem RESULT_VARIABLE code)
  if(NOT code EQUAL 0)
    message(FATAL_ERROR "${ARGN}: ended with ${code}\n${text}\n${problem}")
  endif()
  set(${out} "${text}" PARENT_SCOPE)
endfunction()

function(expect text pattern)
  if(NOT text MATCHES "${pattern}")
    message(FATAL_ERROR "expected ${pattern} in\n${text}")
  endif()
endfunction()

function(expect_same_file a b)
  file(SHA256 ${folder}/${a} first)
  file(SHA256 ${folder}/${b} second)
  if(NOT first STREQUAL second)
    message(FATAL_ERROR "${a} and ${b} differ")
  endif()
endfunction()

file(STRINGS ${EXAMPLE}/momentum_gossip.cpp lines)
list(LENGTH lines length)
if(length GREATER 85)
  message(FATAL_ERROR "the example has ${length} lines, promised are 85")
endif()

file(REMOVE_RECURSE ${SCRATCH})
file(COPY ${EXAMPLE} DESTINATION ${SCRATCH})
if(SANITIZE)
  set(flags -DCMAKE_CXX_FLAGS=-fsanitize=${SANITIZE}\ -fno-sanitize=null,vptr)
endif()
run(out ${CMAKE_COMMAND} --install ${BUILD} --prefix ${prefix})
run(out ${CMAKE_COMMAND} -B build -G ${GENERATOR} -DCMAKE_PREFIX_PATH=${prefix}
  -DCMAKE_CXX_COMPILER=${COMPILER} -DCMAKE_BUILD_TYPE=${BUILD_TYPE} ${flags})
run(out ${CMAKE_COMMAND} --build build)

run(out ${caps_runtime} list protocols --plugin build/momentum_gossip.so)
expect("${out}" "\nmomentum_gossip\n    SGD whose .*\n    beta = 0.9 ")

# The scenario loads it; so does the scenario with all keys, from elsewhere, and
# so do the processes of a run.
run(out ${caps_runtime} --scenario ring4.toml --out first --threads 1)
expect("${out}" "ring4: 4 nodes \\(ring\\), momentum_gossip")
run(out ${caps_runtime} --scenario first/scenario.toml --out second --threads 2)
foreach(node 0 1 2 3)
  expect_same_file(first/${node}.safetensors second/${node}.safetensors)
endforeach()
run(out ${caps_runtime} --scenario ring4.toml --out processes --processes 2
  --set training.epochs=1)
expect("${out}" "2 processes")

run(out ${caps_runtime} conform build/momentum_gossip.so
  --protocol momentum_gossip --out kit)
expect("${out}" "\n0 of 16 checks failed")
file(REMOVE_RECURSE ${SCRATCH})
