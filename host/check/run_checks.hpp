// SPDX-License-Identifier: Apache-2.0
// Every check: one function each, in a file of its name. Each returns when it knows, at the job's deadline at the
// latest; adds pairs, metrics, series and findings to the job's result; throws Error when it could not run. Thread:
// any; several jobs at once.
#pragma once
#include "check/job.hpp"

namespace netrig::check {

void run(const PingCheck& check, const Job& job);
void run(const FailoverCheck& check, const Job& job);
void run(const ConnectCheck& check, const Job& job);
void run(const ThroughputCheck& check, const Job& job);
void run(const PathCheck& check, const Job& job);
void run(const MtuCheck& check, const Job& job);
void run(const DnsCheck& check, const Job& job);
void run(const HttpCheck& check, const Job& job);
void run(const UnreachableCheck& check, const Job& job);
void run(const NeighbourCheck& check, const Job& job);
void run(const RouteCheck& check, const Job& job);
void run(const AddressCheck& check, const Job& job);
void run(const LinkCheck& check, const Job& job);
void run(const FdbCheck& check, const Job& job);
void run(const ExecCheck& check, const Job& job);
void run(const VerifyCheck& check, const Job& job);

/// The same for pairs that are known.
void run_pings(const PingCheck& check, const Job& job, const std::vector<Pair>& pairs);

}  // namespace netrig::check
