/**
 * Two applications in Python whose Dockerfiles begin the same: the second build takes those steps from the first,
 * and a change of the program begins anew at its COPY. Both answer HTTP.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { debianNeeds, fetchText, freePort, makeDebian, type Debian } from './fixtures/debian.ts';

t.setTimeout(1200_000);

const packages = ['flask', 'werkzeug', 'jinja2', 'itsdangerous', 'click', 'markupsafe'];

/** Wheels of flask and all that it needs, made of Debian's packages. */
function makeWheels(debian: Debian, wheels: string): void {
  const work = debian.scratch.directory('packages');
  const download = ['-q', '-o', 'DPkg::Lock::Timeout=300', '-o', 'APT::Sandbox::User=root', 'download'];
  execFileSync('apt-get', [...download, ...packages.map((name) => `python3-${name}`)], {
    cwd: work,
    stdio: 'ignore',
  });
  execFileSync('sh', ['-ec', 'for deb in *.deb; do dpkg -x "$deb" all; done'], { cwd: work });
  mkdirSync(wheels);
  const script = fileURLToPath(new URL('fixtures/make-wheels.py', import.meta.url));
  execFileSync('python3', [script, join(work, 'all/usr/lib/python3/dist-packages'), wheels]);
}

function program(greeting: string): string {
  return [
    'import sys',
    'from flask import Flask',
    'app = Flask(__name__)',
    "@app.route('/')",
    `def hello(): return '${greeting}'`,
    "app.run(host='127.0.0.1', port=int(sys.argv[1]))",
  ].join('\n');
}

function dockerfile(copied: string, entrypoint: string): string {
  return [
    'FROM debian:12',
    'RUN apt-get update && apt-get -y install python3 python3-pip',
    'RUN --mount=type=bind,source=wheels,target=/wheels pip install --no-index --break-system-packages /wheels/*.whl',
    `COPY ${copied} /srv/${copied}`,
    `ENTRYPOINT ${entrypoint}`,
  ].join('\n');
}

interface Step {
  readonly line: string;
  readonly isCached: boolean;
}

/** What the steps of a build came to. */
function stepsOf(progress: string): Step[] {
  return [...progress.matchAll(/^\[(\d)\/5\] (CACHED|done)(.*)$/gm)].map(([line, , how]) => ({
    line,
    isCached: how === 'CACHED',
  }));
}

t.test('two applications', needs(...debianNeeds), async (t) => {
  const debian = makeDebian(t);
  const one = debian.context('one', {
    'app.py': program('one'),
    Dockerfile: dockerfile('app.py', '["python3", "/srv/app.py"]'),
  });
  makeWheels(debian, join(one, 'wheels'));
  const two = debian.context('two', {
    'other.py': program('two'),
    Dockerfile: dockerfile('other.py', '["python3", "-u", "/srv/other.py"]'),
  });
  execFileSync('cp', ['-a', join(one, 'wheels'), two]);
  const layers = (image: string): string[] =>
    (JSON.parse(debian.get('inspect', image)) as { RootFS: { Layers: string[] } }[])[0]?.RootFS.Layers ?? [];
  const bytes = (): number =>
    (JSON.parse(debian.get('system', 'df', '--json')) as { what: string; size: number }[]).find(
      ({ what }) => what === 'images',
    )?.size ?? 0;

  await t.test('the first has five rows in its history', async (t) => {
    const { stderr } = debian.build('one');
    t.strictSame(
      stepsOf(stderr).map(({ isCached }) => isCached),
      [false, false, false, false, false],
    );
    const rows = JSON.parse(debian.get('history', '--json', 'one')) as { createdBy: string; size: number }[];
    t.equal(rows.length, 5);
    t.match(
      rows.map(({ createdBy }) => createdBy),
      [/^ENTRYPOINT/, /^COPY/, /pip install/, /apt-get update/, /^strata import/],
    );
  });

  await t.test('the second adds what differs, and nothing else', async (t) => {
    const before = bytes();
    const { stderr } = debian.build('two');
    const steps = stepsOf(stderr);
    t.strictSame(
      steps.map(({ isCached }) => isCached),
      [false, true, true, false, false],
      'FROM makes nothing, the two RUNs are there',
    );
    t.strictSame(layers('two').slice(0, 3), layers('one').slice(0, 3));
    t.not(layers('two')[3], layers('one')[3]);
    t.ok(bytes() - before < 200_000, `${String(bytes() - before)} bytes more`);
  });

  await t.test('a change of the program begins at its COPY', async (t) => {
    const before = layers('one');
    writeFileSync(join(one, 'app.py'), program('changed'));
    const { stderr } = debian.build('one', '--explain');
    t.strictSame(
      stepsOf(stderr).map(({ isCached }) => isCached),
      [false, true, true, false, false],
    );
    t.match(stderr, /app\.py/);
    t.strictSame(layers('one').slice(0, 3), before.slice(0, 3));
    t.not(layers('one')[3], before[3]);
  });

  await t.test('both answer, side by side', async (t) => {
    const ports = [await freePort(), await freePort()] as const;
    debian.get('run', '-d', '--name', 'first', 'one', String(ports[0]));
    debian.get('run', '-d', '--name', 'second', 'two', String(ports[1]));
    t.equal(await fetchText(ports[0]), 'changed');
    t.equal(await fetchText(ports[1]), 'two');
  });

  const check = debian.run('system', 'check');
  t.equal(check.status, 0, check.stdout);
});
