/// Probes by the standard health protocol of gRPC, over Vert.x. Nothing of the library is loaded
/// before the first check.
@NullMarked
package dev.semper.probe.grpc;

import org.jspecify.annotations.NullMarked;
