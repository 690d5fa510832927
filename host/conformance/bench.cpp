// SPDX-License-Identifier: Apache-2.0
#include "conformance/bench.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "driver/fenced.hpp"
#include "driver/in_process.hpp"
#include "driver/loader.hpp"
#include "driver/refusal.hpp"
#include "driver/table_driver.hpp"
#include "model/names.hpp"

namespace netrig::conformance {
namespace {

constexpr std::uint32_t kIfindex = 100;

/// Of what has a length: the least, but one.
std::size_t length_of(const ParameterDeclaration& declaration) {
  return static_cast<std::size_t>(std::clamp<std::int64_t>(declaration.minimum, 1, 4096));
}

std::optional<ParameterScalar> scalar_of(const ParameterDeclaration& declaration) {
  const auto parsed = [&](std::string_view text) -> std::optional<ParameterScalar> {
    auto value = parse_parameter(declaration, text);
    if (auto* scalar = std::get_if<ParameterScalar>(&value)) return std::move(*scalar);
    return std::nullopt;
  };
  if (declaration.default_text) return parsed(*declaration.default_text);
  switch (declaration.type) {
    case ParameterType::boolean:
      return true;
    case ParameterType::integer:
    case ParameterType::duration:
    case ParameterType::rate:
    case ParameterType::fraction:
      return declaration.minimum == 0 && declaration.maximum == 0 ? 1 : declaration.minimum;
    case ParameterType::string:
      return std::string(length_of(declaration), 'x');
    case ParameterType::mac:
      return parsed("02:00:00:00:00:01");
    case ParameterType::address:
      return parsed(declaration.kernel.encoding == Encoding::in6 ? "2001:db8::1" : "192.0.2.1");
    case ParameterType::prefix:
      return parsed("192.0.2.0/24");
    case ParameterType::enumeration:
      return declaration.choices.front().name;
    case ParameterType::interface:
      return lower_link();
    case ParameterType::name_space:
      return NamespaceReference{lower_link().home};
    case ParameterType::bytes:
      return ByteString{std::string(length_of(declaration), 'x')};
    case ParameterType::file: {
      auto text = std::make_shared<const std::string>(length_of(declaration), 'x');
      return FileContent{.path = "sample", .digest = digest_of(*text, {}), .size = text->size(), .text = text};
    }
    case ParameterType::table:
      return std::int64_t{0};
    case ParameterType::unknown:
      break;
  }
  return std::nullopt;
}

/// A sample of what lacks a value and is wanted; false: it cannot be guessed. Of a table also its first row.
bool add_sample(const DriverDescription& about, const ParameterDeclaration& one, const std::string& name,
                Parameters& into) {
  auto sample = sample_of(one);
  if (!sample) return false;
  into[name] = {.values = std::move(*sample)};
  if (one.type != ParameterType::table) return true;
  return std::all_of(about.parameters.begin(), about.parameters.end(), [&](const ParameterDeclaration& column) {
    return column.table() != one.name || (!column.required && !column.default_text) ||
           add_sample(about, column, cell_name(one.name, 0, column.column()), into);
  });
}

const ParameterDeclaration& declared(const DriverDescription& about, const std::string& name) {
  for (const ParameterDeclaration& one : about.parameters)
    if (one.name == name) return one;
  std::vector<std::string> names;
  for (const ParameterDeclaration& one : about.parameters) names.push_back(one.name);
  const auto hint = closest(name, names);
  throw Error(ErrorCode::invalid, fmt::format("driver {} has no parameter \"{}\"{}", about.kind, name,
                                              hint ? fmt::format("; did you mean \"{}\"?", *hint) : ""));
}

}  // namespace

const char* to_text(driver::Operation operation) {
  switch (operation) {
    case driver::Operation::validate:
      return "validate";
    case driver::Operation::create:
      return "create";
    case driver::Operation::destroy:
      return "destroy";
    case driver::Operation::inspect:
      return "inspect";
    case driver::Operation::change:
      return "change";
    case driver::Operation::settle:
      return "settle";
  }
  return "operation";
}

std::optional<std::vector<ParameterScalar>> sample_of(const ParameterDeclaration& declaration) {
  auto scalar = scalar_of(declaration);
  if (!scalar) return std::nullopt;
  return std::vector<ParameterScalar>{std::move(*scalar)};
}

Bench::Bench(const std::string& path, const Options& options)
    : options_(options), path_(path), plugin_(driver::open_plugin_file(path)) {
  try {
    const driver::SealedView view(plugin_);
    auto about = driver::read_plugin(std::as_bytes(view.bytes())).about;
    about.path = path;
    linkage_ = driver::read_linkage(std::as_bytes(view.bytes()));
    about_ = std::make_shared<const DriverDescription>(std::move(about));
  } catch (const driver::Refusal& refusal) {
    refused_by_ = refusal.check();
    refusal_ = refusal.message();
    return;
  }
  plugin_.kind = about_->kind;
  choose_parameters();
  scenery_.emplace(Scenery{.plugin = plugin_,
                           .about = about_,
                           .deadline = options_.deadline,
                           .memory = options_.memory,
                           .in_process = options_.in_process});
  actor_ = std::make_unique<Actor>(starter_, *scenery_);
}

void Bench::choose_parameters() {
  for (const auto& [name, text] : options_.parameters) {
    const ParameterDeclaration& declaration = declared(*about_, name);
    if (declaration.type == ParameterType::interface) {
      parameters_[name] = {.values = {lower_link()}};
      continue;
    }
    auto value = parse_parameter(declaration, text);
    if (const auto* fault = std::get_if<ParameterFault>(&value))
      throw Error(ErrorCode::invalid, fmt::format("parameter {}: {}", name, fault->message));
    parameters_[name] = {.values = {std::get<ParameterScalar>(std::move(value))}};
  }
  for (const ParameterDeclaration& one : about_->parameters) {
    if (parameters_.contains(one.name) || !one.table().empty() || (!one.required && !one.default_text)) continue;
    if (!add_sample(*about_, one, one.name, parameters_))
      no_parameters_ = fmt::format("{} is required and cannot be guessed; say --param {}=VALUE", one.name, one.name);
  }
}

Scene Bench::scene(driver::Operation operation) const {
  Scene scene;
  driver::CallMessage& request = scene.request;
  request.operation = operation;
  request.lab = request.device = "trial";
  const bool exists = is_later(operation) || (about_->borrows() && operation == driver::Operation::create);
  for (std::uint32_t i = 0; i < about_->min_interfaces; ++i)
    request.interfaces.push_back({.name = fmt::format("trial{}", i), .ifindex = exists ? kIfindex + i : 0});
  request.deadline = driver::Clock::time_point::max();
  request.has_parameters = true;
  request.parameters = parameters_;
  if (operation == driver::Operation::validate) return scene;
  for (const auto& [name, value] : parameters_)
    for (std::uint32_t i = 0; i < value.values.size(); ++i)
      if (const auto target = reference_of(value.values[i])) {
        const bool is_namespace = std::holds_alternative<NamespaceReference>(value.values[i]);
        request.references.push_back({.parameter = name,
                                      .index = i,
                                      .target = *target,
                                      .ifindex = is_namespace ? kLoopbackIndex : kIfindex,
                                      .is_namespace = is_namespace});
      }
  return scene;
}

void Bench::note(const Ending& ending) {
  const auto add = [&](const std::string& check, const std::string& text) {
    auto& list = misdeeds_[check];
    if (std::find(list.begin(), list.end(), text) == list.end() && list.size() < 10) list.push_back(text);
  };
  for (const Misdeed& one : ending.account.misdeeds) add(one.check, one.text);
  if (ending.how == Ending::How::stopped) add("isolation.system-calls", ending.text);
  if (ending.how == Ending::How::played && ending.threads > 1)
    add("isolation.threads", fmt::format("{} of its threads still run after it has returned", ending.threads - 1));
}

void Bench::go_on() const {
  if (options_.interrupted != nullptr && *options_.interrupted) throw Error(ErrorCode::interrupted, "interrupted");
}

Ending Bench::play(const Scene& scene) {
  go_on();
  Ending ending = actor_->play(scene);
  note(ending);
  return ending;
}

Ending Bench::play_apart(const Scene& scene) {
  go_on();
  Actor other(starter_, *scenery_);
  Ending ending = other.play(scene);
  note(ending);
  return ending;
}

const Ending& Bench::plain(driver::Operation operation) {
  if (const auto found = plain_.find(operation); found != plain_.end()) return found->second;
  Scene played = scene(operation);
  if (is_later(operation))
    if (has(NETRIG_FUNCTION_CREATE)) played.request.record = plain(driver::Operation::create).account.record;
  return plain_.emplace(operation, play(played)).first->second;
}

bool Bench::is_the_same_everywhere() {
  if (!same_) {
    const Account one = play_apart(scene(driver::Operation::create)).account;
    const Account other = play_apart(scene(driver::Operation::create)).account;
    same_ = one.status == other.status && one.orders == other.orders;
  }
  return *same_;
}

const Ending& Bench::cycles() {
  if (!cycles_) {
    Scene played = scene(driver::Operation::create);
    played.cycles = options_.cycles;
    cycles_ = play_apart(played);
  }
  return *cycles_;
}

bool Bench::returns(driver::Operation operation, Findings& findings) {
  if (plain(operation).how == Ending::How::played) return true;
  findings.skip(fmt::format("{} does not return", to_text(operation)));
  return false;
}

std::vector<std::string> Bench::misdeeds(const std::string& check) const {
  const auto found = misdeeds_.find(check);
  return found == misdeeds_.end() ? std::vector<std::string>() : found->second;
}

std::unique_ptr<driver::Driver> Bench::driver() {
  driver::DriverRules rules;
  rules.deadline = options_.deadline;
  rules.memory = options_.memory;
  rules.granted = options_.granted & about_->wants;
  return driver::make_table_driver(about_, [this, rules]() -> std::unique_ptr<driver::Driver> {
    if (options_.in_process)
      return driver::make_in_process(driver::load_plugin(driver::loading_path(plugin_), *about_), about_, rules);
    driver::SealedPlugin copy{.kind = plugin_.kind,
                              .path = plugin_.path,
                              .digest = plugin_.digest,
                              .memory = UniqueFd(::dup(plugin_.memory.get())),
                              .size = plugin_.size};
    return driver::make_fenced(starter_, std::move(copy), about_, rules);
  });
}

void Bench::on_ground(Findings& findings, const std::function<void(Ground&)>& body) {
  go_on();
  try {
    conformance::on_ground(about_->min_interfaces, body);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::interrupted) throw;
    findings.add(error.message());
  }
}

bool Bench::makes(Findings& findings) {
  for (const auto operation : {driver::Operation::create, driver::Operation::destroy})
    if (has(1U << static_cast<unsigned>(operation)) && !returns(operation, findings)) return false;
  if (!made_) {
    Findings own;
    on_ground(own, [&](Ground& ground) {
      const auto before = ground.links();
      const auto made = driver();
      Device device = ground.device("trial", parameters_);
      ground.make(*made, device);
      ground.remove(*made, device);
      if (ground.links() != before) own.add("destroy does not leave the links as they were before create");
    });
    made_ = own.list().empty() ? "" : own.list().front().seen;
  }
  if (made_->empty()) return true;
  findings.skip(fmt::format("no device can be made and removed: {}", *made_));
  return false;
}

int Bench::worker() {
  const std::string own = fmt::format("{}", ::getpid());
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const int pid = std::atoi(entry.path().filename().c_str());
    if (pid <= 0) continue;
    std::ifstream arguments(entry.path() / "cmdline");
    std::string name;
    if (!std::getline(arguments, name, '\0') || name != "netrig-driver") continue;
    std::string role;
    if (!std::getline(arguments, role, '\0') || role.starts_with("rehearsal:")) continue;
    std::ifstream status(entry.path() / "status");
    for (std::string key; status >> key; status.ignore(4096, '\n'))
      if (std::string parent; key == "PPid:" && status >> parent && parent == own) return pid;
  }
  return 0;
}

}  // namespace netrig::conformance
