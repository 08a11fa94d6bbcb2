/**
 * What a template prints of a value, as Go's text/template would of the same. Values are those of JSON; a method (`.Label
 * "key"`) is a function among them. A field that is not there is an error, which names those that are.
 */
import { UserError } from '../../base/user-error.ts';
import { deciding, templateFunctions, type TemplateFunctions } from './functions.ts';
import type { Block, Call, Pipeline, TemplateNode, Term } from './parse-template.ts';
import { isTrue, textOf } from './values.ts';

/** UserError `no-such-field`, `bad-template`. */
export function evaluateTemplate(template: Block, value: unknown, functions = templateFunctions): string {
  return printBlock(template, { dot: value, variables: new Map([['$', value]]), functions });
}

interface Scope {
  readonly dot: unknown;
  readonly variables: ReadonlyMap<string, unknown>;
  readonly functions: TemplateFunctions;
}

function printBlock(block: Block, scope: Scope): string {
  return block.map((node) => printNode(node, scope)).join('');
}

function printNode(node: TemplateNode, scope: Scope): string {
  if (node.kind === 'text') return node.text;
  const value = evaluate(node.value, scope);
  if (node.kind === 'print') return textOf(value);
  if (node.kind === 'range') {
    const entries = entriesOf(value);
    if (entries.length === 0) return printBlock(node.otherwise, scope);
    return entries
      .map(([key, item]) => {
        const [first, second] = node.names;
        const variables = new Map(scope.variables);
        if (first !== undefined) variables.set(first, second === undefined ? item : key);
        if (second !== undefined) variables.set(second, item);
        return printBlock(node.then, { ...scope, dot: item, variables });
      })
      .join('');
  }
  if (!isTrue(value)) return printBlock(node.otherwise, scope);
  return printBlock(node.then, node.kind === 'with' ? { ...scope, dot: value } : scope);
}

/** Maps go by their keys, in order. */
function entriesOf(value: unknown): (readonly [key: unknown, item: unknown])[] {
  if (value === null || value === undefined) return [];
  if (Array.isArray(value)) return value.map((item: unknown, index) => [index, item] as const);
  if (typeof value === 'object')
    return Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  throw new UserError('bad-template', `range can't iterate over ${textOf(value)}`, {
    hint: 'it goes over lists and maps',
  });
}

function evaluate(pipeline: Pipeline, scope: Scope): unknown {
  let given: unknown[] = [];
  for (const call of pipeline) given = [evaluateCall(call, given, scope)];
  return given[0];
}

function evaluateCall([first, ...rest]: Call, given: readonly unknown[], scope: Scope): unknown {
  const args = [...evaluateArguments(first, rest, scope), ...given];
  if (first.kind === 'function') return callFunction(scope.functions, first.name, args);
  const value = evaluateTerm(first, scope);
  if (typeof value === 'function') return (value as (...given: unknown[]) => unknown)(...args);
  if (args.length === 0) return value;
  throw new UserError('bad-template', `${textOf(value)} is no function, and takes no arguments`);
}

/** Up to the one that decides: `and .Mounts (index .Mounts 0)` is no error where there are none. */
function evaluateArguments(first: Term, rest: readonly Term[], scope: Scope): unknown[] {
  const decides = first.kind === 'function' ? deciding.get(first.name) : undefined;
  const values: unknown[] = [];
  for (const term of rest) {
    const value = evaluateTerm(term, scope);
    values.push(value);
    if (decides?.(value) === true) break;
  }
  return values;
}

function evaluateTerm(term: Term, scope: Scope): unknown {
  if (term.kind === 'literal') return term.value;
  if (term.kind === 'function') return callFunction(scope.functions, term.name, []);
  if (term.kind === 'group') return term.path.reduce(fieldOf, evaluate(term.value, scope));
  if (term.variable !== undefined && !scope.variables.has(term.variable))
    throw new UserError('bad-template', `undefined variable "${term.variable}"`);
  const base = term.variable === undefined ? scope.dot : scope.variables.get(term.variable);
  return term.path.reduce(fieldOf, base);
}

function callFunction(functions: TemplateFunctions, name: string, args: readonly unknown[]): unknown {
  const found = functions.get(name);
  if (found !== undefined) return found(...args);
  throw new UserError('bad-template', `template parsing error: function "${name}" not defined`, {
    hint: `there are ${[...functions.keys()].join(', ')}; a field has a dot in front: .${name}`,
  });
}

function fieldOf(value: unknown, name: string): unknown {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  if (Object.hasOwn(fields, name)) return (fields as Record<string, unknown>)[name];
  const names = Object.keys(fields);
  throw new UserError('no-such-field', `template: there is no field ${name}`, {
    hint: names.length === 0 ? `${textOf(value)} has none` : `there are ${names.join(', ')}`,
  });
}
