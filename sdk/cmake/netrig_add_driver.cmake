# netrig_add_driver(KIND SOURCES file... [NO_INSTALL]): a driver plugin KIND.so, built so that it exports its descriptor alone and
# clashes with nothing in the host. Works for C and for C++ sources.

function(netrig_add_driver kind)
  cmake_parse_arguments(arg "NO_INSTALL" "" "SOURCES" ${ARGN})
  if(NOT arg_SOURCES)
    message(FATAL_ERROR "netrig_add_driver(${kind}): SOURCES is missing")
  endif()
  include(GNUInstallDirs)
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
    install(TARGETS ${target} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/netrig/drivers)
  endif()
endfunction()
