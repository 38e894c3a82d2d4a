"""Minutes of every fault there is, to see whether anything grows that must not: threads, sockets, files, heap, classes, processes."""

import os
import subprocess
import time

from peers import children, free_port
from watching import Target

EVERY = 5

# What may be more at the end: what is remembered of an hour takes a few bytes a sample, the JIT goes on compiling.
ALLOWED = {"threads": 2, "files": 5, "sockets": 5, "keeper files": 2, "keeper children": 2, "heap_kb": 4096, "metaspace_kb": 1536, "classes": 300}


def settings(target):
    def channel(name, url):
        return f'[[alerts.channels]]\nname = "{name}"\ntype = "webhook"\nurl = "{url}"\n'

    port = target.ports[0]
    return (
        '[alerts]\ninterval = "1s"\ngroup_wait = "1s"\ngroup_interval = "2s"\n'
        + channel("refused", f"http://127.0.0.1:{free_port()}/")
        + channel("resets", f"http://127.0.0.1:{port}/reset")
        + channel("hangs", f"http://127.0.0.1:{port}/hang")
        + channel("drips", f"http://127.0.0.1:{port}/drip")
        + channel("works", f"http://127.0.0.1:{port}/ok")
        + '[[alerts.rules]]\nname = "quick"\ntype = "consecutive_failures"\ncount = 2\n'
    )


def workloads(parts, target):
    """Every way to fail, next to those that are well."""
    port = target.ports[0]

    def http(path, **more):
        return {"type": "readiness", "http": {"port": port, "path": path, **more}, "period": "1s", "timeout": "500ms", "failure_threshold": 2}

    def watched(*probes, **more):
        return {"kind": "remote", "probes": list(probes), **more}

    def program(script, **more):
        return {
            "kind": "process",
            "command": ["sh", "-c", script],
            "start_seconds": 0,
            "restart": {"policy": "always", "delay": 0.5, "max_delay": "2s", "max_attempts": 0},
            "stop": {"timeout": "1s"},
            **more,
        }

    dead = f"http://127.0.0.1:{free_port()}/"
    ladder = {
        "failure_threshold": 2,
        "cooldown": "1s",
        "max_attempts": 1000,
        "ladder": [
            {"action": "command", "command": ["true"], "cooldown": "1s", "settle": "1s", "max_attempts": 1000},
            {"action": "restart", "cooldown": "1s", "settle": "1s", "max_attempts": 1000},
        ],
    }
    hooks = {
        "on_failure": {"command": ["/bin/sh", "-c", "sleep 300 & exit 1"], "timeout": "2s"},
        "on_restart": {"command": ["/bin/sleep", "100"], "timeout": "1s"},
        "on_healthy": {"webhook": {"url": dead}, "timeout": "1s"},
    }
    alive = {"type": "liveness", "period": "1s", "timeout": "300ms"}
    often = {"policy": "always", "delay": 1, "max_delay": "2s", "max_attempts": 0}
    kinds = {
        "good": lambda i: watched(http(f"/{i}")),
        "turns": lambda i: watched(http(f"/{1000 + i}"), hooks=hooks),
        "hang": lambda i: watched(http("/hang")),
        "drip": lambda i: watched(http("/drip")),
        "reset": lambda i: watched(http("/reset")),
        "mute": lambda i: watched(http("/mute")),
        "flood": lambda i: watched(http("/flood", expected_body="ok")),
        "search": lambda i: watched(http("/flood", expected_regex="ok")),
        "redirect": lambda i: watched(http("/redirect", expected_status=["200-299"])),
        "no-name": lambda i: watched({**alive, "http": {"host": f"no-such-host-{i}.invalid", "port": port}}, restart=often),
        "not-tls": lambda i: watched({**alive, "http": {"scheme": "https", "port": port, "path": "/ok"}}, restart=often),
        "closed": lambda i: watched({**alive, "tcp": {"port": 1}}, restart=often),
        "restarted": lambda i: watched({**alive, "http": {"port": port, "path": "/reset"}}, restart_command=["true"], restart=often),
        "crashes": lambda i: program("sleep 1; exit 1", hooks=hooks),
        "forks": lambda i: program("sleep 200 & sleep 2; exit 1"),
        "command": lambda i: program("exec sleep 1000", probes=[{**alive, "command": ["sleep", "100"]}]),
        "heals": lambda i: program("exec sleep 1000", probes=[http("/hang")], recovery=ladder),
        "tries": lambda i: watched({**http("/hang"), "retry": {"max_retries": 2, "delay": "100ms"}, "circuit_breaker": {"failure_threshold": 2, "recovery_timeout": "2s"}}),
    }
    each = 2 if parts.options.quick else 4
    return {"workloads": {f"{kind}-{i}": make(i) for kind, make in kinds.items() for i in range(each)}}


def soak(parts):
    peer = parts.peer("semper")
    target = Target(parts.scratch, 1, parts.priority)
    seconds = 15 if parts.options.quick else parts.options.soak_seconds
    samples = []
    try:
        peer.start([], settings=settings(target))
        document = workloads(parts, target)
        target.tell("calm 1")  # a start waits until it is well
        peer.apply(document)
        target.tell("calm 0")
        begun = time.monotonic()
        turn, early = 0, {}
        while time.monotonic() - begun < seconds:
            time.sleep(EVERY)
            target.tell("arm 1000 1100" if turn % 4 == 0 else "mend 1000 1100" if turn % 4 == 2 else "hang 0")
            for path in ("/api/v1/workloads", "/api/v1/health", "/metrics", "/api/v1/events?limit=1000", "/api/v1/alerts"):
                peer.call("GET", path)
            samples.append({"at_s": round(time.monotonic() - begun), **sample(parts, peer)})
            if not early and time.monotonic() - begun > seconds / 4:
                early = histogram(parts, peer)
            turn += 1
        late = histogram(parts, peer)
        before, after = floors(samples)
        grew = {
            what: f"{before[what]} → {after[what]}"
            for what, allowed in ALLOWED.items()
            if not parts.options.quick and after[what] - before[what] > allowed
        }
        counted = {}
        for event in pages(peer):
            counted[event["type"]] = counted.get(event["type"], 0) + 1
        more = {name: late[name] - early.get(name, 0) for name in late}
        if grew:
            grew["classes with more bytes"] = dict(sorted(more.items(), key=lambda one: -one[1])[:15])
        return {"seconds": seconds, "workloads": len(document["workloads"]), "early": before, "late": after, "grew": grew, "raw_more_bytes": dict(sorted(more.items(), key=lambda one: -one[1])[:30]), "events": counted, "raw": samples}
    finally:
        peer.end([])
        target.close()


def pages(peer):
    """All events, oldest first."""
    after = 0
    while True:
        page = peer.call("GET", f"/api/v1/events?after={after}&limit=1000")["items"]
        if not page:
            return
        yield from page
        after = page[-1]["seq"]


def floors(samples):
    """The least of the second and of the last quarter: what comes and goes does not count, what stays does. The first one is for warming up."""
    quarter = max(1, len(samples) // 4)
    early, late = samples[quarter : 2 * quarter] or samples, samples[-quarter:]
    return ({what: min(one[what] for one in part) for what in ALLOWED} for part in (early, late))


def sample(parts, peer):
    jdk = parts.options.jdk + "/bin/jcmd"

    def ask(command):
        return subprocess.run([jdk, str(peer.java()), command], capture_output=True, text=True, check=True).stdout

    ask("GC.run")
    heap, meta = kilobytes(ask("GC.heap_info") + ask("VM.metaspace basic"))
    files = links(peer.java())
    keeper = peer.keeper()
    return {
        "threads": len(os.listdir(f"/proc/{peer.java()}/task")),
        "files": len(files),
        "sockets": sum(1 for link in files if link.startswith("socket:")),
        "keeper files": len(links(keeper)) if keeper else 0,
        "keeper children": len(children(keeper)) if keeper else 0,
        "heap_kb": heap,
        "metaspace_kb": meta,
        "classes": sum(1 for _ in ask("VM.class_hierarchy").splitlines()),
        "rss_mb": peer.memory()["server"]["rss"],
    }


def histogram(parts, peer):
    """Bytes of what is reachable, by class."""
    text = subprocess.run([parts.options.jdk + "/bin/jcmd", str(peer.java()), "GC.class_histogram"], capture_output=True, text=True, check=True).stdout
    rows = (line.split() for line in text.splitlines())
    return {row[3]: int(row[2]) for row in rows if len(row) > 3 and row[0].endswith(":") and row[2].isdigit()}


def links(pid):
    found = []
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.append(os.readlink(f"/proc/{pid}/fd/{fd}"))
        except OSError:
            pass  # closed meanwhile
    return found


def kilobytes(heap_info):
    """What is used of the two generations, and of metaspace."""
    heap = meta = 0
    for line in heap_info.splitlines():
        words = line.replace(",", " ").split()
        if words and words[0] in ("DefNew", "Tenured", "Metaspace"):
            used = int(words[words.index("used") + 1].rstrip("K"))
            heap, meta = (heap, meta + used) if words[0] == "Metaspace" else (heap + used, meta)
    return heap, meta
