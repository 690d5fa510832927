// SPDX-License-Identifier: Apache-2.0
#include "driver/minisign.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "model/error.hpp"

namespace netrig::driver::minisign {
namespace {

constexpr std::size_t kLongestComment = 1024;  // minisign's COMMENTMAXBYTES
constexpr std::string_view kUntrusted = "untrusted comment: ";
constexpr std::string_view kTrusted = "trusted comment: ";
constexpr unsigned char kLegacy[2] = {'E', 'd'};
constexpr unsigned char kPrehashed[2] = {'E', 'D'};
constexpr unsigned char kScrypt[2] = {'S', 'c'};
constexpr unsigned char kNoKdf[2] = {0, 0};
constexpr unsigned char kBlake2b[2] = {'B', '2'};

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::invalid, why); }

void start() {
  if (::sodium_init() < 0) throw Error(ErrorCode::internal, "libsodium does not start");
}

/// What is secret while an encrypted key is opened or written: the part that is encrypted.
struct SecretPart {
  unsigned char id[8];
  unsigned char key[crypto_sign_SECRETKEYBYTES];
  unsigned char check[crypto_generichash_BYTES];
};
static_assert(sizeof(SecretPart) == 104);

/// A secret key file: all of minisign's SeckeyStruct, which has no padding.
struct SecretFile {
  unsigned char algorithm[2];
  unsigned char kdf[2];
  unsigned char checksum[2];
  unsigned char salt[crypto_pwhash_scryptsalsa208sha256_SALTBYTES];
  unsigned char operations[8];  ///< little endian
  unsigned char memory[8];
  SecretPart secret;
};
static_assert(sizeof(SecretFile) == 158);

/// Memory that is locked while used and wiped afterwards.
template <typename T>
using Wiped = std::unique_ptr<T, void (*)(T*)>;
template <typename T>
Wiped<T> wiped() {
  start();
  auto* memory = static_cast<T*>(::sodium_malloc(sizeof(T)));
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, sizeof(T));
  return {memory, [](T* one) { ::sodium_free(one); }};
}

class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  std::string_view next(const char* what) {
    if (rest_.empty()) refuse(fmt::format("it ends before the {}", what));
    const std::size_t end = std::min(rest_.find('\n'), rest_.size());
    std::string_view line = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
  }
  void end() const {
    if (rest_.find_first_not_of("\r\n") != std::string_view::npos) refuse("it has lines too many");
  }

 private:
  std::string_view rest_;
};

std::string comment(std::string_view line, std::string_view prefix) {
  if (!line.starts_with(prefix)) refuse(fmt::format("it has no line \"{}...\"", prefix));
  line.remove_prefix(prefix.size());
  if (line.size() > kLongestComment) refuse(fmt::format("a comment is longer than {} bytes", kLongestComment));
  if (std::any_of(line.begin(), line.end(),
                  [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == 0x7f; }))
    refuse("a comment has control characters");
  return std::string(line);
}

void decode(std::string_view line, std::span<unsigned char> into, const char* what) {
  start();
  std::size_t size = 0;
  const char* end = nullptr;
  if (::sodium_base642bin(into.data(), into.size(), line.data(), line.size(), nullptr, &size, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != line.data() + line.size() || size != into.size())
    refuse(fmt::format("the {} is not {} bytes in base64", what, into.size()));
}

std::string encode(std::span<const unsigned char> bytes) {
  std::string text(sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  ::sodium_bin2base64(text.data(), text.size(), bytes.data(), bytes.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();  // its NUL
  return text;
}

std::array<unsigned char, crypto_generichash_BYTES_MAX> hash_of(std::span<const unsigned char> content) {
  std::array<unsigned char, crypto_generichash_BYTES_MAX> hash{};
  ::crypto_generichash(hash.data(), hash.size(), content.data(), content.size(), nullptr, 0);
  return hash;
}

/// What the global signature is over.
std::vector<unsigned char> globally_signed(const Signature& signature) {
  std::vector<unsigned char> bytes(signature.signature.begin(), signature.signature.end());
  bytes.insert(bytes.end(), signature.trusted_comment.begin(), signature.trusted_comment.end());
  return bytes;
}

std::uint64_t little_endian(const unsigned char (&bytes)[8]) {
  std::uint64_t value = 0;
  for (int i = 7; i >= 0; --i) value = value << 8 | bytes[i];
  return value;
}
void put_little_endian(unsigned char (&bytes)[8], std::uint64_t value) {
  for (unsigned char& byte : bytes) {
    byte = static_cast<unsigned char>(value);
    value >>= 8;
  }
}

void checksum(const SecretFile& file, unsigned char (&into)[crypto_generichash_BYTES]) {
  crypto_generichash_state state;
  ::crypto_generichash_init(&state, nullptr, 0, sizeof into);
  ::crypto_generichash_update(&state, file.algorithm, sizeof file.algorithm);
  ::crypto_generichash_update(&state, file.secret.id, sizeof file.secret.id);
  ::crypto_generichash_update(&state, file.secret.key, sizeof file.secret.key);
  ::crypto_generichash_final(&state, into, sizeof into);
}

/// Adds the key stream of a passphrase to the secret part, which encrypts and decrypts. false: not enough memory.
bool crypt(SecretFile& file, std::string_view passphrase, std::uint64_t operations, std::uint64_t memory) {
  const auto stream = wiped<SecretPart>();
  auto* bytes = reinterpret_cast<unsigned char*>(stream.get());
  if (::crypto_pwhash_scryptsalsa208sha256(bytes, sizeof(SecretPart), passphrase.data(), passphrase.size(), file.salt,
                                           operations, memory) != 0)
    return false;
  auto* secret = reinterpret_cast<unsigned char*>(&file.secret);
  for (std::size_t i = 0; i < sizeof(SecretPart); ++i) secret[i] ^= bytes[i];
  return true;
}

Wiped<SecretFile> parse_secret_file(std::string_view text) {
  auto file = wiped<SecretFile>();
  Lines lines(text);
  comment(lines.next("comment"), kUntrusted);
  decode(lines.next("key"), {reinterpret_cast<unsigned char*>(file.get()), sizeof(SecretFile)}, "secret key");
  lines.end();
  if (std::memcmp(file->algorithm, kLegacy, 2) != 0) refuse("the secret key is of an unknown algorithm");
  if (std::memcmp(file->kdf, kScrypt, 2) != 0 && std::memcmp(file->kdf, kNoKdf, 2) != 0)
    refuse("the secret key is encrypted in an unknown way");
  if (std::memcmp(file->checksum, kBlake2b, 2) != 0) refuse("the secret key has an unknown checksum");
  return file;
}

}  // namespace

std::string to_text(const KeyId& id) { return fmt::format("{:02X}", fmt::join(id.rbegin(), id.rend(), "")); }

PublicKey parse_public_key(std::string_view text) {
  PublicKey key;
  Lines lines(text);
  key.comment = comment(lines.next("comment"), kUntrusted);
  std::array<unsigned char, 42> bytes{};
  decode(lines.next("key"), bytes, "public key");
  lines.end();
  if (std::memcmp(bytes.data(), kLegacy, 2) != 0) refuse("the public key is of an unknown algorithm");
  std::copy_n(bytes.begin() + 2, key.id.size(), key.id.begin());
  std::copy_n(bytes.begin() + 10, key.key.size(), key.key.begin());
  return key;
}

Signature parse_signature(std::string_view text) {
  Signature signature;
  Lines lines(text);
  comment(lines.next("comment"), kUntrusted);
  std::array<unsigned char, 74> bytes{};
  decode(lines.next("signature"), bytes, "signature");
  signature.prehashed = std::memcmp(bytes.data(), kPrehashed, 2) == 0;
  if (!signature.prehashed && std::memcmp(bytes.data(), kLegacy, 2) != 0)
    refuse("the signature is of an unknown algorithm");
  std::copy_n(bytes.begin() + 2, signature.id.size(), signature.id.begin());
  std::copy_n(bytes.begin() + 10, signature.signature.size(), signature.signature.begin());
  signature.trusted_comment = comment(lines.next("trusted comment"), kTrusted);
  decode(lines.next("signature of the comment"), signature.global, "signature of the comment");
  lines.end();
  return signature;
}

bool is_encrypted(std::string_view secret_key_text) {
  return std::memcmp(parse_secret_file(secret_key_text)->kdf, kScrypt, 2) == 0;
}

void open_secret_key(std::string_view text, std::string_view passphrase, SecretKey& into) {
  const auto file = parse_secret_file(text);
  if (std::memcmp(file->kdf, kScrypt, 2) == 0) {
    const std::uint64_t memory = little_endian(file->memory);
    // A file from elsewhere must not make us take all there is.
    if (memory > crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE ||
        little_endian(file->operations) > crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE)
      refuse("the secret key asks for more memory or time than any that minisign writes");
    if (!crypt(*file, passphrase, little_endian(file->operations), memory))
      throw Error(ErrorCode::failed,
                  fmt::format("not enough memory to open the secret key: it takes {} MiB", memory >> 20));
  }
  unsigned char expected[crypto_generichash_BYTES] = {};
  // minisign leaves the checksum of a key that is not encrypted zero.
  if (std::memcmp(file->kdf, kScrypt, 2) == 0) checksum(*file, expected);
  const bool right = ::sodium_memcmp(expected, file->secret.check, sizeof expected) == 0;
  ::sodium_memzero(expected, sizeof expected);
  if (!right) throw Error(ErrorCode::denied, "wrong passphrase for the secret key, or the key is damaged");
  std::copy_n(file->secret.id, into.id.size(), into.id.begin());
  std::copy_n(file->secret.key, into.bytes().size(), into.bytes().begin());
}

std::string fault_of(const Signature& signature, const PublicKey& key, std::span<const unsigned char> content) {
  start();
  if (signature.id != key.id)
    return fmt::format("it was made by key {}, not {}", to_text(signature.id), to_text(key.id));
  const auto hash = signature.prehashed ? hash_of(content) : decltype(hash_of(content)){};
  const std::span<const unsigned char> signed_bytes = signature.prehashed ? std::span(hash) : content;
  if (::crypto_sign_verify_detached(signature.signature.data(), signed_bytes.data(), signed_bytes.size(),
                                    key.key.data()) != 0)
    return "it does not fit the file: the file was changed after it was signed, or it is of another file or key";
  const auto global = globally_signed(signature);
  if (::crypto_sign_verify_detached(signature.global.data(), global.data(), global.size(), key.key.data()) != 0)
    return "its trusted comment was changed after it was signed";
  return {};
}

std::string sign(const SecretKey& key, std::span<const unsigned char> content, const std::string& untrusted_comment,
                 const std::string& trusted_comment) {
  start();
  Signature signature;
  signature.id = key.id;
  signature.trusted_comment = trusted_comment;
  const auto hash = hash_of(content);
  ::crypto_sign_detached(signature.signature.data(), nullptr, hash.data(), hash.size(), key.bytes().data());
  const auto global = globally_signed(signature);
  ::crypto_sign_detached(signature.global.data(), nullptr, global.data(), global.size(), key.bytes().data());
  std::vector<unsigned char> bytes(std::begin(kPrehashed), std::end(kPrehashed));
  bytes.insert(bytes.end(), signature.id.begin(), signature.id.end());
  bytes.insert(bytes.end(), signature.signature.begin(), signature.signature.end());
  return fmt::format("{}{}\n{}\n{}{}\n{}\n", kUntrusted, untrusted_comment, encode(bytes), kTrusted, trusted_comment,
                     encode(signature.global));
}

KeyPair generate(std::string_view passphrase, const std::string& comment_text) {
  start();
  const auto file = wiped<SecretFile>();
  std::array<unsigned char, 42> public_bytes{};
  std::copy_n(kLegacy, 2, file->algorithm);
  std::copy_n(kBlake2b, 2, file->checksum);
  ::randombytes_buf(file->secret.id, sizeof file->secret.id);
  ::crypto_sign_keypair(public_bytes.data() + 10, file->secret.key);
  std::copy_n(kLegacy, 2, public_bytes.begin());
  std::copy_n(file->secret.id, 8, public_bytes.begin() + 2);
  KeyId id{};
  std::copy_n(file->secret.id, id.size(), id.begin());
  if (!passphrase.empty()) {
    checksum(*file, file->secret.check);
    std::copy_n(kScrypt, 2, file->kdf);
    ::randombytes_buf(file->salt, sizeof file->salt);
    // minisign's own costs, and its way down where memory is short.
    std::uint64_t operations = crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_SENSITIVE;
    std::uint64_t memory = crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_SENSITIVE;
    while (!crypt(*file, passphrase, operations, memory)) {
      operations /= 2;
      memory /= 2;
      if (operations < crypto_pwhash_scryptsalsa208sha256_OPSLIMIT_MIN ||
          memory < crypto_pwhash_scryptsalsa208sha256_MEMLIMIT_MIN)
        throw Error(ErrorCode::failed, "not enough memory to encrypt the secret key");
    }
    put_little_endian(file->operations, operations);
    put_little_endian(file->memory, memory);
  }
  KeyPair pair;
  pair.id = to_text(id);
  pair.public_key = fmt::format("{}{}\n{}\n", kUntrusted, comment_text, encode(public_bytes));
  std::string secret = encode({reinterpret_cast<const unsigned char*>(file.get()), sizeof(SecretFile)});
  pair.secret_key.reserve(kUntrusted.size() + secret.size() + 64);
  pair.secret_key.append(kUntrusted).append("netrig ");
  pair.secret_key.append(passphrase.empty() ? "secret key, not encrypted" : "encrypted secret key");
  pair.secret_key.append("\n").append(secret).append("\n");
  ::sodium_memzero(secret.data(), secret.size());
  return pair;
}

}  // namespace netrig::driver::minisign
