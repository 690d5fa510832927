// SPDX-License-Identifier: Apache-2.0
#include "driver/policy_keys.hpp"

namespace netrig::driver {

using tomlfile::Section;

const Section& policy_keys() {
  static const Section kSection("policy", {{"plugins", "plugins", "Which plugins are loaded, and how they run"},
                                           {"labs", "labs", "Which labs may be brought up, and what they may run"},
                                           {"trust", "trust", "Keys that signatures are checked with"},
                                           {"limits", "limits", "What one operation of a driver may take"},
                                           {"audit", "audit", "Where loads and refusals are written down"},
                                           {"driver", "{driver}", "What holds for one driver, by its name"}});
  return kSection;
}

const Section& policy_plugin_keys() {
  static const Section kSection(
      "plugins",
      {{"directories", "[string]", "Where drivers are looked for, as KIND.so; absolute paths"},
       {"mode", R"("path" | "signed" | "signed+path" | "any")",
        "What a plugin must be: in a protected place, signed, both; \"any\" checks nothing"},
       {"anchor", "string", "Directory above which nothing is checked"},
       {"isolation", R"("worker" | "none")", "worker: each driver runs in a process of its own, without privileges"}});
  return kSection;
}

const Section& policy_lab_keys() {
  static const Section kSection("labs",
                                {{"require_protected", "boolean", "true: lab files must be signed, or be root's alone"},
                                 {"commands", R"("never" | "test" | "always")", "When commands in lab files run"}});
  return kSection;
}

const Section& policy_trust_keys() {
  static const Section kSection("trust",
                                {{"keys", "string", "Directory of the public keys that are trusted"},
                                 {"revoked_keys", "[string]", "Ids of keys that are not: 16 hexadecimal digits"},
                                 {"revoked_digests", "[string]", "SHA-256 of plugins that are not loaded"}});
  return kSection;
}

const Section& policy_limit_keys() {
  static const Section kSection("limits", {{"deadline", "duration", "How long one operation of a driver may take"},
                                           {"memory", "size", "Memory of a worker, 64MiB at least"},
                                           {"descriptors", "integer 16..65536", "Descriptors of a worker"}});
  return kSection;
}

const Section& policy_audit_keys() {
  static const Section kSection("audit", {{"log", "string", "The file, an absolute path; \"\": none"}});
  return kSection;
}

const Section& policy_driver_keys() {
  static const Section kSection = [] {
    const Section own(
        "driver", {{"isolation", R"("worker" | "none")", "As in [plugins]"},
                   {"grant", R"(["CAP_NET_ADMIN" | "CAP_NET_RAW" | "CAP_SYS_ADMIN" | "TUN" | "BORROW" | named_grant])",
                    "Privileges that it gets"},
                   {"version", "string", "The only version that is loaded"},
                   {"minimum_version", "string", "The oldest version that is loaded"},
                   {"sha256", "string", "The only file that is loaded"}});
    return own.with("driver", policy_limit_keys().keys());
  }();
  return kSection;
}

std::vector<const Section*> all_policy_keys() {
  return {&policy_keys(),       &policy_plugin_keys(), &policy_lab_keys(),   &policy_trust_keys(),
          &policy_limit_keys(), &policy_audit_keys(),  &policy_driver_keys()};
}

}  // namespace netrig::driver
