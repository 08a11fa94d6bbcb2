/**
 * For commands whose output tells whether they did their work: it is kept, in memory where /tmp is, and
 * read only when the clock has stopped.
 */
import { run, type ChildOptions } from '../child.ts';

export interface TimedOutput {
  /** From fork to exit. */
  readonly ms: number;
  readonly output: string;
}

const keepOutput = `
use strict; use Time::HiRes 'time';
open my $kept, '+>', undef or die "$!"; open my $out, '>&', \\*STDOUT;
open STDIN, '<', '/dev/null'; open STDOUT, '>&', $kept;
my $start = time;
system { $ARGV[0] } @ARGV;
my $took = time - $start;
$? == 0 or die "exit $?\\n";
seek $kept, 0, 0;
printf $out "%.6f\\n", $took * 1000;
print $out $_ while <$kept>;
`;

/** How long a command takes, and what it printed; throws when it fails. */
export function timeOutput(argv: readonly string[], options: ChildOptions = {}): TimedOutput {
  const text = run(['perl', '-e', keepOutput, ...argv], options);
  const end = text.indexOf('\n');
  return { ms: Number(text.slice(0, end)), output: text.slice(end + 1) };
}
