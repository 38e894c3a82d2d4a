package dev.semper.run;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class CgroupTest {
  @TempDir Path root;

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  @Test
  void readsVersion2InANamespace() throws IOException {
    file("proc/self/cgroup", "0::/\n");
    file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    file("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    file("sys/fs/cgroup/memory.max", "536870912\n");
    file("sys/fs/cgroup/memory.current", "104857600\n");
    file("sys/fs/cgroup/memory.stat", "anon 1\ninactive_file 4857600\n");
    file("sys/fs/cgroup/cpu.max", "150000 100000\n");
    file("sys/fs/cgroup/cpu.stat", "usage_usec 123456\nuser_usec 1\n");

    Cgroup group = Cgroup.read(root);

    assertThat(group.memoryLimit()).isEqualTo(512L << 20);
    assertThat(group.memoryUsed()).isEqualTo(100_000_000);
    assertThat(group.cpuLimit()).isEqualTo(1.5);
    assertThat(group.cpuUsed()).isEqualTo(123_456);
  }

  @Test
  void theLimitOfAGroupAboveCountsToo() throws IOException {
    file("proc/self/cgroup", "0::/a/b\n");
    file("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup rw\n");
    file("sys/fs/cgroup/a/memory.max", "1000\n");
    file("sys/fs/cgroup/a/b/cgroup.controllers", "memory\n");
    file("sys/fs/cgroup/a/b/memory.max", "max\n");

    assertThat(Cgroup.read(root).memoryLimit()).isEqualTo(1000);
  }

  @Test
  void readsVersion1WhereTheMountShowsTheContainersPartOnly() throws IOException {
    file("proc/self/cgroup", "4:memory:/docker/ab\n3:cpu,cpuacct:/docker/ab\n");
    file(
        "proc/self/mountinfo",
        """
        31 23 0:27 /docker/ab /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
        32 23 0:28 /docker/ab /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
        """);
    file("sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
    file("sys/fs/cgroup/memory/memory.usage_in_bytes", "1000\n");
    file("sys/fs/cgroup/memory/memory.stat", "total_inactive_file 400\n");
    file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "50000\n");
    file("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n");
    file("sys/fs/cgroup/cpu,cpuacct/cpuacct.usage", "5000000\n");

    Cgroup group = Cgroup.read(root);

    assertThat(group.memoryLimit()).isEqualTo(256L << 20);
    assertThat(group.memoryUsed()).isEqualTo(600);
    assertThat(group.cpuLimit()).isEqualTo(0.5);
    assertThat(group.cpuUsed()).isEqualTo(5000);
  }

  @Test
  void noLimitIsToldAsSuch() throws IOException {
    file("proc/self/cgroup", "4:memory:/\n");
    file(
        "proc/self/mountinfo", "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n");
    file("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");

    assertThat(Cgroup.read(root).memoryLimit()).isEqualTo(-1);
    assertThat(Cgroup.read(root).cpuLimit()).isEqualTo(-1);
  }

  @Test
  void nothingToReadIsUnknown() {
    assertThat(Cgroup.read(root).memoryUsed()).isEqualTo(-1);
    assertThat(Cgroup.read(root).cpuUsed()).isEqualTo(-1);
  }
}
