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

# Sets semper_path to the class path: the jars that the list $2 names, in the folder $1.
semper_run_path() {
  semper_path=
  while read -r semper_jar; do semper_path=$semper_path${semper_path:+:}$1/$semper_jar; done <"$2"
}

# semper_run_java JAVA FOLDER LIB WORD...: becomes `semper run WORD...`. The folder has run.jvm, run.classpath and perhaps run.aot.
semper_run_java() {
  semper_java=$1
  semper_folder=$2
  semper_run_path "$3" "$2/run.classpath"
  shift 3
  semper_cache=
  [ ! -f "$semper_folder/run.aot" ] || semper_cache=-XX:AOTCache=$semper_folder/run.aot
  # SEMPER_JAVA_OPTS may hold several options; the word splitting is meant.
  # shellcheck disable=SC2086
  exec $semper_run_env "$semper_java" "@$semper_folder/run.jvm" ${semper_cache:+"$semper_cache"} ${SEMPER_JAVA_OPTS:-} -cp "$semper_path" dev.semper.run.Main "$@"
}

# semper_run_train JAVA FOLDER LIB PROFILE: makes FOLDER/run.aot from one run with everything in it. In two steps: at its end a
# recording JVM would start another to write the cache, and this one reaps all there is.
semper_run_train() (
  set -e
  scratch=$(mktemp -d)
  trap 'rm -rf -- "$scratch"' EXIT
  mkdir "$scratch/app"
  semper_run_path "$3" "$2/run.classpath"
  port=$(perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport')
  code=0
  (
    semper_run_environment
    # Nobody answers at port 1; what matters is that the driver is loaded.
    export CONTAINER_FLOW_NAME=rehearsal CONTAINER_ENVIRONMENT=build CONTAINER_RPA_DB_CONNECTION_STRING=postgresql://u:p@127.0.0.1:1/d
    export CONTAINER_DATABASE_REQUIRED=rpa_db CONTAINER_MONITORING_HEALTH_CHECK_INTERVAL=0.1
    export CONTAINER_RESTART_DELAY_SECONDS=0 CONTAINER_MAX_RESTART_ATTEMPTS=1 REHEARSAL_PORT="$port"
    # shellcheck disable=SC2086
    exec $semper_run_env "$1" "@$2/run.jvm" -XX:AOTMode=record -XX:AOTConfiguration="$scratch/run.aotconf" -cp "$semper_path" dev.semper.run.Main \
      --flow-name rehearsal --base "$scratch/app" --profile "$4" --metrics-port "$port" --export-report "$scratch/report.json" \
      -- sh -c 'sleep 0.7; exit 3'
  ) || code=$?
  [ "$code" = 3 ] || return 1
  "$1" "@$2/run.jvm" -XX:AOTMode=create -XX:AOTConfiguration="$scratch/run.aotconf" -XX:AOTCache="$2/run.aot" -cp "$semper_path"
)
