/** A directory that was listed, and then moved: its `..` is another one. */
import t from 'tap';
import { mountNeeds, needs } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

/** The inode number of `..` in what getdents64(2) tells. */
const program = `
import ctypes, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
def parent(path):
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    buffer = ctypes.create_string_buffer(65536)
    found = None
    while True:
        count = libc.syscall(217, fd, buffer, 65536)
        if count <= 0: return found
        at = 0
        while at < count:
            ino, _, size, _ = struct.unpack_from('QqHB', buffer.raw, at)
            if buffer.raw[at + 19:at + size].split(b'\\0')[0] == b'..': found = ino
            at += size
def check(path):
    seen, real = parent(path), os.stat(os.path.dirname(path)).st_ino
    if seen != real: print(path, seen, real)
RENAME_EXCHANGE = 2
for name in 'lower', 'upper': check('a/' + name)
os.rename('a/lower', 'b/lower'); os.rename('a/upper', 'b/upper')
for name in 'lower', 'upper': check('b/' + name)
check('c/other')
libc.syscall(316, -100, b'b/lower', -100, b'c/other', RENAME_EXCHANGE)
for path in 'b/lower', 'c/other': check(path)
print('done')`;

t.test('the listing follows', needs(...mountNeeds), async (t) => {
  const place = await makePlace(t, 'mkdir -p a/lower/x b c/other/y');
  const mount = await place.mount();
  await shell(mount.path, 'mkdir -p a/upper/z');
  t.equal(await shell(mount.path, `python3 -c ${JSON.stringify(program).replaceAll('\\n', '\n')}`), 'done');
});
