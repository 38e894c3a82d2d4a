"""Measures Semper against the supervisors of Debian; see bench/run --help."""

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import entry
from measure import LONG, PARTS, Parts
from peers import PEERS, ROOT
from report import table
from units import build


def options():
    parser = argparse.ArgumentParser(
        prog="bench/run",
        description="Measures Semper side by side with supervisord and monit, prints a table and writes the raw figures to bench/results.",
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"what to measure: {', '.join(PARTS)} (default: all but {', '.join(LONG)})")
    parser.add_argument("--only", action="append", choices=list(PEERS), help="only this supervisor; may be given again")
    parser.add_argument("--quick", action="store_true", help="few trials: to see that it works")
    parser.add_argument("--trials", type=int, default=500, help="kills of one unit for Semper (default %(default)s)")
    parser.add_argument("--peer-trials", type=int, default=200, help="the same for the others (default %(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="rounds of 100 up, killed, stopped for Semper (default %(default)s)")
    parser.add_argument("--peer-rounds", type=int, default=3, help="the same for the others (default %(default)s)")
    parser.add_argument("--starts", type=int, default=15, help="starts of the server per case (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=10, help="length of a measured stretch (default %(default)s)")
    parser.add_argument("--idle", type=int, default=60, help="seconds of idling (default %(default)s)")
    parser.add_argument("--settle", type=float, default=10, help="seconds before memory or idling is looked at (default %(default)s)")
    parser.add_argument("--soak-seconds", type=int, default=600, help="length of the soak, which fails if anything grows that must not (default %(default)s)")
    parser.add_argument(
        "--realtime",
        action="store_true",
        help="run every supervisor and unit before all other programs (SCHED_RR, needs root): for a machine that others use too",
    )
    parser.add_argument("--jdk", default=os.environ.get("BENCH_JDK"), help=argparse.SUPPRESS)
    parser.add_argument("--doc", action="store_true", help="put the table into docs/benchmarks.md")
    parser.add_argument(
        "--merge", metavar="FILE", action="append", default=[], help="take what is not measured now from this JSON file of an earlier run; may be given again"
    )
    chosen = parser.parse_args()
    for part in chosen.parts:
        if part not in PARTS:
            parser.error(f"no part '{part}'; there are: {', '.join(PARTS)}")
    if chosen.quick:
        chosen.trials, chosen.peer_trials, chosen.rounds, chosen.peer_rounds = 30, 5, 2, 1
        chosen.starts, chosen.seconds, chosen.idle, chosen.settle = 3, 3, 10, 3
    return chosen


def conditions(program, chosen):
    cpu = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), platform.machine())
    java = subprocess.run([chosen.jdk + "/bin/java", "-version"], capture_output=True, text=True).stderr.splitlines()[1]
    commit = subprocess.run(["git", "-C", ROOT, "describe", "--always", "--dirty"], capture_output=True, text=True).stdout.strip()
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()),
        "command": "bench/run " + " ".join(sys.argv[3:]),
        "machine": f"{os.cpu_count()} cores {cpu}, Linux {platform.release()}",
        "java": java,
        "commit": commit,
        "unit": program,
        "realtime": chosen.realtime,
        "versions": {},
        "load": {},
    }


def main():
    chosen = options()
    scratch = Path(tempfile.mkdtemp(prefix="semper-bench."))
    program, language = build(scratch)
    run = {"conditions": conditions(language, chosen), "parts": {}}
    for file in chosen.merge:
        earlier = json.loads(Path(file).read_text())
        for part, found in earlier["parts"].items():
            run["parts"].setdefault(part, {}).update(found)
        run["conditions"]["load"].update(earlier["conditions"]["load"])
        run["conditions"].setdefault("merged", []).append({file: earlier["conditions"]["date"]})
    parts = Parts(chosen, scratch, program)
    if chosen.realtime:
        os.sched_setscheduler(0, os.SCHED_RR | os.SCHED_RESET_ON_FORK, os.sched_param(2))  # the clock must not be what is late
    failed = False
    try:
        for part in chosen.parts or [part for part in PARTS if part not in LONG]:
            for peer in PARTS[part]:
                if chosen.only and peer not in chosen.only:
                    continue
                if not (entry.is_installed(peer) if part == "run" else peer == "semper" or shutil.which(peer)):
                    print(f"bench: {peer} is not installed; left out", file=sys.stderr)
                    continue
                begun, before = time.monotonic(), os.getloadavg()[0]
                try:
                    found = getattr(parts, part)(peer)
                except Exception as e:  # one part that fails must not lose the others
                    if "-v" in sys.argv or os.environ.get("BENCH_DEBUG"):
                        raise
                    print(f"bench: {part} of {peer} failed: {type(e).__name__}: {e}", file=sys.stderr)
                    failed = True
                    continue
                run["parts"].setdefault(part, {})[peer] = found
                run["conditions"]["load"][f"{part} {peer}"] = [round(before, 1), round(os.getloadavg()[0], 1)]
                short = {k: v for k, v in found.items() if not k.startswith("raw")}
                if found.get("grew"):
                    print(f"bench: {part} of {peer} FAILED, this grew: {found['grew']}", file=sys.stderr)
                    failed = True
                print(f"bench: {part} {peer} ({time.monotonic() - begun:.0f} s, load {before:.1f}): {json.dumps(short)}", file=sys.stderr)
        for name, peer in PEERS.items():
            try:
                run["conditions"]["versions"][name] = peer.version(peer)
            except (OSError, IndexError):
                pass
    finally:
        shutil.rmtree(scratch, ignore_errors=True) if not (failed or os.environ.get("BENCH_DEBUG")) else print(f"bench: see {scratch}", file=sys.stderr)
    text = table(run)
    print(text)
    file = ROOT / "bench/results" / (time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()) + ".json")
    file.write_text(json.dumps(run, indent=1) + "\n")
    print(f"bench: raw figures in {file}", file=sys.stderr)
    if chosen.doc:
        document(text, run, file)
    sys.exit(1 if failed else 0)


def document(text, run, file):
    """Replaces what stands between the markers."""
    page = ROOT / "docs/benchmarks.md"
    before, _, rest = page.read_text().partition("<!-- table: bench/run --doc -->\n")
    after = rest.partition("<!-- end -->")[2]
    facts = run["conditions"]
    loads = [value for pair in facts["load"].values() for value in pair]
    told = (
        f"{facts['date']}, commit {facts['commit']}; {facts['machine']}; {facts['java']}; "
        f"{', '.join(v for n, v in facts['versions'].items() if n != 'semper')}; unit: {facts['unit']}; "
        f"1-minute load {min(loads):.1f}–{max(loads):.1f} (of other work on the machine too), every supervisor and unit at {'real-time' if facts['realtime'] else 'usual'} priority; "
        f"command: `{facts['command'].strip()}`; raw figures: `bench/results/{file.name}`."
    )
    page.write_text(f"{before}<!-- table: bench/run --doc -->\n{told}\n\n{text}\n<!-- end -->{after}")


main()
