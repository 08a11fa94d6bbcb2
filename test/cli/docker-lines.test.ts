import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import t from 'tap';
import { needs } from '../fixtures/needs.ts';
import { containerNeeds, makeStrata, programPath } from './fixtures/strata.ts';

/** Lines of the chapter on storage in Docker's manual, with an exit status and a part of what is printed. */
const lines: readonly (readonly [line: string, status: number, printed: RegExp])[] = [
  ['docker volume create my-vol', 0, /^my-vol$/m],
  ['docker volume ls', 0, /^local +my-vol$/m],
  ['docker volume inspect my-vol', 0, /"Mountpoint": ".*\/volumes\/my-vol\/_data"/],
  ['docker run -d --name devtest --mount source=myvol2,target=/app nginx:latest', 0, /^[0-9a-f]{64}$/m],
  ['docker inspect devtest', 0, /"Destination": "\/app"/],
  ["docker inspect --format='{{ json .Mounts }}' devtest", 1, /strata inspect devtest \| jq/],
  ['docker container stop devtest', 0, /^devtest$/m],
  ['docker container rm devtest', 0, /^devtest$/m],
  ['docker volume rm myvol2', 0, /^myvol2$/m],
  ['docker run -d --name devtest -v myvol2:/app:ro nginx:latest', 0, /^[0-9a-f]{64}$/m],
  ['docker rm -f devtest', 0, /^devtest$/m],
  [
    'docker run -d -it --name devtest --mount type=bind,source="$(pwd)"/target,target=/app,readonly nginx:latest',
    0,
    /^[0-9a-f]{64}$/m,
  ],
  ['docker container stop -t 0 devtest && docker container rm devtest', 0, /^devtest$/m],
  [
    'docker run -d -it --name devtest --mount type=bind, source="$(pwd)"/target, target=/app nginx:latest',
    125,
    /strata run -d -it --name devtest --mount type=bind,source=.*\/target,target=\/app nginx:latest/,
  ],
  [
    'docker run --rm --name devtest -v "$(pwd)"/target:/app -v "$(pwd)"/target:/app2:ro,rslave nginx:latest true',
    0,
    /^$/,
  ],
  [
    'docker run --rm --mount type=tmpfs,destination=/app,tmpfs-mode=1770,tmpfs-size=1m nginx:latest true',
    0,
    /^$/,
  ],
  ['docker run --rm --tmpfs /app nginx:latest true', 0, /^$/],
  ['docker run -d -p 8080:80 nginx:latest', 125, /leave -p out/],
  [
    'docker volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt o=size=100m,uid=1000 foo',
    0,
    /^foo$/m,
  ],
  ['docker volume create --driver vieux/sshfs sshvolume', 1, /plugin "vieux\/sshfs" not found/],
  ['docker container ls -a', 0, /^CONTAINER ID/],
  ['docker volume prune --force', 0, /^/],
];

t.test("lines of Docker's manual", needs(...containerNeeds), async (t) => {
  const strata = makeStrata(t);
  mkdirSync(`${strata.scratch.path}/target`);
  strata.get('run', '--name', 'made', 'base', 'true');
  strata.get('create', '--name', 'template', 'base', 'sleep', '1000');
  strata.get('commit', 'template', 'nginx:latest');
  strata.get('rm', 'made', 'template');
  for (const [line, status, printed] of lines) {
    const script = line.replaceAll(/\bdocker (?=[a-z])/g, 'strata ');
    let found = 0;
    let output: string;
    try {
      output = execFileSync('sh', ['-c', `${script} 2>&1`], {
        encoding: 'utf8',
        cwd: strata.scratch.path,
        env: {
          ...process.env,
          STRATA_ROOT: strata.root,
          PATH: `${dirname(programPath)}:${process.env.PATH ?? ''}`,
        },
      });
    } catch (thrown) {
      ({ status: found, stdout: output } = thrown as { status: number; stdout: string });
    }
    t.equal(found, status, `${line}: ${output}`);
    t.match(output, printed, line);
  }
});
