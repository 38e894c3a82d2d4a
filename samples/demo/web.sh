#!/bin/sh
# Serves site/ with the JDK's own web server, on the port Semper gave.
mkdir -p site
echo "<h1>Kept alive by Semper</h1>" >site/index.html
echo yes >site/alive
for home in "${JAVA_HOME:-}" /usr/lib/jvm/* /opt/* /opt/java/* "$HOME"/.sdkman/candidates/java/* "$HOME"/.jdks/*; do
  [ -x "$home/bin/jwebserver" ] || continue
  exec "$home/bin/jwebserver" -b 127.0.0.1 -p "$PORT" -d "$PWD/site"
done
echo "no jwebserver found; set JAVA_HOME in $PWD/web.env to the home of a JDK" >&2
exit 1
