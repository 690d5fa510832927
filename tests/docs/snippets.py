"""Extracts every fenced block of a document and tries it. The word behind ``` says how, which readers do not see:

toml             a whole lab: planned, and its tests listed
toml in=FRAME    a part of one, put into tests/docs/frames/FRAME.toml; "in=policy": a host policy, read
sh               run as it stands, in the source tree; "up=LAB" is up meanwhile, "in=DIRECTORY" is where,
                 "parse" only looks whether it is a script
c, cpp, cmake    file=PATH: written there, before anything is run; each folder with a CMakeLists.txt is built, and doctor
                 must find that its drivers make devices
json in=COMMAND  has the members that the command's answer has
mermaid in=LAB   what graph says of it
yaml run         a workflow of GitHub or GitLab: read, and what its steps run is run, in the source tree as netrig/ and with a lab
                 in labs/; files that it keeps as reports must be there then
text             nothing to run: a message, a layout
anything         of=PATH: what that file has, but for its line of licence, word for word; tests of its own try it

A block without a mark, or with one that is not in this list, is an error. So are blocks of manual pages (.nf, .EX) that
are neither labs nor command lines.
"""

import json
import os
import re
import shutil
import subprocess
import sys

import yaml

BUILD = os.environ["NETRIG_TEST_BUILD"]
NETRIG = BUILD + "/netrig"
FRAMES = "tests/docs/frames"
PLACE = os.environ["NETRIG_TEST_PLACE"]


class Wrong(Exception):
    """A snippet that does not do what its document says."""


def run(command, directory=".", fine=(0,), **environment):
    result = subprocess.run(command, cwd=directory, env=os.environ | environment, stdin=subprocess.DEVNULL,
                            capture_output=True, text=True, timeout=300)
    if result.returncode not in fine:
        raise Wrong(f"{command} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


def write(path, text):
    os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


class Snippet:
    def __init__(self, where, mark, lines):
        self.where, self.text = where, "\n".join(lines) + "\n"
        self.language, *words = mark.split() or [""]
        self.marks = dict(word.split("=", 1) if "=" in word else (word, True) for word in words)


def fenced(path, lines):
    begin = None
    for number, line in enumerate(lines, 1):
        fence = re.match(r"\s*(```+|~~~+)(.*)", line)
        if not fence:
            continue
        if begin is None:
            begin, mark = number, fence[2]
        elif fence[2].strip() == "":
            yield Snippet(f"{path}:{begin}", mark, lines[begin : number - 1])
            begin = None
    if begin is not None:
        raise Wrong(f"{path}:{begin}: a fence without an end")


def of_manual(path, lines):
    begin = None
    for number, line in enumerate(lines, 1):
        if line in (".nf", ".EX"):
            begin = number
        elif line in (".fi", ".EE") and begin is not None:
            text = [re.sub(r"\\f.|\\&", "", one).replace("\\-", "-").replace("\\e", "\\") for one in lines[begin : number - 1]]
            lab = "[lab]" in text
            yield Snippet(f"{path}:{begin}", "toml" if lab else "sh parse", text)
            begin = None


def plan(text):
    lab = write(PLACE + "/snippet.toml", text)
    run([NETRIG, "plan", lab])
    if "[[test]]" in text:
        run([NETRIG, "run", "--list", lab])


def check_toml(snippet):
    frame = snippet.marks.get("in")
    if frame == "policy":
        # 5: it names drivers or places that this machine lacks, which a policy may.
        run([NETRIG, "--host-config", write(PLACE + "/policy.toml", snippet.text), "drivers", "list"], fine=(0, 5))
    else:
        plan(read(f"{FRAMES}/{frame}.toml").replace("@SNIPPET@\n", snippet.text) if frame else snippet.text)


def check_sh(snippet):
    run(["sh", "-n", "-c", snippet.text])
    if snippet.marks.get("parse"):
        return
    if snippet.marks.get("up"):
        run([NETRIG, "up", snippet.marks["up"]])
    try:
        run(["sh", "-eu", "-c", snippet.text], snippet.marks.get("in", "."), SHELL="/bin/sh")
    finally:
        run([NETRIG, "down", "--all"])


def check_json(snippet):
    shown = json.loads(snippet.text)
    said = json.loads(run(snippet.marks["in"].split("+"), fine=range(8)))

    def members(one):
        return {key: members(value) for key, value in one.items()} if isinstance(one, dict) else type(one).__name__

    if members(shown) != members(said):
        raise Wrong(f"is not what netrig answers: {said}")


def check_mermaid(snippet):
    drawn = run([NETRIG, "graph", snippet.marks["in"], "--format", "mermaid"])
    if drawn.strip() != snippet.text.strip():
        raise Wrong(f"netrig graph says:\n{drawn}")


def commands_of(workflow):
    """(directory, command) of every step, and the files kept; GitHub has steps in jobs, GitLab scripts."""
    commands, kept = [], []
    for job in workflow.get("jobs", {}).values():
        for step in job["steps"]:
            if "run" in step:
                commands.append((step.get("working-directory", "."), step["run"]))
            elif "uses" not in step:
                raise Wrong(f"a step that does nothing: {step}")
            if "upload-artifact" in step.get("uses", ""):
                kept += [path for path in step["with"]["path"].split("\n") if path and not path.endswith("/")]
    for job in workflow.values():
        if isinstance(job, dict) and "script" in job:
            # All lines of a job are one shell's.
            commands.append((".", "\n".join(job.get("before_script", []) + job["script"])))
            kept += job["artifacts"]["paths"] + list(job["artifacts"]["reports"].values())
    return commands, set(kept)


def check_yaml(snippet):
    workflow = yaml.safe_load(snippet.text)
    if not snippet.marks.get("run"):
        raise Wrong("yaml is a workflow, and those are run")
    commands, kept = commands_of(workflow)
    if not commands or not kept:
        raise Wrong("a workflow that runs or keeps nothing")
    summary = write(PLACE + "/step_summary.md", "")
    github = "jobs" in workflow
    for directory, command in commands:
        run(["sh", "-eu", "-c", command], directory, GITHUB_ACTIONS="true" if github else "",
            GITHUB_STEP_SUMMARY=summary, GITHUB_WORKSPACE=os.getcwd())
    for path in kept:
        if os.path.getsize(path) == 0:
            raise Wrong(f"{path} is empty")
        os.remove(path)
    if github != ("everybody answers" in read(summary)):
        raise Wrong("the step's summary is not what it should be")


def check_file(snippet):
    if "file" not in snippet.marks:
        raise Wrong("source code without file=PATH")


def check_of(snippet):
    text = read(snippet.marks["of"])
    # Behind the licence a comment may go on.
    text = re.sub(r"^// SPDX[^\n]*\n", "", re.sub(r"^/\* SPDX[^\n]*\n \* ", "/* ", text))
    if text != snippet.text:
        raise Wrong(f"is not what {snippet.marks['of']} has")


CHECKS = {"toml": check_toml, "sh": check_sh, "json": check_json, "mermaid": check_mermaid,
          "yaml": check_yaml, "c": check_file, "cpp": check_file, "cmake": check_file, "text": lambda snippet: None}


def build(folder):
    """Builds a folder that the snippets have made: in the source tree if it is below plugins/, else as a vendor does."""
    binary = f"{PLACE}/built/{os.path.basename(folder)}"
    project = folder
    if folder.startswith("plugins/"):
        project = PLACE + "/project"
        here = os.getcwd()
        write(project + "/CMakeLists.txt",
              "cmake_minimum_required(VERSION 3.25)\nproject(snippets LANGUAGES C CXX)\nset(CMAKE_CXX_STANDARD 20)\n"
              f"set(NETRIG_PLUGIN_OUTPUT_DIRECTORY {binary})\n"
              f"add_compile_options(-Wall -Wextra -Werror)\nadd_subdirectory({here}/sdk sdk)\n"
              f"add_subdirectory({here}/{folder} driver)\n")
    else:
        run(["cmake", "-S", "sdk", "-B", PLACE + "/sdk", "-DCMAKE_INSTALL_PREFIX=/usr"])
        run(["cmake", "--install", PLACE + "/sdk"])
    run(["cmake", "-S", project, "-B", binary, "-DCMAKE_BUILD_TYPE=Release"])
    run(["cmake", "--build", binary])
    policy = write(PLACE + "/policy.toml", f'[plugins]\ndirectories = ["{binary}"]\nanchor = "{binary}"\n')
    answer = json.loads(run([NETRIG, "--host-config", policy, "--json", "doctor"], fine=(0, 6)))
    drivers = [one for one in answer["works"] if one["id"].startswith("driver:")]
    if not drivers:
        raise Wrong(f"{folder}: no driver was built")
    for one in drivers:
        if not one["works"] and "this kernel cannot make" not in one["because"]:
            raise Wrong(f"{folder}: {one['because']}")
        print(f"{folder}: {one['what']}: {one['because'] or 'yes'}")
        run([NETRIG, "--host-config", policy, "drivers", "show", one["id"].removeprefix("driver:")])


def main(document):
    lines = read(document).split("\n")
    snippets = list(fenced(document, lines) if document.endswith(".md") else of_manual(document, lines))
    write("lab.toml", read(FRAMES + "/whole.toml"))
    write("labs/campus.toml", read(FRAMES + "/whole.toml"))
    os.path.lexists("netrig") or os.symlink(".", "netrig")
    shutil.copy(BUILD + "/plugins/veth.so", "veth.so")
    wrong = 0
    folders = []
    for snippet in snippets:
        if "file" in snippet.marks:
            path = write(snippet.marks["file"], snippet.text)
            if path.endswith("/CMakeLists.txt"):
                folders.append(os.path.dirname(path))
    for where, check in [(s.where, lambda s=s: (check_of if "of" in s.marks else CHECKS[s.language])(s)) for s in snippets] + [
        (document, lambda f=f: build(f)) for f in folders
    ]:
        try:
            check()
        except KeyError as unknown:
            wrong += 1
            print(f"{where}: no such mark: {unknown}")
        except (Wrong, ValueError, OSError, subprocess.TimeoutExpired) as fault:
            wrong += 1
            print(f"{where}: {fault}")
    print(f"{document}: {len(snippets)} snippets, {wrong} wrong")
    return 1 if wrong else 0


sys.exit(main(sys.argv[1]))
