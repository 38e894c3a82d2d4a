package dev.semper.cli;

import dev.semper.api.Listing;
import dev.semper.api.QuotaInfo;
import dev.semper.api.QuotaRequest;
import dev.semper.api.TenantInfo;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Owners of workloads, and what each may use.
final class TenantsCommand {
  private TenantsCommand() {}

  @Command(
      description = "Lists the tenants the token may see.",
      footerHeading = "%nExample:%n",
      footer = "  semper tenants list")
  static final class ListTenants implements Action {
    private final Session session;

    ListTenants(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      Listing<TenantInfo> tenants = session.client().tenants();
      if (session.json()) {
        session.json(tenants);
      } else {
        print(session, tenants.items());
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Makes a tenant, or changes its quota; what is left out is unlimited (admin).",
      sortOptions = false,
      footerHeading = "%nExample:%n",
      footer = "  semper tenants set team-a --workloads 20 --memory 8G --cpu 4")
  static final class Set implements Action {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Tenant.")
    String name = "";

    @Option(names = "--workloads", paramLabel = "N", description = "At most N workloads.")
    @Nullable Integer workloads;

    @Option(names = "--instances", paramLabel = "N", description = "At most N instances.")
    @Nullable Integer instances;

    @Option(names = "--memory", paramLabel = "SIZE", description = "E.g. 8G, of all instances.")
    @Nullable String memory;

    @Option(names = "--cpu", paramLabel = "CORES", description = "E.g. 2.5, of all instances.")
    @Nullable Double cpu;

    Set(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      TenantInfo tenant =
          session.client().putTenant(name, new QuotaRequest(workloads, instances, memory, cpu));
      if (session.json()) {
        session.json(tenant);
      } else {
        print(session, List.of(tenant));
      }
      return ExitStatus.OK;
    }
  }

  @Command(
      description = "Removes a tenant that has no workloads, with its tokens (admin).",
      footerHeading = "%nExample:%n",
      footer = "  semper tenants delete team-a")
  static final class Delete implements Action {
    private final Session session;

    @Parameters(paramLabel = "NAME", description = "Tenant.")
    String name = "";

    Delete(Session session) {
      this.session = session;
    }

    @Override
    public ExitStatus run() {
      session.client().deleteTenant(name);
      if (!session.json()) {
        session.terminal().say("removed tenant " + name);
      }
      return ExitStatus.OK;
    }
  }

  private static void print(Session session, List<TenantInfo> tenants) {
    Table table = Table.of("NAME", "WORKLOADS>", "INSTANCES>", "MEMORY>", "CPU>", "CREATED");
    for (TenantInfo tenant : tenants) {
      QuotaInfo quota = tenant.quota();
      table.row(
          tenant.name(),
          quota.workloads() == 0 ? "unlimited" : Integer.toString(quota.workloads()),
          quota.instances() == 0 ? "unlimited" : Integer.toString(quota.instances()),
          quota.memory() == 0 ? "unlimited" : StatusCommand.bytes(quota.memory()),
          quota.cpu() == 0 ? "unlimited" : Double.toString(quota.cpu()),
          session.at(tenant.createdAt()));
    }
    table.print(session.terminal());
  }
}
