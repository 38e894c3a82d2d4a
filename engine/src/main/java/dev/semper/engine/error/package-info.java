/// How a broken call is told: one unchecked [SemperException] with an [ErrorCode], and [Problem]s
/// that name the field at fault. Lowest package of the engine; imports nothing of it.
@NullMarked
package dev.semper.engine.error;

import org.jspecify.annotations.NullMarked;
