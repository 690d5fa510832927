// SPDX-License-Identifier: Apache-2.0
#include "model/parameter.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace netrig {
namespace {

constexpr std::uint64_t kMostBytes = 4096;          // NETRIG_BYTES_MAX
constexpr std::uint64_t kLargestContent = 8 << 20;  // NETRIG_FILE_MAX

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr std::array kDurationUnits = {Unit{"ns", 1},
                                       Unit{"us", 1'000},
                                       Unit{"ms", 1'000'000},
                                       Unit{"s", 1'000'000'000},
                                       Unit{"m", 60'000'000'000},
                                       Unit{"h", 3'600'000'000'000}};
// tc(8): bit rates in powers of ten, Ki/Mi/Gi in powers of two.
constexpr std::array kRateUnits = {Unit{"bit", 1},
                                   Unit{"Kbit", 1'000},
                                   Unit{"kbit", 1'000},
                                   Unit{"Mbit", 1'000'000},
                                   Unit{"mbit", 1'000'000},
                                   Unit{"Gbit", 1'000'000'000},
                                   Unit{"gbit", 1'000'000'000},
                                   Unit{"Tbit", 1'000'000'000'000},
                                   Unit{"tbit", 1'000'000'000'000},
                                   Unit{"Kibit", 1'024},
                                   Unit{"kibit", 1'024},
                                   Unit{"Mibit", 1'048'576},
                                   Unit{"Gibit", 1'073'741'824}};

/// "1.5s": a number without sign, then a unit.
template <typename Units>
std::optional<std::int64_t> parse_quantity(std::string_view text, const Units& units) {
  std::size_t digits = 0;
  while (digits < text.size() && ((text[digits] >= '0' && text[digits] <= '9') || text[digits] == '.')) ++digits;
  if (digits == 0) return std::nullopt;
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + digits, number);
  if (error != std::errc{} || end != text.data() + digits) return std::nullopt;
  const std::string_view unit = text.substr(digits);
  for (const Unit& one : units)
    if (one.name == unit) {
      const double value = number * static_cast<double>(one.factor);
      if (value > 9.0e18) return std::nullopt;
      return static_cast<std::int64_t>(std::llround(value));
    }
  return std::nullopt;
}

template <typename Units>
std::string format_quantity(std::int64_t value, const Units& units) {
  const Unit* best = &units.front();
  for (const Unit& one : units)
    if (value != 0 && value % one.factor == 0 && one.factor >= best->factor) best = &one;
  return fmt::format("{}{}", value / best->factor, best->name);
}

std::string range_text(const ParameterDeclaration& declaration) {
  const auto show = [&](std::int64_t value) {
    if (declaration.type == ParameterType::duration) return format_duration(value);
    if (declaration.type == ParameterType::rate) return format_rate(value);
    if (declaration.type == ParameterType::fraction) return format_fraction(value);
    return fmt::format("{}", value);
  };
  return fmt::format("{} to {}", show(declaration.minimum), show(declaration.maximum));
}

/// `most`: of one that says no range.
std::optional<ParameterFault> length_fault(const ParameterDeclaration& declaration, std::uint64_t size,
                                           std::uint64_t most) {
  const bool bounded = declaration.minimum != 0 || declaration.maximum != 0;
  const auto least = static_cast<std::uint64_t>(std::max<std::int64_t>(declaration.minimum, 0));
  if (bounded) most = std::min(most, static_cast<std::uint64_t>(std::max<std::int64_t>(declaration.maximum, 0)));
  if (size >= least && size <= most) return std::nullopt;
  return ParameterFault{fmt::format("has {} bytes; it can have {}", size,
                                    !bounded        ? fmt::format("{}", most)
                                    : least == most ? fmt::format("{}, and no others", most)
                                                    : fmt::format("{} to {}", least, most))};
}

ParameterFault wrong(std::string_view what, std::string_view example) {
  return {fmt::format("is not {}; write {}", what, example)};
}

}  // namespace

std::optional<std::int64_t> parse_duration(std::string_view text) { return parse_quantity(text, kDurationUnits); }
std::optional<std::int64_t> parse_rate(std::string_view text) { return parse_quantity(text, kRateUnits); }

std::string format_duration(std::int64_t nanoseconds) {
  return nanoseconds == 0 ? "0s" : format_quantity(nanoseconds, kDurationUnits);
}
std::string format_rate(std::int64_t bits_per_second) {
  static constexpr std::array kShown = {Unit{"bit", 1}, Unit{"Kbit", 1'000}, Unit{"Mbit", 1'000'000},
                                        Unit{"Gbit", 1'000'000'000}, Unit{"Tbit", 1'000'000'000'000}};
  return format_quantity(bits_per_second, kShown);
}

const ParameterChoice* ParameterDeclaration::choice(std::string_view word) const {
  const auto found =
      std::find_if(choices.begin(), choices.end(), [&](const ParameterChoice& one) { return one.name == word; });
  return found == choices.end() ? nullptr : &*found;
}

std::vector<std::string> ParameterDeclaration::choice_names() const {
  std::vector<std::string> names;
  for (const ParameterChoice& one : choices) names.push_back(one.name);
  return names;
}

std::optional<std::vector<ParameterScalar>> ParameterDeclaration::unset() const {
  if (list) return std::vector<ParameterScalar>{};
  if (kernel.encoding == Encoding::flag) return std::vector<ParameterScalar>{false};
  if (!unset_text) return std::nullopt;
  // The loader has checked that it parses.
  return std::vector{std::get<ParameterScalar>(parse_parameter(*this, *unset_text))};
}

bool ParameterDeclaration::says_the_same(const ParameterDeclaration& other) const {
  const auto in_data = [](const KernelPlace& one) { return (one.places & KernelPlace::kData) != 0; };
  return kernel.attribute == other.kernel.attribute && kernel.mask == other.kernel.mask &&
         in_data(kernel) == in_data(other.kernel);
}

bool DriverDescription::borrows() const {
  return std::any_of(parameters.begin(), parameters.end(), [](const auto& one) { return one.searches(); });
}

const ParameterDeclaration* DriverDescription::parameter(std::string_view name) const {
  const std::size_t row = name.find('[');
  const std::size_t column = name.find("].");
  const std::string cell = column == std::string_view::npos || row > column
                               ? std::string()
                               : fmt::format("{}{}", name.substr(0, row), name.substr(column + 1));
  const auto found = std::find_if(parameters.begin(), parameters.end(),
                                  [&](const auto& one) { return one.name == (cell.empty() ? name : cell); });
  return found == parameters.end() ? nullptr : &*found;
}

std::optional<InterfaceReference> reference_of(const ParameterScalar& value) {
  if (const auto* space = std::get_if<NamespaceReference>(&value)) return loopback_of(*space);
  const auto* interface = std::get_if<InterfaceReference>(&value);
  return interface == nullptr ? std::nullopt : std::optional(*interface);
}

bool is_secret(const ParameterDeclaration& one, const DriverDescription& about) {
  const ParameterDeclaration* table = one.table().empty() ? nullptr : about.parameter(one.table());
  return one.secret || (table != nullptr && table->secret);
}

std::string cell_name(std::string_view table, std::size_t row, std::string_view column) {
  return fmt::format("{}[{}].{}", table, row, column);
}

std::map<std::string, const ParameterValue*> cells_of(std::string_view table, const Parameters& all) {
  std::map<std::string, const ParameterValue*> cells;
  const std::string begin = fmt::format("{}[", table);
  for (auto one = all.lower_bound(begin); one != all.end() && one->first.starts_with(begin); ++one)
    cells.emplace(one->first, &one->second);
  return cells;
}

bool DriverDescription::tells() const {
  return std::any_of(parameters.begin(), parameters.end(), [](const auto& one) { return one.inspected; });
}

std::string type_name(const ParameterDeclaration& declaration) {
  static constexpr std::array kNames = {"boolean",  "integer",  "string",    "mac",   "address",
                                        "prefix",   "duration", "rate",      "enum",  "interface",
                                        "fraction", "bytes",    "namespace", "table", "file"};
  if (declaration.type == ParameterType::unknown) return fmt::format("unknown ({})", declaration.type_number);
  const std::string name = kNames.at(static_cast<std::size_t>(declaration.type) - 1);
  return declaration.list && declaration.type != ParameterType::table ? "list of " + name : name;
}

std::optional<ParameterFault> range_fault(const ParameterDeclaration& declaration, const ParameterScalar& value) {
  const bool bounded = declaration.minimum != 0 || declaration.maximum != 0;
  switch (declaration.type) {
    case ParameterType::integer:
    case ParameterType::duration:
    case ParameterType::rate:
    case ParameterType::fraction: {
      const auto number = std::get<std::int64_t>(value);
      if (bounded && (number < declaration.minimum || number > declaration.maximum))
        return ParameterFault{fmt::format("is out of range; it can be {}", range_text(declaration))};
      return std::nullopt;
    }
    case ParameterType::string:
      return length_fault(declaration, std::get<std::string>(value).size(), 4096);
    case ParameterType::bytes:
      return length_fault(declaration, std::get<ByteString>(value).bytes.size(), kMostBytes);
    case ParameterType::file:
      return length_fault(declaration, std::get<FileContent>(value).size, kLargestContent);
    case ParameterType::enumeration: {
      const auto& text = std::get<std::string>(value);
      if (declaration.choice(text) != nullptr) return std::nullopt;
      const auto names = declaration.choice_names();
      const auto hint = closest(text, names);
      return ParameterFault{hint ? fmt::format("is not a choice; did you mean \"{}\"?", *hint)
                                 : fmt::format("is not a choice; it can be \"{}\"", fmt::join(names, "\", \""))};
    }
    default:
      return std::nullopt;
  }
}

std::variant<ParameterScalar, ParameterFault> parse_parameter(const ParameterDeclaration& declaration,
                                                              std::string_view text) {
  ParameterScalar value;
  switch (declaration.type) {
    case ParameterType::boolean:
      if (text != "true" && text != "false") return wrong("a boolean", "true or false");
      return text == "true";
    case ParameterType::integer: {
      std::int64_t number = 0;
      const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
      if (error != std::errc{} || end != text.data() + text.size())
        return wrong("an integer", "a number without quotes");
      value = number;
      break;
    }
    case ParameterType::string:
    case ParameterType::enumeration:
      value = std::string(text);
      break;
    case ParameterType::mac: {
      const auto mac = MacAddress::parse(text);
      if (!mac) return wrong("a MAC address", "six pairs of hex digits, as in \"02:00:00:00:00:01\"");
      return *mac;
    }
    case ParameterType::address: {
      const auto address = IpAddress::parse(text);
      if (!address) return wrong("an address", "one as in \"192.0.2.1\" or \"2001:db8::1\"");
      return Prefix{*address, address->bits()};
    }
    case ParameterType::prefix: {
      const auto prefix = Prefix::parse(text);
      if (!prefix) return wrong("a prefix", "one as in \"192.0.2.0/24\"");
      return *prefix;
    }
    case ParameterType::duration: {
      const auto duration = parse_duration(text);
      if (!duration) return wrong("a duration", "a number and a unit, as in \"15s\" or \"200ms\"");
      value = *duration;
      break;
    }
    case ParameterType::rate: {
      const auto rate = parse_rate(text);
      if (!rate) return wrong("a rate", "a number and a unit, as in \"100Mbit\"");
      value = *rate;
      break;
    }
    case ParameterType::fraction: {
      const auto fraction = parse_percent(text);
      if (!fraction) return wrong("a percentage", "a number from 0 to 100");
      value = *fraction;
      break;
    }
    case ParameterType::bytes: {
      auto bytes = parse_bytes(text);
      if (!bytes)
        return ParameterFault{
            could_be_either(text)
                ? "could be hexadecimal or base64; begin it with 0x if it is hexadecimal"
                : "is not bytes; write hexadecimal as in \"0x0011\" or \"00:11\", or base64 as in \"ABE=\""};
      value = ByteString{std::move(*bytes)};
      break;
    }
    case ParameterType::name_space: {
      if (const auto fault = namespace_name_fault(text))
        return ParameterFault{fmt::format("names a namespace that {}; write the name of one of the lab's", *fault)};
      return NamespaceReference{NamespaceName(std::string(text))};
    }
    case ParameterType::table:
      return wrong("a table", "a list of tables: [{ ... }, { ... }]");
    case ParameterType::file:
      return wrong("a file that can be read here", "the name of one in a lab file");
    case ParameterType::unknown:
      return ParameterFault{"is of a type that this netrig does not know"};
    case ParameterType::interface: {
      const std::size_t colon = text.rfind(':');
      if (colon == std::string_view::npos) return wrong("an interface", "\"namespace:interface\"");
      const std::string_view home = text.substr(0, colon);
      const std::string_view name = text.substr(colon + 1);
      if (const auto fault = namespace_name_fault(home))
        return ParameterFault{fmt::format("names a namespace that {}; write \"namespace:interface\"", *fault)};
      if (const auto fault = interface_name_fault(name))
        return ParameterFault{fmt::format("names an interface that {}; write \"namespace:interface\"", *fault)};
      return InterfaceReference{NamespaceName(std::string(home)), InterfaceName(std::string(name))};
    }
  }
  if (auto fault = range_fault(declaration, value)) return *fault;
  return value;
}

std::string to_text(const ParameterScalar& value, ParameterType type) {
  struct Printer {
    ParameterType type;
    std::string operator()(bool one) const { return one ? "true" : "false"; }
    std::string operator()(std::int64_t one) const {
      if (type == ParameterType::duration) return format_duration(one);
      if (type == ParameterType::rate) return format_rate(one);
      if (type == ParameterType::fraction) return format_fraction(one);
      return fmt::format("{}", one);
    }
    std::string operator()(const std::string& one) const { return one; }
    std::string operator()(const MacAddress& one) const { return one.str(); }
    std::string operator()(const Prefix& one) const {
      return type == ParameterType::address ? one.address.str() : one.str();
    }
    std::string operator()(const InterfaceReference& one) const { return one.home.str() + ":" + one.name.str(); }
    std::string operator()(const ByteString& one) const { return format_bytes(one.bytes); }
    std::string operator()(const NamespaceReference& one) const { return one.name.str(); }
    std::string operator()(const FileContent& one) const {
      return fmt::format("{} ({} bytes, BLAKE2b {})", one.path, one.size, one.digest.substr(0, 16));
    }
  };
  return std::visit(Printer{type}, value);
}

std::string to_text(const std::vector<ParameterScalar>& values, ParameterType type) {
  if (type == ParameterType::table) return fmt::format("{} row{}", values.size(), values.size() == 1 ? "" : "s");
  std::string text;
  for (const ParameterScalar& value : values) text += (text.empty() ? "" : " ") + to_text(value, type);
  return text;
}

bool agrees(const ParameterDeclaration& declaration, const std::vector<ParameterScalar>& wanted,
            const std::vector<ParameterScalar>& seen) {
  if (declaration.list && declaration.kernel.element != KernelPlace::kCounted) {
    // The kernel keeps a set.
    const auto sorted = [&](const std::vector<ParameterScalar>& values) {
      std::vector<std::string> texts;
      texts.reserve(values.size());
      for (const ParameterScalar& value : values) texts.push_back(to_text(value, declaration.type));
      std::sort(texts.begin(), texts.end());
      texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
      return texts;
    };
    return sorted(wanted) == sorted(seen);
  }
  return std::equal(wanted.begin(), wanted.end(), seen.begin(), seen.end(),
                    [&](const ParameterScalar& one, const ParameterScalar& other) {
                      const auto* want = std::get_if<std::int64_t>(&one);
                      const auto* have = std::get_if<std::int64_t>(&other);
                      if (want == nullptr || have == nullptr) return one == other;
                      const auto scale = static_cast<std::int64_t>(declaration.kernel.scale);
                      const std::int64_t apart = *want / scale - *have / scale;
                      return static_cast<std::uint64_t>(apart < 0 ? -apart : apart) <= declaration.kernel.tolerance;
                    });
}

std::vector<LinkParameter> parameters_of_link(const std::shared_ptr<const DriverDescription>& about,
                                              const Parameters& given, std::size_t interface) {
  std::vector<LinkParameter> own;
  if (!about) return own;
  for (const ParameterDeclaration& declaration : about->parameters) {
    const KernelPlace& kernel = declaration.kernel;
    const std::uint16_t here = interface == 0   ? KernelPlace::kData | KernelPlace::kLink
                               : interface == 1 ? KernelPlace::kPeer
                                                : 0;
    const auto found = (kernel.places & here) != 0 ? given.find(declaration.name) : given.end();
    if (found == given.end()) continue;
    std::erase_if(own, [&](const LinkParameter& other) { return other.declaration->says_the_same(declaration); });
    own.push_back({.declaration = {about, &declaration}, .values = found->second.values, .where = found->second.where});
  }
  return own;
}

namespace {

/// The two sides of "mode=source".
struct Condition {
  explicit Condition(std::string_view text)
      : name(text.substr(0, text.find('='))), value(text.substr(std::min(text.find('='), text.size() - 1) + 1)) {}
  /// As values: "60s" is "1m".
  [[nodiscard]] bool holds(const ParameterDeclaration& of, const std::vector<ParameterScalar>& values) const {
    const auto wanted = parse_parameter(of, value);
    const auto* one = std::get_if<ParameterScalar>(&wanted);
    return one != nullptr && agrees(of, {*one}, values);
  }
  std::string_view name;
  std::string_view value;
};

}  // namespace

bool is_welcome(const ParameterDeclaration& declaration, const DriverDescription& about, const Parameters& given) {
  if (declaration.only_with.empty()) return true;
  const Condition condition(declaration.only_with);
  for (const ParameterDeclaration& other : about.parameters) {
    if (other.name != condition.name) continue;
    const auto found = given.find(condition.name);
    const auto values = found != given.end() ? std::optional(found->second.values) : other.unset();
    return values && condition.holds(other, *values);
  }
  return false;
}

bool goes_with(const ParameterDeclaration& declaration, const std::vector<LinkParameter>& others) {
  if (declaration.only_with.empty()) return true;
  const Condition condition(declaration.only_with);
  const auto found = std::find_if(others.begin(), others.end(),
                                  [&](const LinkParameter& one) { return one.declaration->name == condition.name; });
  return found == others.end() || !found->is_told() || condition.holds(*found->declaration, found->values);
}

}  // namespace netrig
