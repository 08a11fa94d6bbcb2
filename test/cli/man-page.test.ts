/**
 * The manual page against the commands: each has a section, in which each of its options stands, and nothing else.
 * What `container` and `image` have under a second name is the section of the first.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import t from 'tap';
import { createProgram } from '../../src/cli/program.ts';
import { needs } from '../fixtures/needs.ts';

const path = new URL('../../man/strata.8', import.meta.url).pathname;
const page = readFileSync(path, 'utf8').replaceAll('\\-', '-');

/** Sections by command, `volume create`. */
const sections = new Map(
  page
    .slice(page.indexOf('.SH COMMANDS'), page.indexOf('.SH EXIT STATUS'))
    .split(/^\.SS strata /m)
    .slice(1)
    .map((text) => [text.slice(0, text.indexOf('\n')), text] as const),
);

/** The options that have an entry in a text. */
function entries(text: string): string[] {
  return [...text.matchAll(/^\.TP\n\.\w+ (.*)$/gm)]
    .flatMap(([, line = '']) => line.match(/(?<![\w-])--?[a-zA-Z][\w-]*/g) ?? [])
    .sort();
}

function optionsOf(command: Command): string[] {
  return command.options
    .filter(({ hidden }) => !hidden)
    .flatMap(({ short, long }) => [short, long].filter((name) => name !== undefined))
    .sort();
}

const program = createProgram();

/** Those that help lists, itself aside. */
function visible(command: Command): Command[] {
  const all = command.createHelp().visibleCommands(command);
  return all.filter((one) => one.name() !== 'help');
}

t.test('every command and option stands in the manual page, and nothing else', async (t) => {
  const expected = new Set<string>();
  for (const command of visible(program)) {
    for (const one of command.commands.length === 0 ? [command] : visible(command)) {
      const name = one === command ? one.name() : `${command.name()} ${one.name()}`;
      const twin = new RegExp(String.raw`^\\fBstrata ${name}\\fR, which is \\fBstrata (.*)\\fR$`, 'm').exec(
        page,
      )?.[1];
      expected.add(twin === undefined ? name : command.name());
      t.strictSame(entries(sections.get(twin ?? name) ?? ''), optionsOf(one), name);
    }
  }
  t.strictSame([...sections.keys()].sort(), [...expected].sort());
});

t.test('options of the program', async (t) => {
  const text = page.slice(page.indexOf('.SH OPTIONS'), page.indexOf('.SH COMMANDS'));
  t.strictSame(entries(text), [...optionsOf(program), '--help', '-h'].sort());
});

t.test('the page is well formed', needs('program:mandoc'), async (t) => {
  const { status, stdout } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', path], { encoding: 'utf8' });
  t.equal(status, 0, stdout);
});
