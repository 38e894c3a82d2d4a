"""The units under supervision, seen from outside: who has started when, who lives."""

import os
import select
import shutil
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def build(scratch):
    """The unit's program: C if there is a compiler, else Perl."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    target = scratch / "unit"
    if compiler:
        subprocess.run([compiler, "-O2", "-static", "-o", target, HERE / "unit.c"], check=True)
    else:
        shutil.copy(HERE / "unit.pl", target)
    target.chmod(0o755)
    return target, "C, static" if compiler else "Perl"


class Units:
    """Reads the pipe that units write into when they start."""

    def __init__(self, scratch, program):
        self.program = str(program)
        self.pipe = str(scratch / "started")
        os.mkfifo(self.pipe)
        self.fd = os.open(self.pipe, os.O_RDWR | os.O_NONBLOCK)
        subprocess_size = 1 << 20
        import fcntl

        fcntl.fcntl(self.fd, 1031, subprocess_size)  # F_SETPIPE_SZ: no unit ever finds it full
        self.rest = b""
        self.pids = {}
        self.ports = {}

    def command(self, name, pidfile=None):
        if name in self.ports:
            return [self.program, self.pipe, name, pidfile or "-", str(self.ports[name])]
        return [self.program, self.pipe, name] + ([pidfile] if pidfile else [])

    def read(self, timeout):
        """What has started: a list of (name, pid, nanoseconds)."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return []
        data = self.rest + os.read(self.fd, 1 << 20)
        lines = data.split(b"\n")
        self.rest = lines.pop()
        starts = []
        for line in lines:
            name, pid, at = line.decode().split()
            self.pids[name] = int(pid)
            starts.append((name, int(pid), int(at)))
        return starts

    def await_starts(self, names, timeout):
        """Waits until each of the names has started once; name -> nanoseconds of the first start."""
        missing = set(names)
        seen = {}
        end = time.monotonic() + timeout
        while missing and time.monotonic() < end:
            for name, _, at in self.read(min(0.5, max(0.0, end - time.monotonic()))):
                seen.setdefault(name, at)
                missing.discard(name)
        if missing:
            raise TimeoutError(f"{len(missing)} of {len(names)} units did not start in {timeout} s, e.g. {sorted(missing)[:3]}")
        return seen

    def drain(self):
        while self.read(0):
            pass

    def forget(self):
        self.drain()
        self.pids = {}

    def await_gone(self, names, timeout):
        """Waits until the last known process of each has gone; returns when the last one went."""
        pids = [self.pids[name] for name in names]
        end = time.monotonic() + timeout
        while time.monotonic() < end:
            pids = [pid for pid in pids if alive(pid)]
            if not pids:
                return time.monotonic_ns()
            time.sleep(0.001)
        raise TimeoutError(f"{len(pids)} units still run after {timeout} s")

    def close(self):
        os.close(self.fd)


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
