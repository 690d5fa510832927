// SPDX-License-Identifier: Apache-2.0
// netrig drivers new: a folder with everything that a driver needs, to go on from.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <map>

#include "cli/commands.hpp"
#include "cli/help.hpp"
#include "cli/templates.hpp"
#include "cli/values.hpp"
#include "driver/trust.hpp"
#include "model/error_number.hpp"
#include "model/printable.hpp"
#include "report/output.hpp"

namespace netrig::cli {
namespace {

struct NewOptions {
  std::string name;
  std::string language = "c++";
  std::string directory;
  bool table = false;
};

/// How drivers of one language are built.
struct Language {
  const char* name;
  const char* ending;
  const char* builder;   ///< set of templates
  const char* cmake;     ///< its name there
  const char* standard;  ///< line of CMakeLists.txt
  const char* files;     ///< lines of the table in README.md, without the source itself
  const char* build;
  const char* build_in_ci;
  const char* unit_test;  ///< lines of CMakeLists.txt for it
  const char* run_unit_test;
  const char* package;
};
constexpr const char* kCmakeFiles = "| `CMakeLists.txt` | the build, and the package |";
constexpr const char* kCmakeBuild = "cmake -B build && cmake --build build";
// A table has no code to be tested.
constexpr const char* kCmakeUnitTest = "enable_testing()\nnetrig_add_driver_test({{NAME}} SOURCES {{TEST}})\n";
constexpr const char* kCmakeRunUnitTest = "ctest --test-dir build --output-on-failure";
constexpr const char* kCmakePackage = "cmake --build build --target package";
constexpr std::array kLanguages = {
    Language{"c", "c", "cmake", "C", "set(CMAKE_C_STANDARD 11)", kCmakeFiles, kCmakeBuild, kCmakeBuild, kCmakeUnitTest,
             kCmakeRunUnitTest, kCmakePackage},
    Language{"c++", "cpp", "cmake", "C CXX", "set(CMAKE_CXX_STANDARD 17)", kCmakeFiles, kCmakeBuild, kCmakeBuild,
             kCmakeUnitTest, kCmakeRunUnitTest, kCmakePackage},
    Language{"rust", "rs", "make", "", "",
             "| `abi/netrig.rs` | netrig/driver.h in Rust |\n| `Makefile` | the build, and the package |", "make",
             "apt-get install -y rustc\n          make", "", "make test", "make package"}};

const Language& language_of(const std::string& name) {
  for (const Language& one : kLanguages)
    if (name == one.name) return one;
  throw Error(ErrorCode::internal, fmt::format("no drivers are written in {}", name));
}

/// "my-nic" as a type: MyNic.
std::string type_of(const std::string& name) {
  std::string type;
  bool begins = true;
  for (const char c : name) {
    const bool letter = c != '-' && c != '_';
    if (letter) type += begins && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    begins = !letter;
  }
  return type;
}

using Words = std::map<std::string, std::string, std::less<>>;

std::string filled_in(std::string_view text, const Words& words) {
  std::string filled;
  for (;;) {
    const std::size_t begin = text.find("{{");
    const std::size_t end = begin == std::string_view::npos ? begin : text.find("}}", begin);
    const auto word = end == std::string_view::npos ? words.end() : words.find(text.substr(begin + 2, end - begin - 2));
    if (word != words.end()) {
      filled += std::string(text.substr(0, begin)) + word->second;
      text.remove_prefix(end + 2);
    } else if (begin != std::string_view::npos) {  // a brace of the language's own
      filled += text.substr(0, begin + 1);
      text.remove_prefix(begin + 1);
    } else {
      return filled.append(text);
    }
  }
}

Words words_of(const NewOptions& options, const Language& language) {
  const std::string source = fmt::format("{}.{}", options.name, language.ending);
  std::string package = options.name;  // Debian's names have no "_"
  std::replace(package.begin(), package.end(), '_', '-');
  // The mock host's, which is C, is Rust's, too.
  const std::string test =
      fmt::format("{}_test.{}", options.name, language.ending == std::string_view("cpp") ? "cpp" : "c");
  Words words = {{"NAME", options.name},
                 {"TYPE", type_of(options.name)},
                 {"SOURCE", source},
                 {"PACKAGE_NAME", package},
                 {"LANGUAGE", language.cmake},
                 {"STANDARD", language.standard},
                 {"TEST", test},
                 {"FILES", fmt::format("| `{}` | the driver |\n{}", source, language.files)},
                 {"BUILD", language.build},
                 {"CI_BUILD", language.build_in_ci},
                 {"UNIT_TEST", ""},
                 {"PACKAGE", language.package}};
  if (options.table) return words;
  words["FILES"] = fmt::format("| `{}` | the driver |\n| `{}` | its unit tests |\n{}", source, test, language.files);
  words["BUILD"] = fmt::format("{}\n{}", language.build, language.run_unit_test);
  words["CI_BUILD"] = fmt::format("{}\n          {}", language.build_in_ci, language.run_unit_test);
  words["UNIT_TEST"] = filled_in(language.unit_test, words);
  return words;
}

/// A folder that was not there; it goes again unless it is kept.
class NewFolder {
 public:
  explicit NewFolder(std::string path) : path_(std::move(path)) {
    // Whatever the umask: netrig believes no policy in a directory that others can write.
    if (::mkdir(path_.c_str(), 0755) == 0) return;
    if (errno == EEXIST)
      throw Error(ErrorCode::conflict, "it is there already; name another place with --directory", path_);
    throw Error(ErrorCode::failed, fmt::format("cannot make it: {}", errno_text(errno)), path_);
  }
  ~NewFolder() {
    std::error_code ignored;
    if (!kept_) std::filesystem::remove_all(path_, ignored);
  }
  NewFolder(const NewFolder&) = delete;
  NewFolder& operator=(const NewFolder&) = delete;

  void add(const std::string& name, std::string_view text) const {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    std::error_code fault;
    std::filesystem::create_directories(path.parent_path(), fault);
    if (fault) throw Error(ErrorCode::failed, fmt::format("cannot make it: {}", fault.message()), path.parent_path());
    const UniqueFd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
    const int error = file ? report::write_all(file.get(), text) : errno;
    if (error != 0) throw Error(ErrorCode::failed, fmt::format("cannot write it: {}", errno_text(error)), path);
  }
  void keep() { kept_ = true; }

 private:
  std::string path_;
  bool kept_ = false;
};

int new_driver(Session& session, const NewOptions& options) {
  if (const std::string fault = driver::kind_fault(options.name); !fault.empty())
    throw Error(ErrorCode::invalid,
                fmt::format("driver name \"{}\" {}; write one like \"mynic\"", options.name.substr(0, 64), fault));
  const Language& language = language_of(options.language);
  const Words words = words_of(options, language);
  const std::string directory = options.directory.empty() ? options.name : options.directory;
  const std::string own = fmt::format("{}{}", language.name, options.table ? "-table" : "");
  NewFolder folder(directory);
  Json files = Json::array();
  for (const Template& one : templates()) {
    if (one.set != "all" && one.set != language.builder && one.set != own) continue;
    const std::string path = filled_in(one.path, words);
    folder.add(path, filled_in(one.text, words));
    files.push_back(path);
  }
  folder.keep();
  session.stands(fmt::format("{} is made", directory));
  session.say(
      fmt::format("driver {0} begins in {1}, in {2}:\n  cd {3} && {4}\n  netrig drivers test build/{0}.so\n"
                  "  netrig --host-config build/host.toml up labs/{0}.toml\n",
                  options.name, directory, language.name, shell_word(directory), language.build));
  session.answer({{"driver", options.name},
                  {"directory", directory},
                  {"language", language.name},
                  {"table", options.table},
                  {"files", files}});
  return 0;
}

}  // namespace

void add_new_driver(CLI::App& drivers, Action& action) {
  auto options = std::make_shared<NewOptions>();
  auto* command = drivers.add_subcommand("new", "Begin a driver: a folder with all that one needs");
  command->add_option("NAME", options->name, "Name of the driver, as in a lab file")->required()->type_name("NAME");
  command->add_option("--lang", options->language, "Language that it is written in")
      ->check(one_of({"c", "c++", "rust"}))
      ->type_name("c|c++|rust")
      ->capture_default_str();
  command->add_flag("--table", options->table, "A table alone: nothing of it ever runs");
  command->add_option("--directory", options->directory, "The folder, which is not there yet; default: NAME")
      ->type_name("DIRECTORY");
  describe(*command,
           {{"netrig drivers new mynic", "mynic/: source, build, lab, policy to develop with, CI, package"},
            {"netrig drivers new mynic --lang rust --table", "in Rust, and only what it is"}},
           {{"0", "made"},
            {"1", "it could not be written; nothing of it is left"},
            {"2", "the name or the command line is wrong"},
            {"4", "the folder is there already"}});
  command->callback(
      [options, &action] { action = [options](Session& session) { return new_driver(session, *options); }; });
}

}  // namespace netrig::cli
