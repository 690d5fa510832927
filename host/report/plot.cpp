// SPDX-License-Identifier: Apache-2.0
#include "report/plot.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "report/escape.hpp"

namespace netrig::report {
namespace {

using check::Series;

constexpr double kWidth = 720;
constexpr double kHeight = 190;
constexpr double kLeft = 84;
constexpr double kRight = 12;
constexpr double kTop = 10;
constexpr double kBottom = 34;
constexpr double kLossBand = 10;  // above the axis; free of lines, so that marks of losses are seen
constexpr std::size_t kColumns = 600;
constexpr std::size_t kColours = 8;   // classes s0..s7 of the page's style
constexpr std::size_t kEnough = 20;   // values that a distribution is made from
constexpr std::size_t kShares = 400;  // points of a line that shows one
// What an SVG element is in, so that a narrow page is moved over it and not its text made small.
constexpr std::string_view kBegin = R"(<div class="plot">)";
constexpr std::string_view kEnd = "</svg></div>\n";

/// The step of an axis with about `wanted` ticks: 1, 2 or 5 times a power of ten.
double step_of(double span, double wanted) {
  const double raw = span / wanted;
  const double power = std::pow(10, std::floor(std::log10(raw)));
  for (const double factor : {1.0, 2.0, 5.0})
    if (raw <= factor * power) return factor * power;
  return 10 * power;
}

/// At most two points and one loss a column of the picture: the least and the most.
std::vector<Series::Point> thinned(const std::vector<Series::Point>& points, double from, double span) {
  if (points.size() <= 2 * kColumns) return points;
  std::vector<Series::Point> kept;
  for (std::size_t at = 0; at < points.size();) {
    const auto column = [&](std::size_t i) { return std::floor((points[i].at - from) / span * kColumns); };
    std::size_t end = at;
    const Series::Point* least = nullptr;
    const Series::Point* most = nullptr;
    const Series::Point* lost = nullptr;
    for (; end < points.size() && column(end) == column(at); ++end) {
      const Series::Point& point = points[end];
      if (point.lost) {
        lost = &point;
        continue;
      }
      if (least == nullptr || point.value < least->value) least = &point;
      if (most == nullptr || point.value > most->value) most = &point;
    }
    std::vector<const Series::Point*> of_column;
    for (const Series::Point* point : {least, most, lost})
      if (point != nullptr && (of_column.empty() || point != of_column.back())) of_column.push_back(point);
    std::sort(of_column.begin(), of_column.end(), [](const auto* a, const auto* b) { return a->at < b->at; });
    for (const Series::Point* point : of_column) kept.push_back(*point);
    at = end;
  }
  return kept;
}

/// Maps values to places in the picture.
struct Frame {
  double from = 0;
  double span = 1;
  double most = 1;
  [[nodiscard]] double x(double at) const { return kLeft + (at - from) / span * (kWidth - kLeft - kRight); }
  [[nodiscard]] double y(double value) const {
    return kHeight - kBottom - kLossBand - value / most * (kHeight - kBottom - kLossBand - kTop);
  }
};

Frame frame_of(const std::vector<const Series*>& series, const std::vector<check::EventResult>& events) {
  double from = 0;
  double to = 0;
  double most = 0;
  bool first = true;
  const auto include = [&](double at) {
    from = first ? at : std::min(from, at);
    to = first ? at : std::max(to, at);
    first = false;
  };
  for (const Series* one : series)
    for (const Series::Point& point : one->points) {
      include(point.at);
      most = std::max(most, point.value);
    }
  for (const check::EventResult& event : events) include(event.at);
  if (to - from <= 0) {
    from -= 0.5;
    to += 0.5;
  }
  return {.from = from, .span = to - from, .most = most > 0 ? most * 1.05 : 1};
}

/// `across`: what is along the lower axis.
std::string axes(const Frame& frame, const Series& sample, const std::string& across) {
  std::string text;
  const double rise = step_of(frame.most, 5);
  for (int k = 0; k * rise <= frame.most; ++k) {
    const double y = frame.y(k * rise);
    text +=
        fmt::format(R"(<line class="grid" x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}"/>)", kLeft, kWidth - kRight, y, y);
    text += fmt::format(R"(<text class="tick" x="{}" y="{:.1f}" text-anchor="end">{}</text>)", kLeft - 6, y + 4,
                        k == 0 ? "0" : xml(check::to_text({.value = k * rise, .unit = sample.unit})));
  }
  const double run = step_of(frame.span, 8);
  const bool repetitions = sample.quantity == "repetition";
  const auto first = static_cast<long>(std::ceil(frame.from / run));
  const auto last = static_cast<long>(std::floor((frame.from + frame.span) / run * 1.0001));
  for (long tick = first; tick <= last; ++tick) {
    const double at = static_cast<double>(tick) * run;
    if (repetitions && at != std::floor(at)) continue;
    text += fmt::format(R"(<text class="tick" x="{:.1f}" y="{}" text-anchor="middle">{:g}</text>)", frame.x(at),
                        kHeight - kBottom + 14, std::round(at * 1e6) / 1e6);
  }
  text += fmt::format(R"(<line class="axis" x1="{0}" x2="{1}" y1="{2}" y2="{2}"/>)", kLeft, kWidth - kRight,
                      kHeight - kBottom);
  return text + fmt::format(R"(<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>)", kWidth - kRight,
                            kHeight - 4, xml(across));
}

std::string curve(const Frame& frame, const Series& series, std::size_t colour) {
  std::string text;
  std::string line;
  std::size_t in_line = 0;
  // A line ends where something was lost: nothing is known between.
  const auto end_line = [&] {
    if (in_line == 1)
      text += fmt::format(R"(<circle class="s{}" cx="{}" cy="{}" r="2"/>)", colour, line.substr(0, line.find(',')),
                          line.substr(line.find(',') + 1));
    else if (in_line > 1)
      text += fmt::format(R"(<polyline class="s{}" points="{}"/>)", colour, line);
    line.clear();
    in_line = 0;
  };
  for (const Series::Point& point : thinned(series.points, frame.from, frame.span)) {
    if (point.lost) {
      end_line();
      text += fmt::format(R"(<line class="lost" x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/>)", frame.x(point.at),
                          kHeight - kBottom - kLossBand + 2, kHeight - kBottom);
      continue;
    }
    if (in_line++ > 0) line += ' ';
    line += fmt::format("{:.1f},{:.1f}", frame.x(point.at), frame.y(point.value));
  }
  end_line();
  return text;
}

/// Names of the lines, by their colours.
std::string key_of(const std::vector<const Series*>& series) {
  if (series.size() == 1) return fmt::format("<p class=\"key\">{}</p>\n", xml(series.front()->name));
  // More colours than there are tell nothing apart.
  if (series.size() > kColours) return fmt::format("<p class=\"key\">{} series</p>\n", series.size());
  std::string text = "<p class=\"key\">";
  for (std::size_t i = 0; i < series.size(); ++i)
    text += fmt::format("<span><i class=\"k{}\"></i>{}</span> ", i, xml(series[i]->name));
  return text + "</p>\n";
}

/// The share of all that is not larger than each value, as a series over values. Nothing of few.
Series shares_of(const Series& series) {
  Series shares{.name = series.name, .quantity = series.quantity, .unit = "%"};
  std::vector<double> values;
  for (const Series::Point& point : series.points)
    if (!point.lost) values.push_back(point.value);
  if (values.size() < kEnough) return shares;
  std::sort(values.begin(), values.end());
  const auto share = [&](std::size_t i) {
    return 100 * static_cast<double>(i + 1) / static_cast<double>(series.points.size());
  };
  const std::size_t step = std::max<std::size_t>(values.size() / kShares, 1);
  shares.points.push_back({.at = values.front(), .value = 0});
  for (std::size_t i = 0; i + 1 < values.size(); i += step)
    shares.points.push_back({.at = values[i], .value = share(i)});
  shares.points.push_back({.at = values.back(), .value = share(values.size() - 1)});
  return shares;
}

}  // namespace

std::string distribution_plot(const std::vector<const Series*>& series) {
  std::vector<Series> shares;
  const auto add = [&](const Series& one) {
    if (Series of_one = shares_of(one); !of_one.points.empty()) shares.push_back(std::move(of_one));
  };
  if (series.size() <= kColours) {
    for (const Series* one : series) add(*one);
  } else {
    Series all{.name = fmt::format("all {} together", series.size()),
               .quantity = series.front()->quantity,
               .unit = series.front()->unit};
    for (const Series* one : series) all.points.insert(all.points.end(), one->points.begin(), one->points.end());
    add(all);
  }
  if (shares.empty()) return {};
  std::vector<const Series*> shown;
  Frame frame{.from = 0, .span = 0, .most = 100};
  for (const Series& one : shares) {
    shown.push_back(&one);
    frame.span = std::max(frame.span, one.points.back().at);
  }
  if (frame.span <= 0) frame.span = 1;
  std::string text = fmt::format(R"({}<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title>)", kBegin,
                                 kWidth, kHeight, xml(shown.front()->quantity));
  text += axes(frame, *shown.front(), series.front()->unit);
  for (std::size_t i = 0; i < shown.size(); ++i) text += curve(frame, *shown[i], i % kColours);
  return text + std::string(kEnd) + key_of(shown);
}

std::string line_plot(const std::vector<const Series*>& series, const std::vector<check::EventResult>& events) {
  if (series.empty()) return {};
  const Frame frame = frame_of(series, events);
  std::string text = fmt::format(R"({}<svg class="plot" viewBox="0 0 {} {}" role="img"><title>{}</title>)", kBegin,
                                 kWidth, kHeight, xml(series.front()->quantity));
  text += axes(frame, *series.front(), series.front()->quantity == "repetition" ? "repetition" : "seconds");
  for (const check::EventResult& event : events)
    text += fmt::format(
        R"(<g class="event"><line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}"/><title>{3} at {4:.3f} s</title></g>)",
        frame.x(event.at), kTop, kHeight - kBottom, xml(one_line(event.what)), event.at);
  for (std::size_t i = 0; i < series.size(); ++i) text += curve(frame, *series[i], i % kColours);
  return text + std::string(kEnd) + key_of(series);
}

std::string bar_plot(const std::string& title, const std::vector<Bar>& bars) {
  constexpr double kRow = 24;
  constexpr double kLabels = 200;
  constexpr double kValues = 230;
  double most = 0;
  for (const Bar& bar : bars) most = std::max({most, bar.value, bar.most});
  const double height = kRow * (static_cast<double>(bars.size()) + 1);
  std::string text = fmt::format(R"({}<svg class="plot bars" viewBox="0 0 {} {}" role="img"><title>{}</title>)", kBegin,
                                 kWidth, height, xml(title));
  text += fmt::format(R"(<text class="heading" x="0" y="15">{}</text>)", xml(one_line(title)));
  for (std::size_t i = 0; i < bars.size(); ++i) {
    const double top = kRow * (static_cast<double>(i) + 1);
    const auto place = [&](double value) { return most > 0 ? value / most * (kWidth - kLabels - kValues) : 0; };
    const double length = place(bars[i].value);
    text += fmt::format(R"(<text class="tick" x="{}" y="{}" text-anchor="end">{}</text>)", kLabels - 8, top + 15,
                        xml(one_line(bars[i].label)));
    text += fmt::format(R"(<rect class="b{}" x="{}" y="{}" width="{:.1f}" height="16"/>)", i % kColours, kLabels,
                        top + 3, std::max(length, 0.5));
    if (bars[i].least < bars[i].most)
      text += fmt::format(R"(<path class="range" d="M{0:.1f} {2}v8M{0:.1f} {3}H{1:.1f}M{1:.1f} {2}v8"/>)",
                          kLabels + place(bars[i].least), kLabels + place(bars[i].most), top + 7, top + 11);
    text += fmt::format(R"(<text class="tick{}" x="{:.1f}" y="{}">{}</text>)", bars[i].best ? " best" : "",
                        kLabels + std::max(length, place(bars[i].most)) + 6, top + 15, xml(one_line(bars[i].text)));
  }
  return text + std::string(kEnd);
}

}  // namespace netrig::report
