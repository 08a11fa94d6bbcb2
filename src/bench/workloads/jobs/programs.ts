/**
 * What people start in containers all day: an interpreter, a compiler, package managers.
 */
import { cParts, cProject, debPackage } from '../../fixtures/projects.ts';
import { findNpmProblem } from '../../fixtures/node-layer.ts';
import { npmPackages, npmProject } from '../../fixtures/npm-project.ts';
import { rootLayers } from '../../fixtures/root-layers.ts';
import type { Workload } from '../../workload.ts';
import { timeJob } from './job.ts';

const job = { group: 'jobs', unit: 'ms', storage: 'disk', thresholds: [] } as const;

const starts = 20;
const pythonCode = 'import json, ssl, sqlite3, argparse; open("/tmp/starts", "a").write(".")';

export const programJobs: readonly Workload[] = [
  {
    ...job,
    name: 'python-start',
    needs: ['python3'],
    lowers: rootLayers,
    run: (trial) =>
      timeJob(trial, {
        script: `for i in $(seq ${String(starts)}); do python3 -c '${pythonCode}'; done`,
        check: 'cat /tmp/starts',
        expected: '.'.repeat(starts),
      }),
  },
  {
    ...job,
    name: 'compile',
    needs: ['gcc', 'libc6-dev', 'make'],
    lowers: (fixtures) => [cProject(fixtures), ...rootLayers(fixtures)],
    run: (trial) =>
      timeJob(trial, {
        script: 'cd /srv/project; make -s -j2',
        check: 'cd /srv/project; ls *.o | wc -l; ./program',
        expected: `${String(cParts + 1)}\n${String((cParts * (cParts + 1)) / 2)}`,
      }),
  },
  {
    ...job,
    name: 'dpkg-install',
    lowers: (fixtures) => [debPackage(fixtures), ...rootLayers(fixtures)],
    run: (trial) =>
      timeJob(trial, {
        script: 'dpkg -i /srv/deb/bench.deb',
        check:
          "dpkg --verify strata-bench; dpkg-query -W -f '${Status}\\n' strata-bench; " +
          'find /usr/share/strata-bench -type f -printf . | wc -c',
        expected: `install ok installed\n${String(trial.fixtures.scaled(2_000))}`,
      }),
  },
  {
    ...job,
    name: 'npm-ci',
    missing: findNpmProblem,
    lowers: (fixtures) => {
      const layers = rootLayers(fixtures);
      return [npmProject(fixtures, layers[0] ?? ''), ...layers];
    },
    run: (trial) =>
      timeJob(trial, {
        script: 'cd /srv/web; npm ci --offline --no-audit --no-fund --cache=/tmp/npm',
        check: 'cd /srv/web; ls -d node_modules/bench-*/package.json | wc -l; npm ls --offline >/dev/null',
        expected: String(npmPackages(trial.fixtures)),
      }),
  },
];
