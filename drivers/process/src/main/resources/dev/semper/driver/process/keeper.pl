# The keeper: parent of all processes of one Semper home. It outlives the server, so every exit code
# is known. It never blocks on anything but select. Why it exists: docs/adr/0001-process-keeper.md.
# Needs only Debian's perl-base. Usage: perl keeper.pl STATE_DIRECTORY [LOCK_FD]
#
# Protocol, one line per message, fields separated by a blank and percent-encoded ("%" alone is the
# empty field):
#   ID hello VERSION                       -> events for all ended, then ID ok PID VERSION
#   ID spawn INC KEY=VALUE...              -> like get, once exec has worked; or ID err ERRNO STEP TEXT
#   ID get INC                             -> ID ok never | running PID START WALL NOTE GROUP
#                                             | ended PID START WALL NOTE GROUP RAW AT TICKS DETAIL
#   ID list                                -> ID ok INC STATE INC STATE ...
#   ID signal INC NUMBER main|group        -> ID ok | ID err ERRNO signal TEXT
#   ID forget INC                          -> ID ok
#   ID track DIRECTORY                     -> ID ok | ID err ERRNO track TEXT; from now on trees are born into
#                                             control groups made there: GROUP is the directory of one
#   ID watch 0|1                           -> ID ok; while 1, "! reaped COUNT" tells of reaped orphans
#   ID upgrade SCRIPT                      -> the connection ends; the same process runs SCRIPT
#   ID quit-if-idle                        -> ID ok busy | the connection ends
#   ! exit INC RAW AT TICKS DETAIL         RAW is the wait status or "unknown"
# Times: WALL and AT in ms since 1970, START and TICKS in clock ticks since boot.
use strict;
use warnings;
no warnings 'exec';
use Errno ();
use Fcntl qw(:DEFAULT :flock);
use POSIX ();
use Socket;

my $VERSION = 2;
my %NUMBERS = (
  x86_64 => {
    execve => 59, prctl => 157, prlimit => 302, signalfd => 289, setgroups => 116, clock => 228,
    sigaction => 13
  },
  aarch64 => {
    execve => 221, prctl => 167, prlimit => 261, signalfd => 74, setgroups => 159, clock => 113,
    sigaction => 134
  },
);
my $machine = (POSIX::uname())[4];
my $SYS = $NUMBERS{$machine} or die "the process keeper does not know the machine type $machine\n";
my ($PIDFD_OPEN, $PIDFD_SEND_SIGNAL, $CLONE3) = (434, 424, 435);
my $CLONE_INTO_CGROUP = 1 << 33;
my %LIMIT = (
  cpu => 0, fsize => 1, data => 2, stack => 3, core => 4, nproc => 6, nofile => 7, memlock => 8,
  as => 9
);
my $TICKS = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my $OUT_MAX = 64 << 20;
my $IDLE_SECONDS = 10;

my @KEYS = qw(path arg env dir user group umask nice limit in out err cgroup note);
my $ORDERS_MAX = 32 << 10; # fits into a pipe at once

my ($state, $lock_fd) = @ARGV;
my %inc;     # name -> { state, pid, start, wall, note, group, raw, at, ticks, detail, fd, waiters }
my %by_pid;  # pid of our own child -> name
my %pipes;   # fileno -> { fh, name, buf }: exec has not happened yet
my %watched; # pidfd -> name: processes of an earlier keeper
my $polled = 0; # how many such processes have no pidfd
my ($conn, $in, $out, $watching, $quitting) = (undef, '', '', 0, 0);
my ($spare, $want_spare); # { pid, to, from, group }: forked already, for the next start; see make_spare
my ($birth, $rec); # in a spare: its own start time and the file its record will be
my $group = ''; # in a child: the control group it was born into
my ($trees, $groups, @leavings) = (undef, 0); # where groups are made, how many were, which could not be removed yet
my $readable = '';
my ($listener, $lock, $signal_fd, $nofile, $oom);

sub enc {
  my $s = shift;
  return '%' if $s eq '';
  $s =~ s{([^A-Za-z0-9_./:=,+\@!-])}{sprintf '%%%02X', ord $1}ge;
  return $s;
}

sub dec {
  my $s = shift;
  return '' if $s eq '%';
  $s =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ge;
  return $s;
}

sub now {
  my ($clock, $per_second) = @_;
  my $spec = "\0" x 16;
  syscall($SYS->{clock}, $clock, $spec);
  my ($s, $ns) = unpack 'q2', $spec;
  return $s * $per_second + int($ns * $per_second / 1_000_000_000);
}
sub wall { return now(0, 1000) }
sub ticks { return now(7, $TICKS) }

sub slurp {
  my $path = shift;
  open(my $fh, '<', $path) or return undef;
  local $/;
  my $text = <$fh>;
  return $text;
}

# Writes into an existing file of the kernel; false with $! if it refuses.
sub spill {
  my ($path, $text) = @_;
  sysopen(my $fh, $path, O_WRONLY) or return 0;
  return syswrite($fh, $text);
}

my $boot = slurp('/proc/sys/kernel/random/boot_id') // '';
chomp $boot;

# Start time and state of a process; empty if there is none.
sub identity {
  my $stat = slurp("/proc/$_[0]/stat") or return;
  $stat =~ s/^.*\) //s;
  my @f = split ' ', $stat;
  return ($f[19], $f[0]);
}

sub lives {
  my ($pid, $start) = @_;
  my ($now, $how) = identity($pid) or return 0;
  return $now eq $start && $how !~ /[ZXx]/;
}

sub record { return "$state/inc/" . ($_[0] =~ s{([^A-Za-z0-9_!-])}{sprintf '%%%02X', ord $1}ger) }

sub say_log {
  my @t = gmtime;
  printf STDERR "%04d-%02d-%02dT%02d:%02d:%02dZ %s\n", $t[5] + 1900, $t[4] + 1, @t[3, 2, 1, 0], $_[0];
}

# ---- talking to the server

sub send_line {
  return unless $conn;
  $out .= join(' ', @_) . "\n";
}

sub flush {
  return unless $conn && length $out;
  my $n = syswrite($conn, $out);
  if (defined $n) { substr($out, 0, $n, '') }
  elsif (!$!{EAGAIN} && !$!{EINTR}) { drop() }
  drop() if length $out > $OUT_MAX;
}

sub drop {
  return unless $conn;
  vec($readable, fileno $conn, 1) = 0;
  close $conn;
  ($conn, $in, $out, $watching) = (undef, '', '', 0);
  $_->{waiters} = [] for values %inc;
}

sub answer { my $id = shift; send_line($id, 'ok', map { enc($_) } @_) }
sub refuse { my $id = shift; send_line($id, 'err', map { enc($_) } @_) }

sub describe {
  my ($id, $i) = @_;
  my @base = @$i{qw(pid start wall note group)};
  if ($i->{state} eq 'running') { answer($id, 'running', @base) }
  else { answer($id, 'ended', @base, @$i{qw(raw at ticks detail)}) }
}

sub tell_exit {
  my ($name, $i) = @_;
  send_line('!', 'exit', map { enc($_) } $name, @$i{qw(raw at ticks detail)});
}

# ---- records

sub ended {
  note_end(@_);
  record_end($_[0]);
}

sub note_end {
  my ($name, $raw, $detail) = @_;
  my $i = $inc{$name};
  @$i{qw(state raw at ticks detail)} = ('ended', $raw, wall(), ticks(), $detail);
  delete $by_pid{$i->{pid}} if ($by_pid{$i->{pid}} // '') eq $name;
  tell_exit($name, $i);
}

sub record_end {
  my $name = shift;
  my $i = $inc{$name};
  my ($raw, $line) = ($i->{raw}, join(' ', 'exit', @$i{qw(raw at ticks)}, enc($i->{detail})) . "\n");
  if (sysopen(my $fh, record($name), O_WRONLY | O_APPEND)) {
    my $n = syswrite($fh, $line);
    say_log("cannot record the exit of $name ($raw): $!") unless ($n // 0) == length $line;
  }
  else { say_log("cannot record the exit of $name ($raw): $!") }
}

# Takes a record from disk into memory; what still runs is watched.
sub load {
  my $name = shift;
  my $text = slurp(record($name)) // return undef;
  my %f = map { my ($k, @v) = split ' '; ($k // '' => \@v) } split /\n/, $text;
  my ($pid, $start, $in_boot, $at) = @{$f{pid} // [0, 0, '', wall()]};
  my $i = $inc{$name} = {
    state => 'running', pid => $pid, start => $start, wall => $at,
    note => dec(($f{note} // ['%'])->[0]), group => dec(($f{group} // ['%'])->[0]), waiters => []
  };
  if (my $exit = $f{exit}) {
    @$i{qw(state raw at ticks detail)} = ('ended', @$exit[0 .. 2], dec($exit->[3] // '%'));
  }
  elsif ($in_boot ne $boot) { ended($name, 'unknown', 'the host was rebooted') }
  elsif (((identity($pid))[0] // '') ne $start) {
    ended($name, 'unknown', 'it ended while no keeper ran');
  }
  else {
    my $child = waitpid($pid, POSIX::WNOHANG()); # ours after an upgrade
    if ($child == 0) { $by_pid{$pid} = $name }
    elsif ($child == $pid) { ended($name, $?, '') }
    else { adopt($name) }
  }
  return $i;
}

sub adopt {
  my $name = shift;
  my $i = $inc{$name};
  my $fd = syscall($PIDFD_OPEN, 0 + $i->{pid}, 0);
  if ($fd >= 0 && lives($i->{pid}, $i->{start})) {
    $watched{$fd} = $name;
    $i->{fd} = $fd;
    vec($readable, $fd, 1) = 1;
  }
  elsif (lives($i->{pid}, $i->{start})) { $i->{polled} = 1; $polled++ }
  else { POSIX::close($fd) if $fd >= 0; lost($name) }
}

sub unwatch {
  my $i = shift;
  if (defined(my $fd = delete $i->{fd})) {
    vec($readable, $fd, 1) = 0;
    delete $watched{$fd};
    POSIX::close($fd);
  }
  $polled-- if delete $i->{polled};
}

sub lost {
  my $name = shift;
  unwatch($inc{$name});
  ended($name, 'unknown', 'the keeper died while it ran');
}

sub load_all {
  opendir(my $dir, "$state/inc") or die "cannot read $state/inc: $!\n";
  for my $file (sort readdir $dir) { load(dec($file)) unless $file =~ /^\./ }
  opendir(my $rest, $state) or die "cannot read $state: $!\n";
  for my $file (readdir $rest) { unlink "$state/$file" if $file =~ /^\.record/ && -M "$state/$file" > 0.01 }
}

# ---- starting

sub spawn {
  my ($id, $name, @fields) = @_;
  if (my $i = $inc{$name}) {
    if ($i->{state} eq 'starting') { push @{$i->{waiters}}, $id }
    else { describe($id, $i) }
    return;
  }
  my %o = map { $_ => [] } @KEYS;
  for (@fields) {
    my ($k, $v) = /^([a-z]+)=(.*)$/s or return refuse($id, 22, 'request', "not KEY=VALUE: $_");
    $o{$k} or return refuse($id, 22, 'request', "unknown key $k");
    push @{$o{$k}}, $v;
  }
  $want_spare = 1;
  my ($pid, $from, $in_group) = hand_to_spare($name, @fields);
  if (!$pid) {
    pipe($from, my $to) or return refuse($id, 0 + $!, 'pipe', "$!");
    ($pid, $in_group) = fork_tracked();
    return refuse($id, 0 + $!, 'fork', "$!") unless defined $pid;
    if (!$pid) {
      close $_ for grep { defined } $lock, $listener, $conn;
      run_child($to, $name, \%o);
    }
    close $to;
  }
  $inc{$name} = {
    state => 'starting', pid => $pid, note => $o{note}[0] // '', group => $in_group, waiters => [$id]
  };
  $by_pid{$pid} = $name;
  $pipes{fileno $from} = { fh => $from, name => $name, buf => '' };
  vec($readable, fileno $from, 1) = 1;
}

sub run_child {
  my ($to, $name, $o) = @_;
  eval { child($to, $name, $o) };
  say_log("child: $@");
  POSIX::_exit(126);
}

# A fork takes as long as half of a start, so while there is nothing else to do one is made ahead. The
# spare waits for the name and the fields of what it is to become, or for the end of the keeper.
sub make_spare {
  $want_spare = 0;
  pipe(my $orders, my $to) or return;
  pipe(my $from, my $progress) or return;
  my ($pid, $in_group) = fork_tracked();
  return unless defined $pid;
  if ($pid) {
    $spare = { pid => $pid, to => $to, from => $from, group => $in_group };
    return;
  }
  $0 = "semper-spare $state";
  close $_ for grep { defined } $lock, $listener, $conn, $to, $from;
  POSIX::close($_) for keys %watched;
  ($birth) = identity($$);
  $rec = new_record();
  wanted('arg=rehearsal', 'env=REHEARSAL=1') for 1 .. 3; # memory is shared until it is written: now rather than then
  my ($name, @fields) = await_orders($orders);
  run_child($progress, $name, wanted(@fields));
}

sub wanted {
  my %o = map { $_ => [] } @KEYS;
  for (map { dec($_) } @_) {
    my ($k, $v) = split /=/, $_, 2;
    push @{$o{$k}}, $v;
  }
  return \%o;
}

sub drop_spare {
  my $useless = $spare or return;
  ($spare, $want_spare) = (undef, 0);
  close $useless->{to};
  waitpid($useless->{pid}, 0);
  unlink unlinked_record($useless->{pid});
  drop_group($useless->{group});
}

sub await_orders {
  my $orders = shift;
  my $text = '';
  until ($text =~ /\n\z/) {
    my $n = sysread($orders, $text, $ORDERS_MAX, length $text);
    next if !defined $n && $!{EINTR};
    POSIX::_exit(0) unless $n;
  }
  close $orders;
  chomp $text;
  my ($name, @fields) = split / /, $text;
  return (dec($name), @fields);
}

# PID, progress and group of the spare if it takes the job; one that has died does not.
sub hand_to_spare {
  my $taken = $spare or return;
  my $text = join(' ', map { enc($_) } @_) . "\n";
  return if length $text > $ORDERS_MAX;
  $spare = undef;
  if ((syswrite($taken->{to}, $text) // 0) != length $text) {
    unlink unlinked_record($taken->{pid});
    drop_group($taken->{group});
    return;
  }
  return @$taken{qw(pid from group)};
}

# The pipe is at its end: exec has worked (nothing came) or a step has failed.
sub progress {
  my $fd = shift;
  my $p = $pipes{$fd};
  while (1) {
    my $n = sysread($p->{fh}, $p->{buf}, 4096, length $p->{buf});
    next if !defined $n && $!{EINTR};
    return if $n;
    last;
  }
  vec($readable, $fd, 1) = 0;
  delete $pipes{$fd};
  close $p->{fh};
  started($p->{name}, split(/\0/, $p->{buf}, -1));
}

sub started {
  my ($name, $linked, $errno, $step, $text) = @_;
  my $i = $inc{$name};
  my @waiters = splice @{$i->{waiters}};
  unlink unlinked_record($i->{pid});
  if (!defined $errno) {
    my $record = slurp(record($name)) // '';
    if ($record =~ /^pid (\d+) (\d+) \S+ (\d+)$/m && $1 == $i->{pid}) {
      @$i{qw(state start wall)} = ('running', $2, $3);
      describe($_, $i) for @waiters;
      return;
    }
    ($linked, $errno, $step, $text) =
      ('', Errno::EAGAIN(), 'fork', 'it was killed before it could run');
  }
  delete $inc{$name};
  delete $by_pid{$i->{pid}};
  drop_group($i->{group});
  if ($errno == Errno::EEXIST() && $step eq 'record') { # an earlier keeper had started it
    my $known = load($name);
    for (@waiters) { $known ? describe($_, $known) : refuse($_, $errno, $step, $text) }
    return;
  }
  unlink record($name) if $linked ne '';
  refuse($_, $errno, $step, $text) for @waiters;
}

sub child {
  my ($to, $name, $o) = @_;
  my $linked = '';
  my $fail = sub {
    my ($step, $text, $errno) = @_;
    my $message = join "\0", $linked, $errno // 0 + $!, $step, $text // "$!";
    syswrite($to, $message);
    POSIX::_exit(127);
  };
  $SIG{PIPE} = 'DEFAULT';
  defined POSIX::setsid() or $fail->('setsid');
  my ($uid, $gid, @groups) = account($o, $fail);
  if (defined(my $path = $o->{in}[0])) {
    sysopen(my $fh, $path, O_RDONLY) or $fail->('stdin', "$path: $!");
    POSIX::dup2(fileno $fh, 0) // $fail->('stdin', "$path: $!");
  }
  for (['out', 1], ['err', 2]) {
    my ($path, $to_fd) = ($o->{$_->[0]}[0], $_->[1]);
    next unless defined $path;
    sysopen(my $fh, $path, O_WRONLY | O_APPEND | O_CREAT, 0640) or $fail->('log', "$path: $!");
    POSIX::dup2(fileno $fh, $to_fd) or $fail->('log', "$path: $!");
  }
  POSIX::dup2(1, 2) if @{$o->{out}} && !@{$o->{err}};
  for my $procs (@{$o->{cgroup}}) {
    spill($procs, '0') or $fail->('cgroup', "$procs: $!");
  }
  spill('/proc/self/oom_score_adj', $oom) if defined $oom;
  ($birth) = identity($$) unless defined $birth;
  my $at = wall();
  my $tmp = unlinked_record($$);
  $rec //= new_record() // $fail->('record', "$tmp: $!");
  my $text = join "\n", "semper $VERSION", "pid $$ $birth $boot $at", 'note ' . enc($o->{note}[0] // ''),
    'group ' . enc($group), '';
  (syswrite($rec, $text) // 0) == length $text or $fail->('record', "$tmp: $!");
  close $rec;
  $linked = link($tmp, record($name)) ? 'linked' : '';
  $linked or $fail->('record', record($name) . ": $!");
  become($o, $uid, $gid, \@groups, $fail);
}

# A record is made under this name and then linked to its own, so that it is there whole or not at all. The keeper removes this name
# afterwards: of the changes to directories, which are slow on a busy disk, only the link holds up a start.
sub unlinked_record { return "$state/.record$_[0]" }

sub new_record {
  unlink unlinked_record($$); # a dead keeper may have left it: linked to the record of a process that runs
  sysopen(my $fh, unlinked_record($$), O_WRONLY | O_CREAT | O_EXCL, 0600) or return undef;
  return $fh;
}

sub account {
  my ($o, $fail) = @_;
  my ($user, $group) = ($o->{user}[0], $o->{group}[0]);
  my ($uid, $gid, @groups, $name);
  if (defined $user) {
    my @pw = $user =~ /^\d+$/ ? getpwuid($user) : getpwnam($user);
    @pw || $user =~ /^\d+$/ or $fail->('user', "there is no user '$user'", Errno::EINVAL());
    ($name, $uid, $gid) = @pw ? @pw[0, 2, 3] : (undef, 0 + $user, 0 + $user);
  }
  if (defined $group) {
    my @gr = $group =~ /^\d+$/ ? getgrgid($group) : getgrnam($group);
    @gr || $group =~ /^\d+$/ or $fail->('group', "there is no group '$group'", Errno::EINVAL());
    $gid = @gr ? $gr[2] : 0 + $group;
  }
  if (defined $name) {
    setgrent();
    while (my @gr = getgrent()) { push @groups, $gr[2] if grep { $_ eq $name } split ' ', $gr[3] }
    endgrent();
  }
  return ($uid, $gid, @groups);
}

# The last steps, some of which cannot be undone.
sub become {
  my ($o, $uid, $gid, $groups, $fail) = @_;
  my @args = @{$o->{arg}};
  my @env = @{$o->{env}};
  my $path = $o->{path}[0];
  my $argv = pack '(p)*', @args, undef;
  my $envp = pack '(p)*', @env, undef;
  if (defined(my $nice = $o->{nice}[0])) {
    setpriority(0, 0, $nice) or $fail->('nice', "nice $nice: $!");
  }
  umask oct($o->{umask}[0] // '022');
  my %limits = (nofile => $nofile);
  for (@{$o->{limit}}) {
    my ($limit, $soft, $hard) = split /:/;
    $limits{$limit} = pack 'QQ', map { $_ eq 'unlimited' ? ~0 : 0 + $_ } $soft, $hard;
  }
  for my $limit (sort keys %limits) {
    syscall($SYS->{prlimit}, 0, $LIMIT{$limit}, $limits{$limit}, 0) == 0
      or $fail->('limit', "limits.$limit: $!");
  }
  if (defined $gid && ($> == 0 || $gid != $) + 0)) {
    my $list = pack 'L*', $gid, @$groups;
    syscall($SYS->{setgroups}, 1 + @$groups, $list) == 0 or $fail->('group', "set groups: $!");
    POSIX::setgid($gid) or $fail->('group', "set group $gid: $!");
  }
  if (defined $uid && $uid != $<) { POSIX::setuid($uid) or $fail->('user', "set user $uid: $!") }
  my $dir = $o->{dir}[0] // '/';
  chdir $dir or $fail->('dir', "$dir: $!");
  POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new);
  syscall($SYS->{execve}, $path, $argv, $envp);
  $fail->('exec', "$path: $!");
}

# ---- control groups

# Each tree is born into a group of its own (version 2), which limits nothing and only tells who belongs together: nothing else finds
# a program that forks away, makes a session of its own and overwrites its environment, as nginx and PostgreSQL do. Born into it
# rather than moved: a move waits for a grace period of the kernel, 13 ms on an idle machine.
sub fork_tracked {
  my $in = new_group();
  if ($in ne '') {
    if (sysopen(my $dir, $in, O_RDONLY | O_DIRECTORY)) {
      my $how = pack 'Q11', $CLONE_INTO_CGROUP, 0, 0, 0, POSIX::SIGCHLD(), (0) x 5, fileno $dir;
      my $pid = syscall($CLONE3, $how, length $how);
      if ($pid >= 0) {
        $group = $in if !$pid;
        return ($pid, $in);
      }
    }
    my $why = 0 + $!;
    drop_group($in);
    $! = $why;
  }
  return (scalar fork, '');
}

sub new_group {
  return '' unless defined $trees;
  drop_group($_) for splice @leavings;
  my $in;
  do { $in = "$trees/" . ++$groups; return $in if mkdir $in } while $!{EEXIST};
  return '';
}

# Its last process may not be quite gone.
sub drop_group {
  my $in = shift;
  push @leavings, $in if $in ne '' && !rmdir $in && $!{EBUSY};
}

sub track {
  my ($id, $base) = @_;
  $trees = $base;
  my ($parent) = $base =~ m{^(.+)/};
  for (1 .. 10) { # the keeper of another home may just remove the parent, which is shared
    mkdir $parent;
    last if mkdir $base or !$!{ENOENT};
  }
  -d $base or return not_tracked($id);
  tidy_groups();
  my ($pid, $in) = fork_tracked();
  my $why = 0 + $!;
  POSIX::_exit(0) if defined $pid && !$pid;
  waitpid($pid, 0) if $pid;
  $! = $why;
  return not_tracked($id) if $in eq '';
  drop_group($in);
  if ($spare && $spare->{group} eq '') { drop_spare(); $want_spare = 1 }
  answer($id);
}

sub not_tracked {
  $trees = undef;
  refuse($_[0], 0 + $!, 'track', "$!");
}

# What is in use is not removed by rmdir.
sub tidy_groups {
  opendir(my $dir, $trees // return) or return;
  for (readdir $dir) { rmdir "$trees/$_" unless /^\./ }
}

# ---- ends

sub reap {
  my $buffer;
  while (defined(my $n = POSIX::read($signal_fd, $buffer, 128 * 16))) {
    for (my $at = 0; $at < $n; $at += 128) {
      $quitting = 1 if unpack('L', substr($buffer, $at, 4)) == POSIX::SIGTERM();
    }
  }
  my $orphans = 0;
  my @ended;
  while ((my $pid = waitpid(-1, POSIX::WNOHANG())) > 0) {
    my $raw = $?;
    my $name = $by_pid{$pid};
    if ($spare && $pid == $spare->{pid}) { drop_spare(); next }
    if (!defined $name) { $orphans++; next }
    my ($fd) = $inc{$name}{state} eq 'starting'
      ? grep { $pipes{$_}{name} eq $name } keys %pipes : ();
    progress_to_end($fd) if defined $fd;
    if (($by_pid{$pid} // '') eq $name) { note_end($name, $raw, ''); push @ended, $name }
  }
  flush(); # restarts wait for it
  record_end($_) for @ended;
  send_line('!', 'reaped', $orphans) if $orphans && $watching;
}

# Its writer is dead, so the end of the pipe is near.
sub progress_to_end {
  my $fd = shift;
  progress($fd) while $pipes{$fd};
}

# ---- requests

sub signal_inc {
  my ($id, $name, $number, $whom) = @_;
  my $i = $inc{$name};
  return refuse($id, Errno::ESRCH(), 'signal', 'it does not run') unless $i && $i->{state} eq 'running';
  my $ok;
  if (!defined $by_pid{$i->{pid}} && !lives($i->{pid}, $i->{start})) { $! = Errno::ESRCH() }
  elsif ($whom eq 'group') { $ok = kill -$number, $i->{pid} }
  elsif (defined $i->{fd}) { $ok = syscall($PIDFD_SEND_SIGNAL, $i->{fd}, 0 + $number, 0, 0) == 0 }
  else { $ok = kill 0 + $number, $i->{pid} }
  return $ok ? answer($id) : refuse($id, 0 + $!, 'signal', "$!");
}

sub idle { return !grep { $_->{state} ne 'ended' } values %inc }

sub quit {
  flush();
  drop_spare();
  tidy_groups();
  rmdir for defined $trees ? ($trees, $trees =~ m{^(.+)/}) : ();
  unlink "$state/keeper.sock";
  exit 0;
}

my %VERBS = (
  hello => sub {
    my ($id) = @_;
    $inc{$_}{state} eq 'ended' && tell_exit($_, $inc{$_}) for sort keys %inc;
    answer($id, $$, $VERSION);
  },
  spawn => \&spawn,
  get => sub {
    my ($id, $name) = @_;
    my $i = $inc{$name} or return answer($id, 'never');
    if ($i->{state} eq 'starting') { push @{$i->{waiters}}, $id }
    else { describe($id, $i) }
  },
  list => sub { my ($id) = @_; answer($id, map { $_, $inc{$_}{state} } sort keys %inc) },
  signal => \&signal_inc,
  forget => sub {
    my ($id, $name) = @_;
    my $i = $inc{$name} or return answer($id);
    return refuse($id, Errno::EBUSY(), 'forget', 'it runs') if $i->{state} ne 'ended';
    unlink record($name) or $!{ENOENT} or return refuse($id, 0 + $!, 'forget', "$!");
    drop_group($i->{group});
    delete $inc{$name};
    answer($id);
  },
  track => \&track,
  watch => sub { my ($id, $on) = @_; $watching = $on; answer($id) },
  upgrade => sub {
    my ($id, $script) = @_;
    return refuse($id, Errno::EBUSY(), 'upgrade', 'something is starting') if %pipes;
    drop();
    drop_spare();
    fcntl($lock, F_SETFD, 0);
    POSIX::sigprocmask(POSIX::SIG_SETMASK(), POSIX::SigSet->new);
    exec($^X, $script, $state, fileno $lock);
    say_log("cannot become $script: $!");
    exit 1;
  },
  'quit-if-idle' => sub { my ($id) = @_; idle() ? quit() : answer($id, 'busy') },
);

sub receive {
  my $n = sysread($conn, $in, 1 << 16, length $in);
  return if !defined $n && ($!{EAGAIN} || $!{EINTR});
  return drop() unless $n;
  while ($conn && $in =~ s/^([^\n]*)\n//) {
    my ($id, $verb, @fields) = split / /, $1;
    my $do = $VERBS{$verb // ''} or do { refuse($id // 0, Errno::EINVAL(), 'request', 'unknown verb'); next };
    $do->($id, map { dec($_) } @fields);
  }
}

sub welcome {
  accept(my $new, $listener) or return;
  drop();
  $conn = $new;
  fcntl($conn, F_SETFL, O_NONBLOCK);
  vec($readable, fileno $conn, 1) = 1;
}

# ---- beginning

sub detach {
  pipe(my $from, my $to) or die "pipe: $!\n";
  defined(my $pid = fork) or die "fork: $!\n";
  if ($pid) {
    close $to;
    my $word = <$from> // '';
    POSIX::_exit($word eq 'ready' ? 0 : $word eq 'busy' ? 3 : 1);
  }
  close $from;
  POSIX::setsid();
  return $to;
}

sub take_lock {
  my $to = shift;
  if (defined $lock_fd) { open($lock, '+<&=', $lock_fd) or die "lock: $!\n"; fcntl($lock, F_SETFD, 1) }
  else { sysopen($lock, "$state/keeper.lock", O_RDWR | O_CREAT, 0600) or die "keeper.lock: $!\n" }
  return if flock($lock, LOCK_EX | LOCK_NB);
  syswrite($to, 'busy') if $to;
  exit 3;
}

sub prepare {
  umask 077;
  my $default = "\0" x 32;
  syscall($SYS->{sigaction}, $_, $default, 0, 8) for 1 .. 64; # a JVM leaves some ignored
  $SIG{PIPE} = 'IGNORE';
  my @caught = (POSIX::SIGCHLD(), POSIX::SIGTERM());
  POSIX::sigprocmask(POSIX::SIG_SETMASK(),
    POSIX::SigSet->new(@caught, POSIX::SIGHUP(), POSIX::SIGINT(), POSIX::SIGQUIT()));
  my $set = 0;
  $set |= 1 << ($_ - 1) for @caught;
  my $mask = pack 'Q', $set;
  $signal_fd = syscall($SYS->{signalfd}, -1, $mask, 8, 02004000);
  $signal_fd >= 0 or die "signalfd: $!\n";
  vec($readable, $signal_fd, 1) = 1;
  syscall($SYS->{prctl}, 36, 1, 0, 0, 0) == 0 or say_log("cannot adopt orphans: $!"); # CHILD_SUBREAPER
  $nofile = "\0" x 16;
  syscall($SYS->{prlimit}, 0, $LIMIT{nofile}, 0, $nofile);
  my ($soft, $hard) = unpack 'QQ', $nofile;
  my $file = "$state/keeper.nofile"; # what children get must survive an upgrade
  if (defined $lock_fd && defined(my $old = slurp($file))) { $nofile = pack 'QQ', split ' ', $old }
  elsif (sysopen(my $fh, $file, O_WRONLY | O_CREAT | O_TRUNC, 0600)) { syswrite($fh, "$soft $hard") }
  my $all = pack 'QQ', $hard, $hard;
  syscall($SYS->{prlimit}, 0, $LIMIT{nofile}, $all, 0);
  if ($> == 0 && defined(my $adj = slurp('/proc/self/oom_score_adj'))) {
    chomp $adj;
    $oom = $adj > -900 ? $adj : 0;
    spill('/proc/self/oom_score_adj', '-900') or $oom = undef;
  }
}

sub listen_at {
  chdir $state or die "chdir $state: $!\n"; # a relative name: socket paths are at most 107 bytes
  unlink 'keeper.sock';
  socket($listener, AF_UNIX, SOCK_STREAM, 0) or die "socket: $!\n";
  bind($listener, pack_sockaddr_un('keeper.sock')) or die "bind $state/keeper.sock: $!\n";
  listen($listener, 16) or die "listen: $!\n";
  fcntl($listener, F_SETFL, O_NONBLOCK);
  chdir '/';
  vec($readable, fileno $listener, 1) = 1;
}

sub serve {
  while (1) {
    my $r = $readable;
    my $w = '';
    vec($w, fileno $conn, 1) = 1 if $conn && length $out;
    my $timeout = $polled ? 0.2 : !$conn && idle() ? $IDLE_SECONDS : undef;
    my $make = $want_spare && $conn && !$spare && !%pipes;
    my $n = select($r, $w, undef, $make ? 0 : $timeout);
    if (!$n && $make) { make_spare(); next }
    if ($n < 0) { next if $!{EINTR}; die "select: $!\n" }
    if ($polled) {
      for (keys %inc) { lost($_) if $inc{$_}{polled} && !lives(@{$inc{$_}}{qw(pid start)}) }
    }
    if (!$n) { quit() if !$polled && !$conn && idle(); next }
    reap() if vec($r, $signal_fd, 1);
    if (%watched) { for (keys %watched) { lost($watched{$_}) if vec($r, $_, 1) && $watched{$_} } }
    for (keys %pipes) { progress($_) if vec($r, $_, 1) && $pipes{$_} }
    my $was = $conn;
    receive() if $conn && vec($r, fileno $conn, 1);
    welcome() if vec($r, fileno $listener, 1);
    flush();
    quit() if $quitting && idle();
  }
}

mkdir $_, 0700 for $state, "$state/inc";
my $starter = defined $lock_fd ? undef : detach();
take_lock($starter);
$0 = "semper-keeper $state";
prepare();
load_all();
listen_at();
if ($starter) { syswrite($starter, 'ready'); close $starter }
serve();
