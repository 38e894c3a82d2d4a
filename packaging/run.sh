# How the JVM of `semper run` is started. Sourced by semper, packaging/assemble and the launcher of an image.

# What it takes by signalfd has to be blocked before the JVM has its first thread: 1 HUP 2 INT 3 QUIT 10 USR1 12 USR2 14 ALRM 15 TERM 17 CHLD
# 18 CONT 20 TSTP 21 TTIN 22 TTOU 23 URG 24 XCPU 26 VTALRM 27 PROF 28 WINCH 29 POLL 30 PWR 34-49 RTMIN to RTMIN+15.
semper_run_signals=1,2,3,10,12,14,15,17,18,20,21,22,23,24,26,27,28,29,30,34,35,36,37,38,39,40,41,42,43,44,45,46,47,48,49

semper_put_aside() {
  eval "if [ -n \"\${$1+set}\" ]; then SEMPER_RUN_KEPT_$1=\$$1; export SEMPER_RUN_KEPT_$1; unset $1; fi"
}

# Options for Java in the environment are meant for the program; it gets them back.
semper_run_environment() {
  for semper_name in JAVA_TOOL_OPTIONS JDK_JAVA_OPTIONS _JAVA_OPTIONS _JAVA_SR_SIGNUM MALLOC_ARENA_MAX; do
    semper_put_aside "$semper_name"
  done
  export SEMPER_RUN_LAUNCHED=1
  # USR2 is the program's; the JVM takes the last real-time signal for itself.
  export _JAVA_SR_SIGNUM=64 MALLOC_ARENA_MAX=2
  # Where env cannot block signals (busybox), the JVM does it itself, at the price of a second start.
  semper_run_env=
  if env --block-signal=TERM true 2>/dev/null; then semper_run_env="env --block-signal=$semper_run_signals"; fi
}
