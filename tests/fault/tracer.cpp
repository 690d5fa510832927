// SPDX-License-Identifier: Apache-2.0
#include "tracer.hpp"

#include <elf.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <unordered_map>
#include <unordered_set>

#include "calls.hpp"
#include "process.hpp"

#ifndef __x86_64__
#error "the fault injector knows the registers of x86-64 only"
#endif

namespace fault {
namespace {

using Clock = std::chrono::steady_clock;
constexpr auto kAfterlife = std::chrono::seconds(1);

[[noreturn]] void fail(const char* what) { throw std::runtime_error(std::string(what) + ": " + std::strerror(errno)); }

/// Stops the calls of the table, and no others: everything else runs at full speed. Inherited by all that is started.
void install_filter() {
  std::vector<sock_filter> program = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
                                      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0),
                                      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
                                      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  for (std::size_t i = 0; i < calls().size(); ++i) {
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(calls()[i].number), 0, 1));
    program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE | static_cast<unsigned>(i)));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()), .filter = program.data()};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0) ::_exit(126);
}

constexpr int kCallReturns = SIGTRAP | 0x80;  // PTRACE_O_TRACESYSGOOD

}  // namespace

class Tracer {
 public:
  Tracer(const std::optional<Point>& point, int processes, Services services)
      : point_(point), processes_(processes), services_(services) {}

  Traced run(const std::vector<std::string>& command, std::chrono::seconds limit) {
    const int out = ::memfd_create("out", MFD_CLOEXEC);
    const int err = ::memfd_create("err", MFD_CLOEXEC);
    start(command, out, err);
    const auto began = Clock::now();
    auto deadline = began + limit;
    struct Ticks {
      // waitpid knows no deadline; a signal every now and then lets it look at the clock.
      Ticks() {
        struct sigaction action {};
        action.sa_handler = [](int) {};
        ::sigaction(SIGALRM, &action, nullptr);
        ::ualarm(20000, 20000);
      }
      ~Ticks() { ::ualarm(0, 0); }
    } const ticks;
    bool killed = false;
    while (!is_over()) {
      int status = 0;
      const pid_t who = ::waitpid(-1, &status, __WALL);
      if (who < 0 && errno == ECHILD) break;
      if (who > 0) take(who, status);
      if (who > 0 && who == program_ && (WIFEXITED(status) || WIFSIGNALED(status))) {
        result_.exit = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        result_.time = Clock::now() - began;
        ended_ = true;
        deadline = Clock::now() + kAfterlife;
      }
      if (Clock::now() < deadline) continue;
      if (!ended_) result_.hung = true;
      if (killed) break;  // what cannot be killed ends with the process namespace
      killed = true;
      if (ended_) result_.outlived = static_cast<unsigned>(role_of_.size());
      for (const auto& [process, role] : role_of_) ::kill(process, SIGKILL);
      deadline = Clock::now() + kAfterlife;
    }
    if (result_.hung) result_.time = Clock::now() - began;
    result_.out = text_of(out);
    result_.err = text_of(err);
    return std::move(result_);
  }

  /// Goes on, for without a tracer what is left could make no call of the table any more, until this child has ended.
  int serve(pid_t child) {
    for (;;) {
      int status = 0;
      const pid_t who = ::waitpid(-1, &status, __WALL);
      if (who < 0 && errno != EINTR) fail("waitpid");
      if (who == child) return status;
      if (who > 0) take(who, status);
    }
  }

 private:
  /// The program and all of its processes have ended, but for services that are to go on: a first process is never
  /// execed, and what it runs has no role.
  [[nodiscard]] bool is_over() const {
    // A netrig that is killed leaves its services for the next down, too.
    const bool stay = ended_ && (services_ == Services::stay || (point_ && point_->error == kKill) ||
                                 (services_ == Services::stay_if_up && result_.exit == 0));
    return std::all_of(role_of_.begin(), role_of_.end(),
                       [&](const auto& one) { return stay && (one.second.empty() || one.second == "host+"); });
  }

  void start(const std::vector<std::string>& command, int out, int err) {
    std::array<int, 2> gate{};
    if (::pipe2(gate.data(), O_CLOEXEC) != 0) fail("pipe");
    program_ = ::fork();
    if (program_ < 0) fail("fork");
    if (program_ == 0) {
      char go = 0;
      if (::read(gate[0], &go, 1) != 1) ::_exit(126);
      const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
      ::dup2(null, 0);
      ::dup2(out, 1);
      ::dup2(err, 2);
      std::vector<char*> words;
      for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
      words.push_back(nullptr);
      install_filter();
      ::execv(words[0], words.data());
      ::_exit(127);
    }
    constexpr long kOptions = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE |
                              PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL;
    if (::ptrace(PTRACE_SEIZE, program_, nullptr, kOptions) != 0) fail("ptrace");
    role_of_[program_] = "";
    process_of_[program_] = program_;
    if (::write(gate[1], "", 1) != 1) fail("write");
    ::close(gate[0]);
    ::close(gate[1]);
  }

  std::string read_process(pid_t process, const char* file) const {
    const int fd = ::openat(processes_, (std::to_string(process) + "/" + file).c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return {};
    std::string text(8192, '\0');
    const ssize_t size = ::read(fd, text.data(), text.size());
    text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
    ::close(fd);
    return text;
  }

  /// Something happened to a thread: it ended, was stopped, or is new.
  void take(pid_t thread, int status) {
    if (WIFEXITED(status) || WIFSIGNALED(status)) {
      process_of_.erase(thread);
      closing_.erase(thread);
      role_of_.erase(thread);  // of a process, once all its threads have ended
      return;
    }
    const int signal = WSTOPSIG(status);
    switch (status >> 16) {
      case PTRACE_EVENT_SECCOMP:
        if (on_call(thread)) return;
        if (!closing_.contains(thread)) break;
        ::ptrace(PTRACE_SYSCALL, thread, nullptr, 0L);
        return;
      case PTRACE_EVENT_FORK:
      case PTRACE_EVENT_VFORK:
      case PTRACE_EVENT_CLONE:
        on_birth(thread);
        break;
      case PTRACE_EVENT_EXEC:
        on_exec(thread);
        break;
      case PTRACE_EVENT_STOP:
        break;
      default:
        if (signal == kCallReturns && closing_.erase(thread) != 0) {
          answer(thread, point_->error);
          break;
        }
        if (signal == SIGTRAP && thread == program_ && at_entry(thread)) break;
        ::ptrace(PTRACE_CONT, thread, nullptr, static_cast<long>(signal));
        return;
    }
    ::ptrace(PTRACE_CONT, thread, nullptr, 0L);
  }

  void on_birth(pid_t parent) {
    unsigned long child = 0;
    if (::ptrace(PTRACE_GETEVENTMSG, parent, nullptr, &child) != 0) return;
    const auto thread = static_cast<pid_t>(child);
    // The new one's end may be told before its birth; then nothing is known of it any more.
    const std::string status = read_process(thread, "status");
    if (status.empty()) return;
    const std::size_t at = status.find("Tgid:");
    const pid_t process = at == std::string::npos ? thread : std::atoi(status.c_str() + at + 5);
    process_of_[thread] = process;
    if (process != thread) return;
    std::string role = role_of(parent);
    if (!role.empty() && role.back() != '+') role += '+';
    role_of_[process] = std::move(role);
  }

  void on_exec(pid_t process) {
    // Other threads are gone without a word, and the one that called it has the process's number now.
    std::erase_if(process_of_, [&](const auto& one) { return one.second == process && one.first != process; });
    process_of_[process] = process;
    std::string& role = role_of_[process];
    if (process == program_) {
      role = "host";
      stop_at_entry();
      return;
    }
    const std::string words = read_process(process, "cmdline");
    const std::string first = words.c_str();
    role = first == "netrig-driver" ? std::string("worker.") + (words.c_str() + first.size() + 1) : std::string();
  }

  /// What the dynamic loader does with a fault before the program's first instruction is not the program's business.
  void stop_at_entry() {
    const std::string vector = read_process(program_, "auxv");
    for (std::size_t at = 0; at + sizeof(Elf64_auxv_t) <= vector.size(); at += sizeof(Elf64_auxv_t)) {
      Elf64_auxv_t one{};
      std::memcpy(&one, vector.data() + at, sizeof one);
      if (one.a_type == AT_ENTRY) entry_ = one.a_un.a_val;
    }
    original_ = ::ptrace(PTRACE_PEEKTEXT, program_, entry_, nullptr);
    constexpr long kBreakpoint = 0xcc;  // int3
    ::ptrace(PTRACE_POKETEXT, program_, entry_, (original_ & ~0xffL) | kBreakpoint);
  }

  bool at_entry(pid_t thread) {
    user_regs_struct registers{};
    if (begun_ || ::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0 || registers.rip != entry_ + 1)
      return false;
    ::ptrace(PTRACE_POKETEXT, thread, entry_, original_);
    registers.rip = entry_;
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
    begun_ = true;
    return true;
  }

  [[nodiscard]] std::string role_of(pid_t thread) const {
    const auto process = process_of_.find(thread);
    if (process == process_of_.end()) return {};
    const auto role = role_of_.find(process->second);
    return role == role_of_.end() ? std::string() : role->second;
  }

  /// A call of the table is about to be made. true: the process was killed instead.
  bool on_call(pid_t thread) {
    const std::string role = role_of(thread);
    if (!begun_ || role.empty()) return false;
    unsigned long index = 0;
    if (::ptrace(PTRACE_GETEVENTMSG, thread, nullptr, &index) != 0) return false;
    const Call& call = calls()[index];
    const unsigned nth = ++result_.counts[{role, call.name}];
    if (!point_ || point_->role != role || point_->call != call.name) return false;
    if (nth < point_->nth || (nth > point_->nth && !point_->lasting)) return false;
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return false;
    // A disk that is full is neither /proc nor the pipe of a standard stream.
    if (point_->lasting && point_->error == ENOSPC &&
        (registers.rdi <= STDERR_FILENO || in_proc(process_of_.at(thread), registers.rdi)))
      return false;
    result_.reached = true;
    if (nth == point_->nth) result_.about = about(thread, call, registers);
    if (point_->error == kKill) {
      ::kill(process_of_.at(thread), SIGKILL);
      return true;
    }
    if (call.number == SYS_close) {  // which closes whatever it then says: Linux has no other
      closing_.insert(thread);
      return false;
    }
    registers.orig_rax = static_cast<unsigned long long>(-1);  // no call is made
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
    answer(thread, point_->error);
    return false;
  }

  static void answer(pid_t thread, int error) {
    user_regs_struct registers{};
    if (::ptrace(PTRACE_GETREGS, thread, nullptr, &registers) != 0) return;
    registers.rax = static_cast<unsigned long long>(-static_cast<long long>(error));
    ::ptrace(PTRACE_SETREGS, thread, nullptr, &registers);
  }

  /// Whether a descriptor is of a file in /proc, which no full disk concerns.
  [[nodiscard]] bool in_proc(pid_t process, unsigned long long descriptor) const {
    std::array<char, 8> place{};
    const std::string link = std::to_string(process) + "/fd/" + std::to_string(descriptor);
    return ::readlinkat(processes_, link.c_str(), place.data(), place.size()) > 0 &&
           std::string_view(place.data(), place.size()).starts_with("/proc/");
  }

  static std::string about(pid_t thread, const Call& call, const user_regs_struct& registers) {
    const std::array<unsigned long long, 3> arguments = {registers.rdi, registers.rsi, registers.rdx};
    if (call.path < 0) return std::to_string(static_cast<long>(registers.rdi));
    std::array<char, 200> text{};
    // Up to the end of the page first: what follows may not be there.
    const unsigned long long where = arguments.at(static_cast<std::size_t>(call.path));
    const std::size_t first = std::min<std::size_t>(text.size() - 1, 4096 - where % 4096);
    iovec here{.iov_base = text.data(), .iov_len = first};
    iovec there{.iov_base = reinterpret_cast<void*>(where), .iov_len = first};
    if (::process_vm_readv(thread, &here, 1, &there, 1, 0) < 0) return "?";
    return text.data();
  }

  std::optional<Point> point_;
  int processes_;
  Services services_;
  pid_t program_ = -1;
  bool begun_ = false;
  bool ended_ = false;
  unsigned long entry_ = 0;
  long original_ = 0;
  std::unordered_map<pid_t, pid_t> process_of_;     ///< of threads
  std::unordered_map<pid_t, std::string> role_of_;  ///< of processes
  std::unordered_set<pid_t> closing_;               ///< threads whose close() is to say that it failed
  Traced result_;
};

Tracing::Tracing(const std::optional<Point>& point, int processes, Services services)
    : tracer_(std::make_unique<Tracer>(point, processes, services)) {}
Tracing::~Tracing() = default;

Traced Tracing::run(const std::vector<std::string>& command, std::chrono::seconds limit) {
  return tracer_->run(command, limit);
}

std::vector<std::string> Tracing::ask(const std::function<std::vector<std::string>()>& question) {
  const int memory = ::memfd_create("answer", MFD_CLOEXEC);
  const pid_t child = ::fork();
  if (child < 0) fail("fork");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::string text;
    int code = 0;
    try {
      for (const std::string& one : question()) text.append(one).push_back('\0');
    } catch (const std::exception& error) {
      text = error.what();
      code = 1;
    }
    ::_exit(::write(memory, text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? code : 2);
  }
  const int status = tracer_->serve(child);
  const std::string text = text_of(memory);
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("nobody could judge: " + text);
  std::vector<std::string> answer;
  for (std::size_t at = 0, end = 0; (end = text.find('\0', at)) != std::string::npos; at = end + 1)
    answer.push_back(text.substr(at, end - at));
  return answer;
}

}  // namespace fault
