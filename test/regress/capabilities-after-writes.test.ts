/**
 * A file got its capabilities while it still was open, or before stores through a mapping reached it: when the kernel wrote back
 * what it had kept, they went.
 */
import t from 'tap';
import { needs, mountNeeds } from '../fixtures/needs.ts';
import { makePlace, shell } from './fixtures/shell.ts';

const program = `
import mmap, os, struct
value = struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0)
def show(name):
    try: capability = os.getxattr(name, "security.capability") == value
    except OSError: capability = None
    print(name, oct(os.stat(name).st_mode), capability)
def make(name, content):
    fd = os.open(name, os.O_RDWR | os.O_CREAT, 0o755)
    if content: os.write(fd, content)
    return fd
for name, size in ("written", 10), ("large", 10 ** 6):
    fd = make(name, b"x" * size)
    os.setxattr(fd, "security.capability", value)
    os.close(fd)
fd = make("mapped", b"")
os.ftruncate(fd, 8192)
mapping = mmap.mmap(fd, 8192)
os.close(fd)
mapping[:4] = b"abcd"
os.setxattr("mapped", "security.capability", value)
mapping.flush()
mapping.close()
os.close(make("again", b"x"))
os.setxattr("again", "security.capability", value)
fd = os.open("again", os.O_RDWR)
os.write(fd, b"y")
os.close(fd)
os.sync()
for name in sorted(os.listdir()): show(name)`;

for (const option of ['passthrough=off', 'passthrough=off,writeback=0', 'passthrough=auto']) {
  t.test(option, needs(...mountNeeds), async (t) => {
    const place = await makePlace(t, '');
    const { path } = await place.mount([option]);
    const plain = t.testdir();
    const quoted = program.replaceAll("'", `'\\''`);
    t.equal(await shell(path, `python3 -c '${quoted}'`), await shell(plain, `python3 -c '${quoted}'`));
  });
}
