"""`semper run` beside the entry points that containers have today."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

from peers import ROOT, children, free_port, memory

SCRIPT = "echo up; exec sleep 1000"


def command(name, folder):
    """The entry point's command line, with a program below it that prints a line and stays."""
    program = ["sh", "-c", SCRIPT]
    run = [str(ROOT / "semper"), "run", "--flow-name", "bench", "--base", str(folder / "app"), "--log-level", "ERROR"]
    if name == "semper run":
        return run + ["--metrics-port", str(free_port()), "--"] + program
    if name == "semper run, simple":
        return run + ["--mode", "simple", "--"] + program
    if name == "tini":
        return ["tini", "-s", "--"] + program
    if name == "dumb-init":
        return ["dumb-init", "--"] + program
    service = folder / "scan/bench"
    shutil.rmtree(folder / "scan", ignore_errors=True)
    service.mkdir(parents=True)
    (service / "run").write_text(f"#!/bin/sh\n{SCRIPT}\n")
    (service / "run").chmod(0o755)
    return ["s6-svscan", str(folder / "scan")]


ENTRIES = {"semper run": None, "semper run, simple": None, "tini": "tini", "dumb-init": "dumb-init", "s6": "s6-svscan"}


def is_installed(name):
    return ENTRIES[name] is None or shutil.which(ENTRIES[name])


def own(pid):
    """The entry point's processes: all but the program."""
    pids = [pid]
    for child in children(pid):
        if "s6-supervise" in Path(f"/proc/{child}/cmdline").read_text():
            pids.append(child)
    return pids


def measure(name, folder, starts, settle, priority, summary):
    ready, health, stopped, rss, pss = [], [], [], [], []
    environment = {k: v for k, v in os.environ.items() if not k.startswith("CONTAINER_")}
    for i in range(starts):
        words = command(name, folder)
        begun = time.monotonic_ns()
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment, preexec_fn=priority)
        process.stdout.readline()
        ready.append((time.monotonic_ns() - begun) / 1e6)
        if "--metrics-port" in words:
            health.append(until_ready(int(words[words.index("--metrics-port") + 1]), begun))
        if i >= starts - 3:
            time.sleep(settle)
            found = [memory(pid) for pid in own(process.pid)]
            rss.append(sum(one["rss"] for one in found))
            pss.append(sum(one["pss"] for one in found))
        begun = time.monotonic_ns()
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        stopped.append((time.monotonic_ns() - begun) / 1e6)
        process.stdout.close()
    found = {"program_runs_ms": summary(ready), "stopped_ms": summary(stopped), "rss": round(min(rss), 1), "pss": round(min(pss), 1)}
    if health:
        found["health_200_ms"] = summary(health)
    return found


def until_ready(port, begun):
    import http.client

    while True:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            client.request("GET", "/health/ready")
            if client.getresponse().status == 200:
                return (time.monotonic_ns() - begun) / 1e6
        except OSError:
            pass
        if time.monotonic_ns() - begun > 60e9:
            raise TimeoutError("not ready")
        time.sleep(0.001)
