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
  ["docker inspect --format='{{ json .Mounts }}' devtest", 0, /^\[\{"Type":"volume","Name":"myvol2"/m],
  ["docker inspect --format '{{range .Mounts}}{{.Name}} {{end}}' devtest", 0, /^myvol2 $/m],
  ["docker inspect -f '{{.State.Status}} {{.GraphDriver.Name}}' devtest", 0, /^running strata$/m],
  ["docker container inspect -s -f '{{.SizeRw}}' devtest", 0, /^0$/m],
  ["docker inspect -f '{{.Nothing}}' devtest", 1, /no field Nothing: there are Id, /],
  ['docker inspect --type image devtest', 1, /no image devtest/],
  [
    'docker ps -s --filter name=devtest',
    0,
    /^[0-9a-f]{12} +nginx:latest .* devtest +0B \(virtual [0-9.]+MB\)$/m,
  ],
  [
    'docker ps --size --format "table {{.ID}}\\t{{.Image}}\\t{{.Names}}\\t{{.Size}}"',
    0,
    /^CONTAINER ID +IMAGE +NAMES +SIZE\n[0-9a-f]{12} +nginx:latest +devtest +0B \(virtual/,
  ],
  ["docker ps -a --filter status=exited --format '{{.Names}}'", 0, /^$/],
  ['docker ps -aq --filter ancestor=nginx --filter volume=myvol2 | wc -l', 0, /^1\n$/],
  ['docker ps --filter colour=red', 1, /invalid filter 'colour': there are id, name/],
  ['docker volume ls -q --filter dangling=true', 0, /^my-vol\n$/],
  ["docker volume ls --format '{{.Name}}: {{.Driver}}'", 0, /^my-vol: local\nmyvol2: local$/m],
  ["docker volume inspect -f '{{.Mountpoint}}' myvol2", 0, /\/volumes\/myvol2\/_data$/m],
  [
    'docker system df -v',
    0,
    /Images space usage:[^]*REPOSITORY[^]*Containers space usage:[^]*devtest[^]*myvol2 +1 /,
  ],
  ["docker system df --format '{{.Type}} {{.TotalCount}}'", 0, /^volumes 2\nbuild cache 0$/m],
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
  ['docker run --rm --privileged nginx:latest sh -c "echo $(ls /dev | wc -l)"', 0, /^\d+$/m],
  ['docker run --rm --device /dev/fuse nginx:latest true', 125, /--device is not there: .*--privileged/],
  ['docker run --rm --security-opt seccomp=unconfined nginx:latest true', 0, /^$/],
  [
    'echo "{}" >seccomp.json; docker run --rm --security-opt seccomp=seccomp.json nginx:latest true',
    125,
    /seccomp\.json is no seccomp profile: defaultAction: /,
  ],
  ['docker run -d -p 8080:80 nginx:latest', 125, /--publish is not there: leave -p out/],
  [
    'docker volume create --driver local --opt type=tmpfs --opt device=tmpfs --opt o=size=100m,uid=1000 foo',
    0,
    /^foo$/m,
  ],
  ['docker volume create --driver vieux/sshfs sshvolume', 1, /plugin "vieux\/sshfs" not found/],
  ['docker container ls -a', 0, /^CONTAINER ID/],
  ['docker volume prune --force', 0, /^/],
  ['docker run --rm --volume-driver local -v kept:/app nginx:latest true', 0, /^$/],
  [
    'docker run --rm --volume-driver vieux/sshfs -v new:/app nginx:latest true',
    125,
    /plugin "vieux\/sshfs" not found/,
  ],
  ['docker run --memory 1g --cpus 0.5 --pids-limit 100 --rm nginx:latest true', 0, /^$/],
  ['docker run -m 1m --rm nginx:latest true', 125, /Minimum memory limit allowed is 6MB/],
  ['docker run --gpus all --rm nginx:latest true', 125, /--gpus is not there: .*--privileged/],
  ['echo A=1 > env; docker run --rm --env-file env nginx:latest env', 0, /^A=1$/m],
  ['docker image ls', 0, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/],
  ['docker image ls --filter dangling=true', 0, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n$/],
  ['docker images --filter=reference="ngi*:lat*" --format "{{.Repository}}:{{.Tag}}"', 0, /^nginx:latest\n$/],
  ['docker images -q nginx', 0, /^[0-9a-f]{12}\n$/],
  ['docker images --no-trunc -q nginx', 0, /^sha256:[0-9a-f]{64}\n$/],
  ["docker image inspect --format '{{json .RootFS.Layers}}' nginx", 0, /^\["sha256:[0-9a-f]{64}"/],
  ["docker image inspect -f '{{.GraphDriver.Data.UpperDir}}' nginx", 0, /\/overlay2\/[0-9a-f]{64}\/diff\n$/],
  [
    "docker image history --no-trunc --format '{{.ID}} {{.Size}}' nginx",
    0,
    /^sha256:[0-9a-f]{64} .*\n<missing> /,
  ],
  ['docker history -q nginx', 0, /^[0-9a-f]{12}\n<missing>\n$/],
  ['docker create --name shell nginx && docker container export shell | tar -t', 0, /^\.\/etc\/passwd$/m],
  ['docker container cp shell:/etc - | tar -t', 0, /^etc\/\netc\/group$/m],
  ['tar -c target | docker cp - shell:/tmp && docker cp -q shell:/tmp/target/. - | tar -t', 0, /^\.\/$/m],
  [
    'docker export shell > tree.tar && docker import tree.tar again && docker container remove shell',
    0,
    /^shell$/m,
  ],
  ['docker container prune -f --filter until=1h', 0, /^Total reclaimed space: 0B$/m],
  ['docker image prune -a -f --filter label=none', 0, /^Total reclaimed space: 0B$/m],
  ["docker version --format '{{.Server.Version}}'", 0, /^\d+\.\d+\.\d+$/m],
  ["docker info -f '{{.Driver}}'", 0, /^strata$/m],
  ['docker pull ubuntu', 1, /registries are not there yet: .* strata import TREE NAME/],
  ['docker image push nginx', 1, /registries are not there yet: .* strata export -o FILE IMAGE/],
  ['docker save -o nginx.tar nginx', 1, /write: strata export -o nginx\.tar nginx/],
  ['docker load -i nginx.tar', 1, /archives of images are not there yet/],
  ['docker run --rm "$(echo FROM nginx | docker build -q --rm=true -)" echo built', 0, /^built\n$/],
  [
    'printf "FROM nginx\nRUN echo first\nRUN echo told; false" | docker build --quiet -',
    1,
    /^\[3\/3\] RUN echo told; false\ntold\nstrata: /,
  ],
  [
    'printf "FROM nginx\nRUN cat /proc/net/dev" | docker build --network none --progress plain -',
    0,
    /^ *lo:.*\n\[2\/2\] done/m,
  ],
  ['echo FROM nginx | docker build --platform linux/s390x -', 1, /linux\/s390x is not this machine's/],
  ['docker build --cache-from app:1 .', 1, /--cache-from is not there: .*the cache of the data root/],
  [
    'printf "FROM nginx" > "$(pwd)"/Dockerfile && docker build -q --rm --force-rm=false .',
    0,
    /^sha256:[0-9a-f]{64}$/m,
  ],
  ['docker buildx build -t app .', 1, /write: strata build -t app \.$/m],
  ['docker buildx prune -f', 1, /write: strata builder prune -f$/m],
  ['docker builder prune -f', 0, /^Total reclaimed space: /m],
  ['docker compose up -d', 1, /compose files are not read: .*strata run -d/],
  [
    'docker service create -d --replicas=4 --name web --mount source=myvol2,target=/app nginx:latest',
    1,
    /write: strata run -d --name web --mount source=myvol2,target=\/app nginx:latest$/m,
  ],
  ['docker container update --memory 1g web', 1, /a container stays as it was made/],
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
