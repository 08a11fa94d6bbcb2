/**
 * A real program at work in a mounted root file system. It runs in a mount namespace of its own, so that
 * /proc and /dev vanish with it, and in a process namespace of its own, so that nothing it started lives
 * on, however it ends. The clock runs around the script alone, in a process outside of the chroot.
 */
import { run } from '../../child.ts';
import type { Trial } from '../../workload.ts';

export interface Job {
  /** Shell (`sh -ec`) before the clock runs, with the same /proc and /dev. */
  readonly before?: string;
  /** Shell that is measured; its last line is told when it fails. */
  readonly script: string;
  /** Shell that prints what there is to see afterwards. */
  readonly check: string;
  /** What `check` prints when the work was done. */
  readonly expected: string;
}

const inNamespaces = [
  ...['unshare', '--mount', '--propagation', 'private'],
  ...['--pid', '--fork', '--kill-child', '--'],
];

/** Device nodes are the host's, bound: mknod(2) may be denied. */
const supervisor = `
use strict; use Time::HiRes 'time';
my ($root, $before, $script, $check, $expected) = @ARGV;
open my $out, '>&', \\*STDOUT; open my $err, '>&', \\*STDERR; open my $log, '+>', undef or die "$!";
open STDIN, '<', '/dev/null'; open STDOUT, '>&', $log; open STDERR, '>&', $log;
sub give_up {
  seek $log, 0, 0; my @said = grep { /\\S/ } <$log>; chomp(my $last = $said[-1] // 'no output');
  print $err "$_[0]: $last\\n"; exit 1;
}
sub outside { system(@_) == 0 or give_up($_[0]) }
sub inside { system('chroot', $root, '/bin/sh', '-ec', $_[0]) == 0 or give_up('status ' . ($? >> 8 || $?)) }

outside('mount', '-t', 'proc', 'proc', "$root/proc");
outside('mount', '-t', 'tmpfs', '-o', 'mode=0755', 'dev', "$root/dev");
for my $name (qw(null zero full random urandom)) {
  outside('touch', "$root/dev/$name");
  outside('mount', '--bind', "/dev/$name", "$root/dev/$name");
}
outside('ln', '-s', '/proc/self/fd', "$root/dev/fd");
%ENV = (PATH => '/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME => '/root', LC_ALL => 'C.UTF-8');
inside($before);
my $start = time;
inside($script);
my $took = time - $start;
open my $checker, '-|', 'chroot', $root, '/bin/sh', '-ec', $check or give_up('check');
my $seen = join '', <$checker>;
close $checker or give_up('check');
chomp $seen; tr/\\n/;/ for $seen, $expected;
$seen eq $expected or print $log "saw '$seen', not '$expected'\\n" and give_up('not done');
printf $out "%.6f\\n", $took * 1000;
`;

/** Milliseconds that the job's script takes in the root file system at `root`. */
export function timeJob(
  { root }: Pick<Trial, 'root'>,
  { before = '', script, check, expected }: Job,
): number {
  const output = run([...inNamespaces, 'perl', '-e', supervisor, root, before, script, check, expected]);
  return Number(output.trim());
}
