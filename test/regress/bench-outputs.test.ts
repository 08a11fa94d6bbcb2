/**
 * Files that a run of the benchmark is to write. One that was interrupted or refused left them empty, and a report in Markdown took the
 * place of a page of somebody else's words.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import t from 'tap';
import { benchRun } from '../bench/fixtures/bench-run.ts';
import { runBench, startBench, waitForHang } from '../bench/fixtures/bench.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { needs } from '../fixtures/needs.ts';

t.test('a run that does not end leaves none, and what was there', needs('root', 'build'), async (t) => {
  const scratch = makeScratch(t).directory('scratch');
  const out = `${scratch}/out`;
  mkdirSync(out);
  writeFileSync(`${out}/kept.json`, 'before');
  for (const name of ['new.json', 'kept.json']) {
    const args = ['--scratch', scratch, '--rounds', '1', '--only', 'hangs', '--json', `${out}/${name}`];
    const { child, finished } = startBench(args);
    await waitForHang(scratch);
    child.kill('SIGINT');
    t.equal((await finished).status, 130);
  }
  t.strictSame(readdirSync(out), ['kept.json']);
  t.equal(readFileSync(`${out}/kept.json`, 'utf8'), 'before');
});

t.test('files that cannot be written are refused before the run, and nothing is left', async (t) => {
  const { path } = makeScratch(t);
  const from = `${path}/from.json`;
  writeFileSync(from, JSON.stringify(benchRun()));
  symlinkSync(`${path}/nowhere`, `${path}/link`);
  const [json, link] = [`${path}/new.json`, `${path}/link`];
  for (const report of [path, `${path}/absent/run.html`]) {
    const { status, stderr } = await runBench([
      '--from',
      from,
      '--json',
      json,
      '--picture',
      link,
      '--report',
      report,
    ]);
    t.equal(status, 1);
    t.match(stderr, /cannot be written \((EISDIR|ENOENT)\)/);
  }
  t.strictSame(readdirSync(path), ['from.json', 'link']);
  t.equal((await runBench(['--from', from, '--picture', link])).status, 0);
  t.ok(existsSync(`${path}/nowhere`), 'a link stays one');
});

t.test('a page without marks is left as it is', async (t) => {
  const { path } = makeScratch(t);
  const [from, page] = [`${path}/from.json`, `${path}/own.md`];
  writeFileSync(from, JSON.stringify(benchRun()));
  const args = ['--from', from, '--report', page];
  for (const words of ['My own words.\n', '<!-- end of figures -->\n<!-- figures -->\n']) {
    writeFileSync(page, words);
    const { status, stdout, stderr } = await runBench(args);
    t.match({ status, stdout }, { status: 1, stdout: '' });
    t.match(stderr, /own\.md has no place for a report.*<!-- figures --> and <!-- end of figures -->/);
    t.equal(readFileSync(page, 'utf8'), words);
  }
  writeFileSync(page, '\n');
  t.equal((await runBench(args)).status, 0, 'an empty one has no words');
  t.equal((await runBench(args)).status, 0, 'a report has marks');
});
