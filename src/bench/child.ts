/**
 * Every measured piece of work runs in a child process of its own: the harness never touches a mount
 * while the clock runs, and a mount that hangs costs one trial, not the run. The clock is read inside
 * the child (Perl's HiRes, part of every Debian), so starting the child is not part of the figure.
 */
import { spawnSync } from 'node:child_process';
import { basename } from 'node:path';

export interface ChildOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Written to the child's standard input. */
  readonly input?: string;
}

/** After this long a child is taken for hung. */
const childLimitMs = 300_000;

/** Runs a command to its end and returns its standard output; throws with its stderr when it fails. */
export function run(argv: readonly string[], options: ChildOptions = {}): string {
  const [file, ...rest] = argv;
  const child = spawnSync(file ?? '', rest, {
    encoding: 'utf8',
    timeout: childLimitMs,
    killSignal: 'SIGKILL',
    maxBuffer: 256 * 1024 * 1024,
    cwd: options.cwd,
    input: options.input ?? '',
    env: { ...process.env, LC_ALL: 'C', ...options.env },
  });
  if (child.error) throw child.error;
  if (child.status !== 0) {
    const why = child.stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(`${basename(file ?? '')}: exit ${String(child.status ?? child.signal)}: ${why}`);
  }
  return child.stdout;
}

const stopwatch = `
use Time::HiRes 'time';
open STDIN, '<', '/dev/null'; open my $out, '>&', \\*STDOUT; open STDOUT, '>', '/dev/null';
my $start = time;
system { $ARGV[0] } @ARGV;
my $took = time - $start;
$? == 0 or die "exit $?\\n";
printf $out "%.6f\\n", $took * 1000;
`;

/** How long a command takes from fork to exit, in milliseconds; its output goes to /dev/null. */
export function timeCommand(argv: readonly string[], options: ChildOptions = {}): number {
  return milliseconds(run(['perl', '-e', stopwatch, ...argv], options));
}

/**
 * Runs Perl code that prints one number, milliseconds. `stopwatch { ... }` in it runs a block and
 * returns how long it took; `@ARGV` holds the arguments.
 */
export function timePerl(code: string, args: readonly string[], options: ChildOptions = {}): number {
  const prelude =
    "use strict; use Time::HiRes 'time';" +
    'sub stopwatch(&) { my $start = time; $_[0]->(); return (time - $start) * 1000 }\n';
  return milliseconds(run(['perl', '-e', prelude + code, ...args], options));
}

function milliseconds(output: string): number {
  const value = Number(output.trim());
  if (output.trim() === '' || !Number.isFinite(value)) throw new Error(`no time in "${output.trim()}"`);
  return value;
}
