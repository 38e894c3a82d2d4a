/// Secrets: values with versions, sealed with a data key of their tenant, which a master key from
/// outside of the database wraps. [Secrets] is the way in. A value leaves in clear only by
/// [Secrets#reveal], which is audited before it answers, and by a [Handover] to an instance, which
/// is recorded before it starts. A version is retired only when nobody needs it any more, or by
/// force.
@NullMarked
package dev.semper.engine.secret;

import org.jspecify.annotations.NullMarked;
