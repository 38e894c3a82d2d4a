/// Probes that ask a database by JDBC. Nothing of the library is loaded before the first check.
@NullMarked
package dev.semper.probe.sql;

import org.jspecify.annotations.NullMarked;
