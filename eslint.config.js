/** The linter's rules for the page's modules and their tests. */

import js from "@eslint/js";
import globals from "globals";

const MAX_LINE = 120;

/** Rules beside the recommended ones. */
const rules = {
  "array-callback-return": "error",
  "consistent-return": "error",
  curly: ["error", "multi-line"],
  "default-param-last": "error",
  eqeqeq: "error",
  "max-len": ["error", { code: MAX_LINE }],
  "no-array-constructor": "error",
  "no-constructor-return": "error",
  "no-duplicate-imports": "error",
  "no-else-return": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-lonely-if": "error",
  "no-new-func": "error",
  "no-param-reassign": "error",
  "no-promise-executor-return": "error",
  "no-restricted-properties": [
    "error",
    ...["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({
      property,
      message: "What people write gets into the page as text alone: see dom.js.",
    })),
  ],
  "no-self-compare": "error",
  "no-shadow": "error",
  "no-template-curly-in-string": "error",
  "no-throw-literal": "error",
  "no-unmodified-loop-condition": "error",
  "no-unreachable-loop": "error",
  "no-unused-expressions": "error",
  "no-use-before-define": ["error", { functions: false, variables: false }],
  "no-useless-concat": "error",
  "no-useless-rename": "error",
  "no-useless-return": "error",
  "no-var": "error",
  "object-shorthand": "error",
  "prefer-const": "error",
  "prefer-object-has-own": "error",
  "prefer-template": "error",
  radix: "error",
  "symbol-description": "error",
  yoda: "error",
};

export default [
  { ignores: ["node_modules/", ".venv/", ".tox/", "build/", "dist/", "docs/_build/"] },
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: "error" }, rules },
  { files: ["chatroom/doors/web/page/*.js"], languageOptions: { globals: globals.browser } },
  { files: ["tests/page/*.js", "*.js"], languageOptions: { globals: globals.node } },
];
