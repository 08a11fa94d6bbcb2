/**
 * Tables for a terminal: columns, no lines between them, as Docker's commands print them.
 */
import Table from 'cli-table3';
import { plainText } from './plain-text.ts';

const plain = {
  ...{ top: '', 'top-mid': '', 'top-left': '', 'top-right': '' },
  ...{ bottom: '', 'bottom-mid': '', 'bottom-left': '', 'bottom-right': '' },
  ...{ left: '', 'left-mid': '', mid: '', 'mid-mid': '' },
  ...{ right: '', 'right-mid': '', middle: '   ' },
};

export interface Column {
  readonly title: string;
  /** Numbers stand at the right. */
  readonly align?: 'left' | 'right';
}

/** Lines, each with its end; no spaces at their ends. A row has a cell for each column, of one line each. */
export function tableText(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const table = new Table({
    head: columns.map(({ title }) => title),
    colAligns: columns.map(({ align }) => align ?? 'left'),
    chars: plain,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  });
  table.push(...rows.map((row) => row.map((cell) => plainText(cell.replaceAll('\t', ' ')))));
  return table.toString().split('\n').map(withoutEnd).join('\n') + '\n';
}

/** Without the blanks at its end. A pattern would try each of those in the midst, too. */
function withoutEnd(line: string): string {
  let end = line.length;
  while (line[end - 1] === ' ' || line[end - 1] === '\t') end -= 1;
  return line.slice(0, end);
}
