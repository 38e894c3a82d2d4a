"""10,000 workloads in one server: memory, time, idling."""

import os
import subprocess
import time

from peers import ROOT
from soak import kilobytes

WORKLOADS = 10_000

# The most that one batch takes.
AT_ONCE = 1000


def many(parts, summary):
    """Workloads of kind remote, which cost the server what any workload costs, and the machine no process: known but stopped, then all watched."""
    options = parts.options
    count = 500 if options.quick else WORKLOADS
    idle = 3 if options.quick else min(options.idle, 60)
    peer = parts.peer("semper")
    found = {"workloads": count}
    try:
        peer.start([])
        time.sleep(options.settle)
        found["empty"] = size(parts, peer)
        document = {"workloads": {f"w{i:05}": {"kind": "remote"} for i in range(count)}}
        begun = time.monotonic()
        peer.apply(document, start=False)
        found["apply_s"] = round(time.monotonic() - begun, 2)
        begun = time.monotonic()
        peer.apply(document, start=False)
        found["apply_again_s"] = round(time.monotonic() - begun, 2)
        time.sleep(options.settle)
        found["stopped"] = size(parts, peer)
        found["stopped_idle_cpu_percent"] = idling(peer, min(idle, 20))
        found["status_s"] = status(peer, 3, summary)
        begun = time.monotonic()
        names = list(document["workloads"])
        for i in range(0, count, AT_ONCE):
            peer.await_operation(peer.batch(names[i : i + AT_ONCE], "start"), 600)
        found["start_all_s"] = round(time.monotonic() - begun, 2)
        time.sleep(options.settle)
        found["running"] = size(parts, peer)
        found["running_idle_cpu_percent"] = idling(peer, idle)
        found["status_running_s"] = status(peer, 3, summary)
        found["restart"] = restart(peer, parts)
        for state in ("stopped", "running"):
            for which in ("heap_kb", "rss_kb"):
                more = found[state][which] - found["empty"][which]
                found[f"{which}_per_workload_{state}"] = round(more / count, 2)
        return found
    finally:
        peer.end([])


def size(parts, peer):
    """RSS as it is, then the heap that is left after a collection."""
    rss = peer.memory()["server"]["rss"]
    jcmd = parts.options.jdk + "/bin/jcmd"
    subprocess.run([jcmd, str(peer.java()), "GC.run"], capture_output=True, check=True)
    text = subprocess.run([jcmd, str(peer.java()), "GC.heap_info"], capture_output=True, text=True, check=True).stdout
    return {"rss_mb": rss, "rss_kb": rss * 1024, "heap_kb": kilobytes(text)[0], "rss_after_gc_mb": peer.memory()["server"]["rss"]}


def idling(peer, seconds):
    before, begun = peer.cpu(), time.monotonic()
    time.sleep(seconds)
    after, took = peer.cpu(), time.monotonic() - begun
    return {part: round(100 * (after[part] - before[part]) / took, 3) for part in before}


def status(peer, times, summary):
    """`semper status`, from exec to its end."""
    took = []
    for _ in range(times):
        begun = time.monotonic()
        done = subprocess.run(
            [str(ROOT / "semper"), "status", "--home", str(peer.home)], capture_output=True, text=True, env=dict(os.environ, SEMPER_QUIET="1")
        )
        if done.returncode:
            raise RuntimeError(f"semper status: {done.returncode} {done.stderr[:500]}")
        took.append(time.monotonic() - begun)
    return summary(took, 3)


def restart(peer, parts):
    """The server goes and comes back: until it answers with the list."""
    begun = time.monotonic()
    peer.process.terminate()
    peer.process.wait(60)
    stopped = time.monotonic()
    (peer.home / "run/server.json").unlink(missing_ok=True)
    peer.launch()
    parts.until_200(peer.port, "/healthz", {})
    healthz = time.monotonic()
    peer.connect()
    listed = peer.call("GET", "/api/v1/workloads")
    done = time.monotonic()
    return {
        "stop_s": round(stopped - begun, 2),
        "healthz_s": round(healthz - stopped, 2),
        "list_s": round(done - stopped, 2),
        "listed_bytes": len(str(listed)),
    }
