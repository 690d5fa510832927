# Where an installed netrig has what decides about trust, and how it gets there and away: docs/decisions/015-installed-paths.md.

# The same whatever the prefix: a policy that is written to one place and read from another is no policy.
set(NETRIG_POLICY_FILE /etc/netrig/host.toml)
set(NETRIG_KEY_DIRECTORY /etc/netrig/trust.d)
set(NETRIG_AUDIT_LOG /var/log/netrig/audit.jsonl)

# All but the SDK, which names its own.
set(CMAKE_INSTALL_DEFAULT_COMPONENT_NAME host)
# Not as the umask says: below a directory that others can write, netrig believes nothing.
set(CMAKE_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ
                                                WORLD_EXECUTE)

# The command looks for drivers in the place it was configured with. Said before anything is installed.
string(REGEX REPLACE "(.)/+$" "\\1" prefix "${CMAKE_INSTALL_PREFIX}")
install(CODE "
  if(NOT CMAKE_INSTALL_PREFIX STREQUAL \"${prefix}\")
    message(FATAL_ERROR
      \"this netrig was configured for ${prefix} and would not look for drivers in \${CMAKE_INSTALL_PREFIX}. For another \"
      \"prefix: cmake -B ${CMAKE_BINARY_DIR} -DCMAKE_INSTALL_PREFIX=\${CMAKE_INSTALL_PREFIX}, then build and install. To \"
      \"pack it: DESTDIR=DIRECTORY cmake --install ${CMAKE_BINARY_DIR}. The SDK alone goes anywhere: --component sdk\")
  endif()")

# A policy that is there stays as it is.
set(pristine ${PROJECT_SOURCE_DIR}/config/host.toml)
install(DIRECTORY DESTINATION ${NETRIG_KEY_DIRECTORY})
install(CODE "
  if(EXISTS \"\$ENV{DESTDIR}${NETRIG_POLICY_FILE}\")
    message(STATUS \"Kept: \$ENV{DESTDIR}${NETRIG_POLICY_FILE}\")
    list(APPEND CMAKE_INSTALL_MANIFEST_FILES ${NETRIG_POLICY_FILE})
  else()
    file(INSTALL \"${pristine}\" DESTINATION /etc/netrig)
  endif()")

add_custom_target(uninstall COMMENT "Removing what was installed from here" VERBATIM
  COMMAND ${CMAKE_COMMAND} -D BUILD=${CMAKE_BINARY_DIR} -D EDITABLE=${NETRIG_POLICY_FILE} -D PRISTINE=${pristine}
          -D KEYS=${NETRIG_KEY_DIRECTORY} -P ${PROJECT_SOURCE_DIR}/cmake/uninstall.cmake)
