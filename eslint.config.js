/**
 * Lint rules, and the order of the house: which room of src/ may import which. The table is the only place
 * where that order is kept; the rules below are made from it.
 */
import { fileURLToPath } from 'node:url';
import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

/**
 * Each room with the rooms that it imports, ground floor first.
 * @type {Readonly<Record<string, readonly string[]>>}
 */
const rooms = {
  base: [],
  os: ['base'],
  wire: ['base'],
  vfs: ['base'],
  layer: ['base', 'os'],
  union: ['base', 'os', 'vfs', 'layer'],
  fuse: ['base', 'os', 'wire', 'vfs'],
  oci: ['base', 'os', 'layer'],
  store: ['base', 'os', 'layer', 'oci'],
  run: ['base', 'os', 'layer', 'oci', 'store'],
  build: ['base', 'os', 'layer', 'oci', 'store', 'run'],
  bench: ['base', 'os'],
  cli: ['base', 'os', 'wire', 'vfs', 'layer', 'union', 'fuse', 'oci', 'store', 'run', 'build', 'bench'],
  library: ['base', 'os', 'cli'],
};

/** The doors to the system. */
const systemModules = ['fs', 'fs/promises', 'child_process', 'net', 'dgram', 'worker_threads'].flatMap(
  (name) => [name, `node:${name}`],
);

/**
 * Rooms that open them: `os`, and the tools around the file system, which use files as any program does
 * (docs/decisions/007-tools-use-files.md).
 */
const opensDoors = new Set(['os', 'oci', 'store', 'run', 'build', 'bench']);

/** @type {import('eslint').Linter.Config[]} */
const roomRules = Object.entries(rooms).map(([room, allowed]) => {
  const forbidden = Object.keys(rooms).filter((other) => other !== room && !allowed.includes(other));
  return {
    files: [`src/${room}/**/*.ts`],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            ...(forbidden.length === 0
              ? []
              : [
                  {
                    regex: String.raw`^(\.\./)+(${forbidden.join('|')})/`,
                    message: `src/${room} imports only: ${allowed.join(', ') || 'nothing'} (eslint.config.js).`,
                  },
                ]),
            {
              regex: String.raw`^(\.\./)+(index\.ts|test/|scripts/)`,
              message: 'Nothing in the house imports its face.',
            },
          ],
          ...(opensDoors.has(room)
            ? {}
            : {
                paths: [...systemModules, 'fs-ext'].map((name) => ({
                  name,
                  message: 'The file system talks to the system through src/os alone.',
                })),
              }),
        },
      ],
    },
  };
});

export default defineConfig(
  { ignores: ['dist/', 'native/', '.tap/'] },
  eslint.configs.recommended,
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: fileURLToPath(new URL('.', import.meta.url)) },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      eqeqeq: 'error',
      'no-restricted-exports': ['error', { restrictDefaultExports: { direct: true } }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreVoidReturningFunctions: true }],
      // `!` is forbidden by the strict rules, and `as` says what the thing is.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-unnecessary-condition': ['error', { allowConstantLoopConditions: true }],
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 400 }],
      'max-lines-per-function': ['error', { max: 70 }],
    },
  },
  ...roomRules,
  {
    files: ['test/**/*.ts'],
    rules: {
      // tap answers promises that it awaits by itself.
      '@typescript-eslint/no-floating-promises': 'off',
      // An async subtest ends by itself, a plain one must be told to.
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    files: ['scripts/**/*.js', 'eslint.config.js'],
    languageOptions: { globals: { process: 'readonly', URL: 'readonly' } },
    rules: {
      'no-restricted-exports': 'off',
      // It does not see casts in comments.
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
  {
    files: ['scripts/**/*.cjs'],
    languageOptions: { globals: { __filename: 'readonly', require: 'readonly' } },
    rules: {
      '@typescript-eslint/no-require-imports': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
    },
  },
);
