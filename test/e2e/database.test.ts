/**
 * MariaDB with its data in a volume, and in a directory of the machine: what was written outlives the container. The
 * server of the container's files is killed while rows are written: every row that was reported as written is
 * there after the next start.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import t from 'tap';
import { programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';
import { debianNeeds, makeDebian, within, type Debian } from './fixtures/debian.ts';

t.setTimeout(1200_000);

const dockerfile = [
  'FROM debian:12',
  'RUN apt-get update && apt-get -y install mariadb-server && install -d -o mysql -g mysql /run/mysqld',
  'CMD ["mariadbd", "--user=mysql", "--skip-networking"]',
].join('\n');

/** Runs SQL in a container; answers the rows, without a heading. */
function sql(debian: Debian, container: string, text: string): string {
  return debian.get('exec', container, 'mariadb', '-N', '-e', text);
}

/** Waits until it answers. */
function isUp(debian: Debian, container: string): Promise<string> {
  return within(120_000, () => sql(debian, container, 'select 1'));
}

function killServer(debian: Debian, container: string): void {
  const { runRoot } = JSON.parse(debian.get('info', '--json')) as { runRoot: string };
  const [{ Id: id = '' } = {}] = JSON.parse(debian.get('inspect', container)) as { Id?: string }[];
  const records = readdirSync(`${runRoot}/mounts`).map(
    (name) =>
      JSON.parse(readFileSync(`${runRoot}/mounts/${name}`, 'utf8')) as {
        title: string;
        server?: { pid: number };
      },
  );
  const pid = records.find(({ title }) => title === `container ${id.slice(0, 12)}`)?.server?.pid;
  if (pid === undefined) throw new Error('the mount has no server');
  process.kill(pid, 'SIGKILL');
}

/** Writes rows one by one until nobody answers any more; `onRow` gets each that was reported as written. */
async function writeRows(debian: Debian, container: string, onRow: (row: number) => void): Promise<void> {
  const client = spawn(programPath, ['exec', '-i', container, 'mariadb', '-N', '--unbuffered', 'shop'], {
    env: { ...process.env, STRATA_ROOT: debian.root },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  client.stdin.on('error', () => undefined);
  const ended = once(client, 'exit');
  const ask = (row: number): void => {
    client.stdin.write(`insert into loads values (${String(row)}); select ${String(row)};\n`);
  };
  ask(0);
  for await (const line of createInterface(client.stdout)) {
    const row = Number(line);
    onRow(row);
    ask(row + 1);
  }
  await ended;
}

t.test('a database', needs(...debianNeeds), async (t) => {
  const debian = makeDebian(t);
  debian.context('mariadb', { Dockerfile: dockerfile });
  debian.build('mariadb');
  const start = (name: string, ...mount: string[]): Promise<string> => {
    debian.get('run', '-d', '--name', name, ...mount, 'mariadb');
    return isUp(debian, name);
  };

  await t.test('rows in a volume outlive their container', async (t) => {
    await start('one', '-v', 'data_volume:/var/lib/mysql');
    sql(
      debian,
      'one',
      'create database shop; create table shop.items (id int primary key, name varchar(40)); ' +
        "insert into shop.items select seq, concat('item ', seq) from shop.seq_1_to_1000",
    );
    const sum = sql(debian, 'one', 'checksum table shop.items');
    t.equal(debian.get('diff', 'one').includes('/var/lib/mysql/shop'), false, 'no row is in the layer');
    debian.get('stop', 'one');
    debian.get('rm', 'one');
    await start('two', '-v', 'data_volume:/var/lib/mysql');
    t.equal(sql(debian, 'two', 'checksum table shop.items'), sum);
    t.equal(sql(debian, 'two', 'select count(*) from shop.items'), '1000');
    debian.get('rm', '-f', 'two');
  });

  await t.test('the same in a directory of the machine', async (t) => {
    const [{ Mountpoint: content = '' } = {}] = JSON.parse(
      debian.get('volume', 'inspect', 'data_volume'),
    ) as { Mountpoint?: string }[];
    const directory = debian.scratch.directory('mysql');
    execFileSync('cp', ['-aT', content, directory]);
    const mount = `type=bind,source=${directory},target=/var/lib/mysql`;
    await start('bound', '--mount', mount);
    t.equal(sql(debian, 'bound', 'select count(*) from shop.items'), '1000', 'after a kill, too');
    sql(debian, 'bound', "insert into shop.items values (2000, 'more')");
    debian.get('stop', 'bound');
    debian.get('rm', 'bound');
    await start('bound-again', '--mount', mount);
    t.equal(sql(debian, 'bound-again', 'select name from shop.items where id = 2000'), 'more');
    debian.get('rm', '-f', 'bound-again');
  });

  await t.test('the server of its files is killed under load', async (t) => {
    await start('loaded', '-v', 'data_volume:/var/lib/mysql');
    sql(debian, 'loaded', 'create table shop.loads (id int primary key)');
    const written: number[] = [];
    await writeRows(debian, 'loaded', (row) => {
      written.push(row);
      if (row === 500) killServer(debian, 'loaded');
      // MariaDB may go on with what it has in memory.
      if (row === 1000) execFileSync(programPath, ['--root', debian.root, 'kill', 'loaded']);
    });
    t.ok(written.length > 500, `${String(written.length)} rows`);
    const failed = debian.run('exec', 'loaded', 'true');
    t.not(failed.status, 0);
    t.match(failed.stderr, /^strata: .*(start loaded|not running)/);
    debian.run('stop', '-t', '1', 'loaded');
    debian.get('start', 'loaded');
    await isUp(debian, 'loaded');
    const there = new Set(sql(debian, 'loaded', 'select id from shop.loads').split('\n').map(Number));
    t.strictSame(
      written.filter((row) => !there.has(row)),
      [],
      'nothing that was reported is lost',
    );
    t.equal(sql(debian, 'loaded', 'check table shop.loads, shop.items').match(/\bOK\b/g)?.length, 2);
    debian.get('rm', '-f', 'loaded');
  });
});
