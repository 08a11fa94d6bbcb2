/**
 * Databases, whose every commit is synced: many small transactions, and many rows at once.
 */
import { databaseLayers, rootLayers } from '../../fixtures/root-layers.ts';
import type { Workload } from '../../workload.ts';
import { timeJob } from './job.ts';

const job = { group: 'jobs', unit: 'ms', storage: 'disk', thresholds: [] } as const;

const table = 'create table t(i integer primary key, x text);';
const sqliteCheck = 'sqlite3 /srv/db "select count(*), sum(i) from t; pragma integrity_check"';
const sumTo = (count: number): string => String((count * (count + 1)) / 2);

const start = `
  mkdir -p /run/mysqld
  mariadbd --no-defaults --user=root --datadir=/srv/data --socket=/run/mysqld/sock --skip-networking &
  server=$!
  until mariadb-admin --no-defaults --socket=/run/mysqld/sock -u root ping >/dev/null 2>&1; do
    kill -0 $server; sleep 0.02
  done`;
const client = 'mariadb --no-defaults --socket=/run/mysqld/sock -u root --batch --skip-column-names';
const stop = 'mariadb-admin --no-defaults --socket=/run/mysqld/sock -u root shutdown; wait $server';

/** `rows` in transactions of 100, as SQL that a shell prints. */
const transactions = (rows: number): string =>
  `perl -e 'for (1 .. ${String(rows)}) { print "begin;\\n" if $_ % 100 == 1;
    print "insert into t values ($_, \\"" . "x" x 100 . "\\");\\n"; print "commit;\\n" if $_ % 100 == 0 }
    print "commit;\\n"'`;

export const databaseJobs: readonly Workload[] = [
  {
    ...job,
    name: 'sqlite-transactions',
    needs: ['sqlite3'],
    lowers: rootLayers,
    run: (trial) => {
      const count = trial.fixtures.scaled(1_000);
      return timeJob(trial, {
        before: `sqlite3 /srv/db '${table}'`,
        script: `seq -f 'insert into t values(%.0f, hex(randomblob(100)));' ${String(count)} | sqlite3 /srv/db`,
        check: sqliteCheck,
        expected: `${String(count)}|${sumTo(count)}\nok`,
      });
    },
  },
  {
    ...job,
    name: 'sqlite-bulk',
    needs: ['sqlite3'],
    lowers: rootLayers,
    run: (trial) => {
      const count = trial.fixtures.scaled(300_000);
      const rows = `with recursive n(i) as (select 1 union all select i + 1 from n where i < ${String(count)})`;
      return timeJob(trial, {
        before: `sqlite3 /srv/db '${table}'`,
        script: `sqlite3 /srv/db 'insert into t ${rows} select i, hex(randomblob(100)) from n'`,
        check: sqliteCheck,
        expected: `${String(count)}|${sumTo(count)}\nok`,
      });
    },
  },
  {
    ...job,
    name: 'mariadb-load',
    needs: ['mariadb-server'],
    lowers: databaseLayers,
    run: (trial) => {
      const rows = trial.fixtures.scaled(20_000);
      return timeJob(trial, {
        before:
          'mariadb-install-db --no-defaults --user=root --datadir=/srv/data --skip-test-db ' +
          '--skip-name-resolve --auth-root-authentication-method=normal',
        script: `
          ${start}
          echo 'create database d; create table d.t(i int primary key, x text) engine=innodb;' | ${client}
          ${transactions(rows)} | ${client} d
          ${stop}`,
        check: `
          ${start}
          echo 'select count(*), sum(i) from t;' | ${client} d
          ${stop}`,
        expected: `${String(rows)}\t${sumTo(rows)}`,
      });
    },
  },
];
