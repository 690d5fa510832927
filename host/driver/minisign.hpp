// SPDX-License-Identifier: Apache-2.0
// Keys and signatures in the format of minisign (https://jedisct1.github.io/minisign/): Ed25519, both the legacy form,
// which signs the file, and the prehashed one, which signs its BLAKE2b-512.
#pragma once
#include <sodium.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace netrig::driver::minisign {

using KeyId = std::array<unsigned char, 8>;

/// As minisign prints it: 16 hex digits in capitals, of the number in little-endian order.
std::string to_text(const KeyId& id);

struct PublicKey {
  KeyId id{};
  std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> key{};
  std::string comment;  ///< untrusted
};

struct Signature {
  KeyId id{};
  bool prehashed = true;
  std::array<unsigned char, crypto_sign_BYTES> signature{};
  std::string trusted_comment;
  std::array<unsigned char, crypto_sign_BYTES> global{};  ///< over signature and trusted comment
};

/// A secret key. Its bytes are wiped when it goes, and never move.
class SecretKey {
 public:
  SecretKey() { ::sodium_mlock(key_.data(), key_.size()); }
  ~SecretKey() { ::sodium_munlock(key_.data(), key_.size()); }
  SecretKey(const SecretKey&) = delete;
  SecretKey& operator=(const SecretKey&) = delete;

  KeyId id{};
  [[nodiscard]] std::span<unsigned char, crypto_sign_SECRETKEYBYTES> bytes() { return key_; }
  [[nodiscard]] std::span<const unsigned char, crypto_sign_SECRETKEYBYTES> bytes() const { return key_; }

 private:
  std::array<unsigned char, crypto_sign_SECRETKEYBYTES> key_{};
};

/// Each throws Error{invalid} with what is wrong with the text.
PublicKey parse_public_key(std::string_view text);
Signature parse_signature(std::string_view text);
/// Whether it takes a passphrase to open.
bool is_encrypted(std::string_view secret_key_text);
/// Throws Error{denied} if the passphrase is wrong. Takes seconds and up to 1 GiB for an encrypted key, as it should.
void open_secret_key(std::string_view text, std::string_view passphrase, SecretKey& into);

/// Why a signature does not hold for this content; empty: it does. Says nothing of whether the key is trusted.
std::string fault_of(const Signature& signature, const PublicKey& key, std::span<const unsigned char> content);

/// Text of a new signature file (prehashed).
std::string sign(const SecretKey& key, std::span<const unsigned char> content, const std::string& untrusted_comment,
                 const std::string& trusted_comment);

/// A fresh pair: texts of both key files. An empty passphrase leaves the secret key unencrypted.
struct KeyPair {
  std::string id;
  std::string public_key;
  std::string secret_key;
  KeyPair() = default;
  KeyPair(KeyPair&&) = default;
  KeyPair(const KeyPair&) = delete;
  KeyPair& operator=(const KeyPair&) = delete;
  KeyPair& operator=(KeyPair&&) = delete;
  ~KeyPair() { ::sodium_memzero(secret_key.data(), secret_key.size()); }
};
KeyPair generate(std::string_view passphrase, const std::string& comment);

}  // namespace netrig::driver::minisign
