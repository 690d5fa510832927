# netrig_add_driver(KIND SOURCES file... [NO_INSTALL]): a driver plugin KIND.so, built so that it exports its descriptor alone and
# clashes with nothing in the host. Works for C and for C++ sources. "cmake --install" puts it where the netrig that this SDK came
# with looks for drivers, whatever the prefix; -DNETRIG_DRIVER_DIRECTORY=... names another place, DESTDIR packs it.

function(netrig_add_driver kind)
  cmake_parse_arguments(arg "NO_INSTALL" "" "SOURCES" ${ARGN})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "netrig_add_driver(${kind}): SOURCES is missing")
  endif()
  set(target netrig_driver_${kind})
  add_library(${target} MODULE ${arg_SOURCES})
  target_link_libraries(${target} PRIVATE netrig::sdk)
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${kind} C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden VISIBILITY_INLINES_HIDDEN ON BUILD_RPATH "" INSTALL_RPATH "" SKIP_BUILD_RPATH ON)
  if(NETRIG_PLUGIN_OUTPUT_DIRECTORY)
    set_target_properties(${target} PROPERTIES LIBRARY_OUTPUT_DIRECTORY ${NETRIG_PLUGIN_OUTPUT_DIRECTORY})
  endif()
  target_compile_options(${target} PRIVATE -ffunction-sections -fdata-sections $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
  target_link_options(${target} PRIVATE LINKER:-z,relro,-z,now,-z,noexecstack,-z,nodelete
    LINKER:--version-script=${CMAKE_CURRENT_FUNCTION_LIST_DIR}/plugin.map)
  # A sanitizer's runtime is the host's; so are, then, the symbols left open for it.
  if(NOT NETRIG_SANITIZE)
    target_link_options(${target} PRIVATE LINKER:-z,defs LINKER:--exclude-libs,ALL LINKER:--gc-sections -static-libgcc
      $<$<CONFIG:Release>:-s>
      $<$<LINK_LANG_AND_ID:CXX,GNU,Clang>:-static-libstdc++>)
  endif()
  if(NOT arg_NO_INSTALL)
    set(directory ${NETRIG_DRIVER_DIRECTORY})
    if(NOT directory)
      get_target_property(directory netrig::sdk NETRIG_DRIVER_DIRECTORY)
    endif()
    # Others must not be able to write it, whatever the umask.
    install(TARGETS ${target} LIBRARY DESTINATION ${directory}
            PERMISSIONS OWNER_READ OWNER_WRITE GROUP_READ WORLD_READ)
  endif()
endfunction()

# netrig_add_driver_test(KIND SOURCES file...): a program of these, the driver's own sources and a host that makes nothing
# (netrig/mock.h), which is a test of ctest by the name "KIND: unit test". After netrig_add_driver(KIND ...), in the same folder.
function(netrig_add_driver_test kind)
  cmake_parse_arguments(arg "" "" "SOURCES" ${ARGN})
  if(NOT arg_SOURCES OR NOT TARGET netrig_driver_${kind})
    message(FATAL_ERROR "netrig_add_driver_test(${kind}): SOURCES is missing, or netrig_add_driver(${kind} ...) before it")
  endif()
  get_property(languages GLOBAL PROPERTY ENABLED_LANGUAGES)
  if(NOT C IN_LIST languages)
    message(FATAL_ERROR "netrig_add_driver_test(${kind}): the mock host is written in C; write project(... LANGUAGES C CXX)")
  endif()
  get_target_property(sources netrig_driver_${kind} SOURCES)
  add_executable(netrig_driver_${kind}_test ${arg_SOURCES} ${sources})
  target_link_libraries(netrig_driver_${kind}_test PRIVATE netrig::mock)
  add_test(NAME "${kind}: unit test" COMMAND netrig_driver_${kind}_test)
endfunction()
