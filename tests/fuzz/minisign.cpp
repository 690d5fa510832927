// SPDX-License-Identifier: Apache-2.0
// Keys and signatures. What parses as a key checks what parses as a signature.
#include "driver/minisign.hpp"

#include "driver/signer.hpp"
#include "fuzz.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace minisign = netrig::driver::minisign;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  refused_or_fine([&] { minisign::parse_public_key(text); });
  refused_or_fine([&] { minisign::is_encrypted(text); });
  refused_or_fine([&] {
    const minisign::Signature signature = minisign::parse_signature(text);
    minisign::PublicKey key;
    key.id = signature.id;
    if (minisign::fault_of(signature, key, {data, size}).empty()) __builtin_trap();  // a forgery
    netrig::DriverDescription about;
    about.kind = "veth";
    about.version = "1.0.0";
    static_cast<void>(netrig::driver::binding_fault(signature.trusted_comment, about));
  });
  return 0;
}
