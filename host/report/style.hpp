// SPDX-License-Identifier: Apache-2.0
// What all HTML pages begin and end with.
#pragma once
#include <string>
#include <string_view>

namespace netrig::report {

/// Up to the page's content; nothing is fetched from elsewhere.
std::string page_head(std::string_view title);
inline constexpr const char* kPageEnd = "</main>\n</body>\n</html>\n";

}  // namespace netrig::report
