/**
 * Runs the tests, with a line for each file, what tests tell of themselves and the details of each failure,
 * and closes with the failures once more, where the end of a long log shows them, and a plain line that counts.
 * A run passes only when no test failed, none was skipped or left to do, and at least one
 * ran: a suite that tests nothing must not look green. `npm test -- --allow-skips` lets a plain user run
 * what needs no root; other arguments go to tap.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Parser } from 'tap-parser';

/** @typedef {import('tap-parser').Result} Point */

const allowSkips = process.argv.includes('--allow-skips');
const args = process.argv.slice(2).filter((argument) => argument !== '--allow-skips');

/** @type {Point[]} Every assertion of every file. */
const points = [];
/** @type {string[]} */
const failedFiles = [];
const parser = new Parser();
collect(parser, 0);

const tap = spawn('tap', ['run', '--reporter=tap', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
tap.stdout.pipe(parser);
const [closed] = await Promise.all([once(tap, 'close'), once(parser, 'complete')]);
const status = /** @type {unknown} */ (closed[0]);

const skipped = points.filter(isLeftOut);
const failures = points.filter(isFailure);
// A file that was ended, or that tested nothing, fails without an assertion of its own.
const failed = failures.length === 0 && status !== 0 ? 1 : failures.length;
const passed = points.length - failures.length - skipped.length;

for (const name of failedFiles) print('', `NOT OK ${name}`);
for (const point of failures) print(`  failed: ${point.fullname}`, details(point));
for (const point of skipped) print(`not run: ${point.fullname}: ${String(point.skip || point.todo)}`);
print(
  '',
  `${String(passed)} passed, ${String(failed)} failed${skipped.length === 0 ? '' : `, ${String(skipped.length)} skipped`}`,
);
process.exitCode = failed === 0 && passed > 0 && (allowSkips || skipped.length === 0) ? 0 : 1;

/**
 * @param {Parser} level
 * @param {number} depth
 */
function collect(level, depth) {
  level.on('child', (/** @type {Parser} */ child) => {
    collect(child, depth + 1);
  });
  level.on('comment', (/** @type {string} */ text) => {
    if (depth > 0 && !/^# (Subtest|time(out)?=|test count)/.test(text))
      print(`  ${level.fullname}: ${text.slice(2).trimEnd()}`);
  });
  level.on('assert', (/** @type {Point} */ point) => {
    if (depth === 0) {
      print(`${point.ok ? 'ok    ' : 'NOT OK'} ${point.name} (${String(Math.round(point.time ?? 0))} ms)`);
      if (!point.ok) failedFiles.push(point.name);
    }
    // The line that closes a subtest says again what is in it.
    if (point.closingTestPoint) return;
    points.push(point);
    if (isFailure(point)) print(`  failed: ${point.fullname}`, details(point));
  });
}

/** @param {Point} point */
function isLeftOut(point) {
  return point.skip !== false || point.todo !== false;
}

/** @param {Point} point */
function isFailure(point) {
  return !point.ok && !isLeftOut(point);
}

/** @param {Point} point */
function details(point) {
  const { diff, at, ...rest } = /** @type {Record<string, unknown>} */ (point.diag ?? {});
  const text =
    typeof diff === 'string'
      ? `${JSON.stringify(at)}\n${diff}`
      : JSON.stringify({ at, ...rest }, undefined, 2);
  return text.replaceAll(/^/gm, '    ');
}

/** @param {string[]} lines */
function print(...lines) {
  process.stdout.write(`${lines.join('\n')}\n`);
}
