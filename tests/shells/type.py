"""Types into a shell and looks at its line. usage: type.py SHELL SCRIPT"""

import os
import pty
import re
import select
import sys
import termios
import time

SHELL, SCRIPT = sys.argv[1:]
SHOW = "\x18p"  # ^X p: prints the line between marks
START = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        f"PS1='ready> '; bind -x '\"\\C-xp\": printf \"<<%s>>\\n\" \"$READLINE_LINE\"'; . '{SCRIPT}'",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "PS1='ready> '; unsetopt zle_bracketed_paste prompt_sp; autoload -Uz compinit; compinit -u -D; "
        "show() { print -r -- \"<<$BUFFER>>\" }; zle -N show; bindkey '^Xp' show; "
        f"eval \"$(<'{SCRIPT}')\"; compdef _netrig netrig",
    ),
    "fish": (
        ["fish", "--no-config", "-i"],
        "function fish_prompt; echo 'ready> '; end; function show; printf '<<%s>>\\n' (commandline); end; "
        f"bind \\cxp show; source '{SCRIPT}'",
    ),
}
# What is typed, and what stands there after the tabulator.
CASES = [
    ("netrig gra", "netrig graph "),
    ("netrig drivers sh", "netrig drivers show "),
    ("netrig drivers show macv", "netrig drivers show macvlan "),
    ("netrig up --repl", "netrig up --replace "),
    ("netrig graph --format mer", "netrig graph --format mermaid "),
    ("netrig graph --format=mer", "netrig graph --format=mermaid "),
    ("netrig status two-h", "netrig status two-hosts "),
    ("netrig --json shell two-hosts h", "netrig --json shell two-hosts h"),
    ("netrig shell two-hosts h2", "netrig shell two-hosts h2 "),
    ("netrig ping two-hosts h1 h2:e", "netrig ping two-hosts h1 h2:eth0 "),
    ("netrig plan tw", "netrig plan two\\ hosts.toml "),
    ("netrig exec two-hosts h1 realpa", "netrig exec two-hosts h1 realpath "),
    ("netrig exec two-hosts h1 -- cat n", "netrig exec two-hosts h1 -- cat notes.txt "),
]
PATIENCE = 30.0  # seconds


class Shell:
    def __init__(self, command, setup):
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm"
            os.execvp(command[0], command)
        termios.tcsetwinsize(self.terminal, (40, 200))
        self.seen = ""
        self.write(setup + "; echo set'' up\n")
        self.wait_for(r"set up")

    def write(self, text):
        os.write(self.terminal, text.encode())

    def wait_for(self, pattern):
        end = time.monotonic() + PATIENCE
        while not (found := re.search(pattern, self.seen)):
            if not select.select([self.terminal], [], [], max(0.0, end - time.monotonic()))[0]:
                raise SystemExit(f"no {pattern!r} in:\n{self.seen}")
            self.seen += os.read(self.terminal, 65536).decode(errors="replace")
        return found

    def completed(self, typed):
        self.seen = ""
        self.write("\x15" + typed + "\t" + SHOW)
        return self.wait_for(r"<<(.*?)>>")[1]


def main():
    shell = Shell(*START[SHELL])
    wrong = 0
    for typed, wanted in CASES:
        found = shell.completed(typed)
        if found.rstrip(" ") != wanted.rstrip(" "):
            wrong += 1
            print(f"{typed!r} became {found!r}, not {wanted!r}")
    os.close(shell.terminal)
    return 1 if wrong else 0


sys.exit(main())
