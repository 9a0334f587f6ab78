# mpirun_tests_add(name SOURCES …): a test program of one's own, `name`, whose main is libmpirun_tests'; with CTest, a test
# `name` that runs it on the mock.
# mpirun_tests_add_suite(name SOURCES …): a shared object name.so, to be named on the command line of mpirun-tests.
function(mpirun_tests_add name)
    list(REMOVE_ITEM ARGN SOURCES)
    add_executable(${name} ${ARGN})
    target_link_libraries(${name} PRIVATE mpirun_tests::mpirun_tests)
    add_test(NAME ${name} COMMAND ${name} --mock)
endfunction()

function(mpirun_tests_add_suite name)
    list(REMOVE_ITEM ARGN SOURCES)
    add_library(${name} MODULE ${ARGN})
    set_target_properties(${name} PROPERTIES PREFIX "")
    target_link_libraries(${name} PRIVATE mpirun_tests::mpirun_tests)
endfunction()
