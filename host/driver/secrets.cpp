// SPDX-License-Identifier: Apache-2.0
#include "driver/secrets.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>

#include "model/printable.hpp"

namespace netrig::driver {
namespace {

/// Characters of a secret's begin from which on it is not told.
constexpr std::size_t kTold = 3;

/// What is in the lines of a secret. Whoever wants a key of it leaves the end of the line away, and what is printed
/// comes line by line.
std::vector<std::string> lines_of(std::string_view content) {
  constexpr std::size_t kWord = 8;  // of several lines, a bracket is no secret
  const bool several = content.substr(0, content.size() - (content.ends_with('\n') ? 1 : 0)).find('\n') != content.npos;
  std::vector<std::string> lines;
  while (!content.empty()) {
    std::string_view line = content.substr(0, content.find('\n'));
    content.remove_prefix(std::min(line.size() + 1, content.size()));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
    if (!several || line.size() >= kWord) lines.emplace_back(line);
  }
  return lines;
}

std::string in_capitals(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

/// All that a driver may make of a value.
std::vector<std::string> texts_of(const ParameterScalar& value, ParameterType type) {
  const auto* file = std::get_if<FileContent>(&value);
  const auto* bytes = std::get_if<ByteString>(&value);
  const std::string text = file != nullptr    ? (file->text ? *file->text : "")
                           : bytes != nullptr ? bytes->bytes
                                              : to_text(value, type);
  std::vector<std::string> forms = lines_of(text);
  forms.push_back(text);
  if (text.ends_with('\n')) forms.push_back(text.substr(0, text.size() - 1));
  // In C it ends at a NUL.
  if (const std::size_t end = text.find('\0'); end >= kTold && end != std::string::npos)
    forms.push_back(text.substr(0, end));
  constexpr std::size_t kMostWritten = 64UL << 10U;  // nobody writes more of it as digits
  if ((bytes == nullptr && file == nullptr) || text.empty() || text.size() > kMostWritten) return forms;
  const std::string hex = format_bytes(text).substr(2);
  std::string pairs;
  for (std::size_t i = 0; i < hex.size(); i += 2) pairs += (i == 0 ? "" : ":") + hex.substr(i, 2);
  for (const std::string& one : {hex, pairs, in_capitals(hex), in_capitals(pairs), format_base64(text)})
    forms.push_back(one);
  return forms;
}

/// Of cleaned text it may be that it stands in there as one_line() writes it: a worker has done that.
void put(const std::string& form, Forms& into) {
  if (form.empty()) return;
  into.insert(form);
  into.insert(one_line(form));
}

template <typename Each>
void for_each_secret(const Parameters& parameters, const DriverDescription& about, Each&& each) {
  for (const auto& [name, value] : parameters) {
    const ParameterDeclaration* declaration = about.parameter(name);
    if (declaration == nullptr || !is_secret(*declaration, about)) continue;
    for (const ParameterScalar& scalar : value.values) each(scalar, declaration->type);
  }
}

std::vector<const std::string*> pointers_to(const Forms& forms) {
  std::vector<const std::string*> all;
  all.reserve(forms.size());
  for (const std::string& form : forms) all.push_back(&form);
  return all;
}

}  // namespace

std::string Mask::masked(std::string text, const std::vector<const std::string*>& forms) {
  for (const std::string* form : forms)
    for (std::size_t at = text.find(*form); at != std::string::npos; at = text.find(*form, at + 3))
      text.replace(at, form->size(), "***");
  return text;
}

std::string Mask::clean(std::string text) const {
  if (text.empty() || whose_ == nullptr || blind_) return clean(std::move(text), forms_);
  // One worker has all of them, and what it says may be of another's.
  return clean(std::move(text), whose_->all());
}

std::string Mask::clean(std::string text, const std::vector<const std::string*>& forms) const {
  if (text.empty()) return text;
  if (blind_) return std::string(kNotShown);
  const bool is_cut = text.size() >= NETRIG_MESSAGE_MAX;
  text = masked(std::move(text), forms);
  // What was cut off may have been the end of one.
  const auto begin_at_end = [&](const std::string& form) {
    std::size_t size = std::min(form.size(), text.size());
    while (size > 0 && !text.ends_with(std::string_view(form).substr(0, size))) --size;
    return size;
  };
  std::size_t begun = 0;
  if (is_cut)
    for (const std::string* form : forms) begun = std::max(begun, begin_at_end(*form));
  if (begun >= kTold) text.replace(text.size() - begun, begun, "***");
  text = one_line(text);
  if (text.size() > NETRIG_MESSAGE_MAX) text.resize(NETRIG_MESSAGE_MAX);
  return text;
}

void Mask::clean(State& state, const DriverDescription& about, const Parameters* given) const {
  for (auto& [name, value] : state.values) {
    name = clean(name, forms_);
    value = clean(value, forms_);
  }
  if (blind_ && !state.values.empty()) state.values = {{"state", std::string(kNotShown)}};
  if (forms_.empty() && !blind_) return;
  for (auto& [name, value] : state.told) {
    const ParameterDeclaration* one = about.parameter(name);
    // What is secret is shown by nobody, and is compared.
    if (one == nullptr || is_secret(*one, about)) continue;
    if (one->type != ParameterType::string && one->type != ParameterType::bytes) continue;
    if (given != nullptr)
      if (const auto said = given->find(name); said != given->end() && said->second.values == value.values) continue;
    for (ParameterScalar& scalar : value.values) {
      auto* bytes = std::get_if<ByteString>(&scalar);
      std::string& text = bytes != nullptr ? bytes->bytes : std::get<std::string>(scalar);
      if (blind_)
        text = bytes != nullptr ? "***" : kNotShown;
      else if (const std::string shown = to_text(scalar, one->type);
               masked(text, forms_) != text || masked(shown, forms_) != shown)
        text = "***";
    }
  }
}

void Secrets::add(Of& of, const Parameters& parameters) {
  for (const std::string& form : forms_of(parameters, *about_)) of.forms.push_back(&*forms_.insert(form).first);
  const auto before = [](const std::string* a, const std::string* b) { return LongestFirst()(*a, *b); };
  std::sort(of.forms.begin(), of.forms.end(), before);
  of.forms.erase(std::unique(of.forms.begin(), of.forms.end()), of.forms.end());
  for_each_secret(parameters, *about_, [&](const ParameterScalar& scalar, ParameterType) {
    const auto* file = std::get_if<FileContent>(&scalar);
    if (file == nullptr) return;
    const bool is_known = std::find(of.files.begin(), of.files.end(), *file) != of.files.end();
    if (file->text && !is_known) of.files.push_back(*file);
    if (!file->text && !is_known) of.is_whole = false;
  });
}

void Secrets::learn(const std::string& lab, const std::string& device, const Parameters& parameters) {
  if (!has_secrets(*about_)) return;
  const std::lock_guard guard(mutex_);
  Of& of = devices_[{lab, device}];
  of.is_whole = of.is_whole.value_or(true);
  add(of, parameters);
}

Mask Secrets::mask(Operation operation, const std::string& lab, const std::string& device,
                   const Parameters* parameters) {
  if (!has_secrets(*about_)) return {};
  const auto is_known = [&] {
    const std::lock_guard guard(mutex_);
    return devices_.contains({lab, device});
  };
  const bool looks_back = operation != Operation::validate && operation != Operation::create;
  if (looks_back && recall_ && !is_known()) try {
      recall_(lab);
    } catch (const Error& error) {
      spdlog::debug("lab {}: its secrets are not known: {}", lab, error.what());
    }
  const std::lock_guard guard(mutex_);
  if (operation == Operation::validate) {
    Of one;
    add(one, parameters == nullptr ? Parameters{} : *parameters);
    return {std::move(one.forms), false};
  }
  Of& of = devices_[{lab, device}];
  if (operation == Operation::create) of.is_whole = true;  // of what was there before it knows nothing
  if (parameters != nullptr) add(of, *parameters);
  // The record of what is not new may have what no file says any more.
  const bool is_old = looks_back && operation != Operation::settle;
  return {of.forms, is_old && !of.is_whole.value_or(false), this};
}

std::vector<const std::string*> Secrets::all() const {
  const std::lock_guard guard(mutex_);
  return pointers_to(forms_);
}

bool has_secrets(const DriverDescription& about) {
  return std::any_of(about.parameters.begin(), about.parameters.end(),
                     [&](const ParameterDeclaration& one) { return one.secret; });
}

Forms forms_of(const Parameters& parameters, const DriverDescription& about) {
  Forms forms;
  for_each_secret(parameters, about, [&](const ParameterScalar& scalar, ParameterType type) {
    for (const std::string& text : texts_of(scalar, type)) put(text, forms);
  });
  return forms;
}

std::string clean_text(std::string text, const DriverDescription& description, const Parameters* parameters) {
  const Forms forms = parameters == nullptr ? Forms{} : forms_of(*parameters, description);
  return Mask(pointers_to(forms), false).clean(std::move(text));
}

}  // namespace netrig::driver
