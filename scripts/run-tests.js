/**
 * Runs the tests, with a line for each file, what tests tell of themselves and the details of each failure, and closes
 * with a plain line that counts. A run passes only when no test failed, none was skipped or left to do, and at least one
 * ran: a suite that tests nothing must not look green. On a machine that others use, too, a server may stand still for
 * longer than a test waits for it: one or two files that fail are run once more, with nothing beside them. That is the
 * verdict on them, and the first failure is told again at the end, where a long log shows it.
 * `npm test -- --allow-skips` lets a plain user run what needs no root; other arguments go to tap.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { Parser } from 'tap-parser';

/** @typedef {import('tap-parser').Result} Point */

/**
 * @typedef {object} Run
 * @property {Point[]} points every assertion of every file
 * @property {string[]} failedFiles
 * @property {boolean} passed what tap says of it
 */

const mostRepeated = 2;

const allowSkips = process.argv.includes('--allow-skips');
const args = process.argv.slice(2).filter((argument) => argument !== '--allow-skips');

const first = await run(args);
const repeated = first.failedFiles.length <= mostRepeated ? first.failedFiles : [];
const last = repeated.length === 0 ? first : await repeat(first, repeated);

const skipped = last.points.filter(isLeftOut);
const failures = last.points.filter(isFailure);
// A file that was ended, or that tested nothing, fails without an assertion of its own.
const failed = failures.length === 0 && !last.passed ? 1 : failures.length;
const passed = last.points.length - failures.length - skipped.length;

for (const file of first.failedFiles) {
  const isMended = !last.failedFiles.includes(file);
  print('', `NOT OK ${file}${isMended ? ' (the second run of it passed)' : ''}`);
  for (const point of first.points) if (isFailure(point) && isOf(file, point)) printFailure(point);
}
for (const point of skipped) print(`not run: ${point.fullname}: ${String(point.skip || point.todo)}`);
print(
  '',
  `${String(passed)} passed, ${String(failed)} failed${skipped.length === 0 ? '' : `, ${String(skipped.length)} skipped`}`,
);
process.exitCode = failed === 0 && passed > 0 && (allowSkips || skipped.length === 0) ? 0 : 1;

/**
 * @param {readonly string[]} tapArgs
 * @returns {Promise<Run>}
 */
async function run(tapArgs) {
  /** @type {Run} */
  const result = { points: [], failedFiles: [], passed: false };
  const parser = new Parser();
  collect(result, parser, 0);
  const tap = spawn('tap', ['run', '--reporter=tap', ...tapArgs], { stdio: ['ignore', 'pipe', 'inherit'] });
  tap.stdout.pipe(parser);
  const [closed] = await Promise.all([once(tap, 'close'), once(parser, 'complete')]);
  return { ...result, passed: closed[0] === 0 };
}

/**
 * What `before` has become when `files` were run once more.
 * @param {Run} before
 * @param {readonly string[]} files
 * @returns {Promise<Run>}
 */
async function repeat(before, files) {
  const options = args.filter((argument) => argument.startsWith('-'));
  const { points, failedFiles, passed } = await run([...options, '--jobs=1', ...files]);
  const others = before.points.filter((point) => !files.some((file) => isOf(file, point)));
  return { points: [...others, ...points], failedFiles, passed };
}

/**
 * @param {Run} result
 * @param {Parser} level
 * @param {number} depth
 */
function collect(result, level, depth) {
  level.on('child', (/** @type {Parser} */ child) => {
    collect(result, child, depth + 1);
  });
  level.on('comment', (/** @type {string} */ text) => {
    if (depth > 0 && !/^# (Subtest|time(out)?=|test count)/.test(text))
      print(`  ${level.fullname}: ${text.slice(2).trimEnd()}`);
  });
  level.on('assert', (/** @type {Point} */ point) => {
    if (depth === 0) {
      print(`${point.ok ? 'ok    ' : 'NOT OK'} ${point.name} (${String(Math.round(point.time ?? 0))} ms)`);
      if (!point.ok) result.failedFiles.push(point.name);
    }
    // The line that closes a subtest says again what is in it.
    if (point.closingTestPoint) return;
    result.points.push(point);
    if (isFailure(point)) printFailure(point);
  });
}

/**
 * Whether `point` was made in `file`, or is its only one.
 * @param {string} file
 * @param {Point} point
 */
function isOf(file, point) {
  return point.fullname === file || point.fullname.startsWith(`${file} > `);
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
function printFailure(point) {
  print(`  failed: ${point.fullname}`, details(point));
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
