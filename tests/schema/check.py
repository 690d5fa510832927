"""Validates lab files and policies with jsonschema, and with taplo if it is there. usage: check.py NETRIG SOURCE_DIRECTORY"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

NETRIG, SOURCE = sys.argv[1], pathlib.Path(sys.argv[2])
try:
    import tomllib

    import jsonschema
except ImportError as error:
    print(f"SKIPPED: {error}")
    sys.exit(77)

# Each has one thing wrong, which the schema can know.
WRONG = {
    "unknown key": '[lab]\nname = "x"\n[namespace.a]\nadresses = []',
    "unknown key of an end": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[link]]\nends = [{ end = "a:eth0", mtuu = 9 }, "a:eth1"]',
    "wrong type": '[lab]\nname = "x"\n[namespace.a]\nforwarding = "yes"',
    "number in quotes": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[link]]\nends = ["a:eth0", "a:eth1"]\nmtu = "9000"',
    "out of range": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[link]]\nends = ["a:eth0", "a:eth1"]\nmtu = 67',
    "unknown word": '[lab]\nname = "x"\ndad = "never"',
    "missing key": '[lab]\ndescription = "x"',
    "unknown driver": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[link]]\ndriver = "vethh"\nends = ["a:eth0", "a:eth1"]',
    "unknown parameter": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[link]]\nends = ["a:eth0", "a:eth1"]\nparams = { vlan_filtering = true }',
    "parameter of a wrong type": '[lab]\nname = "x"\nnamespaces = ["a"]\n[lan.l]\nports = ["a:eth0"]\nparams = { stp = "on" }',
    "unknown parameter of a device": '[lab]\nname = "x"\nnamespaces = ["a"]\n[device.d]\ndriver = "bridge"\n'
    'interfaces = [{ namespace = "a" }]\nparams = { id = 7 }',
    "missing parameter": '[lab]\nname = "x"\nnamespaces = ["a"]\n[device.d]\ndriver = "vxlan"\ninterfaces = [{ namespace = "a" }]',
    "unknown check": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[test]]\nname = "t"\nfrom = "a"\npingg = { to = "a" }',
    "unknown key of a check": '[lab]\nname = "x"\nnamespaces = ["a"]\n[[test]]\nname = "t"\nfrom = "a"\nping = { too = "a" }',
    "unknown key in a repeat": '[lab]\nname = "x"\n[[repeat]]\nfor = { i = "1..2" }\nnamespace."r{i}" = { gatewy = "10.0.0.1" }',
}
WRONG_POLICIES = {
    "unknown key": "[plugins]\nmodes = 'path'",
    "unknown word": "[plugins]\nmode = 'all'",
    "unknown privilege": "[driver.veth]\ngrant = ['CAP_SYS_BOOT']",
    "wrong type": "[labs]\nrequire_protected = 'yes'",
}


def netrig(*arguments):
    return subprocess.run([NETRIG, *arguments], capture_output=True, text=True, check=False)


def schema(what):
    answer = netrig("schema", what)
    if answer.returncode != 0 or answer.stderr:
        sys.exit(f"schema {what} ended with {answer.returncode}: {answer.stderr}")
    found = json.loads(answer.stdout)
    jsonschema.Draft7Validator.check_schema(found)
    return jsonschema.Draft7Validator(found)


def fault_of(validator, text):
    fault = jsonschema.exceptions.best_match(validator.iter_errors(tomllib.loads(text)))
    return None if fault is None else f"{'/'.join(str(one) for one in fault.absolute_path)}: {fault.message}"[:400]


def documented_labs():
    for document in [SOURCE / "README.md", *sorted((SOURCE / "docs").rglob("*.md"))]:
        for number, text in enumerate(re.findall(r"^```toml\n(.*?)^```", document.read_text(), re.M | re.S)):
            yield f"{document.name}, lab {number + 1}", text


def main():
    failures = []
    labs = schema("lab")
    with tempfile.TemporaryDirectory() as place:
        lab = pathlib.Path(place) / "lab.toml"
        files = [*(SOURCE / "config").rglob("*.toml"), *(SOURCE / "tests").rglob("*.toml")]
        seen = 0
        for path in sorted(files):
            if path.name == "host.toml" or netrig("--quiet", "plan", str(path)).returncode not in (0, 3, 7):
                continue
            seen += 1
            if fault := fault_of(labs, path.read_text()):
                failures.append(f"{path}: {fault}")
        if seen < 20:
            failures.append(f"only {seen} lab files were found")
        for name, text in documented_labs():
            if fault := fault_of(labs, text):
                failures.append(f"{name}: {fault}")
        for name, text in WRONG.items():
            if fault_of(labs, text) is None:
                failures.append(f"the schema takes: {name}")
            lab.write_text(text)
            if netrig("plan", str(lab)).returncode not in (2, 5):
                failures.append(f"netrig takes: {name}")
        policies = schema("policy")
        if fault := fault_of(policies, (SOURCE / "config/host.toml").read_text()):
            failures.append(f"host.toml: {fault}")
        for name, text in WRONG_POLICIES.items():
            if fault_of(policies, text) is None:
                failures.append(f"the policy's schema takes: {name}")
        if taplo := shutil.which("taplo"):
            written = pathlib.Path(place) / "schema.json"
            written.write_text(json.dumps(labs.schema))
            check = [taplo, "check", "--schema", written.as_uri()]
            if subprocess.run([*check, str(SOURCE / "config/two-hosts.toml")], check=False).returncode != 0:
                failures.append("taplo refuses two-hosts.toml")
            lab.write_text(WRONG["unknown parameter"])
            if subprocess.run([*check, str(lab)], check=False, capture_output=True).returncode == 0:
                failures.append("taplo takes an unknown parameter")
    print("\n".join(failures))
    return 1 if failures else 0


sys.exit(main())
