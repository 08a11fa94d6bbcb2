/**
 * Runs the tests and closes with a plain line that counts them. A run passes only when no test failed, none
 * was skipped or left to do, and at least one ran: a suite that tests nothing must not look green.
 * `npm test -- --allow-skips` lets a plain user run what needs no root; other arguments go to tap.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Parser } from 'tap-parser';

const allowSkips = process.argv.includes('--allow-skips');
const args = process.argv.slice(2).filter((argument) => argument !== '--allow-skips');
const folder = mkdtempSync(join(tmpdir(), 'stratafs-tap-'));
const output = join(folder, 'output.tap');

const reporter = process.stdout.isTTY ? [] : ['--reporter=terse'];
const tap = spawnSync('tap', ['run', ...reporter, `--output-file=${output}`, ...args], { stdio: 'inherit' });

const points = readPoints(output);
rmSync(folder, { recursive: true });

const skipped = points.filter((point) => point.skip !== false || point.todo !== false);
const failures = points.filter((point) => !point.ok && !skipped.includes(point)).length;
// A file that was ended, or that tested nothing, fails without a point of its own.
const failed = failures === 0 && tap.status !== 0 ? 1 : failures;
for (const point of skipped) {
  process.stdout.write(`not run: ${point.fullname} > ${point.name}: ${String(point.skip || point.todo)}\n`);
}
const passed = points.length - failures - skipped.length;
const tail = skipped.length === 0 ? '' : `, ${String(skipped.length)} skipped`;
process.stdout.write(`\n${String(passed)} passed, ${String(failed)} failed${tail}\n`);

const left = skipped.length > 0 && !allowSkips;
process.exitCode = failed === 0 && passed > 0 && !left ? 0 : 1;

/**
 * Every assertion of every file.
 * @param {string} file
 * @returns {import('tap-parser').Result[]}
 */
function readPoints(file) {
  /** @type {import('tap-parser').Result[]} */
  const found = [];
  const parser = new Parser();
  collect(parser);
  try {
    parser.end(readFileSync(file));
  } catch {
    process.stdout.write('tap wrote no results\n');
  }
  return found;

  /** @param {Parser} level */
  function collect(level) {
    level.on('child', collect);
    level.on('assert', (/** @type {import('tap-parser').Result} */ point) => {
      // The line that closes a subtest says again what is in it.
      if (!point.closingTestPoint) found.push(point);
    });
  }
}
