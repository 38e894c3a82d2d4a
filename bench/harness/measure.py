"""What is measured. Each part takes the settings of the run and returns plain data for the JSON file."""

import http.client
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import entry
import many
import soak
import watching
from peers import PEERS, ROOT, Peer, Semper, free_port, ticks
from units import Units

HERE = Path(__file__).resolve().parent


def summary(values, digits=2):
    """Of a list of milliseconds."""
    ordered = sorted(values)

    def at(share):
        return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], digits)

    return {"n": len(ordered), "p50": at(0.5), "p90": at(0.9), "p99": at(0.99), "max": round(ordered[-1], digits), "min": round(ordered[0], digits)}


def names(count):
    return [f"u{i}" for i in range(count)]


def load():
    return os.getloadavg()[0]


class Parts:
    def __init__(self, options, scratch, program):
        self.options = options
        self.scratch = scratch
        self.program = program
        self.made = 0
        self.place = scratch
        self.failed = []

    def priority(self):
        """Called in each supervisor before its exec."""
        if self.options.realtime:
            os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))

    def peer(self, name):
        self.made += 1
        folder = self.place / str(self.made)
        folder.mkdir()
        return PEERS[name](folder, Units(folder, self.program), self.priority)

    # ---- crash

    def crash(self, name):
        """kill -9 of one unit until its successor's first instruction."""
        peer = self.peer(name)
        units = names(10)
        trials = self.options.trials if name == "semper" else self.options.peer_trials
        try:
            self.up(peer, units)
            times = []
            cpu = peer.cpu()
            for trial in range(trials + 20):
                time.sleep(random.uniform(0.02, 0.06))
                unit = units[trial % len(units)]
                begun = time.monotonic_ns()
                os.kill(peer.units.pids[unit], signal.SIGKILL)
                began = peer.units.await_starts([unit], 60)
                if name != "semper" or trial >= 20:
                    times.append((began[unit] - begun) / 1e6)
                if len(times) >= trials:
                    break
            after = peer.cpu()
            spent = {part: round(1000 * (after[part] - cpu[part]) / (trial + 1), 2) for part in cpu}
            return {"latency_ms": summary(times), "disk_ms": self.disk(), "cpu_ms_per_restart": spent, "raw_ms": [round(t, 3) for t in times]}
        finally:
            peer.end(units)

    def crash_without_disk(self, name):
        """The same with everything on a file system in memory: what is left when the disk costs nothing."""
        self.place = Path(tempfile.mkdtemp(prefix="semper-bench.", dir="/dev/shm"))
        try:
            return self.crash(name)
        finally:
            shutil.rmtree(self.place, ignore_errors=True)
            self.place = self.scratch

    def disk(self):
        """How long the disk takes now to make 80 KiB durable, about what a restart writes."""
        times = []
        with open(self.place / "disk", "wb", buffering=0) as file:
            for _ in range(200):
                time.sleep(0.02)
                file.write(os.urandom(80 << 10))
                begun = time.monotonic_ns()
                os.fdatasync(file.fileno())
                times.append((time.monotonic_ns() - begun) / 1e6)
        return summary(times)

    def up(self, peer, units):
        peer.start(units)
        accepted, finish = peer.start_all(units)
        seen = peer.units.await_starts(units, 120)
        finish()
        time.sleep(0.5)
        return accepted, seen

    # ---- many at once

    def burst(self, name):
        """100 up, 100 killed at once, 100 stopped."""
        peer = self.peer(name)
        units = names(100)
        rounds = self.options.rounds if name == "semper" else self.options.peer_rounds
        try:
            peer.start(units)
            ups, killed, stops = [], [], []
            for _ in range(rounds):
                asked = time.monotonic_ns()
                accepted, finish = peer.start_all(units)
                seen = peer.units.await_starts(units, 120)
                ups.append({"after_accepted": (max(seen.values()) - accepted) / 1e6, "after_asked": (max(seen.values()) - asked) / 1e6})
                finish()
                time.sleep(2 if name == "semper" else 3)
                begun = time.monotonic_ns()
                for unit in units:
                    os.kill(peer.units.pids[unit], signal.SIGKILL)
                seen = peer.units.await_starts(units, 120)
                back = sorted((at - begun) / 1e6 for at in seen.values())
                killed.append({"p50": back[49], "max": back[-1]})
                time.sleep(3)
                asked = time.monotonic_ns()
                accepted, finish = peer.stop_all(units)
                try:
                    stops.append((peer.units.await_gone(units, 120) - accepted) / 1e6)
                except TimeoutError:  # monit begins some stops only after a minute
                    stops.append(120_000.0)
                    break
                finish()
                time.sleep(1 if name == "semper" else 2)
            return {
                "up_ms": summary([u["after_accepted"] for u in ups]),
                "up_after_asked_ms": summary([u["after_asked"] for u in ups]),
                "killed_max_ms": summary([k["max"] for k in killed]),
                "killed_p50_ms": summary([k["p50"] for k in killed]),
                "stopped_ms": summary(stops),
                "raw": {"up": ups, "killed": killed, "stopped": stops},
            }
        finally:
            peer.end(units)

    # ---- memory

    def memory(self, name):
        """RSS and PSS of the supervisor's own processes, with units that run."""
        found = {}
        counts = [0, 1, 100, 500, 1000] if name == "semper" else [1, 100, 500]
        for count in counts:
            if name == "monit" and count > 100:
                continue  # it starts some five units a second
            peer = self.peer(name)
            units = names(count)
            try:
                if count:
                    self.up(peer, units)
                else:
                    peer.start(units)
                time.sleep(self.options.settle)
                found[str(count)] = peer.memory()
                if name == "semper" and count in (0, 500):
                    found[f"{count} after gc"] = self.after_gc(peer)
            finally:
                peer.end(units)
        return found

    def after_gc(self, peer):
        jcmd = next(Path("/usr/lib/jvm").glob("*25*/bin/jcmd"), None)
        if not jcmd:
            return None
        subprocess.run([jcmd, str(peer.java()), "GC.run"], capture_output=True)
        time.sleep(1)
        return peer.memory()

    # ---- start of the server

    def startup(self, _):
        """From exec of ./semper to the first 200."""
        found = {}
        for cache, options in (("on", ""), ("off", "-XX:AOTMode=off")):
            for home in ("new", "used"):
                health, listed, cpu = [], [], []
                peer = self.peer("semper")
                peer.new_home()
                if home == "used":
                    self.started(peer, "")
                for _ in range(self.options.starts):
                    if home == "new":
                        shutil.rmtree(peer.home)
                        peer.home.mkdir()
                    one = self.started(peer, options)
                    health.append(one[0])
                    listed.append(one[1])
                    cpu.append(one[2])
                found[f"cache {cache}, {home} home"] = {
                    "healthz_ms": summary(health, 0),
                    "workloads_ms": summary(listed, 0),
                    "cpu_ms": summary(cpu, 0),
                }
                shutil.rmtree(peer.home, ignore_errors=True)
        return found

    def started(self, peer, options):
        begun = time.monotonic_ns()
        peer.launch(options)
        self.until_200(peer.port, "/healthz", {})
        health = (time.monotonic_ns() - begun) / 1e6
        file = peer.home / "run/token"
        while not file.exists() or not file.read_text().endswith("\n"):  # /healthz answers before the engine is up
            if time.monotonic_ns() - begun > 60e9:
                raise TimeoutError(f"no {file}")
            time.sleep(0.001)
        token = file.read_text().strip()
        self.until_200(peer.port, "/api/v1/workloads", {"Authorization": "Bearer " + token})
        listed = (time.monotonic_ns() - begun) / 1e6
        cpu = ticks(peer.process.pid) * 1000
        peer.process.terminate()
        peer.process.wait(30)
        return health, listed, cpu

    @staticmethod
    def until_200(port, path, headers):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
                client.request("GET", path, headers=headers)
                if client.getresponse().status == 200:
                    return
            except OSError:
                time.sleep(0.001)
        raise TimeoutError(f"no answer to {path}")

    # ---- transitions

    def transitions(self, _):
        """The engine's owners and store in one JVM; see Transitions.java."""
        folder = self.scratch / "transitions"
        folder.mkdir()
        command = [*self.java(), "dev.semper.bench.Transitions", str(folder), str(self.options.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, preexec_fn=self.priority)
        if done.returncode:
            raise RuntimeError(done.stderr[-3000:])
        return json.loads(done.stdout.splitlines()[-1])

    def java(self):
        dist = ROOT / "dist"
        options = self.options.jdk + "/bin/java"
        path = ":".join([str(ROOT / "bench/target/classes")] + [str(dist / "lib" / jar) for jar in (dist / "classpath").read_text().split()])
        return [options, f"@{dist}/server.jvm", "-Xmx512m", "-cp", path]

    def operations(self, _):
        """Operations a second by the API: pause and resume, by many clients at once."""
        peer = self.peer("semper")
        units = names(64)
        clients = 8
        try:
            self.up(peer, units)
            results = []
            for warm in (True, False):
                ends = time.monotonic() + (self.options.seconds / 2 if warm else self.options.seconds)
                counts = [0] * clients
                before = peer.cpu()["server"]
                threads = [threading.Thread(target=self.client, args=(peer, units[i::clients], ends, counts, i)) for i in range(clients)]
                begun = time.monotonic()
                [t.start() for t in threads]
                [t.join() for t in threads]
                if 0 in counts or self.failed:
                    raise RuntimeError(f"a client failed: {self.failed}")
                took = time.monotonic() - begun
                results = {
                    "operations_per_second": round(sum(counts) / took, 1),
                    "cpu_ms_per_operation": round(1000 * (peer.cpu()["server"] - before) / max(1, sum(counts)), 3),
                }
            return results
        finally:
            peer.end(units)

    def client(self, peer, mine, ends, counts, index):
        try:
            self.work(peer, mine, ends, counts, index)
        except (OSError, RuntimeError, http.client.HTTPException) as e:
            self.failed.append(str(e))

    @staticmethod
    def work(peer, mine, ends, counts, index):
        other = object.__new__(Semper)
        other.token = peer.token
        other.http = http.client.HTTPConnection("127.0.0.1", peer.port)
        while time.monotonic() < ends:
            for unit in mine:
                for action in ("maintenance", "resume"):
                    # An operation may be told to have ended a moment before its workload is free again.
                    id = other.call("POST", f"/api/v1/workloads/{unit}/{action}", {"queue": True})["id"]
                    other.await_operation(id)
                    counts[index] += 1

    # ---- probes

    def probes(self, name):
        """1,000 HTTP probes a second, 5 % of them hanging; for monit 100 a second."""
        peer = self.peer(name)
        target = subprocess.Popen([sys.executable, HERE / "target.py"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answering, hanging = map(int, target.stdout.readline().split())
        units = names(100)

        def seen():
            target.stdin.write("\n")
            target.stdin.flush()
            return json.loads(target.stdout.readline())

        try:
            if name == "semper":
                self.probed(peer, units, answering, hanging)
            else:
                self.probed_by_monit(peer, answering, hanging)
            time.sleep(self.options.settle)
            seen()
            before, begun = peer.cpu(), time.monotonic()
            time.sleep(self.options.seconds * 3)
            after, took = peer.cpu(), time.monotonic() - begun
            data = seen()
            late = [max(0.0, (i - 1.05) * 1000) for i in data["intervals"]]
            found = {
                "probes_per_second": round((len(data["intervals"]) + data["hung"]) / took, 1),
                "hanging_per_second": round(data["hung"] / took, 1),
                "interval_s": summary(data["intervals"], 3) if data["intervals"] else None,
                "beyond_jitter_ms": summary(late) if late else None,
                "cpu_percent": {part: round(100 * (after[part] - before[part]) / took, 2) for part in before},
                "memory": peer.memory(),
            }
            if name == "semper":
                found["own_lateness"] = [
                    line for line in peer.call("GET", "/metrics").splitlines() if line.startswith("semper_probe")
                ]
            return found
        finally:
            target.terminate()
            peer.end(units)

    def probed(self, peer, units, answering, hanging):
        """10 probes each; every twentieth talks to the port that never answers."""

        def probe(unit, i, hangs):
            return {
                "name": f"p{i}",
                "type": "readiness",
                "http": {"port": hanging if hangs else answering, "path": f"/{unit}/{i}"},
                "period": "1s",
                "timeout": "1s",
            }

        document = {
            "workloads": {
                unit: peer.workload(unit, probes=[probe(unit, i, (n * 10 + i) % 20 == 7) for i in range(10)])
                for n, unit in enumerate(units)
            }
        }
        peer.start([])
        peer.call("POST", "/api/v1/apply", {"document": json.dumps(document), "format": "json", "parallelism": 100})
        peer.units.await_starts(units, 120)

    def probed_by_monit(self, peer, answering, hanging):
        checks = "\n".join(
            f"check host h{i} with address 127.0.0.1\n  if failed port {hanging if i % 20 == 7 else answering} protocol http"
            f' request "/{i}" with timeout 1 seconds then alert\n'
            for i in range(100)
        )
        peer.start([], checks)

    # ---- idle

    def idle(self, name):
        """Processor time of 100 units that do nothing."""
        peer = self.peer(name)
        units = names(100)
        try:
            self.up(peer, units)
            time.sleep(max(15, self.options.settle))
            before, woken, begun = peer.cpu(), peer.switches(), time.monotonic()
            time.sleep(self.options.idle)
            after, later, took = peer.cpu(), peer.switches(), time.monotonic() - begun
            return {
                "cpu_percent": {part: round(100 * (after[part] - before[part]) / took, 4) for part in before},
                "wakeups_per_second": {part: round((later[part] - woken[part]) / took, 2) for part in woken},
                "seconds": round(took, 1),
            }
        finally:
            peer.end(units)


    # ---- watching at scale

    def probes10k(self, _):
        return watching.probes10k(self)

    def detection(self, _):
        return watching.detection(self, summary)

    def heal(self, name):
        return watching.heal(self, name, summary)

    def many(self, _):
        return many.many(self, summary)

    def soak(self, _):
        return soak.soak(self)

    # ---- run

    def run(self, name):
        """The entry point of a container: from exec to the program's first output, memory, end."""
        self.made += 1
        folder = self.scratch / f"run{self.made}"
        (folder / "app").mkdir(parents=True)
        return entry.measure(name, folder, self.options.starts, min(self.options.settle, 3), self.priority, summary)


# What each part is measured for.
PARTS = {
    "crash": ["semper", "supervisord", "monit"],
    "crash_without_disk": ["semper"],
    "burst": ["semper", "supervisord", "monit"],
    "memory": ["semper", "supervisord", "monit"],
    "startup": ["semper"],
    "transitions": ["semper"],
    "operations": ["semper"],
    "probes": ["semper", "monit"],
    "probes10k": ["semper"],
    "detection": ["semper"],
    "heal": ["semper", "supervisord", "monit"],
    "many": ["semper"],
    "idle": ["semper", "supervisord", "monit"],
    "run": list(entry.ENTRIES),
    "soak": ["semper"],
}

# Only when asked for.
LONG = {"soak"}
