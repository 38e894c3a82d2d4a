package dev.semper.acceptance;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackages;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.conditions.ArchConditions.be;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.NullMarked;
import org.junit.jupiter.api.Test;

/// The rules of `docs/architecture.md`, in the same words.
final class ArchitectureTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
          .withImportOption(location -> !location.contains("-tests.jar"))
          .importPackages("dev.semper");

  @Test
  void packagesOfTheEngineImportOnlyThoseOfLowerRank() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("error")
        .definedBy("dev.semper.engine.error")
        .layer("spec")
        .definedBy("dev.semper.engine.spec")
        .layer("store")
        .definedBy("dev.semper.engine.store")
        .layer("access")
        .definedBy("dev.semper.engine.access")
        .layer("workload")
        .definedBy("dev.semper.engine.workload")
        .layer("operation")
        .definedBy("dev.semper.engine.operation")
        .layer("webhook")
        .definedBy("dev.semper.engine.webhook")
        .layer("config")
        .definedBy("dev.semper.engine.config")
        .layer("secret")
        .definedBy("dev.semper.engine.secret")
        .layer("health")
        .definedBy("dev.semper.engine.health")
        .layer("hook")
        .definedBy("dev.semper.engine.hook")
        .layer("recovery")
        .definedBy("dev.semper.engine.recovery")
        .layer("alert")
        .definedBy("dev.semper.engine.alert")
        .layer("engine")
        .definedBy("dev.semper.engine")
        .whereLayer("engine")
        .mayNotBeAccessedByAnyLayer()
        .whereLayer("recovery")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("alert")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("webhook")
        .mayOnlyBeAccessedByLayers("hook", "alert")
        .whereLayer("config")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("secret")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("hook")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("health")
        .mayOnlyBeAccessedByLayers("engine", "recovery", "alert")
        .whereLayer("operation")
        .mayOnlyBeAccessedByLayers("engine", "config", "secret", "hook", "recovery")
        .whereLayer("workload")
        .mayOnlyBeAccessedByLayers(
            "engine", "operation", "config", "secret", "health", "hook", "recovery", "alert")
        .whereLayer("access")
        .mayOnlyBeAccessedByLayers("engine")
        .whereLayer("store")
        .mayOnlyBeAccessedByLayers(
            "engine",
            "operation",
            "workload",
            "access",
            "config",
            "secret",
            "health",
            "hook",
            "recovery",
            "alert")
        .check(CLASSES);
  }

  @Test
  void packagesFormNoCycles() {
    slices().matching("dev.semper.(**)").should().beFreeOfCycles().check(CLASSES);
  }

  @Test
  void driversImportTheSpiOnly() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.driver..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.semper..")
                .and(resideOutsideOfPackages("dev.semper.driver..", "dev.semper.spi..")))
        .check(CLASSES);
  }

  @Test
  void probeMethodsImportTheSpiOnly() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.probe..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.semper..")
                .and(resideOutsideOfPackages("dev.semper.probe..", "dev.semper.spi..")))
        .check(CLASSES);
  }

  @Test
  void tracesImportTheEngineOnly() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.traces..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.semper..")
                .and(resideOutsideOfPackages("dev.semper.traces..", "dev.semper.engine..")))
        .check(CLASSES);
  }

  @Test
  void onlyTracesKnowOpenTelemetry() {
    noClasses()
        .that()
        .resideOutsideOfPackage("dev.semper.traces..")
        .should()
        .dependOnClassesThat()
        .resideInAPackage("io.opentelemetry..")
        .check(CLASSES);
  }

  @Test
  void theSpiImportsTheJdkAndJSpecifyOnly() {
    classes()
        .that()
        .resideInAPackage("dev.semper.spi..")
        .should()
        .onlyDependOnClassesThat()
        .resideInAnyPackage("dev.semper.spi..", "java..", "org.jspecify..")
        .check(CLASSES);
  }

  @Test
  void theEntryPointKnowsNothingOfOurs() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.run..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.semper..").and(resideOutsideOfPackages("dev.semper.run..")))
        .check(CLASSES);
  }

  @Test
  void theEntryPointNeverStartsProcessesByTheJdk() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.run..")
        .should()
        .dependOnClassesThat()
        .areAssignableTo(ProcessBuilder.class)
        .orShould()
        .dependOnClassesThat()
        .areAssignableTo(ProcessHandle.class)
        .check(CLASSES);
  }

  @Test
  void theCommandLineKnowsTheApiOnly() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.cli..")
        .should()
        .dependOnClassesThat(
            resideInAPackage("dev.semper..")
                .and(resideOutsideOfPackages("dev.semper.cli..", "dev.semper.api..")))
        .check(CLASSES);
  }

  @Test
  void theEngineKnowsNeitherTheServerNorTheApi() {
    noClasses()
        .that()
        .resideInAPackage("dev.semper.engine..")
        .should()
        .dependOnClassesThat()
        .resideInAnyPackage(
            "dev.semper.server..",
            "dev.semper.api..",
            "dev.semper.cli..",
            "dev.semper.driver..",
            "dev.semper.probe..",
            "dev.semper.traces..")
        .check(CLASSES);
  }

  @Test
  void everyPackageIsNullMarked() {
    Set<String> unmarked =
        CLASSES.stream()
            .map(c -> c.getPackage())
            .filter(p -> p.getClasses().stream().anyMatch(c -> !c.getSimpleName().isEmpty()))
            .filter(p -> !p.isAnnotatedWith(NullMarked.class))
            .map(p -> p.getName())
            .collect(Collectors.toCollection(TreeSet::new));
    assertThat(unmarked).isEmpty();
  }

  @Test
  void nothingIsNamedAfterALayerOrADumpingGround() {
    noClasses()
        .should()
        .resideInAnyPackage(
            "..util..",
            "..utils..",
            "..common..",
            "..model..",
            "..service..",
            "..impl..",
            "..helper..")
        .orShould(
            be(
                nameMatching(".*(Manager|Impl|Utils?|Helper)")
                    .as("named Manager, Impl, Util or Helper")))
        .check(CLASSES);
  }

  @Test
  void onlyACommandWritesToStandardOutput() {
    noClasses()
        .that()
        .resideInAnyPackage(
            "dev.semper.engine..",
            "dev.semper.spi..",
            "dev.semper.driver..",
            "dev.semper.probe..",
            "dev.semper.traces..",
            "dev.semper.api..")
        .should()
        .accessField(System.class, "out")
        .orShould()
        .accessField(System.class, "err")
        .check(CLASSES);
  }
}
