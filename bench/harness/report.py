"""Turns a run's JSON into the table of docs/benchmarks.md."""


def get(data, *path):
    for key in path:
        if not isinstance(data, dict) or key not in data:
            return None
        data = data[key]
    return data


def show(value, unit):
    if value is None:
        return "–"
    if value >= 100:
        text = f"{value:,.0f}"
    elif value >= 10:
        text = f"{value:.1f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:.2f}".rstrip("0").rstrip(".") or "0"
    return f"{text} {unit}".strip()


# What is measured, its part, the path in it, unit, and the aim: a number, and whether less or more is better.
ROWS = [
    ("killed → runs again, p50", "crash", ("latency_ms", "p50"), "ms", 3, "<="),
    ("killed → runs again, p99", "crash", ("latency_ms", "p99"), "ms", 15, "<="),
    ("the same on a file system in memory, p50", "crash_without_disk", ("latency_ms", "p50"), "ms", None, "<="),
    ("the same on a file system in memory, p99", "crash_without_disk", ("latency_ms", "p99"), "ms", None, "<="),
    ("fdatasync of 80 KiB by itself meanwhile, p50", "crash", ("disk_ms", "p50"), "ms", None, "<="),
    ("fdatasync of 80 KiB by itself meanwhile, p99", "crash", ("disk_ms", "p99"), "ms", None, "<="),
    ("100 killed at once → all run", "burst", ("killed_max_ms", "p50"), "ms", 150, "<="),
    ("start of 100 accepted → all run", "burst", ("up_ms", "p50"), "ms", 300, "<="),
    ("stop of 100 accepted → all gone", "burst", ("stopped_ms", "p50"), "ms", None, "<="),
    ("start of the server → /healthz", "startup", ("cache on, used home", "healthz_ms", "p50"), "ms", 400, "<"),
    ("start of the server → list of workloads", "startup", ("cache on, used home", "workloads_ms", "p50"), "ms", 400, "<"),
    ("the same on a new home", "startup", ("cache on, new home", "workloads_ms", "p50"), "ms", None, "<"),
    ("the same without AOT cache", "startup", ("cache off, used home", "workloads_ms", "p50"), "ms", None, "<"),
    ("RSS, no units", "memory", ("0", "total", "rss"), "MB", 120, "<"),
    ("RSS, 1 unit", "memory", ("1", "total", "rss"), "MB", None, "<"),
    ("RSS, 100 units", "memory", ("100", "total", "rss"), "MB", None, "<"),
    ("PSS, 100 units", "memory", ("100", "total", "pss"), "MB", None, "<"),
    ("RSS, 500 units", "memory", ("500", "total", "rss"), "MB", 150, "<"),
    ("PSS, 500 units", "memory", ("500", "total", "pss"), "MB", None, "<"),
    ("RSS, 1,000 workloads", "memory", ("1000", "total", "rss"), "MB", None, "<"),
    ("durable transitions, 1,000 workloads", "transitions", ("1000 workloads", "per_second"), "/s", 5000, ">="),
    ("durable transitions, 64 workloads", "transitions", ("64 workloads", "per_second"), "/s", None, ">="),
    ("durable transitions, one after the other", "transitions", ("1 workloads", "per_second"), "/s", None, ">="),
    ("operations by the API, 8 clients", "operations", ("operations_per_second",), "/s", None, ">="),
    ("1,000 HTTP probes/s, 5 % hanging: processor", "probes", ("cpu_percent", "server"), "% of a core", 15, "<"),
    ("the same: lateness p99", "probes", ("beyond_jitter_ms", "p99"), "ms", 10, "<="),
    ("10,000 HTTP probes/s: carried out", "probes10k", ("all answer", "of_wanted"), "", 0.99, ">="),
    ("the same: lateness p50", "probes10k", ("all answer", "lateness_p50_ms"), "ms", None, "<="),
    ("the same: lateness p99", "probes10k", ("all answer", "lateness_p99_ms"), "ms", None, "<="),
    ("the same: processor, server only", "probes10k", ("all answer", "cpu_percent", "server"), "% of a core", None, "<"),
    ("the same: RSS of the server", "probes10k", ("all answer", "memory", "server", "rss"), "MB", None, "<"),
    ("the same, 5 % hanging: carried out", "probes10k", ("5 % hang", "of_wanted"), "", 0.99, ">="),
    ("the same, 5 % hanging: lateness p99", "probes10k", ("5 % hang", "lateness_p99_ms"), "ms", None, "<="),
    ("the same load by a plain Vert.x client: processor", "probes10k", ("plain client", "cpu_percent"), "% of a core", None, "<"),
    ("probes per processor second: Semper ÷ plain client that keeps connections", "probes10k", ("ratio_per_cpu_keep_alive",), "", 0.7, ">="),
    ("probes per processor second: Semper ÷ plain client with a connection each", "probes10k", ("ratio_per_cpu",), "", 0.7, ">="),
    ("most probes a second", "probes10k", ("most", "answered_per_second"), "/s", None, ">="),
    ("most a second: Semper ÷ plain client that keeps connections", "probes10k", ("ratio_most_keep_alive",), "", 0.7, ">="),
    ("most a second: Semper ÷ plain client with a connection each", "probes10k", ("ratio_most",), "", 0.7, ">="),
    ("detection − period · threshold, 1 s × 3, p50", "detection", ("constant_of_period_1s_ms", "p50"), "ms", None, "<="),
    ("detection − period · threshold, 1 s × 3, p99", "detection", ("constant_of_period_1s_ms", "p99"), "ms", None, "<="),
    ("bad answer that counts → event at a client, p50", "detection", ("answer_to_event_ms", "p50"), "ms", None, "<="),
    ("bad answer that counts → event at a client, p99", "detection", ("answer_to_event_ms", "p99"), "ms", None, "<="),
    ("killed → answers again, p50", "heal", ("answers_ms", "p50"), "ms", None, "<="),
    ("killed → called healthy again and answers, p50", "heal", ("well_ms", "p50"), "ms", None, "<="),
    ("killed → called healthy again and answers, p99", "heal", ("well_ms", "p99"), "ms", None, "<="),
    ("10,000 workloads: applied, not started", "many", ("apply_s",), "s", None, "<="),
    ("10,000 workloads: started, watched", "many", ("start_all_s",), "s", None, "<="),
    ("10,000 stopped: heap each", "many", ("heap_kb_per_workload_stopped",), "kB", None, "<"),
    ("10,000 watched: heap each", "many", ("heap_kb_per_workload_running",), "kB", None, "<"),
    ("10,000 watched: RSS", "many", ("running", "rss_mb"), "MB", None, "<"),
    ("10,000 stopped, idle: processor", "many", ("stopped_idle_cpu_percent", "server"), "%", None, "<="),
    ("10,000 watched, idle: processor", "many", ("running_idle_cpu_percent", "server"), "%", None, "<="),
    ("10,000 watched: restart of the server → list of workloads", "many", ("restart", "list_s"), "s", None, "<="),
    ("10,000 watched: semper status", "many", ("status_running_s", "p50"), "s", None, "<="),
    ("processor, 100 idle units: server", "idle", ("cpu_percent", "server"), "%", 0.1, "<="),
    ("processor, 100 idle units: all", "idle", ("cpu_percent", "total"), "%", None, "<="),
]


def verdict(value, aim, how, unit):
    if aim is None:
        return "", ""
    text = {"<=": "≤", "<": "<", ">=": "≥"}[how] + f" {show(aim, unit)}"
    if value is None:
        return text, "not measured"
    met = {"<=": value <= aim, "<": value < aim, ">=": value >= aim}[how]
    ratio = (aim / value if how == ">=" else value / aim) if value and aim else 0
    return text, "met" if met else f"**missed: {ratio:.2f} times**"


def table(run):
    lines = servers(run) + entries(run["parts"].get("run", {}))
    return "\n".join(lines)


# Of the entry points: title, path, unit, aim of `semper run`.
ENTRY_ROWS = [
    ("exec → program's first output, p50", ("program_runs_ms", "p50"), "ms", 300),
    ("exec → /health/ready 200, p50", ("health_200_ms", "p50"), "ms", 300),
    ("TERM → gone, p50", ("stopped_ms", "p50"), "ms", None),
    ("RSS", ("rss",), "MB", 70),
    ("PSS", ("pss",), "MB", None),
]


def entries(found):
    if not found:
        return []
    lines = ["", "| Entry point of a container | " + " | ".join(found) + " | aim | |", "|---|" + "---:|" * (len(found) + 1) + "---|"]
    for title, path, unit, aim in ENTRY_ROWS:
        values = [get(found, name, *path) for name in found]
        aimed, met = verdict(get(found, "semper run", *path), aim, "<", unit)
        lines.append(f"| {title} | {' | '.join(show(v, unit) for v in values)} | {aimed} | {met} |")
    return lines


def servers(run):
    lines = ["| | Semper | supervisord | monit | aim | |", "|---|---:|---:|---:|---:|---|"]
    parts = run["parts"]
    for part in parts.values():
        for data in part.values():
            if isinstance(data.get("cpu_percent"), dict):
                data["cpu_percent"]["total"] = round(sum(v for k, v in data["cpu_percent"].items() if k != "total"), 4)
                data["cpu_percent"].setdefault("daemon", data["cpu_percent"]["total"])
    for title, part, path, unit, aim, how in ROWS:
        values = [get(parts, part, peer, *path) for peer in ("semper", "supervisord", "monit")]
        if all(v is None for v in values):
            continue
        if part == "probes":
            values[2] = None  # another rate
        aimed, met = verdict(values[0], aim, how, unit)
        lines.append(f"| {title} | {' | '.join(show(v, unit) for v in values)} | {aimed} | {met} |")
    return lines if len(lines) > 2 else []
