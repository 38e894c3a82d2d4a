"""What watching costs and how soon it tells: many probes, detection, healing."""

import http.client
import json
import os
import random
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path

from peers import cpu_seconds, free_port

HERE = Path(__file__).resolve().parent


class Target:
    """target.c as a process; see there what it understands."""

    def __init__(self, scratch, ports, priority):
        program = scratch / "target"
        if not program.exists():
            compiler = shutil.which("gcc") or shutil.which("cc")
            if not compiler:
                raise RuntimeError("no C compiler for target.c; install gcc")
            subprocess.run([compiler, "-O2", "-static", "-o", program, HERE / "target.c"], check=True)
        self.process = subprocess.Popen(
            [program, str(ports)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=priority
        )
        self.ports = [int(port) for port in self.process.stdout.readline().split()]

    def tell(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def ask(self, line):
        self.tell(line)
        return json.loads(self.process.stdout.readline())

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def close(self):
        self.process.terminate()
        self.process.wait(10)
        self.process.stdin.close()
        self.process.stdout.close()


def metrics(peer, wanted):
    """Lines of /metrics whose name begins so: {line without its value: value}."""
    found = {}
    for line in peer.call("GET", "/metrics").splitlines():
        if line.startswith(wanted):
            name, _, value = line.rpartition(" ")
            found[name] = float(value)
    return found


# ---- 10,000 probes a second

PROBES_EACH = 10
PORTS = 100

# Shorter and shorter periods, in milliseconds, to see how many a second can be had.
MOST = (700, 450)


def probed(target, workloads, period):
    """Workloads that Semper does not run but watches, with ten probes each; every probe asks for a number of its own."""

    def probe(number):
        return {
            "name": f"p{number % PROBES_EACH}",
            "type": "readiness",
            "http": {"port": target.ports[number % PORTS], "path": f"/{number}"},
            "period": period,
            "timeout": "1s",
        }

    return {
        "workloads": {
            f"w{i}": {"kind": "remote", "probes": [probe(i * PROBES_EACH + j) for j in range(PROBES_EACH)]} for i in range(workloads)
        }
    }


def stretch(peer, target, seconds, rate):
    """What is seen within some seconds: rate and intervals by the target, lateness by the server, processor time by the kernel."""
    target.ask("report")
    cpu, theirs, begun = peer.cpu(), target.cpu(), time.monotonic()
    time.sleep(seconds)
    seen, own = target.ask("report"), metrics(peer, "semper_probe_lateness")
    after, spent, took = peer.cpu(), target.cpu() - theirs, time.monotonic() - begun
    percent = {part: round(100 * (after[part] - cpu[part]) / took, 2) for part in cpu}
    return {
        "per_second": round((seen["answered"] + seen["hung"]) / took, 1),
        "answered_per_second": round(seen["answered"] / took, 1),
        "of_wanted": round((seen["answered"] + seen["hung"]) / took / rate, 4),
        "lateness_p50_ms": round(1000 * own['semper_probe_lateness_seconds{quantile="0.5"}'], 3),
        "lateness_p99_ms": round(1000 * own['semper_probe_lateness_seconds{quantile="0.99"}'], 3),
        "interval_ms": {k: round(seen[k] / 1000, 2) for k in ("p1", "p50", "p99", "max")},
        "cpu_percent": percent,
        "target_cpu_percent": round(100 * spent / took, 2),
        "probes_per_cpu_second": round((seen["answered"] + seen["hung"]) / max(0.001, after["server"] - cpu["server"])),
        "memory": peer.memory(),
    }


def probes10k(parts):
    """10,000 different HTTP probes of 1 s each by one server; then 5 % of what they ask hangs; then as many as it can; and a plain client."""
    options = parts.options
    seconds = 3 if options.quick else 15
    settle = 2 if options.quick else 12
    workloads = 200 if options.quick else 1000
    probes = workloads * PROBES_EACH
    peer = parts.peer("semper")
    target = Target(parts.scratch, PORTS, parts.priority)
    found = {}
    try:
        peer.start([])
        peer.apply(probed(target, workloads, "1s"))
        time.sleep(settle)  # compiled code, and lateness of the start out of the window
        found["all answer"] = stretch(peer, target, seconds, probes)
        target.tell("hang 20")
        time.sleep(settle / 2)
        found["5 % hang"] = stretch(peer, target, seconds, probes)
        target.tell("hang 0")
        tried = []
        for period in MOST:
            peer.apply(probed(target, workloads, f"{period}ms"))
            time.sleep(settle / 4)
            tried.append(stretch(peer, target, seconds / 3, probes * 1000 / period))
        found["most"] = max(tried, key=lambda one: one["answered_per_second"])
    finally:
        peer.end([])
        target.close()
    for title, mode in (("plain client", "keep"), ("plain client, a connection each", "close")):
        found[title] = plain(parts, mode, probes, 1000, settle / 2, seconds)
        tried = [plain(parts, mode, probes, period, settle / 4, seconds / 3) for period in MOST]
        found[title + ", most"] = max(tried, key=lambda one: one["answered_per_second"])
    each = found["plain client, a connection each"]
    found["ratio_per_cpu"] = ratio(found["all answer"]["probes_per_cpu_second"], each["probes_per_cpu_second"])
    found["ratio_per_cpu_keep_alive"] = ratio(found["all answer"]["probes_per_cpu_second"], found["plain client"]["probes_per_cpu_second"])
    found["ratio_most"] = ratio(found["most"]["answered_per_second"], found["plain client, a connection each, most"]["answered_per_second"])
    found["ratio_most_keep_alive"] = ratio(found["most"]["answered_per_second"], found["plain client, most"]["answered_per_second"])
    found["lateness_p99_change_ms"] = round(found["5 % hang"]["lateness_p99_ms"] - found["all answer"]["lateness_p99_ms"], 3)
    return found


def ratio(ours, theirs):
    return round(ours / theirs, 3) if theirs else None


def plain(parts, mode, probes, period, settle, seconds):
    target = Target(parts.scratch, PORTS, parts.priority)
    try:
        command = [*parts.java(), "dev.semper.bench.PlainProber", mode, str(probes), str(period), str(int(settle)), str(int(max(2, seconds)))]
        done = subprocess.run(command + [str(port) for port in target.ports], capture_output=True, text=True, preexec_fn=parts.priority)
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        result = json.loads(done.stdout.splitlines()[-1])
        result["probes_per_cpu_second"] = round(100 * result["answered_per_second"] / max(0.01, result["cpu_percent"]))
        return result
    finally:
        target.close()


# ---- detection

# Period in milliseconds and failures in a row that count.
CASES = [(100, 1), (100, 3), (1000, 1), (1000, 3), (2000, 2)]
WATCHED = 20


class Stream:
    """The events of a server as a client gets them: workload -> nanoseconds of the clock on the wall."""

    def __init__(self, peer, kind):
        self.connection = http.client.HTTPConnection("127.0.0.1", peer.port)
        self.connection.request("GET", f"/api/v1/events/stream?type={kind}", headers={"Authorization": "Bearer " + peer.token})
        self.answer = self.connection.getresponse()
        self.seen = {}
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        try:
            for line in self.answer:
                if line.startswith(b"data:"):
                    at = time.time_ns()
                    event = json.loads(line[5:])
                    self.seen.setdefault(event.get("workload"), at)
        except (OSError, ValueError, AttributeError, http.client.HTTPException):
            pass  # closed

    def await_all(self, names, timeout):
        end = time.monotonic() + timeout
        while not names <= self.seen.keys():
            if time.monotonic() > end:
                raise TimeoutError(f"no event of {sorted(names - self.seen.keys())[:3]} in {timeout} s")
            time.sleep(0.05)


def detection(parts, summary):
    """From a target turning bad to the event at a client, for several periods and thresholds. It turns bad right after an answer that was good: the
    worst moment there is, a whole period before anybody asks again."""
    peer = parts.peer("semper")
    target = Target(parts.scratch, 1, parts.priority)
    numbers = {f"d{case}-{i}": case * WATCHED + i for case in range(len(CASES)) for i in range(WATCHED)}

    def workload(number):
        period, threshold = CASES[number // WATCHED]
        probe = {
            "type": "readiness",
            "http": {"port": target.ports[0], "path": f"/{number}"},
            "period": period / 1000,
            "timeout": "1s",
            "failure_threshold": threshold,
        }
        return {"kind": "remote", "probes": [probe]}

    found = {f"{period} ms x {threshold}": {"detection": [], "constant": [], "answer_to_event": []} for period, threshold in CASES}
    try:
        peer.start([])
        peer.apply({"workloads": {name: workload(number) for name, number in numbers.items()}})
        time.sleep(2)
        for _ in range(1 if parts.options.quick else 8):
            bad = Stream(peer, "instance.probe_failed")
            target.tell(f"arm 0 {len(numbers)}")
            bad.await_all(numbers.keys(), 60)
            turned = {number: (good, answers) for number, good, answers in target.ask("turned")}
            for name, number in numbers.items():
                period, threshold = CASES[number // WATCHED]
                good, answers = turned[number]
                case = found[f"{period} ms x {threshold}"]
                case["detection"].append((bad.seen[name] - good) / 1e6)
                case["constant"].append((bad.seen[name] - good) / 1e6 - period * threshold)
                case["answer_to_event"].append((bad.seen[name] - answers[threshold - 1]) / 1e6)
            bad.connection.sock.close()
            again = Stream(peer, "instance.probe_passed")
            target.tell(f"mend 0 {len(numbers)}")
            again.await_all(numbers.keys(), 60)
            again.connection.sock.close()
        everything = [value for case in found.values() for value in case["answer_to_event"]]
        result = {name: {f"{key}_ms": summary(values) for key, values in case.items()} for name, case in found.items()}
        result["answer_to_event_ms"] = summary(everything)
        result["constant_of_period_1s_ms"] = summary(found["1000 ms x 3"]["constant"])
        return result
    finally:
        peer.end([])
        target.close()


# ---- healing


def heal(parts, name, summary):
    """kill -9 of a web server until its successor answers; for Semper also until it calls the workload ready and healthy, by a probe a second."""
    peer = parts.peer(name)
    units = [f"u{i}" for i in range(5)]
    peer.units.ports = {unit: free_port() for unit in units}
    trials = {"semper": 60, "supervisord": 20, "monit": 15}[name]
    trials = min(trials, 5) if parts.options.quick else trials
    answers, well = [], []
    try:
        parts.up(peer, units)
        for unit in units:
            until_well(peer, unit)
        for trial in range(trials):
            time.sleep(random.uniform(0.1, 0.4))
            unit = units[trial % len(units)]
            begun = time.monotonic_ns()
            os.kill(peer.units.pids[unit], signal.SIGKILL)
            peer.units.await_starts([unit], 60)
            until_answer(peer.units.ports[unit])
            answers.append((time.monotonic_ns() - begun) / 1e6)
            until_well(peer, unit)
            well.append((time.monotonic_ns() - begun) / 1e6)
        return {"answers_ms": summary(answers), "well_ms": summary(well)} if name == "semper" else {"answers_ms": summary(answers), "well_ms": summary(answers)}
    finally:
        peer.end(units)


def until_answer(port):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            client.request("GET", "/")
            if client.getresponse().status == 200:
                return
        except OSError:
            time.sleep(0.001)
        finally:
            client.close()
    raise TimeoutError(f"nobody answers on port {port}")


def until_well(peer, unit):
    """Until the supervisor says so; those that cannot tell are believed."""
    until_answer(peer.units.ports[unit])
    end = time.monotonic() + 60
    while peer.name == "semper" and peer.call("GET", f"/api/v1/workloads/{unit}")["health"] != "healthy":
        if time.monotonic() > end:
            raise TimeoutError(f"{unit} does not become healthy")
        time.sleep(0.002)
