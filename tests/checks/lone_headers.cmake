# find_lone_headers(root out): the headers of the four floors that have no
# source file of the same name beside them, relative to the root.
function(find_lone_headers root out)
  set(result)
  file(GLOB_RECURSE headers RELATIVE ${root}
    ${root}/messages/*.hpp ${root}/models/*.hpp ${root}/actors/*.hpp
    ${root}/runtime/*.hpp)
  foreach(header ${headers})
    string(REGEX REPLACE "\\.hpp$" "" stem ${root}/${header})
    if(NOT EXISTS ${stem}.cpp AND NOT EXISTS ${stem}.cu)
      list(APPEND result ${header})
    endif()
  endforeach()
  set(${out} "${result}" PARENT_SCOPE)
endfunction()
