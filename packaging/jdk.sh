# Finds the JDK that Semper is built and run with. Sourced by semper, check and packaging/assemble; needs no process of its own,
# because every `semper` call pays for it.

semper_jdk_wanted=25

# Whether $1 is the home of a JDK that is new enough; reads its release file instead of starting it.
semper_jdk_fits() {
  [ -x "$1/bin/java" ] && [ -x "$1/bin/javac" ] && [ -r "$1/release" ] || return 1
  while IFS='=' read -r key value; do
    [ "$key" = JAVA_VERSION ] || continue
    value=${value#\"}
    value=${value%%[!0-9]*}
    [ -n "$value" ] && [ "$value" -ge "$semper_jdk_wanted" ]
    return
  done <"$1/release"
  return 1
}

# Sets semper_jdk to the first that fits: JAVA_HOME, the java on the PATH, then the usual folders.
semper_find_jdk() {
  if [ -n "${JAVA_HOME:-}" ] && semper_jdk_fits "$JAVA_HOME"; then
    semper_jdk=$JAVA_HOME
    return 0
  fi
  if on_path=$(command -v java) && on_path=$(readlink -f -- "$on_path"); then
    on_path=${on_path%/bin/java}
    if semper_jdk_fits "$on_path"; then
      semper_jdk=$on_path
      return 0
    fi
  fi
  for semper_jdk in /usr/lib/jvm/* /usr/local/lib/jvm/* /opt/* /opt/java/* /opt/jdk/* /usr/local/* /usr/java/* \
    "${HOME:-/nonexistent}"/.sdkman/candidates/java/* "${HOME:-/nonexistent}"/.jdks/* \
    "${HOME:-/nonexistent}"/.local/share/mise/installs/java/* "${HOME:-/nonexistent}"/.gradle/jdks/* \
    /Library/Java/JavaVirtualMachines/*/Contents/Home; do
    semper_jdk_fits "$semper_jdk" && return 0
  done
  unset semper_jdk
  cat >&2 <<END
semper: no JDK $semper_jdk_wanted or newer found.
  Looked at JAVA_HOME (${JAVA_HOME:-not set}), the java on the PATH ($(command -v java || echo none)), /usr/lib/jvm, /opt, ~/.sdkman and ~/.jdks.
  Install one, for example:
    apt install openjdk-25-jdk              Debian 13 backports, Ubuntu 25.10 and newer
    apt install temurin-25-jdk              after adding https://packages.adoptium.net
    sdk install java 25-tem                 without root, by https://sdkman.io
  or unpack any JDK $semper_jdk_wanted and set JAVA_HOME to its folder.
END
  return 1
}
