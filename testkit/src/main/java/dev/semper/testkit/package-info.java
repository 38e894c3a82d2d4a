/// What tests of Semper and of drivers need: a [dev.semper.testkit.ScriptedDriver] whose programs
/// do what they are told, an [dev.semper.testkit.EngineHarness] that runs the whole engine on a
/// temporary home and lets it crash, and a [dev.semper.testkit.ManualClock]. Everything here is
/// real: nothing is mocked.
@NullMarked
package dev.semper.testkit;

import org.jspecify.annotations.NullMarked;
