// SPDX-License-Identifier: Apache-2.0
// netrig drivers keygen, sign, check: keys and signatures in minisign's format.
#include <fcntl.h>
#include <fmt/format.h>
#include <netrig/driver.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <iostream>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "config/config.hpp"
#include "driver/minisign.hpp"
#include "driver/protected_file.hpp"
#include "driver/signer.hpp"
#include "driver/trust.hpp"
#include "model/error_number.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"
#include "report/table.hpp"

namespace netrig::cli {
namespace {

namespace fs = std::filesystem;
namespace minisign = driver::minisign;

constexpr std::size_t kLargestKey = 4096;

/// A passphrase; wiped when it goes.
class Passphrase {
 public:
  Passphrase() { text_.reserve(1024); }  // so that it never moves
  ~Passphrase() { ::sodium_memzero(text_.data(), text_.capacity()); }
  Passphrase(const Passphrase&) = delete;
  Passphrase& operator=(const Passphrase&) = delete;

  /// One line, from the terminal without echo, or from standard input if that is none.
  void read(const std::string& prompt) {
    const bool terminal = ::isatty(STDIN_FILENO) == 1;
    termios before{};
    if (terminal) {
      report::say_error(prompt + ": ");
      ::tcgetattr(STDIN_FILENO, &before);
      termios silent = before;
      silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
      ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    text_.clear();
    char c = 0;
    while (text_.size() < 1000 && ::read(STDIN_FILENO, &c, 1) == 1 && c != '\n') text_.push_back(c);
    if (terminal) {
      ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
      report::say_error("\n");
    }
  }
  [[nodiscard]] std::string_view view() const { return text_; }
  [[nodiscard]] bool operator==(const Passphrase& other) const { return text_ == other.text_; }

 private:
  std::string text_;
};

/// Writes a whole file that is not there yet, or all of it anew; never half of it.
void write_file(const std::string& path, std::string_view text, mode_t mode, bool replace) {
  const auto fail = [&](const char* what) {
    throw Error(ErrorCode::failed, fmt::format("cannot {}: {}", what, errno_text(errno)), path);
  };
  const std::string draft = fmt::format("{}.{}", path, ::getpid());
  const UniqueFd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  if (!file) fail("create it");
  if (::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || ::fsync(file.get()) != 0) {
    ::unlink(draft.c_str());
    fail("write it");
  }
  const int result = replace ? ::rename(draft.c_str(), path.c_str())
                             : ::renameat2(AT_FDCWD, draft.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE);
  if (result == 0) return;
  const int error = errno;
  ::unlink(draft.c_str());
  errno = error;
  if (error == EEXIST) throw Error(ErrorCode::conflict, "it is there already; --force replaces it", path);
  fail("put it in place");
}

struct KeyOptions {
  std::string secret = "netrig.key";
  std::string public_key;
  bool no_password = false;
  bool force = false;
};

/// Where the policy that holds here looks for keys. To make a key no policy is needed.
std::string how_to_trust(Session& session) {
  try {
    const driver::Policy& policy = session.drivers().policy();
    return policy.key_directory.empty()
               ? fmt::format(
                     "to trust it, name a directory of keys as trust.keys in the policy ({}), and put the public "
                     "key into it",
                     policy.origin())
               : fmt::format("to trust it, put the public key into {}", policy.key_directory);
  } catch (const Error& error) {
    return fmt::format(
        "to trust it, put the public key into the directory that the policy names; here that cannot be "
        "read: {}",
        error.what());
  }
}

int keygen(Session& session, const KeyOptions& options) {
  const std::string public_file =
      options.public_key.empty() ? fs::path(options.secret).replace_extension(".pub").string() : options.public_key;
  std::error_code ignored;
  if (fs::weakly_canonical(options.secret, ignored) == fs::weakly_canonical(public_file, ignored) ||
      fs::equivalent(options.secret, public_file, ignored))
    throw Error(ErrorCode::invalid, "the secret and the public key cannot be one file; name another with --public-key",
                options.secret);
  for (const std::string& path : {options.secret, public_file})
    if (!options.force && fs::exists(path))
      throw Error(ErrorCode::conflict, "it is there already; --force replaces it", path);
  Passphrase passphrase;
  if (!options.no_password) {
    passphrase.read("Passphrase of the new key");
    if (passphrase.view().empty())
      throw Error(ErrorCode::invalid, "an empty passphrase; --no-password makes a key without one");
    if (::isatty(STDIN_FILENO) == 1) {
      Passphrase again;
      again.read("The same again");
      if (!(again == passphrase)) throw Error(ErrorCode::invalid, "the passphrases differ");
    }
  }
  char day[16] = "";
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::strftime(day, sizeof day, "%Y-%m-%d", &utc);
  const minisign::KeyPair pair = minisign::generate(passphrase.view(), fmt::format("netrig public key, made {}", day));
  write_file(options.secret, pair.secret_key, 0600, options.force);
  write_file(public_file, pair.public_key, 0644, options.force);
  session.say(fmt::format("key {}: secret key in {}, public key in {}\n{}\n", pair.id, options.secret, public_file,
                          how_to_trust(session)));
  session.answer({{"key", pair.id}, {"secret_key", options.secret}, {"public_key", public_file}});
  return 0;
}

struct SignOptions {
  std::string plugin;
  std::string secret = "netrig.key";
  std::string comment;
};

std::string text_of(const std::string& path, const char* what) {
  auto text = driver::read_file(path, what, kLargestKey);
  if (!text) throw Error(ErrorCode::not_found, fmt::format("{} is not there", what), path);
  return std::move(*text);
}

/// The trusted comment. Throws Error for a file that is neither a driver nor a lab: a signature is a promise.
std::string binding_of(const SignOptions& options, std::span<const unsigned char> bytes) {
  // A lab file is signed by the same means; it has no table to bind.
  if (options.plugin.ends_with(".toml")) {
    static_cast<void>(config::lab_name_of(options.plugin));
    return options.comment;
  }
  try {
    const driver::Plugin plugin = driver::read_plugin(std::as_bytes(bytes));
    return driver::binding_comment(plugin.about) + (options.comment.empty() ? "" : "\t" + options.comment);
  } catch (const Error& error) {
    throw Error(error.code(),
                fmt::format("{}; only drivers, and lab files whose names end in .toml, can be signed", error.message()),
                options.plugin);
  }
}

int sign(Session& session, const SignOptions& options) {
  const driver::SealedPlugin plugin = driver::open_plugin_file(options.plugin);
  const driver::SealedView view(plugin);
  const std::string binding = binding_of(options, view.bytes());
  std::string text = text_of(options.secret, "the secret key");
  struct stat status {};
  if (::stat(options.secret.c_str(), &status) == 0 && (status.st_mode & 077) != 0 && !session.options().quiet)
    complain(fmt::format("{}: warning: others can read the secret key: \"chmod 0600 {}\"", options.secret,
                         shell_word(options.secret)));
  minisign::SecretKey key;
  Passphrase passphrase;
  try {
    if (minisign::is_encrypted(text)) passphrase.read("Passphrase of the key");
    minisign::open_secret_key(text, passphrase.view(), key);
  } catch (const Error& error) {
    ::sodium_memzero(text.data(), text.size());
    throw Error(error.code(), error.message(), options.secret);
  }
  ::sodium_memzero(text.data(), text.size());
  const std::string id = minisign::to_text(key.id);
  const std::string into = options.plugin + ".minisig";
  write_file(into, minisign::sign(key, view.bytes(), "signature by netrig with key " + id, binding), 0644, true);
  session.say(fmt::format("{} signed with key {}: {}\n", options.plugin, id, into));
  session.answer({{"file", options.plugin}, {"signature", into}, {"key", id}, {"trusted_comment", binding}});
  return 0;
}

struct CheckOptions {
  std::string plugin;
  std::string public_key;
};

DriverDescription about_of(const std::string& path, std::span<const unsigned char> bytes) {
  try {
    return driver::read_plugin(std::as_bytes(bytes)).about;
  } catch (const Error& error) {
    throw Error(error.code(), error.message(), error.where().empty() ? path : error.where());
  }
}

/// Checks one file without running any of it: what it says of itself, and who signed it.
int check(Session& session, const CheckOptions& options) {
  const driver::SealedPlugin plugin = driver::open_plugin_file(options.plugin);
  const driver::SealedView view(plugin);
  if (options.plugin.ends_with(".toml"))
    throw Error(
        ErrorCode::driver,
        fmt::format("a lab file is no driver, which is what \"drivers check\" is for; a lab's signature is checked "
                    "by \"netrig plan\" where the policy wants labs protected, and by \"minisign -V -m {} -p "
                    "KEY.pub\" anywhere",
                    shell_word(options.plugin)),
        options.plugin);
  const DriverDescription about = about_of(options.plugin, view.bytes());
  if (!plugin.signature)
    throw Error(ErrorCode::driver, fmt::format("it has no signature: {}.minisig is not there", options.plugin),
                options.plugin);
  driver::Signer signer;
  if (options.public_key.empty()) {
    signer = driver::check_signature(session.drivers().policy(), *plugin.signature, view.bytes(), about);
  } else {
    const minisign::PublicKey key = minisign::parse_public_key(text_of(options.public_key, "the public key"));
    const minisign::Signature signature = minisign::parse_signature(*plugin.signature);
    std::string fault = minisign::fault_of(signature, key, view.bytes());
    if (!fault.empty()) fault = "its signature is not valid: " + fault;
    if (fault.empty()) fault = driver::binding_fault(signature.trusted_comment, about);
    if (!fault.empty()) throw Error(ErrorCode::driver, fault, options.plugin);
    signer = {.key = minisign::to_text(key.id), .comment = key.comment, .trusted_comment = signature.trusted_comment};
  }
  const auto wants = driver::privilege_names(about.wants);
  report::TextTable table({"WHAT", "IS"});
  table.add({"driver", fmt::format("{} {}", about.kind, about.version)});
  table.add({"ABI", fmt::format("{}.{}", about.abi_major, about.abi_minor)});
  table.add({"link kinds", fmt::format("{}", fmt::join(about.link_kinds, " "))});
  table.add({"asks for", wants.empty() ? "no privilege" : fmt::format("{}", fmt::join(wants, ", "))});
  table.add({"sha256", plugin.digest});
  table.add({"signed by", fmt::format("{} ({})", signer.key, signer.comment)});
  table.add({"as", signer.trusted_comment});
  session.say(table.str(Session::columns()));
  session.answer({{"file", options.plugin},
                  {"driver", about.kind},
                  {"version", about.version},
                  {"abi", fmt::format("{}.{}", about.abi_major, about.abi_minor)},
                  {"link_kinds", about.link_kinds},
                  {"wants", wants},
                  {"sha256", plugin.digest},
                  {"key", signer.key},
                  {"trusted_comment", signer.trusted_comment}});
  return 0;
}

}  // namespace

void add_signing(CLI::App& drivers, Action& action) {
  auto key = std::make_shared<KeyOptions>();
  auto* generate = drivers.add_subcommand("keygen", "Make a key pair to sign drivers with");
  generate->add_option("--key", key->secret, "File of the secret key")->type_name("FILE")->capture_default_str();
  generate->add_option("--public-key", key->public_key, "File of the public key; default: KEY with .pub")
      ->type_name("FILE");
  generate->add_flag("--no-password", key->no_password, "Leave the secret key unencrypted, for a machine that signs");
  generate->add_flag("--force", key->force, "Replace files that are there");
  describe(*generate, {{"netrig drivers keygen --key acme.key", "acme.key, to be kept secret, and acme.pub"}},
           {{"0", "made"}, {"1", "a file could not be written"}, {"4", "a file is there already"}});
  generate->callback([key, &action] { action = [key](Session& session) { return keygen(session, *key); }; });

  auto signing = std::make_shared<SignOptions>();
  auto* sign_it = drivers.add_subcommand("sign", "Sign a plugin, or a lab file");
  sign_it->add_option("FILE", signing->plugin, "The plugin, or the lab file (.toml); FILE.minisig is written")
      ->required()
      ->type_name("FILE");
  sign_it->add_option("--key", signing->secret, "File of the secret key")->type_name("FILE")->capture_default_str();
  sign_it->add_option("--comment", signing->comment, "More for the trusted comment")->type_name("TEXT");
  describe(*sign_it,
           {{"netrig drivers sign veth.so --key acme.key", "writes veth.so.minisig"},
            {"netrig drivers sign two-hosts.toml --key acme.key", "a lab file, for a policy that wants it signed"}},
           {{"0", "signed"},
            {"1", "the signature could not be written"},
            {"2", "the key, the lab file or the command line is wrong"},
            {"3", "the passphrase is wrong"},
            {"5", "the file is neither a driver nor a lab file"},
            {"7", "the file or the key is not there"}});
  sign_it->callback([signing, &action] { action = [signing](Session& session) { return sign(session, *signing); }; });

  auto checking = std::make_shared<CheckOptions>();
  auto* check_it = drivers.add_subcommand("check", "Check a plugin and its signature without loading it");
  check_it->add_option("FILE", checking->plugin, "The plugin")->required()->type_name("FILE");
  check_it->add_option("--public-key", checking->public_key, "Key to check with; default: those the policy trusts")
      ->type_name("FILE");
  describe(*check_it,
           {{"netrig drivers check veth.so", "by the keys that the policy trusts"},
            {"netrig drivers check veth.so --public-key acme.pub", "by this key"}},
           {{"0", "its signature counts"},
            {"2", "the key, the policy or the command line is wrong"},
            {"3", "others could have written a trusted key or the policy"},
            {"5", "it is no driver, or its signature does not count"},
            {"7", "the file or the key is not there"}});
  check_it->callback(
      [checking, &action] { action = [checking](Session& session) { return check(session, *checking); }; });
}

}  // namespace netrig::cli
