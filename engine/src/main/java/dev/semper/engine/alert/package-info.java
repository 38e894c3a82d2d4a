/// Alerts: rules look at workloads and events, what they find is told to channels. [Alerts] is the
/// way in. Whatever fires or resolves is durable before anybody is told, together with what is to
/// be told; each delivery is tried until it has arrived or is given up, and stays visible.
@NullMarked
package dev.semper.engine.alert;

import org.jspecify.annotations.NullMarked;
