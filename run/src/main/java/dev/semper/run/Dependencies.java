package dev.semper.run;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// What the program depends on: by the profile, else by the environment.
final class Dependencies {
  private Dependencies() {}

  /// The databases of the environment; whether one is required is for the profile to say, if it
  /// names it.
  static List<DatabaseProbe> databases(Settings settings, Profile profile) {
    List<DatabaseProbe> probes = new ArrayList<>();
    for (Settings.Database database : settings.databases) {
      boolean required = database.required();
      if (profile.dependencies() != null) {
        for (Profile.Need need : profile.dependencies()) {
          if (database.name().equalsIgnoreCase(need.database())) {
            required = need.required();
          }
        }
      }
      probes.add(new DatabaseProbe(database, required));
    }
    return probes;
  }

  static List<Dependency> of(Settings settings, Profile profile, List<DatabaseProbe> probes) {
    List<Dependency> all = new ArrayList<>();
    if (profile.dependencies() == null) {
      for (DatabaseProbe probe : probes) {
        boolean required = probe.required;
        all.add(
            new Dependency(
                name(probe.database.name()),
                probe.check(),
                required ? 120 : 60,
                2,
                required,
                "Database " + probe.database.name()));
      }
      URI api = settings.url("PREFECT_API_URL");
      URI server = settings.url("PREFECT_SERVER_URL");
      boolean given = settings.services.stream().anyMatch(one -> one.name().equals("prefect"));
      URI url = api == null ? server : URI.create(("" + api).replaceFirst("/+$", "") + "/health");
      if (!given && url != null) {
        // The API has /health below it; of the server's own address only an answer is asked.
        all.add(
            new Dependency(
                "prefect_server",
                Check.http(url, api != null ? 400 : 500),
                60,
                2,
                false,
                "Prefect server"));
      }
    } else {
      for (Profile.Need need : profile.dependencies()) {
        Check check = need.check();
        if (check == null) {
          check =
              probes.stream()
                  .filter(one -> one.database.name().equalsIgnoreCase(need.database()))
                  .findFirst()
                  .map(DatabaseProbe::check)
                  .orElse(deadline -> {
                    throw new Check.FailedException(
                        "the environment has no database " + need.database());
                  });
        }
        all.add(
            new Dependency(
                need.name(),
                check,
                need.timeout(),
                need.retryInterval(),
                need.required(),
                need.description()));
      }
    }
    for (Settings.Service service : settings.services) {
      all.add(
          new Dependency(
              service.name().equals("prefect") ? "prefect_server" : service.name(),
              Check.http(service.endpoint(), 400),
              (double) service.timeout() * service.attempts(),
              2,
              service.required(),
              "Service " + service.name()));
    }
    return all;
  }

  /// The names the seed's scripts use.
  private static String name(String database) {
    return switch (database.toLowerCase(Locale.ROOT)) {
      case "rpa_db" -> "database";
      case "surveyhub" -> "surveyhub_database";
      default -> database;
    };
  }
}
