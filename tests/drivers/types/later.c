/* SPDX-License-Identifier: Apache-2.0
 * A driver with a parameter of a type that comes later, with flags and an encoding that do, too. */
#include <linux/if_link.h>
#include <netrig/driver.h>

NETRIG_TABLE(2) = {NETRIG_TABLE_NOTE,
                   .about = {NETRIG_ABOUT(2), .name = NAME, .version = "1.0.0", .summary = "a driver of tomorrow",
                             .min_interfaces = 1, .max_interfaces = 1, .link_kinds = "bridge"},
                   .parameters = {{NETRIG_PARAMETER, .name = "priority", .type = NETRIG_TYPE_INTEGER, .minimum = 0,
                                   .maximum = 65535, .unset_text = "32768", .places = NETRIG_PLACE_DATA,
                                   .attribute = IFLA_BR_PRIORITY, .encoding = NETRIG_AS_U16, .help = "its priority"},
                                  {NETRIG_PARAMETER, .name = "mood", .type = 200, .flags = FLAGS, .encoding = 77,
                                   .default_text = "what \"that\" may be", .choices = "??", .places = 64,
                                   .attribute = 5, .help = "what tomorrow brings"}}};
