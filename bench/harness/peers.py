"""The supervisors under test, each driven in its own way."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import time
import xmlrpc.client
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def ticks(pid):
    """Processor time of a process, its reaped children not included, in seconds."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    """Processor time of a process by the kernel's clock for it: to the nanosecond, threads that have ended included."""
    return time.clock_gettime((~pid << 3) | 2)


def switches(pid):
    """Times its threads were given the processor after a wait."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/status") as status:
                for line in status:
                    if line.startswith("voluntary_ctxt_switches"):
                        total += int(line.split()[1])
        except OSError:
            pass
    return total


def memory(pid):
    """RSS and PSS in MB."""
    values = {}
    with open(f"/proc/{pid}/smaps_rollup") as rollup:
        for line in rollup:
            key, _, rest = line.partition(":")
            if key in ("Rss", "Pss"):
                values[key] = int(rest.split()[0]) / 1024
    return {"rss": round(values["Rss"], 1), "pss": round(values["Pss"], 1)}


def children(pid):
    """All descendants."""
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as kids:
            for child in kids.read().split():
                found += [int(child)] + children(int(child))
    return found


class Peer:
    """A supervisor with its own scratch folder."""

    def __init__(self, scratch, units, priority):
        self.scratch = scratch / self.name
        self.scratch.mkdir(parents=True, exist_ok=True)
        self.units = units
        self.priority = priority
        self.process = None

    def spawn(self, command, **more):
        log = open(self.scratch / "out.log", "ab")
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self.priority, **more
        )

    def pids(self):
        """The supervisor's own processes by the name of their part."""
        return {"daemon": self.process.pid}

    def memory(self):
        parts = {part: memory(pid) for part, pid in self.pids().items()}
        parts["total"] = {k: round(sum(p[k] for p in parts.values()), 1) for k in ("rss", "pss")}
        return parts

    def cpu(self):
        return {part: cpu_seconds(pid) for part, pid in self.pids().items() if part != "spare"}

    def switches(self):
        return {part: switches(pid) for part, pid in self.pids().items() if part != "spare"}

    def end(self, names):
        """Ends the supervisor and every unit, whoever left it."""
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        self.units.drain()
        for name in names:
            pid = self.units.pids.get(name)
            if pid and is_unit(pid, self.units.pipe):
                os.kill(pid, signal.SIGKILL)
        self.units.forget()


def is_unit(pid, pipe):
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
            return pipe.encode() in cmdline.read().split(b"\0")
    except OSError:
        return False


class Semper(Peer):
    name = "semper"

    def __init__(self, scratch, units, priority):
        super().__init__(scratch, units, priority)
        self.port = free_port()
        self.home = None
        self.run = 0

    def version(self):
        return subprocess.run([ROOT / "semper", "version"], capture_output=True, text=True).stdout.splitlines()[0]

    def new_home(self):
        self.run += 1
        self.home = self.scratch / f"home{self.run}"
        self.home.mkdir()

    def launch(self, java_opts="", settings=""):
        """Starts the server by the real launcher."""
        (self.home / "semper.toml").write_text(settings)
        env = dict(os.environ, SEMPER_JAVA_OPTS=java_opts + " " + os.environ.get("SEMPER_JAVA_OPTS", ""), SEMPER_QUIET="1")
        self.process = self.spawn(
            [str(ROOT / "semper"), "server", "--home", str(self.home), "--port", str(self.port)], env=env
        )

    def start(self, names, java_opts="", settings=""):
        self.new_home()
        self.launch(java_opts, settings)
        self.connect()
        if names:
            self.apply(self.document(names), start=False)

    def connect(self, timeout=60):
        end = time.monotonic() + timeout
        while not (self.home / "run/server.json").exists():
            if self.process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"the server did not start; see {self.scratch}/out.log")
            time.sleep(0.005)
        self.token = (self.home / "run/token").read_text().strip()
        self.http = http.client.HTTPConnection("127.0.0.1", self.port)

    def call(self, method, path, body=None):
        headers = {"Authorization": "Bearer " + self.token}
        if body is not None:
            headers["Content-Type"] = "application/json"
        self.http.request(method, path, json.dumps(body) if body is not None else None, headers)
        answer = self.http.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:500]}")
        return json.loads(text) if text and "json" in answer.headers.get("Content-Type", "") else text.decode()

    def workload(self, name, **more):
        if name in self.units.ports:
            probe = {"type": "readiness", "http": {"port": self.units.ports[name]}, "period": "1s"}
            more = {"probes": [probe], **more}
        return {
            "kind": "process",
            "version": "1",
            "command": self.units.command(name),
            "start_seconds": 0,
            "restart": {"policy": "always", "delay": 0, "max_attempts": 0},
            "stop": {"signal": "TERM", "timeout": "10s"},
            **more,
        }

    def document(self, names):
        return {"workloads": {name: self.workload(name) for name in names}}

    def apply(self, document, start=True):
        result = self.call(
            "POST",
            "/api/v1/apply",
            {"document": json.dumps(document), "format": "json", "start": start, "parallelism": 100},
        )
        if result.get("operation"):
            self.await_operation(result["operation"]["id"])

    def await_operation(self, id, timeout=120):
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            operation = self.call("GET", f"/api/v1/operations/{id}?wait=30s")
            if operation["ended"]:
                if operation["status"] != "succeeded":
                    raise RuntimeError(f"operation {id}: {operation['status']} {operation.get('error')}")
                return
        raise TimeoutError(f"operation {id} has not ended in {timeout} s")

    def batch(self, names, action):
        """Asks for something of all; returns the operation once it is accepted."""
        items = [{"workload": name, "action": action} for name in names]
        return self.call("POST", "/api/v1/batch", {"items": items, "parallelism": 100})["id"]

    def start_all(self, names):
        """Returns when the start was accepted, and what waits for its end."""
        id = self.batch(names, "start")
        return time.monotonic_ns(), lambda: self.await_operation(id)

    def stop_all(self, names):
        id = self.batch(names, "stop")
        return time.monotonic_ns(), lambda: self.await_operation(id)

    def java(self):
        """The launcher has become the JVM by exec."""
        return self.process.pid

    def pids(self):
        found = {"server": self.process.pid, "keeper": self.keeper(), "spare": self.named("semper-spare")}
        return {part: pid for part, pid in found.items() if pid}

    def keeper(self):
        return self.named("semper-keeper")

    def named(self, title):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as cmdline:
                    text = cmdline.read().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text.startswith(f"{title} {self.home}/"):
                return int(pid)
        return None

    def end(self, names):
        keeper = self.keeper() if self.home else None
        if self.process and self.process.poll() is None:
            try:
                self.call("POST", "/api/v1/server/shutdown", {"with_workloads": True})
                self.process.wait(60)
            except (OSError, RuntimeError, http.client.HTTPException, subprocess.TimeoutExpired):
                pass
        super().end(names)
        if keeper and Path(f"/proc/{keeper}").exists() and self.keeper() == keeper:
            os.kill(keeper, signal.SIGTERM)
        self.process = None
        shutil.rmtree(self.home, ignore_errors=True)


class Supervisord(Peer):
    name = "supervisord"

    def version(self):
        return "supervisord " + subprocess.run(["supervisord", "--version"], capture_output=True, text=True).stdout.strip()

    def start(self, names):
        sections = "\n".join(
            f"[program:{name}]\ncommand={' '.join(self.units.command(name))}\nautostart=false\nautorestart=true\n"
            f"startsecs=0\nstartretries=1000000\nstdout_logfile=NONE\nstderr_logfile=NONE\n"
            for name in names
        )
        socket_path = self.scratch / "supervisor.sock"
        (self.scratch / "supervisord.conf").write_text(
            f"""[supervisord]
nodaemon=true
minfds=4096
logfile={self.scratch}/supervisord.log
pidfile={self.scratch}/supervisord.pid
[unix_http_server]
file={socket_path}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
{sections}"""
        )
        self.process = self.spawn(["supervisord", "-c", str(self.scratch / "supervisord.conf")])
        end = time.monotonic() + 20
        while True:
            try:
                self.rpc = xmlrpc.client.ServerProxy("http://localhost", transport=UnixTransport(str(socket_path)))
                self.rpc.supervisor.getState()
                return
            except (OSError, http.client.HTTPException):
                if time.monotonic() > end:
                    raise
                time.sleep(0.05)

    def start_all(self, names):
        self.rpc.supervisor.startAllProcesses(False)
        return time.monotonic_ns(), lambda: None

    def stop_all(self, names):
        begun = time.monotonic_ns()
        self.rpc.supervisor.stopAllProcesses(False)
        return begun, lambda: None


class UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path):
        super().__init__()
        self.path = path

    def make_connection(self, host):
        connection = http.client.HTTPConnection("localhost", timeout=60)
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(self.path)
        return connection


class Monit(Peer):
    name = "monit"

    def version(self):
        out = subprocess.run(["monit", "--version"], capture_output=True, text=True).stdout
        return "monit " + out.split("version", 1)[1].split()[0]

    def start(self, names, checks=""):
        services = "\n".join(
            f'check process {name} with pidfile {self.scratch}/{name}.pid\n'
            f'  start program = "{" ".join(self.units.command(name, f"{self.scratch}/{name}.pid"))}" with timeout 5 seconds\n'
            f'  stop program = "/bin/sh -c \'kill $(cat {self.scratch}/{name}.pid)\'"\n  mode active\n  onreboot nostart\n'
            + (f"  if failed port {self.units.ports[name]} protocol http with timeout 1 seconds then restart\n" if name in self.units.ports else "")
            for name in names
        )
        self.port = free_port()
        file = self.scratch / "monitrc"
        file.write_text(
            f"set daemon 1\nset log {self.scratch}/monit.log\nset pidfile {self.scratch}/monit.pid\n"
            f"set idfile {self.scratch}/monit.id\nset statefile {self.scratch}/monit.state\n"
            f"set httpd port {self.port} and use address 127.0.0.1\n  allow 127.0.0.1\n{services}\n{checks}"
        )
        file.chmod(0o600)
        self.process = self.spawn(["monit", "-I", "-c", str(file)])
        end = time.monotonic() + 20
        while subprocess.run(["monit", "-c", file, "summary"], capture_output=True).returncode != 0:
            if time.monotonic() > end:
                raise RuntimeError(f"monit did not start; see {self.scratch}/monit.log")
            time.sleep(0.1)

    def command(self, verb):
        subprocess.run(["monit", "-c", str(self.scratch / "monitrc"), verb, "all"], check=True, capture_output=True)

    def start_all(self, names):
        self.command("start")
        return time.monotonic_ns(), lambda: None

    def stop_all(self, names):
        begun = time.monotonic_ns()
        self.command("stop")
        return begun, lambda: None

    def end(self, names):
        super().end(names)


PEERS = {peer.name: peer for peer in (Semper, Supervisord, Monit)}
