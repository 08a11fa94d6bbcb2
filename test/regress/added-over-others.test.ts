/**
 * ADD of an archive failed where it had a directory and the image a link or a file of that name, or the reverse, and gave
 * directories that it only names in paths the mode of any new one: /tmp of the image became 0755.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import t from 'tap';
import { download } from '../../src/build/execute/additions.ts';
import { makeBuilder } from '../build/fixtures/builder.ts';
import { makeScratch } from '../fixtures/mount.ts';
import { mountNeeds, needs } from '../fixtures/needs.ts';

for (const driver of ['strata', 'overlay2', 'vfs']) {
  t.test(`what is added goes before what is there: ${driver}`, needs(...mountNeeds), async (t) => {
    const builder = makeBuilder(t, driver);
    const script = [
      'mkdir -p there/linked there/sub/deep there/keep there/both there/real added/sub added/linked added/file/in added/both added/way/real',
      'echo 1 >there/sub/deep/x; echo 1 >there/keep/own; echo 1 >there/both/old; echo 1 >there/file; chmod 1777 there/keep',
      'rmdir there/linked; ln -s real there/linked; ln -s real there/way',
      'rmdir added/sub; echo 2 >added/sub; echo 2 >added/linked/y; echo 2 >added/file/in/z; echo 2 >added/both/new; chmod 700 added/both',
      'mkdir added/keep; echo 2 >added/keep/new; echo 2 >added/way/through',
      'tar -C added -cf added.tar sub linked file both keep/new way/through',
    ];
    execFileSync('sh', ['-ec', script.join('\n')], { cwd: builder.context('.') });
    const Dockerfile = 'FROM scratch\nCOPY there /\nADD added.tar /\n';
    const { status, stderr } = builder.build({ Dockerfile }, '-t', 'built');
    t.equal(status, 0, stderr);
    const tar = `${builder.path}/tar`;
    builder.strata(['export', '-o', tar, 'built']);
    const rows = execFileSync('tar', ['-tvf', tar], { encoding: 'utf8' }).trim().split('\n');
    t.strictSame(
      rows.map((row) => row.split(/\s+/)).map(([mode, , , , , ...name]) => [mode, ...name].join(' ')),
      [
        'drwxr-xr-x ./',
        ...['drwx------ both/', '-rw-r--r-- both/new', '-rw-r--r-- both/old'],
        ...['drwxr-xr-x file/', 'drwxr-xr-x file/in/', '-rw-r--r-- file/in/z'],
        ...['drwxrwxrwt keep/', '-rw-r--r-- keep/new', '-rw-r--r-- keep/own'],
        ...['drwxr-xr-x linked/', '-rw-r--r-- linked/y'],
        ...['drwxr-xr-x real/', '-rw-r--r-- real/through'],
        ...['-rw-r--r-- sub', 'lrwxrwxrwx way -> real'],
      ],
    );
  });
}

t.test('the name and the faults of a download', async (t) => {
  const server = createServer((request, response) => {
    if (request.url !== '/broken') response.end('x');
    else response.writeHead(200, { 'content-length': '100' }).write('x', () => response.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => server.close());
  const { port } = server.address() as { port: number };
  const scratch = makeScratch(t).path;
  const { signal } = new AbortController();
  const get = (path: string, isDirectory = true) =>
    download(scratch, `http://127.0.0.1:${String(port)}/${path}`, {
      checksum: undefined,
      isDirectory,
      signal,
    });
  for (const [path, name] of [
    ['a%20b.txt', 'a b.txt'],
    ['d/%C3%A9?q=%20', 'é'],
    ['d%2Fe', 'e'],
    ['%zz', '%zz'],
  ] as const)
    t.equal((await get(path)).name, name, path);
  await t.rejects(get('x%2F..'), { code: 'no-name' });
  t.equal((await get('', false)).name, 'file');
  await t.rejects(get('broken'), { code: 'download-failed' });
  const options = { checksum: undefined, isDirectory: true, signal };
  await t.rejects(download(scratch, 'http://', options), { code: 'download-failed' });
});
