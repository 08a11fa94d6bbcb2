/**
 * Names as people are shown them. In a layer they are a stranger's: in a table, in an error, and in the lists that a
 * terminal shows, their control characters stood as they were, and could clear the screen or hide what stands beside them.
 * A program that reads a list gets names as they are. `cat` said what was not there byte by byte, not in UTF-8.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import t from 'tap';
import { tableText } from '../../src/cli/table.ts';
import { makeStrata, programPath } from '../cli/fixtures/strata.ts';
import { needs } from '../fixtures/needs.ts';

const name = 'a\u001b[2Jb\u009bc\nd\u007fe';
const shown = String.raw`a\x1b[2Jb\x9bc\nd\x7fe`;

t.test('control characters in names', needs('root'), (t) => {
  const { root, scratch, run } = makeStrata(t, (path) => {
    writeFileSync(`${path}/${name}`, 'content');
    return path;
  });
  /** On a terminal, as script(1) has one. */
  const onTerminal = (words: string): string =>
    spawnSync('script', ['-qec', `${programPath} --root ${root} ${words}`, '/dev/null'], {
      encoding: 'utf8',
      cwd: scratch.path,
    }).stdout;

  t.equal(run('tree', 'base').stdout, `${name}\n`, 'a program reads it as it is');
  t.equal(onTerminal('tree base'), `${shown}\r\n`);
  t.ok(onTerminal('layers base --files').includes(`A /${shown} `), onTerminal('layers base --files'));
  t.ok(run('cat', `base:/no-${name}`).stderr.includes(shown.replace(String.raw`\n`, ' ')), 'in an error');
  t.match(run('cat', 'base:/größe').stderr, 'there is no /größe in it');
  t.equal(tableText([{ title: 'NAME' }], [[name]]), `NAME\n${shown}\n`);
  t.end();
});
